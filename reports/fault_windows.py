"""The seconds round each fault: how many devices connected in each, how fast requests were before it and during it.

One pass over the log of intervals, to the second as the log is.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from reports.faults import FaultOutcome
from simulator.measurements.accumulate import HistogramSum
from simulator.measurements.histogram import Histogram
from simulator.measurements.names import is_request, is_series
from simulator.measurements.run import RunMeasurements
from simulator.protocol.catalogue import CONNECT

MOST_BEFORE_S: Final = 60
MOST_AFTER_S: Final = 600
"""What goes on for longer after a fault is no storm any more."""
_LATE_S: Final = 30
"""The log is in the order of time but for what came late from a worker."""


@dataclass(slots=True)
class Window:
    """Seconds `first` .. `last` (epoch, both included), and all requests in them; empty where there are no seconds."""

    first: int
    last: int
    _sum: HistogramSum | None = None
    _done: Histogram = field(default_factory=Histogram)

    def add(self, encoded: bytes) -> None:
        if self._sum is None:
            self._sum = HistogramSum()
        self._sum.add(encoded)

    def close(self) -> None:
        """Give back the memory of a sum that grows."""
        if self._sum is not None:
            self._done.add(self._sum.histogram())
            self._sum = None

    def p99_ms(self) -> float | None:
        """Of all requests in it; None where there were none."""
        self.close()
        return self._done.percentile(99.0) / 1000.0 if self._done.count else None


@dataclass(slots=True)
class FaultWindows:
    """What the log says of the run's storms."""

    connects: dict[int, int]
    """Epoch second -> connections that were opened or tried then, but for those that a fault cut off."""
    before: dict[int, Window]
    """By the fault's number."""
    during: dict[int, Window]

    def peak_connects(self, number: int | None = None) -> int:
        """The most connects within a second, of the whole run or from a fault's begin until its recovery's end."""
        if number is None:
            return max(self.connects.values(), default=0)
        window = self.during[number]
        return max((self.connects.get(second, 0) for second in range(window.first, window.last + 1)), default=0)


def look(measurements: RunMeasurements, started: float, found: Sequence[FaultOutcome]) -> FaultWindows:
    """Read the log once.

    Args:
        started: the run's begin, epoch seconds.
        found: the faults that came.
    """
    during = {outcome.planned.number: _during(outcome, started) for outcome in found}
    before = _before(found, during, int(started))
    windows = _Windows([*before.values(), *during.values()])
    measurements.settle()
    connects: defaultdict[int, int] = defaultdict(int)
    for interval in measurements.intervals:
        if not is_series(interval.tag) or not is_request(interval.tag):
            continue
        second = int(interval.start)
        if interval.tag == CONNECT:
            connects[second] += Histogram.decode(interval.encoded).count
        for window in windows.at(second):
            window.add(interval.encoded)
    for second, slots in measurements.slots.items():
        for tag, slot in slots.items():
            if not is_series(tag) or not is_request(tag) or not slot.histogram.count:
                continue
            if tag == CONNECT:
                connects[second] += slot.histogram.count
            for window in windows.at(second):
                window.add(slot.histogram.encode())
    for figures in measurements.weather.faults.values():
        for second, count in figures.connects.items():
            connects[second] += count
    return FaultWindows(dict(connects), before, during)


class _Windows:
    """Finds the windows that a second is in; those that lie behind give back the memory of their sums."""

    def __init__(self, windows: Sequence[Window]) -> None:
        self._by_minute: defaultdict[int, list[Window]] = defaultdict(list)
        for window in windows:
            for minute in range(window.first // 60, window.last // 60 + 1):
                self._by_minute[minute].append(window)
        self._by_end = sorted(windows, key=lambda window: window.last, reverse=True)
        self._second = 0
        self._here: Sequence[Window] = ()

    def at(self, second: int) -> Sequence[Window]:
        if second != self._second:
            self._second = second
            while self._by_end and self._by_end[-1].last < second - _LATE_S:
                self._by_end.pop().close()
            candidates = self._by_minute.get(second // 60, ())
            self._here = [window for window in candidates if window.first <= second <= window.last]
        return self._here


def _during(outcome: FaultOutcome, started: float) -> Window:
    planned, back = outcome.planned, outcome.figures.back
    recovery = back.max_us / 1e6 if not outcome.not_back else math.inf
    end = planned.at + planned.lasts + min(recovery, max(outcome.left_s, 0.0), MOST_AFTER_S)
    return Window(int(started + planned.at), max(int(started + planned.at), math.ceil(started + end) - 1))


def _before(found: Sequence[FaultOutcome], during: dict[int, Window], run_first: int) -> dict[int, Window]:
    """The last quiet seconds before each fault: as many as it took, where there are so many, and at most a minute."""
    windows = {}
    quiet: list[tuple[int, int]] = []
    free_from = run_first
    for outcome in sorted(found, key=lambda one: one.planned.at):
        window = during[outcome.planned.number]
        if window.first > free_from:
            quiet.append((free_from, window.first - 1))
        free_from = max(free_from, window.last + 1)
        first, last = quiet[-1] if quiet else (0, -1)
        wanted = min(window.last - window.first + 1, MOST_BEFORE_S)
        windows[outcome.planned.number] = Window(max(first, last - wanted + 1), last)
    return windows
