"""Result codes: those of the wire, and the three that a device notes by itself and never sends.

The protocol document gives `00000000` alone; the others follow the vendor's public cloud codes.
A device treats every code but `SUCCESS` as a failure and never assumes that this list is complete.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

SUCCESS: Final = "00000000"
UNKNOWN_FUNC_ID: Final = "E0000001"
MALFORMED: Final = "E0000002"
"""A required field is missing, a value is no string, the package is too large."""
BAD_SIGN: Final = "E0000003"
"""A bad sign, a stale timestamp or a repeated nonce."""
BAD_VALUE: Final = "E0000004"
"""A value out of its format."""
INTERNAL: Final = "E0000006"
NOT_AUTHORISED: Final = "E0010004"
"""A wrong devKey, authCode or secret; an unknown serial number; business before the login."""

TIMEOUT: Final = "timeout"
"""Local: no reply came before the deadline."""
DISCONNECTED: Final = "disconnected"
"""Local: the connection was lost before the reply."""
INTERNAL_ERROR: Final = "internal error"
"""Local: an exception of this program ended it; such a run is invalid."""

MESSAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        SUCCESS: "success",
        UNKNOWN_FUNC_ID: "unknown funcId",
        MALFORMED: "malformed request",
        BAD_SIGN: "bad sign, time or nonce",
        BAD_VALUE: "bad value",
        INTERNAL: "internal fault",
        NOT_AUTHORISED: "not authorised",
    }
)
"""The `message` that goes with each code of the wire."""
