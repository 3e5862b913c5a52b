"""Anomalies of a run: how often something odd was noticed, when, and the first detail that was told."""

from collections.abc import Callable
from typing import Any

from simulator.measurements.series import CodeTally
from simulator.shown import detail


class Anomaly:
    """One kind."""

    __slots__ = ("example", "tally")

    def __init__(self, example: str) -> None:
        self.tally = CodeTally()
        self.example = example
        """Masked, in one line."""


class Anomalies(dict[str, Anomaly]):
    """By kind; merges exactly over processes.

    Args:
        label: under which name a kind is counted, of which there are a bounded number.
    """

    def __init__(self, label: Callable[[str], str]) -> None:
        super().__init__()
        self._label = label

    def count(self, kind: str, example: str, count: int, first: float, last: float) -> None:
        """`kind` was noticed `count` times between `first` and `last` (epoch seconds)."""
        kind = self._label(kind)
        anomaly = self.get(kind)
        if anomaly is None:
            anomaly = self[kind] = Anomaly(detail(example))
        anomaly.tally.add(count, first, last)

    def dump(self) -> dict[str, list[Any]]:
        """For JSON; `merge` reads it."""
        return {kind: [a.example, a.tally.count, a.tally.first, a.tally.last] for kind, a in self.items()}

    def merge(self, data: dict[str, list[Any]]) -> None:
        """Add what another process (or run) dumped."""
        for kind, (example, count, first, last) in data.items():
            self.count(kind, example, count, first, last)
