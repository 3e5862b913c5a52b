"""A run at the moment at which somebody asks for its figures; what several metrics need is computed once."""

from collections.abc import Mapping
from functools import cached_property

from reports.faults import FaultOutcome, outcomes
from simulator.measurements.health import HealthSample, ProcessHealth
from simulator.swarm.metrics.demands import Demand, Demands
from simulator.swarm.metrics.metered import MeteredRun

FRESH_S = 15.0
"""A process that told nothing for so long is gone, or stands still: its last figures are no news."""


class Moment:
    """A run now, all that it has measured counted.

    Args:
        judge: of its thresholds.
    """

    def __init__(self, run: MeteredRun, judge: Demands) -> None:
        run.measurements.settle()
        self.run = run
        self._judge = judge
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
        """The scenario's thresholds."""
        return self._judge.look(self.run, self.info)
