"""The tables of series while a run goes on: counts of now, and percentiles as far as there is time for them.

Percentiles of a long run are looked for in thousands of buckets; all of them together, once a second, would hold up
everything else in this process. So those come first that are the oldest, for some milliseconds at a look.
"""

import time
from collections.abc import Callable
from typing import Any, Final

from reports.order import in_order
from simulator.measurements.names import is_series, name_of
from simulator.measurements.run import RunMeasurements
from simulator.measurements.series import Totals

BUDGET_S: Final = 0.004
PAUSE_S: Final = 0.5
"""Between two looks that may cost something, whoever asks and however many."""


class LiveTables:
    """Rows of a run's series, whose percentiles are refreshed in turn.

    Args:
        monotonic: seconds of a clock that nobody sets.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._of = ""
        self._known: dict[str, tuple[int, float, list[float]]] = {}
        """By tag: how many durations they are of, when they were looked for, and p50, p95 and p99 in ms."""
        self._due = 0.0

    def rows(self, measurements: RunMeasurements, *kinds: Callable[[str], bool]) -> list[list[dict[str, Any]]]:
        """A table for each of `kinds` (which says of a tag whether it is in it), in the protocol's order.

        A row has `name`, `count`, `failures`, `codes`, `expected` (refused as the scenario wants it), `p50`, `p95`,
        `p99` and `max` in ms, `bytes_out` and `bytes_in`.
        """
        measurements.settle()
        counted = {tag: found for tag, found in measurements.totals.items() if is_series(tag) and found.count}
        self._refresh(measurements.run_id, counted)
        ordered = in_order(counted)
        return [[self._row(tag, counted[tag]) for tag in ordered if kind(tag)] for kind in kinds]

    def _refresh(self, run_id: str, counted: dict[str, Totals]) -> None:
        now = self._monotonic()
        if run_id != self._of:
            self._of, self._known, self._due = run_id, {}, now
        new = [tag for tag in counted if tag not in self._known]
        grown = [tag for tag, (count, _, _) in self._known.items() if tag in counted and counted[tag].count != count]
        for tag in new:
            self._look(tag, counted[tag])
        if now < self._due:
            return
        for tag in sorted(grown, key=lambda each: self._known[each][1]):
            self._look(tag, counted[tag])
            if self._monotonic() - now > BUDGET_S:
                break
        self._due = self._monotonic() + PAUSE_S

    def _look(self, tag: str, found: Totals) -> None:
        values = [value / 1000.0 for value in found.histogram.percentiles((50.0, 95.0, 99.0))]
        self._known[tag] = found.count, self._monotonic(), values

    def _row(self, tag: str, found: Totals) -> dict[str, Any]:
        p50, p95, p99 = self._known[tag][2]
        row = {"name": name_of(tag), "count": found.count, "failures": found.failures, "codes": dict(found.codes)}
        row["expected"] = found.refusals
        durations = {"p50": p50, "p95": p95, "p99": p99, "max": found.histogram.max_us / 1000.0}
        return {**row, **durations, "bytes_out": found.bytes_out, "bytes_in": found.bytes_in}
