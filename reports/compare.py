"""Comparison of a run with one or several base runs: what got better, what got worse, what is noise.

A difference counts only if it is larger than chance explains (the bounds of `reports.noise` do not overlap; those of
several base runs are taken together) and large enough to matter: 10 % and 1 ms for a quantile, 0.1 percentage points
for failures, unless told otherwise. Everything else is noise, whatever the figures look like. Where the samples are too
few to tell, a quantile is worse all the same if the new run's lower bound lies far above all that the base measured;
otherwise it is unjudged, which is no noise. A failed request counts as one that took for ever. A flow that got slower
by no more than the requests in it explain is no regression of its own: it follows from theirs.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from reports import text
from reports.attendance import attendance_figures
from reports.compare_rules import Judged, judged
from reports.compare_weather import LEAST_RECOVERY_MS, Recoveries, recoveries
from reports.figures import record_counts, without
from reports.former import NOT_JUDGED
from reports.measures import FAILURES
from reports.noise import SPANS, Bounds, quantile, share_bounds, widest
from reports.order import in_order
from reports.run_info import RunInfo
from simulator.measurements.accumulate import HistogramSum
from simulator.measurements.histogram import HIGHEST_US, Histogram
from simulator.measurements.names import FAILED_PREFIX, FLOWS, PENDING, RECORD_DELIVERY, is_series, name_of
from simulator.measurements.run import RunMeasurements
from simulator.texts.translation import _, pgettext

QUANTILES: Final = {"p50": 50.0, "p95": 95.0, "p99": 99.0}
LEAST_PERCENT: Final = 10.0
LEAST_MS: Final = 1.0
LEAST_FAILURE_POINTS: Final = 0.1

BETTER, WORSE, NOISE, UNKNOWN, MISSING, NEW = "better", "worse", "noise", "unjudged", "missing", "new"
FOLLOWS: Final = "follows"
MISSED: Final = 0.001
"""How probable a difference may be by chance, as for the bounds."""
FAR_TIMES: Final = 2.0
"""Whatever the counts: nobody takes it for chance that all is twice as slow as the slowest was."""
TIMES: Final = 3.0
"""From here on a change is written as a multiple."""
_PARTS_OF_FLOWS: Final = {flow.name: flow.parts for flow in FLOWS}
EXPLAINED: Final = 3.0
"""A flow follows if it lost at most three times what its requests lost: who queues loses more than once."""


@dataclass(frozen=True, slots=True)
class Series:
    """One funcId, flow or command of a run, with its spans of time; what failed or is pending took for ever."""

    histogram: Histogram
    count: int
    failures: int
    spans: Sequence[Histogram]


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """What a comparison needs of a run."""

    label: str
    run: RunInfo
    series: Mapping[str, Series]
    verdict: str = ""
    """What the run's own report says."""
    reason: str = ""
    """Why, in its own first words."""
    doubt: str = ""
    """Why it is no whole, valid run, whatever its verdict."""
    judged: Judged | None = None
    """What it found of its platform; None where its version did not judge it."""
    attendance: Mapping[str, int] = field(default_factory=dict)
    """What happened at its meetings (`reports.attendance.FIGURES`); empty where it had none."""
    recoveries: Mapping[str, Recoveries] = field(default_factory=dict)
    """How devices came back after faults, by kind."""


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
        """Relative for quantiles (0.1 is 10 % slower), in shares for failures; infinite where the new one failed."""
        if self.base is None or self.new is None or math.isinf(self.base.value):
            return None
        if self.metric == FAILURES:
            return self.new.value - self.base.value
        return self.new.value / self.base.value - 1.0 if self.base.value else None


def compared_run(
    label: str, measurements: RunMeasurements, run: RunInfo, verdict: str = "", reason: str = "", doubt: str = ""
) -> ComparedRun:
    """What the comparison needs of a run that was read back, with the verdict, reason and doubt of its report."""
    measurements.settle()
    spans = _spans(measurements)
    pending = max(record_counts(measurements.records)[PENDING], 0)
    series = {}
    for tag, totals in measurements.totals.items():
        if not totals.count or not is_series(tag):
            continue
        failed = measurements.totals.get(FAILED_PREFIX + tag)
        name = name_of(tag)
        series[name] = Series(
            _for_ever(
                totals.histogram,
                failed.histogram if failed is not None else Histogram(),
                pending if tag == RECORD_DELIVERY.tag else 0,
            ),
            totals.count,
            totals.failures,
            spans[tag],
        )
    known = all(finding.key != NOT_JUDGED for finding in run.findings)
    of_platform = judged(measurements) if known else None
    meetings, weather = attendance_figures(measurements), recoveries(measurements, run)
    return ComparedRun(label, run, series, verdict, reason, doubt, of_platform, meetings, weather)


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
            base = _together([quantile(item.histogram, item.spans, percent) for item in before])
            now = quantile(after.histogram, after.spans, percent) if after is not None else None
            least = max(least_ms, (base.value if base is not None else 0.0) * least_percent / 100.0)
            differences.append(Difference(name, metric, base, now, _mark(base, now, least)))
        base = _together([share_bounds(item.failures, item.count) for item in before])
        now = share_bounds(after.failures, after.count) if after is not None else None
        differences.append(Difference(name, FAILURES, base, now, _mark(base, now, LEAST_FAILURE_POINTS / 100.0)))
    for name in sorted({name for run in (*bases, new) for name in run.recoveries}):
        known = [run.recoveries[name] for run in bases if name in run.recoveries]
        latest = new.recoveries.get(name)
        for metric, percent in percents.items():
            base = _together([item.quantile(percent) for item in known])
            now = latest.quantile(percent) if latest is not None else None
            share = (base.value if base is not None else 0.0) * least_percent / 100.0
            mark = _mark(base, now, max(least_ms, LEAST_RECOVERY_MS, share))
            differences.append(Difference(name, metric, base, now, mark))
    return _with_followers(differences)


def beyond_chance(base: Bounds, new: Bounds) -> bool:
    """Whether the new figure is larger than the base's, and by more than chance explains."""
    if base.enough and new.enough and not base.open:
        return new.low > base.high
    # without an upper bound of the base, the new run's lower one must lie above all that the base has seen
    lower = new.low if new.enough else new.minimum
    if not lower > base.maximum:
        return False
    if lower >= FAR_TIMES * base.maximum:
        return True
    # of all samples of both runs the largest are the new one's: how probable is that if they came from one platform?
    above = new.count if new.above and new.minimum > base.maximum else new.above
    chance = 1.0
    for number in range(above):
        chance *= (new.count - number) / (new.count + base.count - number)
        if chance <= MISSED:
            return True
    return False


def metric_text(metric: str) -> str:
    """A percentile as it is written everywhere; failures in the reader's language."""
    return pgettext("figure", "failures") if metric == FAILURES else metric


def change_text(difference: Difference) -> str:
    """`+21.3 %` or `×156`, or percentage points for failures; empty where there is nothing to compare."""
    change = difference.change
    if change is None:
        return ""
    if difference.metric == FAILURES:
        points = f"{100.0 * change:+.2f}"
        return _("{points} points", points=points)
    if math.isinf(change):
        return text.ENDLESS
    times = change + 1.0
    if times >= TIMES:
        return f"×{times:,.0f}" if times >= 10.0 else f"×{times:.1f}"
    return f"{100.0 * change:+.1f} %"


def _with_followers(differences: Sequence[Difference]) -> list[Difference]:
    """Flows told apart that only got worse because a request in them did."""
    lost = {
        (item.name, item.metric): item.new.value - item.base.value
        for item in differences
        if item.mark == WORSE and item.base is not None and item.new is not None and math.isfinite(item.base.value)
    }
    found = []
    for item in differences:
        mark = item.mark
        if (item.name, item.metric) in lost and item.name in _PARTS_OF_FLOWS:
            # the slowest share of a flow is not the slowest share of each request in it: any metric may explain it
            parts = [
                max((lost.get((part, metric), 0.0) for metric in {item.metric, *QUANTILES}), default=0.0)
                if item.metric != FAILURES
                else lost.get((part, FAILURES), 0.0)
                for part in _PARTS_OF_FLOWS[item.name]
            ]
            if lost[item.name, item.metric] <= EXPLAINED * sum(parts):
                mark = FOLLOWS
        found.append(replace(item, mark=mark))
    return found


def _together(found: Sequence[Bounds | None]) -> Bounds | None:
    known = [bounds for bounds in found if bounds is not None]
    return widest(known) if known else None


def _mark(base: Bounds | None, new: Bounds | None, least: float) -> str:
    """How two figures differ; changes of less than `least` (in the figures' unit) are noise."""
    if new is None:
        return MISSING
    if base is None:
        return NEW
    # two infinite figures differ by nothing
    change = 0.0 if new.value == base.value else new.value - base.value
    if beyond_chance(base, new):
        return WORSE if change >= least else NOISE
    if not (base.enough and new.enough):
        return UNKNOWN
    if new.high < base.low:
        return BETTER if -change >= least else NOISE
    # no upper bound: whether it got worse cannot be told, unless there is nothing that looks like it
    return UNKNOWN if base.open and change >= least else NOISE


def _for_ever(histogram: Histogram, failed: Histogram, pending: int = 0) -> Histogram:
    """The durations, with those that `failed` (they are among them) and those still pending as infinite ones."""
    if not failed.count and not pending:
        return histogram
    found = Histogram()
    found.add(without(histogram, failed))
    found.record(HIGHEST_US, failed.count + pending)
    return found


class _Span:
    """One series' open span of time."""

    __slots__ = ("failed", "index", "whole")

    def __init__(self, index: int) -> None:
        self.index = index
        self.whole = HistogramSum()
        self.failed = HistogramSum()

    def histogram(self) -> Histogram:
        return _for_ever(self.whole.histogram(), self.failed.histogram())


def _spans(measurements: RunMeasurements) -> Mapping[str, Sequence[Histogram]]:
    """Each series cut into equal spans of the time in which it occurred at all."""
    open_spans: dict[str, _Span] = {}
    spans: defaultdict[str, list[Histogram]] = defaultdict(list)
    edges = {
        tag: (totals.first, max((totals.last - totals.first) / SPANS, 1.0))
        for tag, totals in measurements.totals.items()
        if is_series(tag)
    }
    for interval in measurements.intervals:
        tag = interval.tag.removeprefix(FAILED_PREFIX)
        if tag not in edges:
            continue
        first, length = edges[tag]
        index = math.floor((interval.start - first) / length)
        span = open_spans.get(tag)
        if span is None or span.index != index:
            if span is not None:
                spans[tag].append(span.histogram())
            span = open_spans[tag] = _Span(index)
        (span.whole if tag == interval.tag else span.failed).add(interval.encoded)
    for tag, span in open_spans.items():
        spans[tag].append(span.histogram())
    return spans
