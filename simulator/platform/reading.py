"""How a platform reads the document, and what it demands of its devices because of that."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from simulator.protocol import codes
from simulator.protocol.catalogue import CATALOGUE
from simulator.protocol.catalogue.spec import Object
from simulator.protocol.reading import NO_MEETING, LookupAgain, MeetCode, SyncTime

_REPORT: Final = "dev.report"
_UPDATE_MEETING: Final = "cmd.data.update.meeting"
_SET_OPTION: Final = "cmd.option.set"

Told = Callable[[str, str], Iterable[str]]
"""Takes a device's sn and a funcId; returns the params, as JSON, of all such commands that it was ever given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformReading:
    """What a scenario says at its top level of how its platform reads the document."""

    login_refusal: str
    """The code that says to a device: register again."""
    lookup_again: LookupAgain
    protocol_version: str | None
    """The only `protVer` of a registration that is taken; `None` takes any."""
    report_fields: frozenset[str]
    """Parameters of `dev.report` that the document does not have and the platform wants."""
    report_without: frozenset[str]
    """Parameters that the document has and the platform does not take."""
    sn_in_params: bool
    """Whether the parameters of `dev.report` must hold `sn`."""
    sync_time: SyncTime
    meet_code: MeetCode | None
    """What `meetCode` has to be; `None` takes anything."""
    own_meetings: frozenset[str]
    """Ids of meetings that devices know without the platform."""


class Refused(Exception):  # noqa: N818 - the answer to a message, and no fault
    """A message that keeps every rule of the document, and not how this platform reads it.

    Attributes:
        code: that it is answered with.
        text: what is wrong, and which setting of a scenario says otherwise.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class Demands:
    """What one platform demands; each check raises `Refused`."""

    def __init__(self, reading: PlatformReading, told: Told) -> None:
        self._reading = reading
        self._told = told
        self._owing: set[str] = set()
        """Serial numbers that have to ask for the broker's address before they log in again."""
        self._known: dict[str, frozenset[str]] = {}
        """Ids of meetings, or the room's numbers, by device, as far as they were looked for."""
        self.shapes: Mapping[str, Object] = _without(reading.report_without)
        """Parameters of messages that are other than the document has them, by funcId."""

    # --- Where the broker is ---

    def looked_up(self, sn: str) -> None:
        """The device was told where the broker is."""
        self._owing.discard(sn)

    def logged_in(self, sn: str) -> None:
        """The device's login was accepted."""
        if self._reading.lookup_again is LookupAgain.EACH_CONNECT:
            self._owing.add(sn)

    def rebooted(self, sn: str) -> None:
        """The device said that it will restart."""
        if self._reading.lookup_again is LookupAgain.AFTER_REBOOT:
            self._owing.add(sn)

    def login(self, sn: str) -> None:
        """A device logs in on a new connection."""
        if sn in self._owing:
            again = self._reading.lookup_again.value
            raise Refused(codes.BAD_SIGN, f"the broker's address has to be asked for again, {again}: lookup.again")

    # --- What devices say ---

    def registration(self, params: Mapping[str, Any]) -> None:
        """The parameters of `dev.register`."""
        wanted = self._reading.protocol_version
        if wanted is not None and params["protVer"] != wanted:
            text = f"the platform wants protVer {wanted}, the device has {params['protVer']}: protocol_version"
            raise Refused(codes.BAD_VALUE, text)

    def report(self, sn: str, params: Mapping[str, Any]) -> None:
        """The parameters of `dev.report`."""
        reading = self._reading
        if reading.sn_in_params and params.get("sn") != sn:
            if not params.get("sn"):
                raise Refused(codes.MALFORMED, "the platform wants sn among the parameters: report.sn_in_params")
            raise Refused(codes.BAD_VALUE, "sn among the parameters is another device's")
        lacking = sorted(name for name in reading.report_fields if not params.get(name))
        if lacking:
            raise Refused(codes.MALFORMED, f"the platform wants {', '.join(lacking)}: report.fields")
        surplus = sorted(name for name in reading.report_without if name in params)
        if surplus:
            raise Refused(codes.BAD_VALUE, f"the platform does not take {', '.join(surplus)}: report.without")

    def meet_codes(self, sn: str, entries: Collection[Mapping[str, Any]]) -> None:
        """The entries of an upload of records or of their photos."""
        wanted = self._reading.meet_code
        if wanted is None:
            return
        found = {entry["meetCode"] for entry in entries} - {NO_MEETING}
        if found <= self._known.get(sn, frozenset()):
            return
        known = self._known[sn] = self._meeting_ids(sn) if wanted is MeetCode.MEETING else self._room_numbers(sn)
        if not found <= known:
            text = f"meetCode {min(found - known)} is no {_MEANT[wanted]} that the device was given: meet_code"
            raise Refused(codes.BAD_VALUE, text)

    # --- Inside ---

    def _meeting_ids(self, sn: str) -> frozenset[str]:
        given = (entry for params in self._params(sn, _UPDATE_MEETING) for entry in params.get("meeting") or ())
        ids = {str(entry.get("id")) for entry in given if isinstance(entry, dict)}
        return self._reading.own_meetings | ids

    def _room_numbers(self, sn: str) -> frozenset[str]:
        # Records that were made under an earlier number may come up after a change.
        options = (params.get("option") for params in self._params(sn, _SET_OPTION))
        return frozenset(str(option.get("meetRoomName")) for option in options if isinstance(option, dict))

    def _params(self, sn: str, func_id: str) -> Iterable[Mapping[str, Any]]:
        return map(orjson.loads, self._told(sn, func_id))


_MEANT: Final = {MeetCode.MEETING: "meeting", MeetCode.ROOM: "number of a room"}


def _without(names: frozenset[str]) -> Mapping[str, Object]:
    """`dev.report` without these parameters, where there are any: nobody may demand what is not to be there."""
    if not names:
        return {}
    shape = CATALOGUE[_REPORT].params
    return {_REPORT: replace(shape, fields=tuple(field for field in shape.fields if field.name not in names))}
