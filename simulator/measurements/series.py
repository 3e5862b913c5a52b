"""One measured series (a funcId, a flow, a command family): its totals and its open seconds.

A series knows nothing of processes or files. Its tag names it everywhere: in memory, in deltas, in the histogram log.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simulator.measurements.histogram import Histogram
from simulator.protocol.codes import SUCCESS


@dataclass(slots=True)
class CodeTally:
    """How often a code came, and when first and last (epoch seconds)."""

    count: int = 0
    first: float = 0.0
    last: float = 0.0

    def add(self, count: int, first: float, last: float) -> None:
        if not count:
            return
        if not self.count:
            self.first, self.last = first, last
        else:
            self.first, self.last = min(self.first, first), max(self.last, last)
        self.count += count


@dataclass(slots=True)
class Slot:
    """What one series measured in one second.

    Raw durations wait in the lists until there are enough to `count` them together; what is counted waits in `fresh`
    until the run's totals take it as well.
    """

    durations: list[float] = field(default_factory=list)
    intended: list[float] = field(default_factory=list)
    fresh: Histogram = field(default_factory=Histogram)
    fresh_intended: Histogram = field(default_factory=Histogram)
    histogram: Histogram = field(default_factory=Histogram)
    intended_histogram: Histogram = field(default_factory=Histogram)
    failed: dict[str, CodeTally] = field(default_factory=dict)
    bytes_out: int = 0
    bytes_in: int = 0
    settled_out: int = 0
    settled_in: int = 0

    @property
    def failures(self) -> int:
        return sum(tally.count for tally in self.failed.values())

    def count(self) -> None:
        """Count the raw durations."""
        self.fresh.record_seconds(self.durations)
        self.durations.clear()
        if self.intended:
            self.fresh_intended.record_seconds(self.intended)
            self.intended.clear()

    def add(self, other: "Slot") -> None:
        """Add what another slot counted; raw durations must be settled before."""
        self.histogram.add(other.histogram)
        self.intended_histogram.add(other.intended_histogram)
        for code, tally in other.failed.items():
            self.failed.setdefault(code, CodeTally()).add(tally.count, tally.first, tally.last)
        self.bytes_out += other.bytes_out
        self.bytes_in += other.bytes_in

    def fail(self, code: str, at: float) -> None:
        tally = self.failed.get(code)
        if tally is None:
            tally = self.failed[code] = CodeTally()
        tally.add(1, at, at)


@dataclass(slots=True)
class Totals:
    """What one series measured in the whole run."""

    histogram: Histogram = field(default_factory=Histogram)
    failed: dict[str, CodeTally] = field(default_factory=dict)
    bytes_out: int = 0
    bytes_in: int = 0
    first: float = 0.0
    last: float = 0.0

    @property
    def count(self) -> int:
        return self.histogram.count

    @property
    def failures(self) -> int:
        return sum(tally.count for tally in self.failed.values())

    @property
    def codes(self) -> dict[str, int]:
        """Counts by code, success first, then by count."""
        failed = sorted(self.failed.items(), key=lambda item: (-item[1].count, item[0]))
        succeeded = self.count - sum(tally.count for _, tally in failed)
        codes = {SUCCESS: succeeded} if succeeded > 0 else {}
        codes.update((code, tally.count) for code, tally in failed)
        return codes

    def add(self, second: int, slot: Slot) -> None:
        """Add a whole settled slot of another process."""
        self.histogram.add(slot.histogram)
        self.add_failed(slot.failed)
        self.bytes_out += slot.bytes_out
        self.bytes_in += slot.bytes_in
        self.add_span(second, second + 1)

    def add_failed(self, failed: dict[str, CodeTally]) -> None:
        for code, tally in failed.items():
            self.failed.setdefault(code, CodeTally()).add(tally.count, tally.first, tally.last)

    def add_span(self, first: float, last: float) -> None:
        """Widen the time (epoch seconds) within which anything was measured."""
        self.first = min(self.first, first) if self.first else first
        self.last = max(self.last, last)


def dump_failed(failed: dict[str, CodeTally]) -> dict[str, list[float]]:
    """Plain lists for JSON; `load_failed` reads them."""
    return {code: [tally.count, tally.first, tally.last] for code, tally in failed.items()}


def load_failed(data: dict[str, list[Any]], label: Callable[[str], str] = str) -> dict[str, CodeTally]:
    """The inverse of `dump_failed`, each code under its `label`."""
    failed: dict[str, CodeTally] = {}
    for code, (count, first, last) in data.items():
        failed.setdefault(label(code), CodeTally()).add(int(count), first, last)
    return failed
