"""The events that devices report, as plain tuples, and the recorder that appends them.

The recorder runs on the engine's native thread for every request, so it does one append and nothing else; whoever owns
the queue hands the tuples on to `RunMeasurements.apply`, where all counting happens.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from simulator.measurements.attendance import Attended, MeetingHeld
from simulator.measurements.health import late_probes
from simulator.measurements.names import LOOP_LAG_TAG, REPLY_WAIT_TAG
from simulator.measurements.recorder import Recorder

Event = tuple[Any, ...]
"""(kind, ...): the arguments of the `Recorder` method of that kind, in its order; of a request and of a flow its group
last, which is empty in runs of one group."""

REQUEST: Final = 0
FLOW: Final = 1
COMMAND: Final = 2
STATE: Final = 3
DISCONNECT: Final = 4
RECORD: Final = 5
LATENESS: Final = 7
"""The generator's own: (series, seconds of each, at)."""
INTERNAL_ERROR: Final = 8
MISSED: Final = 9
DETAIL: Final = 10
VIOLATION: Final = 11
OBSERVATION: Final = 12
ATTENDED: Final = 13
MEETING_HELD: Final = 14
FAULT: Final = 15
MISBEHAVED: Final = 16

MOST_TOLD: Final = 1_000
"""Kinds of failures of which a process tells a detail; a platform may make up a code for each of its replies."""


class QueueRecorder:
    """A `Recorder` that appends one tuple an event to whatever `append` belongs to (a `collections.deque`)."""

    __slots__ = ("_append", "_group", "_told")

    def __init__(self, append: Callable[[Event], object]) -> None:
        self._append = append
        self._group = ""
        self._told: set[tuple[str, str]] = set()

    def of_group(self, name: str) -> "QueueRecorder":
        """A recorder into the same queue, whose requests and flows are counted for the group `name` besides."""
        recorder = QueueRecorder(self._append)
        recorder._group = name
        recorder._told = self._told
        return recorder

    def request(
        self, name: str, started: float, latency: float, code: str, bytes_out: int, bytes_in: int, late: float
    ) -> None:
        self._append((REQUEST, name, started, latency, code, bytes_out, bytes_in, late, self._group))

    def detail(self, name: str, code: str, text: str, at: float) -> None:
        told = self._told
        if (name, code) not in told and len(told) < MOST_TOLD:
            # Only the first is kept, so the thousands that follow need not travel.
            told.add((name, code))
            self._append((DETAIL, name, code, text, at))

    def flow(self, name: str, started: float, duration: float, code: str) -> None:
        self._append((FLOW, name, started, duration, code, self._group))

    def command(self, func_id: str, started: float, handling: float, code: str, expected: bool = False) -> None:
        self._append((COMMAND, func_id, started, handling, code, expected))

    def state(self, index: int, previous: str, state: str, at: float) -> None:
        self._append((STATE, index, previous, state, at))

    def disconnect(self, reason: str, at: float) -> None:
        self._append((DISCONNECT, reason, at))

    def record(self, event: str, count: int) -> None:
        self._append((RECORD, event, count))

    def internal_error(self, rule: str, detail: str, at: float, index: int = -1) -> None:
        self._append((INTERNAL_ERROR, rule, detail, at, index))

    def violation(self, rule: str, func_id: str, example: str, at: float, index: int, count: int = 1) -> None:
        self._append((VIOLATION, rule, func_id, example, at, index, count))

    def observation(self, rule: str, func_id: str, example: str, at: float, index: int, count: int = 1) -> None:
        self._append((OBSERVATION, rule, func_id, example, at, index, count))

    def missed(self, name: str, count: int, at: float) -> None:
        self._append((MISSED, name, count, at))

    def attended(self, row: Attended) -> None:
        self._append((ATTENDED, row))

    def meeting_held(self, meeting: MeetingHeld) -> None:
        self._append((MEETING_HELD, meeting))

    def fault(self, number: int, event: str, at: float, *, name: str = "", code: str = "", amount: float = 1.0) -> None:
        self._append((FAULT, number, event, at, name, code, amount))

    def misbehaved(self, way: str, outcome: str, count: int = 1) -> None:
        self._append((MISBEHAVED, way, outcome, count))

    def loop_lag(self, lag: float, at: float) -> None:
        """The engine's loop ran a call `lag` seconds after it was due (not part of `Recorder`: the engine's own)."""
        self._append((LATENESS, LOOP_LAG_TAG, late_probes(lag), at))

    def reply_waits(self, waits: Sequence[float], at: float) -> None:
        self._append((LATENESS, REPLY_WAIT_TAG, waits, at))


def of_group(recorder: Recorder, name: str) -> Recorder:
    """The recorder for devices of the group `name`; `recorder` itself where it does not tell groups apart."""
    return recorder.of_group(name) if isinstance(recorder, QueueRecorder) else recorder
