"""What devices report upward: the one interface between the fleet and whoever measures it.

Devices call it on the engine's loop for every request, so an implementation appends and returns. It must not block,
log or raise. The names of flows, record events and states, and the codes, are those of `simulator.measurements.names`.
"""

from collections.abc import Sequence
from typing import Protocol

from simulator.measurements.attendance import Attended, MeetingHeld


class Recorder(Protocol):
    """Receives every event that the run's summary accounts for.

    `at` and `started` are wall-clock seconds since the epoch, durations are seconds, sizes are bytes of WebSocket
    message (or of HTTP body) on the wire.
    """

    def request(
        self, name: str, started: float, latency: float, code: str, bytes_out: int, bytes_in: int, late: float
    ) -> None:
        """One request of the device came to an end: answered, timed out or cut off.

        Args:
            name: the funcId, `getBrokerServer` for the look-up, `connect` for the socket's opening.
            latency: from the send to the reply's arrival (service time).
            code: `00000000`, the platform's error code, or one of the device's own (`names.OWN_CODES`).
            late: how long after its intended moment the request was sent; 0 where it was not scheduled.
        """
        ...

    def detail(self, name: str, code: str, text: str, at: float) -> None:
        """What is known of a failure beside its code: told by whoever knows it, of the first of each name and code.

        Args:
            name: as of `request` or `command`; `flow:` and the name of a flow.
            text: for people, without the device's own secrets; may be what a platform said.
        """
        ...

    def flow(self, name: str, started: float, duration: float, code: str) -> None:
        """A flow of several steps ended (`names.FLOWS`)."""
        ...

    def command(self, func_id: str, started: float, handling: float, code: str, expected: bool = False) -> None:
        """A command of the platform was answered with `code`, `handling` seconds after it arrived.

        Args:
            expected: the scenario wants it to be refused, or not to be answered: it did not fail.
        """
        ...

    def state(self, index: int, previous: str, state: str, at: float) -> None:
        """Device `index` went from one lifecycle state to another (values of `DeviceState`)."""
        ...

    def disconnect(self, reason: str, at: float) -> None:
        """A WebSocket connection that had been open ended, for `reason` (a short stable word such as `closed 1001`)."""
        ...

    def record(self, event: str, count: int) -> None:
        """What became of verification records and their pictures (`names.RECORD_EVENTS`)."""
        ...

    def violation(self, rule: str, func_id: str, example: str, at: float, index: int, count: int = 1) -> None:
        """The platform departed from the protocol's document.

        Args:
            rule: one of `rules.RULES`.
            func_id: the request, command or flow's step that it concerns; empty for none.
            example: what was found where it should be otherwise, for people; holds no secret of the device.
            index: the device; negative for none.
            count: how many of them at once.
        """
        ...

    def observation(self, rule: str, func_id: str, example: str, at: float, index: int, count: int = 1) -> None:
        """Something unusual that the document allows or leaves open; as `violation`."""
        ...

    def missed(self, name: str, count: int, at: float) -> None:
        """`count` requests `name` that were planned were never sent: the generator stood still over their moments."""
        ...

    def attended(self, row: Attended) -> None:
        """The fate of a record of somebody at a meeting is known."""
        ...

    def meeting_held(self, meeting: MeetingHeld) -> None:
        """A meeting is over for a device, or was deleted, or the device's life is over."""
        ...

    def fault(self, number: int, event: str, at: float, *, name: str = "", code: str = "", amount: float = 1.0) -> None:
        """Something came of fault `number` of the run's schedule.

        Args:
            event: of `measurements.weather`, which says what the others mean.
        """
        ...

    def misbehaved(self, way: str, outcome: str, count: int = 1) -> None:
        """A device misbehaved on purpose, or it is known what came of that (`measurements.misbehaviours`)."""
        ...

    def internal_error(self, rule: str, detail: str, at: float, index: int = -1) -> None:
        """An exception of this program itself, which makes the run invalid; never the platform's doing.

        Args:
            rule: `<part>.<fault>`, a stable name such as `device.exception`.
            detail: what and where, for people.
            index: the device, negative for none.
        """
        ...


class EngineRecorder(Recorder, Protocol):
    """Told by the engine that devices live on besides: what it adds to their figures by itself."""

    def reply_waits(self, waits: Sequence[float], at: float) -> None:
        """How many seconds messages of the platform had waited to be read, of those that were looked at."""
        ...
