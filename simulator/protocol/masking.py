"""Takes the secrets out of a decoded message before a person sees it.

Which names hold secrets is said in `simulator.shown`; the values of all others are shown, masked where they look like a
secret all the same, and long ones shortened.
"""

from typing import Any

from simulator.shown import MASK, SECRET_NAMES, is_secret_name, mask_named

__all__ = ["MASK", "SECRET_NAMES", "masked"]

_LONGEST = 120
_SHOWN = 32
_DEEPEST = 32
"""Levels of lists and objects; the protocol's own messages have four."""


def masked(value: Any, _depth: int = 0) -> Any:
    """A copy of a decoded message without secrets; texts over 120 characters are cut."""
    if isinstance(value, str):
        return _shown(value)
    if not isinstance(value, dict | list):
        return value
    if _depth >= _DEEPEST:
        return "…"
    if isinstance(value, list):
        return [masked(item, _depth + 1) for item in value]
    return {
        _shown(name): MASK if item and (name in SECRET_NAMES or is_secret_name(name)) else masked(item, _depth + 1)
        for name, item in value.items()
    }


def _shown(text: str) -> str:
    if len(text) <= _LONGEST:
        return mask_named(text)
    return f"{mask_named(text[:_LONGEST])[:_SHOWN]}… ({len(text)} characters)"
