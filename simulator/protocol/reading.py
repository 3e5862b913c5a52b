"""How a platform reads the document where that is silent: what its devices and the platform itself must agree in.

The defaults are those of docs/deviations.md; a scenario says otherwise.
"""

from dataclasses import dataclass
from enum import Enum

from simulator.protocol.times import format_iso

PROTOCOL_VERSION = "1.0.0"
"""`protVer` of a registration, as the document's example has it."""


class LookupAgain(Enum):
    """When a device that knows the broker's address asks for it again (docs/deviations.md, Look-up)."""

    AFTER_FAILURES = "after failures"
    """After two attempts in a row that led nowhere."""
    EACH_CONNECT = "each connect"
    """Before every connection."""
    AFTER_REBOOT = "after reboot"
    """After two such attempts, and after each reboot."""


class MeetCode(Enum):
    """What `meetCode` of records and photos holds (docs/deviations.md, Names and slips)."""

    MEETING = "meeting"
    """The meeting's id."""
    ROOM = "room"
    """The room's number, which the platform tells in `meetRoomName`."""


NO_MEETING = "0"
"""`meetCode` outside any meeting, and of a room whose number nobody has told."""


@dataclass(frozen=True, slots=True)
class SyncTime:
    """How the reply to `dev.system.sync.time` tells the platform's time.

    Attributes:
        field: its name among the results.
        epoch_ms: whether it is written in milliseconds since the epoch, and not as records carry a time.
    """

    field: str = "time"
    epoch_ms: bool = False

    def results(self, moment: float, offset_minutes: int) -> dict[str, str]:
        """The reply's results.

        Args:
            moment: seconds since the epoch.
            offset_minutes: the platform's time zone, which milliseconds do not show.
        """
        return {self.field: str(int(moment * 1000)) if self.epoch_ms else format_iso(moment, offset_minutes)}
