"""The scenario's thresholds while a run goes on: how each would come out if the run ended now.

Judged when somebody looks, once a second at most, and of a long run more seldom: those with `after` read its log.
"""

import time
from collections.abc import Callable
from typing import Any, Final, Protocol

from reports.evaluation import evaluate_all
from reports.run_info import RunInfo
from reports.text import duration, milliseconds, threshold_value
from reports.thresholds import Threshold, ThresholdError, parse_all
from simulator.measurements.run import RunMeasurements
from simulator.texts.language import spoken

LEAST_PAUSE_S: Final = 1.0
PAUSES: Final = 50
"""A look is followed by a pause of so many times its own length: at most 2 % of a core go into this."""


class RunWithThresholds(Protocol):
    """What is looked at."""

    run_id: str
    measurements: RunMeasurements

    @property
    def summary(self) -> dict[str, Any] | None:
        """Once the run has ended."""

    def info(self, now: float, *, complete: bool) -> RunInfo:
        """What is known of it besides."""


class LiveDemands:
    """Rows for a table of thresholds, kept until they are due again.

    Args:
        monotonic: seconds of a clock that nobody sets.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._rows: list[dict[str, Any]] = []
        self._of = ("", "")
        self._due = 0.0

    def look(self, run: RunWithThresholds, now: float) -> list[dict[str, Any]]:
        """One row a threshold: `expression`, `value` and `limit` as text, `passed`, `judged`, `remark`, `abort`.

        Args:
            now: epoch seconds.
        """
        if run.summary is not None:
            return _of_summary(run)
        begun = self._monotonic()
        of = (run.run_id, spoken())
        if of != self._of or begun >= self._due:
            self._of, self._rows = of, _of_now(run, now)
            ended = self._monotonic()
            self._due = ended + max(LEAST_PAUSE_S, PAUSES * (ended - begun))
        return self._rows


def _of_now(run: RunWithThresholds, now: float) -> list[dict[str, Any]]:
    info = run.info(now, complete=False)
    thresholds = parse_all(info.thresholds, run.measurements)
    results = evaluate_all(thresholds, run.measurements, info)
    return [_row(threshold, result.dump()) for threshold, result in zip(thresholds, results, strict=True)]


def _of_summary(run: RunWithThresholds) -> list[dict[str, Any]]:
    told = (run.summary or {})["thresholds"]
    try:
        thresholds = parse_all([each["expression"] for each in told], run.measurements)
    except ThresholdError:
        return []
    return [_row(threshold, result) for threshold, result in zip(thresholds, told, strict=True)]


def _row(threshold: Threshold, result: dict[str, Any]) -> dict[str, Any]:
    return {
        "expression": threshold.expression,
        "value": threshold_value(result),
        "limit": f"{threshold.comparison} {_limit(threshold)}",
        "passed": result["passed"],
        "judged": result["judged"],
        "remark": result.get("reason") or result.get("remark") or "",
        "abort": threshold.abort,
    }


def _limit(threshold: Threshold) -> str:
    if threshold.unit == "ms":
        return f"{milliseconds(threshold.limit)} ms" if threshold.limit < 1000 else duration(threshold.limit / 1000)
    return threshold_value({"value": threshold.limit, "unit": threshold.unit})
