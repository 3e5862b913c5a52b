"""Seconds that are closed: one encoded histogram a series and second, and the store that keeps them.

A run of an hour has tens of thousands of them, so they are kept encoded. The store here keeps them in memory; one that
writes them to a histogram log stands in `reports`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from simulator.measurements.names import INTENDED_PREFIX
from simulator.measurements.series import Slot


@dataclass(frozen=True, slots=True)
class Interval:
    """One series' histogram of `length_s` seconds from the epoch second `start`; values are µs."""

    tag: str
    start: float
    length_s: float
    max_us: int
    encoded: bytes
    """HdrHistogram V2, compressed, no base64."""


class IntervalStore(Protocol):
    """Where sealed intervals go; iterating gives all of them in the order they were sealed."""

    def append(self, interval: Interval) -> None: ...

    def __iter__(self) -> Iterator[Interval]: ...

    def __len__(self) -> int: ...


class MemoryIntervals:
    """Keeps the intervals in a list: about half a KB each."""

    def __init__(self, intervals: Iterable[Interval] = ()) -> None:
        self._intervals = list(intervals)

    def append(self, interval: Interval) -> None:
        self._intervals.append(interval)

    def __iter__(self) -> Iterator[Interval]:
        return iter(self._intervals)

    def __len__(self) -> int:
        return len(self._intervals)


def intervals_of(tag: str, second: int, slot: Slot) -> Iterable[Interval]:
    """The sealed form of a settled slot: its series, and the one by intended time where there is one."""
    for name, histogram in ((tag, slot.histogram), (INTENDED_PREFIX + tag, slot.intended_histogram)):
        if histogram.count:
            yield Interval(name, float(second), 1.0, histogram.max_us, histogram.encode())
