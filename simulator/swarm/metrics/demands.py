"""The thresholds of a scenario while its run goes on: the dearest of what a scrape asks for."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from reports.evaluation import evaluate
from reports.figures import whole_run
from reports.run_info import RunInfo
from reports.thresholds import Threshold, parse_all
from simulator.swarm.metrics.metered import MeteredRun

PAUSES: Final = 50
"""A look is followed by a pause of so many times its own length: at most 2 % of a core go into this."""


@dataclass(frozen=True, slots=True)
class Demand:
    """A threshold, with the value of the run so far: None where there was nothing to measure."""

    expression: str
    limit: float
    value: float | None
    holds: bool | None
    """None while it cannot be judged."""


class Demands:
    """Judges the thresholds of the current run.

    Args:
        monotonic: seconds of any clock that is never set.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._kept: list[Demand] = []
        self._of = ""
        self._due = 0.0

    def look(self, run: MeteredRun, info: RunInfo) -> list[Demand]:
        """All of them, in the scenario's order: of a run that is over as its report judges them.

        Args:
            info: what is known of the run now.
        """
        thresholds = parse_all(info.thresholds, run.measurements)
        if run.summary is not None:
            return [
                Demand(threshold.expression, threshold.limit, _told(result), result["passed"])
                for threshold, result in zip(thresholds, run.summary["thresholds"], strict=True)
            ]
        begun = self._monotonic()
        if run.run_id != self._of or begun >= self._due:
            self._kept, self._of = _so_far(thresholds, run, info), run.run_id
            ended = self._monotonic()
            self._due = ended + PAUSES * (ended - begun)
        return self._kept


def _so_far(thresholds: Sequence[Threshold], run: MeteredRun, info: RunInfo) -> list[Demand]:
    """Judged on what was measured until now; one with `after` at the end alone: it takes the run's whole log."""
    figures = whole_run(run.measurements, info) if thresholds else None
    found = []
    for threshold in thresholds:
        if figures is None or threshold.after_s:
            found.append(Demand(threshold.expression, threshold.limit, None, None))
            continue
        result = evaluate(threshold, figures)
        holds = result.passed if result.judged else None
        found.append(Demand(threshold.expression, threshold.limit, result.value, holds))
    return found


def _told(result: Mapping[str, Any]) -> float | None:
    """The value of a threshold in the summary, which has no way to write an infinite one."""
    value: float | None = result["value"]
    return math.inf if value is None and result["judged"] and not result["aborted"] else value
