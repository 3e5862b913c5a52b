"""The scenario's thresholds while a run goes on: how each would come out if the run ended now.

Judged when somebody looks, once a second at most, and more seldom the longer it takes. Those with `after` read the log
of the run: once that takes too long at a time, they stay as they are until it is over.
"""

import math
import time
from collections.abc import Callable
from typing import Any, Final, Protocol

from reports.evaluation import evaluate_all
from reports.retold import retold
from reports.run_info import RunInfo
from reports.text import duration, milliseconds, threshold_value
from reports.thresholds import Threshold, ThresholdError, parse_all
from simulator.measurements.run import RunMeasurements
from simulator.texts.language import spoken
from simulator.texts.translation import _

LEAST_PAUSE_S: Final = 1.0
PAUSES: Final = 50
"""A look is followed by a pause of so many times its own length: at most 2 % of a core go into this."""
MOST_S: Final = 0.1
"""For so long nothing else of this process may wait: workers do, and whoever looks at the page."""


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
        self._rows: dict[str, dict[str, Any]] = {}
        self._of = ("", "")
        self._due = {False: 0.0, True: 0.0}
        """When those without and those with `after` are due."""

    def look(self, run: RunWithThresholds, now: float) -> list[dict[str, Any]]:
        """One row a threshold: `expression`, `value` and `limit` as text, `passed`, `judged`, `remark`, `abort`.

        Args:
            now: epoch seconds.
        """
        if run.summary is not None:
            return _of_summary(run)
        of = (run.run_id, spoken())
        if run.run_id != self._of[0]:
            self._rows, self._due = {}, {False: 0.0, True: 0.0}
        elif of != self._of:
            self._due = {late: due if due == math.inf else 0.0 for late, due in self._due.items()}
        self._of = of
        info = run.info(now, complete=False)
        for late in (False, True):
            if self._monotonic() >= self._due[late]:
                self._judge(run, info, late)
        return [self._rows[each] for each in info.thresholds if each in self._rows]

    def _judge(self, run: RunWithThresholds, info: RunInfo, late: bool) -> None:
        begun = self._monotonic()
        thresholds = [each for each in parse_all(info.thresholds, run.measurements) if (each.after_s > 0) == late]
        results = evaluate_all(thresholds, run.measurements, info)
        took = self._monotonic() - begun
        self._due[late] = begun + took + max(LEAST_PAUSE_S, PAUSES * took)
        if late and took > MOST_S:
            self._due[late] = math.inf
        for threshold, result in zip(thresholds, results, strict=True):
            row = _row(threshold, result.dump())
            if self._due[late] == math.inf:
                row["remark"] = _(
                    "as it was after {time}; judged again when the run is over", time=duration(info.duration_s)
                )
            self._rows[_written(threshold, info)] = row


def _written(threshold: Threshold, info: RunInfo) -> str:
    """The threshold as the scenario writes it."""
    return next(each for each in info.thresholds if " ".join(each.split()) == threshold.expression)


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
        "remark": retold(result.get("reason") or result.get("remark") or ""),
        "abort": threshold.abort,
    }


def _limit(threshold: Threshold) -> str:
    if threshold.unit == "ms":
        return f"{milliseconds(threshold.limit)} ms" if threshold.limit < 1000 else duration(threshold.limit / 1000)
    return threshold_value({"value": threshold.limit, "unit": threshold.unit})
