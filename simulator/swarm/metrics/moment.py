"""A run at the moment at which somebody asks for its figures; what several metrics need is computed once."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from reports.evaluation import evaluate
from reports.faults import FaultOutcome, outcomes
from reports.figures import whole_run
from reports.output import RunView
from reports.thresholds import parse_all
from simulator.measurements.health import HealthSample, ProcessHealth

FRESH_S = 15.0
"""A process that told nothing for so long is gone, or stands still: its last figures are no news."""


class MeteredRun(RunView, Protocol):
    """A run as its metrics see it."""

    run_id: str
    ended: float | None
    """Epoch seconds; None while it goes on."""

    order: Any
    """None until it has begun."""

    @property
    def summary(self) -> dict[str, Any] | None:
        """What its reports say, once it has ended."""

    @property
    def code(self) -> int:
        """Its exit code, once it has ended."""


@dataclass(frozen=True, slots=True)
class Demand:
    """A threshold, with the value of the run so far: None where there was nothing to measure."""

    expression: str
    limit: float
    value: float | None
    holds: bool | None
    """None while it cannot be judged."""


class Moment:
    """A run now, all that it has measured counted."""

    def __init__(self, run: MeteredRun) -> None:
        run.measurements.settle()
        self.run = run
        self.measurements = run.measurements
        self.info = run.info(0.0, complete=False)
        # What is told after the end is of the end.
        self.info.ended = self.now = self.info.started + run.elapsed_s

    @cached_property
    def health(self) -> list[tuple[HealthSample, ProcessHealth]]:
        """The newest look at each process that was alive shortly before, and what all looks at it add up to."""
        found = ((health.latest, health) for health in self.measurements.health.processes.values())
        return [(latest, health) for latest, health in found if latest and latest.at >= self.now - FRESH_S]

    @cached_property
    def faults(self) -> Mapping[str, list[FaultOutcome]]:
        """The faults of the schedule with what came of them, by kind."""
        found: dict[str, list[FaultOutcome]] = {}
        for outcome in outcomes(self.measurements, self.info):
            found.setdefault(outcome.planned.what, []).append(outcome)
        return found

    @cached_property
    def demands(self) -> list[Demand]:
        """The thresholds: of a run that is over as its report judges them, else on what was measured so far.

        One with `after` is judged at the end alone: for that the whole log of the run has to be read.
        """
        thresholds = parse_all(self.info.thresholds, self.measurements)
        summary = self.run.summary
        if summary is not None:
            return [
                Demand(threshold.expression, threshold.limit, _told(result), result["passed"])
                for threshold, result in zip(thresholds, summary["thresholds"], strict=True)
            ]
        figures = whole_run(self.measurements, self.info) if thresholds else None
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
