"""Judging thresholds: over a finished run, and while it goes on for those that may abort it."""

import math
import operator
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from reports.causes import sentence
from reports.figures import Figures, SeriesFigures, after, recent, whole_run
from reports.run_info import RunInfo
from reports.text import duration
from reports.thresholds import LOOP_LAG, Threshold
from simulator.measurements.histogram import Histogram, rank_of
from simulator.measurements.run import HOLD_S, RunMeasurements

ABORT_WINDOW_S: Final = 10
"""A threshold with `abort` is judged on this many seconds, and stops the run once crossed for as long."""

_COMPARISONS: Final = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


@dataclass(frozen=True, slots=True)
class ThresholdResult:
    """How a threshold came out.

    `value` is in the threshold's unit: None if there was nothing to measure, infinite if a failed request decides.
    """

    expression: str
    value: float | None
    passed: bool
    reason: str
    unit: str = ""
    aborted: bool = False
    """Its abort ended the run, whatever the value of the whole run is."""

    def dump(self) -> dict[str, Any]:
        """The form of `summary.json`."""
        return {
            "expression": self.expression,
            "value": None if self.value is None or math.isinf(self.value) else round(self.value, 4),
            "passed": self.passed,
            "reason": self.reason,
            "unit": self.unit,
            "aborted": self.aborted,
        }


def evaluate(threshold: Threshold, figures: Figures) -> ThresholdResult:
    """Judge one threshold on a view of the run (made for its `after_s` by the caller: see `evaluate_all`)."""
    if threshold.is_overall or threshold.subject == LOOP_LAG:
        value = _overall(threshold, figures)
        if value is None:
            return _result(threshold, None, False, "nothing was measured")
        return _judged(threshold, value, "")
    names = [name for name, found in figures.series.items() if threshold.matches(name) and _occurred(threshold, found)]
    values = [(name, value) for name in names if (value := _named(threshold, figures, name)) is not None]
    if not values:
        what = "never had an intended time" if names else "never occurred"
        return _result(threshold, None, False, f"{threshold.subject} {what}")
    name, value = _worst(threshold, values)
    reasons = [f"worst: {name}"] if name != threshold.subject else []
    found = figures.series[name]
    if threshold.is_latency and found.failed.count:
        reasons.append(f"{found.failures:,} of {found.count:,} failed")
    if threshold.is_latency and found.pending:
        reasons.append(f"{found.pending:,} still pending")
    return _judged(threshold, value, "; ".join(reasons))


def evaluate_all(thresholds: Iterable[Threshold], measurements: RunMeasurements, run: RunInfo) -> list[ThresholdResult]:
    """Judge thresholds over a run that has ended, each on the part of the run that it speaks of."""
    views: dict[float, Figures | str] = {}
    results = []
    for threshold in thresholds:
        start = threshold.after_s
        if start not in views:
            views[start] = _view(measurements, run, start)
        view = views[start]
        result = _result(threshold, None, False, view) if isinstance(view, str) else evaluate(threshold, view)
        abort = run.fired().get(threshold.expression)
        if abort is not None:
            reasons = [text for text in (f"its abort ended the run: {sentence(abort)}", result.reason) if text]
            result = replace(result, passed=False, aborted=True, reason="; ".join(reasons))
        results.append(result)
    return results


def _view(measurements: RunMeasurements, run: RunInfo, start: float) -> Figures | str:
    """The part of the run from `start` seconds on, or why it cannot be looked at."""
    if start >= run.duration_s > 0:
        return f"the run ended after {duration(run.duration_s)}"
    try:
        return after(measurements, run, start) if start else whole_run(measurements, run)
    except (OSError, ValueError) as error:
        # What lies back stands in the log alone; a disk that does not return it must not take the whole report along.
        return f"what was measured cannot be read back: {error}"


class LiveThresholds:
    """Watches the thresholds with `abort` while the run goes on."""

    def __init__(self, thresholds: Iterable[Threshold], measurements: RunMeasurements, run: RunInfo) -> None:
        self._thresholds = [threshold for threshold in thresholds if threshold.abort]
        self._measurements = measurements
        self._run = run
        self._crossed_since: dict[str, float] = {}

    def tick(self, now: float) -> list[ThresholdResult]:
        """Look at the last 10 s; call it about once a second.

        Args:
            now: epoch seconds.

        Returns:
            The thresholds that were crossed at every look for 10 s, so that the run must stop, as they came out on
            the last 10 s.
        """
        first = now - ABORT_WINDOW_S - HOLD_S - 1
        judged = [item for item in self._thresholds if first >= self._run.started + item.after_s]
        if not judged:
            return []
        figures = recent(self._measurements, self._run, now, ABORT_WINDOW_S)
        fired = []
        for threshold in judged:
            result = evaluate(threshold, figures)
            if result.passed or result.value is None:
                self._crossed_since.pop(threshold.expression, None)
                continue
            since = self._crossed_since.setdefault(threshold.expression, now)
            # a single bad second stays within sight for 10 s and must not end the run
            if now - since > ABORT_WINDOW_S:
                fired.append(result)
        return fired


def _overall(threshold: Threshold, figures: Figures) -> float | None:
    subject = threshold.subject
    if subject == LOOP_LAG:
        return _latency(threshold, figures.loop_lag)
    if subject == "failures":
        return _failures(threshold, figures.requests, figures.failures)
    if subject.startswith("records."):
        return figures.records[subject.removeprefix("records.")]
    share = {"online": figures.online, "came_online": figures.came_online}
    if subject in share:
        value = share[subject]
        return None if value is None else 100.0 * value
    values: dict[str, float | None] = {
        "requests_per_second": figures.requests / figures.seconds,
        "disconnects": figures.disconnects,
        "anomalies": figures.anomalies,
        "internal_errors": figures.internal_errors,
        "generator.cpu": figures.cpu_percent,
        "generator.rss": figures.rss_mb,
    }
    return values[subject]


def _occurred(threshold: Threshold, found: SeriesFigures) -> bool:
    return bool(found.count or (threshold.metric == "missed" and found.missed))


def _named(threshold: Threshold, figures: Figures, name: str) -> float | None:
    found = figures.series[name]
    if threshold.metric == "count":
        return found.count
    if threshold.metric == "missed":
        return found.missed
    if threshold.metric == "rate":
        return found.count / figures.seconds
    if threshold.metric == "failures":
        return _failures(threshold, found.count, found.failures)
    if threshold.intended:
        histogram = figures.intended.get(name)
        return _latency(threshold, histogram) if histogram is not None else None
    return _latency_of_all(threshold, found)


def _latency_of_all(threshold: Threshold, found: SeriesFigures) -> float:
    """A latency metric where a failed request never kept an upper limit (see `reports.thresholds`)."""
    succeeded = found.succeeded
    if not succeeded.count:
        return math.inf
    if threshold.comparison in ("<", "<=") and threshold.metric in ("percentile", "max"):
        rank = rank_of(threshold.percent if threshold.metric == "percentile" else 100.0, found.count + found.pending)
        if rank > succeeded.count:
            return math.inf
        return succeeded.values_at_ranks([rank])[0] / 1000.0
    return _latency(threshold, succeeded) or 0.0


def _failures(threshold: Threshold, count: int, failures: int) -> float | None:
    if threshold.unit != "%":
        return failures
    return 100.0 * failures / count if count else None


def _latency(threshold: Threshold, histogram: Histogram) -> float | None:
    if not histogram.count:
        return None
    if threshold.metric == "percentile":
        return histogram.percentile(threshold.percent) / 1000.0
    microseconds = {"min": histogram.min_us, "max": histogram.max_us, "mean": histogram.mean_us}
    return microseconds[threshold.metric] / 1000.0


def _worst(threshold: Threshold, values: list[tuple[str, float]]) -> tuple[str, float]:
    holds = _COMPARISONS[threshold.comparison]
    never = next((item for item in values if math.isinf(item[1])), None)
    if never is not None:
        return never
    if threshold.comparison in ("<", "<="):
        return max(values, key=lambda item: item[1])
    if threshold.comparison in (">", ">="):
        return min(values, key=lambda item: item[1])
    return next((item for item in values if not holds(item[1], threshold.limit)), values[0])


def _judged(threshold: Threshold, value: float, reason: str) -> ThresholdResult:
    passed = math.isfinite(value) and bool(_COMPARISONS[threshold.comparison](value, threshold.limit))
    return _result(threshold, value, passed, reason)


def _result(threshold: Threshold, value: float | None, passed: bool, reason: str) -> ThresholdResult:
    return ThresholdResult(threshold.expression, value, passed, reason, threshold.unit)
