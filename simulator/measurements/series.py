"""One measured series (a funcId, a flow, a command family): its totals and its open seconds.

A series knows nothing of processes or files. Its tag names it everywhere: in memory, in deltas, in the histogram log.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

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


Tallies = dict[str, CodeTally]
"""By code."""


def tally(tallies: Tallies, code: str, at: float) -> None:
    """Count one more under `code`."""
    found = tallies.get(code)
    if found is None:
        found = tallies[code] = CodeTally()
    found.add(1, at, at)


def add_tallies(tallies: Tallies, others: Tallies) -> None:
    """Add what was counted elsewhere."""
    for code, found in others.items():
        tallies.setdefault(code, CodeTally()).add(found.count, found.first, found.last)


def counted(tallies: Tallies) -> int:
    """How many, under all codes."""
    return sum(found.count for found in tallies.values())


def by_code(tallies: Tallies) -> dict[str, int]:
    """Counts by code, the most frequent first."""
    ranked = sorted(tallies.items(), key=lambda item: (-item[1].count, item[0]))
    return {code: found.count for code, found in ranked}


class Counted(NamedTuple):
    """What another process counted of one series in one second; to be read alone."""

    histogram: Histogram
    intended_histogram: Histogram
    failed: Tallies
    expected: Tallies
    bytes_out: int
    bytes_in: int


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
    failed: Tallies = field(default_factory=dict)
    expected: Tallies = field(default_factory=dict)
    """What was refused as the scenario expects, by code: it neither succeeded nor failed."""
    bytes_out: int = 0
    bytes_in: int = 0
    settled_out: int = 0
    settled_in: int = 0

    @property
    def failures(self) -> int:
        return counted(self.failed)

    @property
    def refusals(self) -> int:
        """How many were refused as expected."""
        return counted(self.expected)

    def count(self) -> None:
        """Count the raw durations."""
        self.fresh.record_seconds(self.durations)
        self.durations.clear()
        if self.intended:
            self.fresh_intended.record_seconds(self.intended)
            self.intended.clear()

    def add(self, other: "Slot | Counted", *, intended: bool = True) -> None:
        """Add what another slot counted, `intended` ones as well; raw durations must be settled before."""
        self.histogram.add(other.histogram)
        if intended:
            self.intended_histogram.add(other.intended_histogram)
        add_tallies(self.failed, other.failed)
        add_tallies(self.expected, other.expected)
        self.bytes_out += other.bytes_out
        self.bytes_in += other.bytes_in


@dataclass(slots=True)
class Totals:
    """What one series measured in the whole run."""

    histogram: Histogram = field(default_factory=Histogram)
    failed: Tallies = field(default_factory=dict)
    expected: Tallies = field(default_factory=dict)
    """As of a slot."""
    bytes_out: int = 0
    bytes_in: int = 0
    first: float = 0.0
    last: float = 0.0

    @property
    def count(self) -> int:
        return self.histogram.count

    @property
    def failures(self) -> int:
        return counted(self.failed)

    @property
    def refusals(self) -> int:
        """How many were refused as expected."""
        return counted(self.expected)

    @property
    def codes(self) -> dict[str, int]:
        """Counts by code, success first, then by count; without what was refused as expected."""
        succeeded = self.count - self.failures - self.refusals
        codes = {SUCCESS: succeeded} if succeeded > 0 else {}
        return codes | by_code(self.failed)

    def add(self, second: int, slot: Counted) -> None:
        """Add what another process counted in a second."""
        self.histogram.add(slot.histogram)
        add_tallies(self.failed, slot.failed)
        add_tallies(self.expected, slot.expected)
        self.bytes_out += slot.bytes_out
        self.bytes_in += slot.bytes_in
        self.add_span(second, second + 1)

    def add_span(self, first: float, last: float) -> None:
        """Widen the time (epoch seconds) within which anything was measured."""
        self.first = min(self.first, first) if self.first else first
        self.last = max(self.last, last)


def dump_tallies(tallies: Tallies) -> dict[str, list[float]]:
    """Plain lists for JSON; `load_tallies` reads them."""
    return {code: [found.count, found.first, found.last] for code, found in tallies.items()}


def load_tallies(data: dict[str, list[Any]], label: Callable[[str], str] = str) -> Tallies:
    """The inverse of `dump_tallies`, each code under its `label`."""
    tallies: Tallies = {}
    for code, (count, first, last) in data.items():
        tallies.setdefault(label(code), CodeTally()).add(int(count), first, last)
    return tallies
