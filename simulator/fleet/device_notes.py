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
_PAGE: Final = 64
"""Devices whose notes are made together: workers lease indexes in blocks."""
_STATES: Final = tuple(state.value for state in DeviceState)
_CODES: Final = {state: code for code, state in enumerate(_STATES)}
_CODE_BITS: Final = 4
_RESOLUTION_S: Final = 0.01
_LATEST: Final = (1 << (32 - _CODE_BITS)) - 1
"""A month; what comes later is told as of then."""
_ONLINE: Final = DeviceState.ONLINE.value


class _Page:
    """The notes of `_PAGE` devices."""

    __slots__ = ("changes", "kept", "next", "online", "violations")

    def __init__(self) -> None:
        self.changes = array("I", bytes(4 * _PAGE * KEPT_CHANGES))
        """Of each device a ring: time and state of each change."""
        self.next = bytearray(_PAGE)
        """Where its next change goes."""
        self.kept = bytearray(_PAGE)
        self.online = array("I", bytes(4 * _PAGE))
        """How often it came online."""
        self.violations = array("I", bytes(4 * _PAGE))


class DeviceNotes:
    """The notes of one process.

    Args:
        since: wall-clock seconds; nothing that is noted happened before.
    """

    def __init__(self, since: float) -> None:
        self._since = since
        self._pages: dict[int, _Page] = {}

    def changed(self, index: int, state: str, at: float) -> None:
        """Device `index` went to `state` (a value of `DeviceState`) at the wall-clock time `at`."""
        page, place = self._of(index)
        position = page.next[place]
        moment = min(max(int((at - self._since) / _RESOLUTION_S), 0), _LATEST)
        page.changes[place * KEPT_CHANGES + position] = moment << _CODE_BITS | _CODES[state]
        page.next[place] = (position + 1) % KEPT_CHANGES
        if page.kept[place] < KEPT_CHANGES:
            page.kept[place] += 1
        if state == _ONLINE:
            page.online[place] += 1

    def violated(self, index: int, count: int) -> None:
        """The platform departed from the document towards device `index`."""
        page, place = self._of(index)
        page.violations[place] = min(page.violations[place] + count, 0xFFFFFFFF)

    def history(self, index: int) -> list[tuple[float, str]]:
        """The latest changes of device `index`, oldest first: wall-clock time (to 10 ms) and state."""
        page, place = self._pages.get(index // _PAGE), index % _PAGE
        if page is None:
            return []
        kept, after = page.kept[place], page.next[place]
        ring = range(after - kept, after)
        return [self._change(page.changes[place * KEPT_CHANGES + each % KEPT_CHANGES]) for each in ring]

    def latest(self, index: int) -> tuple[float, str] | None:
        """The latest of them; None before the first."""
        page, place = self._pages.get(index // _PAGE), index % _PAGE
        if page is None or not page.kept[place]:
            return None
        return self._change(page.changes[place * KEPT_CHANGES + (page.next[place] - 1) % KEPT_CHANGES])

    def reconnects(self, index: int) -> int:
        """How often device `index` came online again."""
        page = self._pages.get(index // _PAGE)
        return 0 if page is None else max(page.online[index % _PAGE] - 1, 0)

    def violations(self, index: int) -> int:
        """How often the platform departed from the document towards device `index`."""
        page = self._pages.get(index // _PAGE)
        return 0 if page is None else page.violations[index % _PAGE]

    def _of(self, index: int) -> tuple[_Page, int]:
        page = self._pages.get(index // _PAGE)
        if page is None:
            page = self._pages[index // _PAGE] = _Page()
        return page, index % _PAGE

    def _change(self, noted: int) -> tuple[float, str]:
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
