"""Judging thresholds: over a finished run, and while it goes on for those that may abort it."""

import math
import operator
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from reports.causes import sentence
from reports.faults import under_way
from reports.figures import Figures, after, recent, whole_run
from reports.measures import DURATION, Scope
from reports.readings import Question
from reports.remark import Spoken, remark, together
from reports.run_info import RunInfo
from reports.text import duration
from reports.thresholds import Threshold
from simulator.measurements.run import HOLD_S, RunMeasurements
from simulator.texts.translation import N_

ABORT_WINDOW_S: Final = 10
"""A threshold with `abort` is judged on this many seconds, and stops the run once crossed for as long."""

COMPARISONS: Final = {
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

    @property
    def judged(self) -> bool:
        """Whether anything was measured that it could be judged by; else it did not pass, nor was it crossed."""
        return self.value is not None or self.aborted

    def dump(self) -> dict[str, Any]:
        """The form of `summary.json`."""
        return {
            "expression": self.expression,
            "value": None if self.value is None or math.isinf(self.value) else round(self.value, 4),
            "passed": self.passed,
            "judged": self.judged,
            "reason": self.reason,
            "unit": self.unit,
            "aborted": self.aborted,
        }


def evaluate(threshold: Threshold, figures: Figures) -> ThresholdResult:
    """Judge one threshold on a view of the run (made for its `after_s` by the caller: see `evaluate_all`)."""
    measure = threshold.measure
    if measure.scope is not Scope.NAME:
        question = _question(threshold, figures, threshold.subject)
        value = measure.read(question)
        more = measure.remark(question) if measure.remark is not None else ""
        if value is None:
            least = None if measure.least is None else measure.least(question)
            if least is not None and threshold.comparison in ("<", "<=") and least >= threshold.limit:
                return _result(threshold, least, False, remark(N_("at least, as {why}"), why=more))
            return _result(threshold, None, False, more or remark(measure.absent))
        if measure.of_online and not figures.came_online:
            why = remark(N_("no device came online, so that little could be judged"))
            return _result(threshold, value, False, why)
        return _judged(threshold, value, more)
    names = [name for name in figures.series if threshold.matches(name)]
    read = ((name, measure.read(_question(threshold, figures, name))) for name in names)
    values = [(name, value) for name, value in read if value is not None]
    if not values:
        occurred = any(figures.series[name].count for name in names)
        what = N_("{name} never had an intended time") if occurred else N_("{name} never occurred")
        return _result(threshold, None, False, remark(what, name=threshold.subject))
    name, value = _worst(threshold, values)
    reasons = [remark(N_("worst: {name}"), name=name)] if name != threshold.subject else []
    found = figures.series[name]
    if measure.unit is DURATION and found.failed.count:
        failures, count = f"{found.failures:,}", f"{found.count:,}"
        reasons.append(remark(N_("{failures} of {count} failed"), failures=failures, count=count))
    if measure.unit is DURATION and found.pending:
        reasons.append(remark(N_("{count} still pending"), count=f"{found.pending:,}"))
    return _judged(threshold, value, together(reasons))


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
            why = remark(N_("its abort ended the run: {why}"), why=Spoken(sentence, abort))
            result = replace(result, passed=False, aborted=True, reason=together([why, result.reason]))
        results.append(result)
    return results


def _view(measurements: RunMeasurements, run: RunInfo, start: float) -> Figures | str:
    """The part of the run from `start` seconds on, or why it cannot be looked at."""
    if start >= run.duration_s > 0:
        return remark(N_("the run ended after {duration}"), duration=Spoken(duration, run.duration_s))
    try:
        return after(measurements, run, start) if start else whole_run(measurements, run)
    except (OSError, ValueError) as error:
        # What lies back stands in the log alone; a disk that does not return it must not take the whole report along.
        return remark(N_("what was measured cannot be read back: {error}"), error=str(error))


_LOWERED_BY_FAULTS: Final = frozenset({"online", "requests_per_second", "rate", "count"})


def _lowered_by_faults(threshold: Threshold) -> bool:
    """Whether a fault crosses it all by itself, as long as devices are offline by it."""
    return threshold.measure.name in _LOWERED_BY_FAULTS and threshold.comparison not in ("<", "<=")


class LiveThresholds:
    """Watches the thresholds with `abort` while the run goes on.

    Of those that a fault of the scenario lowers by itself (`online`, rates) it looks away while one is under way and
    until the devices it hit are back, or had their time for that.
    """

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
        if judged and under_way(self._measurements, self._run, now, now - first):
            for item in filter(_lowered_by_faults, judged):
                self._crossed_since.pop(item.expression, None)
            judged = [item for item in judged if not _lowered_by_faults(item)]
        if not judged:
            return []
        intended = any(threshold.intended for threshold in judged)
        figures = recent(self._measurements, self._run, now, ABORT_WINDOW_S, intended=intended)
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


def _question(threshold: Threshold, figures: Figures, name: str) -> Question:
    return Question(figures, name, threshold.percent, threshold.intended, threshold.promised_percent)


def _worst(threshold: Threshold, values: list[tuple[str, float]]) -> tuple[str, float]:
    holds = COMPARISONS[threshold.comparison]
    never = next((item for item in values if math.isinf(item[1])), None)
    if never is not None:
        return never
    if threshold.comparison in ("<", "<="):
        return max(values, key=lambda item: item[1])
    if threshold.comparison in (">", ">="):
        return min(values, key=lambda item: item[1])
    return next((item for item in values if not holds(item[1], threshold.limit)), values[0])


def _judged(threshold: Threshold, value: float, reason: str = "") -> ThresholdResult:
    passed = math.isfinite(value) and bool(COMPARISONS[threshold.comparison](value, threshold.limit))
    return _result(threshold, value, passed, reason)


def _result(threshold: Threshold, value: float | None, passed: bool, reason: str) -> ThresholdResult:
    return ThresholdResult(threshold.expression, value, passed, reason, threshold.unit)
