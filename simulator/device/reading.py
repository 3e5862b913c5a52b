"""How a device's platform reads the document: which of its answers mean what, and what it wants to be told, and how."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulator.protocol.reading import LookupAgain, SyncTime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What all devices of a group go by."""

    register_again_on: frozenset[str] | None
    """Codes of a refused login after which a device forgets its credentials and registers; `None` means any."""
    lookup_again: LookupAgain
    protocol_version: str
    """`protVer` of a registration."""
    report_fields: Mapping[str, Any]
    """Further parameters of `dev.report`, by wire name: texts, or lists and objects of them."""
    report_without: frozenset[str]
    """Parameters that `dev.report` leaves out."""
    sn_in_params: bool
    """Whether the parameters of `dev.report` hold `sn` too."""
    sync_time: SyncTime
    room_as_meet_code: bool
    """Whether `meetCode` is the room's number, and not the meeting's id."""

    def forgets_on(self, code: str) -> bool:
        """Whether a login that is refused with `code` makes the device forget what it logged in with."""
        return self.register_again_on is None or code in self.register_again_on

    def reported(self, params: Mapping[str, Any], sn: str) -> dict[str, Any]:
        """The parameters of `dev.report` as this platform wants them, out of all those of the document."""
        left = {name: value for name, value in params.items() if name not in self.report_without}
        own = {"sn": sn} if self.sn_in_params else {}
        return {**own, **left, **self.report_fields}
