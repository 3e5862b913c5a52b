"""Keeps secrets out of reports: what looks like a key, a token or a password is replaced before anything is written."""

import re
from typing import Final

MASK: Final = "***"

_NAMED: Final = re.compile(
    r"""(?ix)
    (?P<name> ["']? [\w-]* (?: secret | passw(?:or)?d | authcode | devkey | token | sign(?:ature)? | api[_-]?key
                             | private[_-]?key | salt ) (?:key)? ["']? \s* [:=] \s* )
    (?P<value> "[^"\n]*" | '[^'\n]*' | [^\s,;&}\]\#]+ )
    """
)
_URL_LOGIN: Final = re.compile(r"(?P<scheme>\b\w+://)[^/\s:@]+(?::[^/\s@]*)?@")
_LONG_HEX: Final = re.compile(r"\b[0-9a-fA-F]{32,}\b")
_LONG_BASE64: Final = re.compile(r"(?<![\w+/])(?=[A-Za-z0-9+/]*\d)(?=[A-Za-z0-9+/]*[A-Z])[A-Za-z0-9+/]{40,}={0,2}")


def mask(text: str) -> str:
    """`text` with everything that looks like a secret replaced by `***`.

    Masked are values of names such as `secretKey`, `devKey`, `authCode`, `password`, `sign` or `token`, logins in
    URLs, and long runs of hexadecimal or base64 digits. A path (`*_file: …`) is no secret.
    """
    text = _URL_LOGIN.sub(rf"\g<scheme>{MASK}@", text)
    text = _NAMED.sub(rf"\g<name>{MASK}", text)
    text = _LONG_HEX.sub(MASK, text)
    return _LONG_BASE64.sub(MASK, text)
