"""Takes the secrets out of a message before a person sees it.

Which names hold secrets is said here once; the values of all others are shown, long ones shortened.
"""

from typing import Any

SECRET_NAMES = frozenset(
    {"secretKey", "devKey", "authCode", "secret", "sign", "factor", "privateKey", "password", "passwordSalt", "tmp"}
)
"""Wire names whose values nobody is shown: keys, login credentials, digests, biometric templates."""

MASK = "***"
_LONGEST = 120
_SHOWN = 32


def masked(value: Any) -> Any:
    """A copy of a decoded message without secrets; texts over 120 characters are cut."""
    if isinstance(value, dict):
        return {name: MASK if name in SECRET_NAMES and item else masked(item) for name, item in value.items()}
    if isinstance(value, list):
        return [masked(item) for item in value]
    if isinstance(value, str) and len(value) > _LONGEST:
        return f"{value[:_SHOWN]}… ({len(value)} characters)"
    return value
