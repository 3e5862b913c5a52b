"""Requests and flows counted where they end, on the engine's thread: one cell for each second, series and code.

What is counted so crosses to gevent as a few cells, several times a second, and not as a tuple for each request.
Whoever must hear of each request by itself sets `Counts.each`; everything that is rare goes the way of
`QueueRecorder`, as does all of it then.
"""

from collections.abc import Callable, Iterator, Sequence
from math import inf

from simulator.measurements.events import FLOW, RECORD, REQUEST, Event, QueueRecorder
from simulator.measurements.names import FLOW_PREFIX
from simulator.protocol.codes import SUCCESS


class Cell:
    """What requests or flows of one series, with one code and of one group, did that ended in one second.

    Durations are seconds; `first` and `last` are when the first and the last ended (epoch seconds).
    """

    __slots__ = ("bytes_in", "bytes_out", "code", "durations", "first", "flow", "group", "intended", "last", "name")

    def __init__(self, name: str, code: str, group: str, flow: bool, ended: float) -> None:
        self.name = name
        self.code = code
        self.group = group
        self.flow = flow
        self.durations: list[float] = []
        self.intended: list[float] = []
        """By intended time, of those that went out late."""
        self.bytes_out = 0
        self.bytes_in = 0
        self.first = ended
        self.last = ended

    @property
    def second(self) -> int:
        """The second in which all of them ended."""
        return int(self.last)

    @property
    def tag(self) -> str:
        """The series, before it is given its label."""
        return FLOW_PREFIX + self.name if self.flow else self.name

    def pieces(self, most: int) -> Iterator["Cell"]:
        """The same in cells of at most `most` durations."""
        if len(self.durations) <= most:
            yield self
            return
        for start in range(0, len(self.durations), most):
            piece = Cell(self.name, self.code, self.group, self.flow, self.first)
            piece.last = self.last
            piece.durations = self.durations[start : start + most]
            piece.intended = self.intended[start : start + most]
            if not start:
                piece.bytes_out, piece.bytes_in = self.bytes_out, self.bytes_in
            yield piece


class Counts:
    """What the recorders of all groups of a process have counted and nobody has taken yet.

    Belongs to the thread on which the recorders are called; `take` must be called there, too.
    """

    __slots__ = ("cells", "each", "newest", "recorders")

    def __init__(self) -> None:
        self.each = False
        """Whether each request is told by itself, as an event."""
        self.cells: list[Cell] = []
        self.recorders: list[CountingRecorder] = []
        self.newest = 0
        """The newest second that anything told of."""

    def take(self) -> list[Cell]:
        """What was counted since the last time; nothing is counted into these cells any more."""
        cells, self.cells = self.cells, []
        for recorder in self.recorders:
            recorder.begin()
        return cells


class CountingRecorder(QueueRecorder):
    """A `QueueRecorder` that counts requests and flows in `counts` instead of telling each by itself."""

    __slots__ = ("_cells", "_counts", "_from", "_seconds", "_until")

    def __init__(self, append: Callable[[Event], object], counts: Counts) -> None:
        super().__init__(append)
        self._counts = counts
        counts.recorders.append(self)
        self.begin()

    def begin(self) -> None:
        """Count into new cells from now on."""
        self._seconds: dict[int, dict[object, Cell]] = {}
        self._cells: dict[object, Cell] = {}
        # No moment lies between them: the next request looks for its second.
        self._from, self._until = inf, -inf

    def of_group(self, name: str) -> "CountingRecorder":
        recorder = CountingRecorder(self._append, self._counts)
        recorder._group = name
        recorder._told = self._told
        return recorder

    def request(
        self, name: str, started: float, latency: float, code: str, bytes_out: int, bytes_in: int, late: float
    ) -> None:
        ended = started + latency
        if self._from <= ended < self._until or self._turn(ended):
            cell = self._cells.get(name if code == SUCCESS else (name, code))
            if cell is None:
                cell = self._open(name, code, False, ended)
            cell.durations.append(latency)
            cell.bytes_out += bytes_out
            cell.bytes_in += bytes_in
            if late:
                cell.intended.append(latency + late)
            if ended > cell.last:
                cell.last = ended
            elif ended < cell.first:
                cell.first = ended
        else:
            self._append((REQUEST, name, started, latency, code, bytes_out, bytes_in, late, self._group))

    def flow(self, name: str, started: float, duration: float, code: str) -> None:
        ended = started + duration
        if not self._turn(ended):
            self._append((FLOW, name, started, duration, code, self._group))
            return
        cell = self._cells.get((FLOW, name, code)) or self._open(name, code, True, ended)
        cell.durations.append(duration)
        cell.first, cell.last = min(cell.first, ended), max(cell.last, ended)

    def command(self, func_id: str, started: float, handling: float, code: str, expected: bool = False) -> None:
        self._see(started + handling)
        super().command(func_id, started, handling, code, expected)

    def loop_lag(self, lag: float, at: float) -> None:
        self._see(at)
        super().loop_lag(lag, at)

    def reply_waits(self, waits: Sequence[float], at: float) -> None:
        self._see(at)
        super().reply_waits(waits, at)

    def record(self, event: str, count: int) -> None:
        # With its second: by when it is counted, later requests will have been.
        self._append((RECORD, event, count, self._counts.newest))

    def _see(self, at: float) -> None:
        counts = self._counts
        counts.newest = max(counts.newest, int(at))

    def _turn(self, ended: float) -> bool:
        """Count into the cells of the second of `ended`; False where nothing is counted here."""
        second = int(ended)
        counts = self._counts
        counts.newest = max(counts.newest, second)
        if counts.each:
            return False
        cells = self._seconds.get(second)
        if cells is None:
            cells = self._seconds[second] = {}
        self._cells = cells
        self._from, self._until = second, second + 1
        return True

    def _open(self, name: str, code: str, flow: bool, ended: float) -> Cell:
        key = (FLOW, name, code) if flow else name if code == SUCCESS else (name, code)
        cell = self._cells[key] = Cell(name, code, self._group, flow, ended)
        self._counts.cells.append(cell)
        return cell
