"""What is remembered of each device beside the device itself: its states over time, reconnects and violations.

Kept while the run goes on, also of devices that have ended; some 120 bytes a device, whatever happens to it.
"""

from array import array
from collections.abc import Callable
from typing import Final

from simulator.measurements.names import DeviceState
from simulator.measurements.recorder import Recorder

KEPT_CHANGES: Final = 24
"""Changes of state that are remembered: three times from the look-up to being online."""
_PAGE: Final = 8
"""Devices whose notes are made together. Workers lease indexes in blocks, which begin anywhere: a large page would lie
in two of them, and be made twice."""
_ROW: Final = KEPT_CHANGES + 3
_CHANGES, _TIMES_ONLINE, _VIOLATIONS = range(KEPT_CHANGES, _ROW)
"""A device's row: a ring of time and state of its changes; how many there ever were, how often it came online, and how
often the platform departed from the document."""
_MOST: Final = 0xFFFFFFFF
_STATES: Final = tuple(state.value for state in DeviceState)
_CODES: Final = {state: code for code, state in enumerate(_STATES)}
_CODE_BITS: Final = 4
_RESOLUTION_S: Final = 0.01
_LATEST: Final = (1 << (32 - _CODE_BITS)) - 1
"""A month; what comes later is told as of then."""
_ONLINE: Final = DeviceState.ONLINE.value


class DeviceNotes:
    """The notes of one process.

    Args:
        since: wall-clock seconds; nothing that is noted happened before.
    """

    def __init__(self, since: float) -> None:
        self._since = since
        self._pages: dict[int, array[int]] = {}
        """The rows of `_PAGE` devices each."""

    def changed(self, index: int, state: str, at: float) -> None:
        """Device `index` went to `state` (a value of `DeviceState`) at the wall-clock time `at`."""
        page, row = self._of(index)
        moment = min(max(int((at - self._since) / _RESOLUTION_S), 0), _LATEST)
        page[row + page[row + _CHANGES] % KEPT_CHANGES] = moment << _CODE_BITS | _CODES[state]
        page[row + _CHANGES] += 1
        if state == _ONLINE:
            page[row + _TIMES_ONLINE] += 1

    def violated(self, index: int, count: int) -> None:
        """The platform departed from the document towards device `index`."""
        page, row = self._of(index)
        page[row + _VIOLATIONS] = min(page[row + _VIOLATIONS] + count, _MOST)

    def history(self, index: int) -> list[tuple[float, str]]:
        """The latest changes of device `index`, oldest first: wall-clock time (to 10 ms) and state."""
        changes = self._number(index, _CHANGES)
        return [self._change(index, each) for each in range(max(changes - KEPT_CHANGES, 0), changes)]

    def latest(self, index: int) -> tuple[float, str] | None:
        """The latest of them; None before the first."""
        changes = self._number(index, _CHANGES)
        return self._change(index, changes - 1) if changes else None

    def reconnects(self, index: int) -> int:
        """How often device `index` came online again."""
        return max(self._number(index, _TIMES_ONLINE) - 1, 0)

    def violations(self, index: int) -> int:
        """How often the platform departed from the document towards device `index`."""
        return self._number(index, _VIOLATIONS)

    def _of(self, index: int) -> tuple["array[int]", int]:
        page = self._pages.get(index // _PAGE)
        if page is None:
            page = self._pages[index // _PAGE] = array("I", bytes(4 * _PAGE * _ROW))
        return page, index % _PAGE * _ROW

    def _number(self, index: int, column: int) -> int:
        page = self._pages.get(index // _PAGE)
        return 0 if page is None else page[index % _PAGE * _ROW + column]

    def _change(self, index: int, which: int) -> tuple[float, str]:
        noted = self._number(index, which % KEPT_CHANGES)
        at = self._since + (noted >> _CODE_BITS) * _RESOLUTION_S
        return round(at, 2), _STATES[noted & (1 << _CODE_BITS) - 1]


class NotingRecorder:
    """The `Recorder` `inner`, of which states and violations are noted; all else goes to it without a step between."""

    __slots__ = (
        *("_inner", "_notes", "attended", "command", "detail", "disconnect", "fault", "flow", "internal_error"),
        *("meeting_held", "misbehaved", "missed", "observation", "record", "request"),
    )

    def __init__(self, inner: Recorder, notes: DeviceNotes) -> None:
        self._inner = inner
        self._notes = notes
        # Bound once, so that what comes with every message costs no more than it did.
        self.request: Callable[..., None] = inner.request
        self.detail: Callable[..., None] = inner.detail
        self.flow: Callable[..., None] = inner.flow
        self.command: Callable[..., None] = inner.command
        self.disconnect: Callable[..., None] = inner.disconnect
        self.record: Callable[..., None] = inner.record
        self.observation: Callable[..., None] = inner.observation
        self.missed: Callable[..., None] = inner.missed
        self.attended: Callable[..., None] = inner.attended
        self.meeting_held: Callable[..., None] = inner.meeting_held
        self.fault: Callable[..., None] = inner.fault
        self.misbehaved: Callable[..., None] = inner.misbehaved
        self.internal_error: Callable[..., None] = inner.internal_error

    def state(self, index: int, previous: str, state: str, at: float) -> None:
        self._notes.changed(index, state, at)
        self._inner.state(index, previous, state, at)

    def violation(self, rule: str, func_id: str, example: str, at: float, index: int, count: int = 1) -> None:
        if index >= 0:
            self._notes.violated(index, count)
        self._inner.violation(rule, func_id, example, at, index, count)
