"""How a device misbehaves on purpose, and what can come of it: the names of the summary's `misbehaviour`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from simulator.texts.translation import N_

MISBEHAVIOURS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "duplicate_log": N_("a verification record that was acknowledged is sent once more, with the same logId"),
        "replay_nonce": N_("a look-up is sent once more with the nonce of one that was answered"),
        "stale_timestamp": N_("a look-up with a timestamp that is too old"),
        "oversize": N_("a message larger than the package that was agreed"),
        "wrong_checksum": N_("a file's upload ends with a checksum that is not the file's"),
        "offset_gap": N_("a file's package begins behind where the one before ended"),
        "repeat_mid": N_("a request with the mid of an earlier one"),
        "bad_sign": N_("a look-up with a sign that is not right"),
        "business_before_login": N_("a connection sends business data before it logs in"),
        "garbage_frame": N_("a frame that is no message of the channel"),
        "counter_skip": N_("a frame whose counter is not the next one"),
        "heartbeat_flood": N_("a hundred heartbeats at once"),
    }
)
"""Way -> what the device does, in English."""

SENT: Final = "sent"
"""Counted together with its outcome; what an outage or a reboot cuts off has none and is not counted."""
REFUSED_AS_EXPECTED: Final = "refused_as_expected"
"""The platform did what the document says it must."""
ACCEPTED: Final = "accepted"
"""The platform took what it must not take."""
SILENT: Final = "silent"
"""Neither: no answer came in time though the platform is there, it broke down, or it answered what nobody should."""
OUTCOMES: Final = (REFUSED_AS_EXPECTED, ACCEPTED, SILENT)
"""What comes of each that was sent, one of these."""
