"""Result codes that travel on the wire, with their texts.

The protocol document gives `00000000` alone; the others follow the vendor's public cloud codes.
A device treats every code but `SUCCESS` as a failure and never assumes that this list is complete. Codes that a device
notes by itself and never sends stand in `simulator.measurements.names`.
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
"""The `message` that goes with each code that the platform answers."""

BUSY: Final = "E0000005"
STORE_FULL: Final = "E0000007"
DOWNLOAD_FAILED: Final = "E0000008"
COMMAND_REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        BUSY: "more commands wait than the device holds (maxPendingCmdCount)",
        STORE_FULL: "the device has no room for what the command would store",
        DOWNLOAD_FAILED: "the picture at the command's url could not be fetched",
    }
)
"""Codes that only a device answers, to commands; the document leaves them to the implementation."""
