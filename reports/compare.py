"""Comparison of a run with one or several base runs: what got better, what got worse, what is noise.

A difference counts only if it is larger than chance explains (the bounds of `reports.noise` do not overlap; those of
several base runs are taken together) and large enough to matter: 10 % and 1 ms for a quantile, 0.1 percentage points
for failures, unless told otherwise. Everything else is noise, whatever the figures look like. A flow that got slower by
no more than the requests in it explain is no regression of its own: it follows from theirs.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Final

from reports.figures import is_series, name_of
from reports.noise import SPANS, Bounds, quantile_bounds, share_bounds, widest
from reports.order import PARTS_OF_FLOWS, in_order
from reports.run_info import RunInfo
from simulator.measurements.accumulate import HistogramSum
from simulator.measurements.histogram import Histogram
from simulator.measurements.run import RunMeasurements

QUANTILES: Final = {"p50": 50.0, "p95": 95.0, "p99": 99.0}
FAILURES: Final = "failures"
LEAST_PERCENT: Final = 10.0
LEAST_MS: Final = 1.0
LEAST_FAILURE_POINTS: Final = 0.1

BETTER, WORSE, NOISE, UNKNOWN, MISSING, NEW = "better", "worse", "noise", "unknown", "missing", "new"
FOLLOWS: Final = "follows"
EXPLAINED: Final = 3.0
"""A flow follows if it lost at most three times what its requests lost: who queues loses more than once."""


@dataclass(frozen=True, slots=True)
class Series:
    """One funcId, flow or command of a run, with its spans of time."""

    histogram: Histogram
    failures: int
    spans: Sequence[Histogram]


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """What a comparison needs of a run."""

    label: str
    run: RunInfo
    series: Mapping[str, Series]


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure of one name, before and after: ms for quantiles, a share for failures."""

    name: str
    metric: str
    base: Bounds | None
    new: Bounds | None
    mark: str

    @property
    def change(self) -> float | None:
        """Relative for quantiles (0.1 is 10 % slower), in shares for failures."""
        if self.base is None or self.new is None:
            return None
        if self.metric == FAILURES:
            return self.new.value - self.base.value
        return self.new.value / self.base.value - 1.0 if self.base.value else None


@dataclass(frozen=True, slots=True)
class FailOn:
    """A limit of change: `[name or glob] metric +amount(% | ms | s)`; of failures, percentage points."""

    expression: str
    subject: str
    metric: str
    amount: float
    unit: str

    def crossed(self, difference: Difference) -> bool:
        """Whether the difference is worse than chance explains and beyond this limit."""
        if difference.metric != self.metric or not fnmatchcase(difference.name, self.subject):
            return False
        base, new = difference.base, difference.new
        if base is None or new is None or new.low <= base.high:
            return False
        if difference.mark == FOLLOWS and self.subject != difference.name:
            return False
        if self.metric == FAILURES:
            return 100.0 * (new.value - base.value) > self.amount
        if self.unit == "ms":
            return new.value - base.value > self.amount
        return new.value > base.value * (1.0 + self.amount / 100.0)


_FAIL_ON: Final = re.compile(r"(?:(\S+)\s+)?(p\d+(?:\.\d+)?|failures)\s*\+\s*(\d+(?:\.\d+)?)\s*(%|ms|s)")


def parse_fail_on(text: str) -> FailOn:
    """Read one `--fail-on` expression, such as `p99 +10%`, `dev.heartbeat p95 +20 ms` or `failures +0.5%`.

    Raises:
        ValueError: If it is none; the message shows the form.
    """
    match = _FAIL_ON.fullmatch(text.strip())
    form = f"{text!r}: expected [name] metric +amount, as in 'p99 +10%' or 'dev.heartbeat p95 +20 ms'"
    if match is None:
        raise ValueError(form)
    subject, metric, amount, unit = match.groups()
    if metric == FAILURES and unit != "%":
        raise ValueError(f"{text!r}: failures change by percentage points, as in 'failures +0.5%'")
    if metric != FAILURES and not 0.0 < float(metric[1:]) < 100.0:
        raise ValueError(f"{text!r}: a percentile lies between 0 and 100")
    value = float(amount) * (1000.0 if unit == "s" else 1.0)
    return FailOn(" ".join(text.split()), subject or "*", metric, value, "ms" if unit == "s" else unit)


def compared_run(label: str, measurements: RunMeasurements, run: RunInfo) -> ComparedRun:
    """What the comparison needs of a run that was read back."""
    measurements.settle()
    spans = _spans(measurements, run)
    series = {
        name_of(tag): Series(totals.histogram, totals.failures, spans[tag])
        for tag, totals in measurements.totals.items()
        if totals.count and is_series(tag)
    }
    return ComparedRun(label, run, series)


def compare_runs(
    bases: Sequence[ComparedRun],
    new: ComparedRun,
    *,
    quantiles: Iterable[str] = (),
    least_percent: float = LEAST_PERCENT,
    least_ms: float = LEAST_MS,
) -> list[Difference]:
    """Every figure that the runs have, in the protocol's order.

    Args:
        bases: at least one run to compare with.
        new: the run that is judged.
        quantiles: further ones (`p99.9`) besides p50, p95 and p99.
        least_percent: a smaller change of a quantile is noise.
        least_ms: as is one of fewer ms.
    """
    percents = QUANTILES | {metric: float(metric[1:]) for metric in quantiles if metric != FAILURES}
    names = in_order({name for run in (*bases, new) for name in run.series})
    differences = []
    for name in names:
        before = [run.series[name] for run in bases if name in run.series]
        after = new.series.get(name)
        for metric, percent in percents.items():
            base = _together([quantile_bounds(item.histogram, item.spans, percent) for item in before])
            now = quantile_bounds(after.histogram, after.spans, percent) if after is not None else None
            mark = _mark(bool(before), after is not None, base, now)
            if mark in (BETTER, WORSE) and base is not None and now is not None:
                change = abs(now.value - base.value)
                if change < least_ms or change < base.value * least_percent / 100.0:
                    mark = NOISE
            differences.append(Difference(name, metric, base, now, mark))
        base = _together([share_bounds(item.failures, item.histogram.count) for item in before])
        now = share_bounds(after.failures, after.histogram.count) if after is not None else None
        mark = _mark(bool(before), after is not None, base, now)
        if mark in (BETTER, WORSE) and base is not None and now is not None:
            mark = mark if 100.0 * abs(now.value - base.value) >= LEAST_FAILURE_POINTS else NOISE
        differences.append(Difference(name, FAILURES, base, now, mark))
    return _with_followers(differences)


def regressions(differences: Sequence[Difference], limits: Sequence[FailOn]) -> list[str]:
    """Why the new run does not pass: with limits what crosses them, without any whatever got worse or is missing."""
    reasons = []
    for difference in differences:
        crossed = [limit.expression for limit in limits if limit.crossed(difference)]
        if crossed:
            reasons.append(f"{difference.name} {difference.metric} {change_text(difference)}: over {crossed[0]}")
        elif not limits and difference.mark == WORSE:
            reasons.append(f"{difference.name} {difference.metric} {change_text(difference)}")
        if difference.mark == MISSING and difference.metric == FAILURES:
            reasons.append(f"{difference.name} never occurred in the new run")
    return reasons


def change_text(difference: Difference) -> str:
    """`+21.3 %`, or percentage points for failures; empty where there is nothing to compare."""
    change = difference.change
    if change is None:
        return ""
    if difference.metric == FAILURES:
        return f"{100.0 * change:+.2f} points"
    return f"{100.0 * change:+.1f} %"


def _with_followers(differences: Sequence[Difference]) -> list[Difference]:
    """Flows told apart that only got worse because a request in them did."""
    lost = {
        (item.name, item.metric): item.new.value - item.base.value
        for item in differences
        if item.mark == WORSE and item.base is not None and item.new is not None
    }
    found = []
    for item in differences:
        mark = item.mark
        if (item.name, item.metric) in lost and item.name in PARTS_OF_FLOWS:
            # the slowest share of a flow is not the slowest share of each request in it: any metric may explain it
            parts = [
                max((lost.get((part, metric), 0.0) for metric in {item.metric, *QUANTILES}), default=0.0)
                if item.metric != FAILURES
                else lost.get((part, FAILURES), 0.0)
                for part in PARTS_OF_FLOWS[item.name]
            ]
            if lost[item.name, item.metric] <= EXPLAINED * sum(parts):
                mark = FOLLOWS
        found.append(replace(item, mark=mark))
    return found


def _together(found: Sequence[Bounds | None]) -> Bounds | None:
    known = [bounds for bounds in found if bounds is not None]
    return widest(known) if known else None


def _mark(was: bool, is_now: bool, base: Bounds | None, new: Bounds | None) -> str:
    if not is_now:
        return MISSING
    if not was:
        return NEW
    if base is None or new is None:
        return UNKNOWN
    if new.low > base.high:
        return WORSE
    return BETTER if new.high < base.low else NOISE


def _spans(measurements: RunMeasurements, run: RunInfo) -> Mapping[str, Sequence[Histogram]]:
    """Each series cut into equal spans of the time in which it occurred at all."""
    open_sums: dict[str, tuple[int, HistogramSum]] = {}
    spans: defaultdict[str, list[Histogram]] = defaultdict(list)
    edges: dict[str, tuple[float, float]] = {}
    for tag, totals in measurements.totals.items():
        edges[tag] = (totals.first, max((totals.last - totals.first) / SPANS, 1.0))
    for interval in measurements.intervals:
        tag = interval.tag
        if not is_series(tag) or tag not in edges:
            continue
        first, length = edges[tag]
        index = math.floor((interval.start - first) / length)
        found = open_sums.get(tag)
        if found is None or found[0] != index:
            if found is not None:
                spans[tag].append(found[1].histogram())
            found = open_sums[tag] = (index, HistogramSum())
        found[1].add(interval.encoded)
    for tag, (_, total) in open_sums.items():
        spans[tag].append(total.histogram())
    return spans
