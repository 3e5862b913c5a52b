"""What came of each fault of the schedule, as reports judge it: who was back when, and who was not when the run ended.

A device that is not back counts, so that no percentile is taken over survivors; left out are those that another fault
hit before they were back, and those that were told to stop while the run went on. Whoever had less than `TOO_EARLY_S`
until the run's end is undecided: known is only that it took longer than that.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from reports.run_info import RunInfo
from simulator.measurements.histogram import HIGHEST_US, Histogram, rank_of
from simulator.measurements.run import RunMeasurements
from simulator.measurements.weather import FaultFigures, PlannedFault

TOO_EARLY_S: Final = 60.0
"""A device that was not back when the run ended has never come back, if it had so many seconds for that."""
ALL: Final = 100.0


class Known(NamedTuple):
    """A duration in ms: infinite where it never ended, or, `at_least`, where the run ended before it did."""

    ms: float
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class FaultOutcome:
    """One fault of the schedule, with what came of it."""

    planned: PlannedFault
    figures: FaultFigures
    left_s: float
    """How long the run went on after its end; negative while it is not over."""

    @property
    def came(self) -> bool:
        """Whether it began in any process."""
        return self.figures.begun > 0

    @property
    def over(self) -> bool:
        """Whether it came and ended within the run."""
        return self.came and self.left_s >= 0

    @property
    def not_back(self) -> int:
        """Devices it hit that are not back and should be."""
        return max(self.figures.never_back, 0)

    @property
    def undecided(self) -> int:
        """Of those, the ones that had too little time for it, or none: the fault held them until the end."""
        return self.not_back if self.left_s < TOO_EARLY_S else min(self.not_back, self.figures.held)

    @property
    def never_back(self) -> int:
        """Of those, the ones that had time enough."""
        return self.not_back - self.undecided

    def recovery(self, percent: float) -> Known | None:
        """How long it took from its end until `percent` of the devices it hit were online; None: there are none.

        Of a fault that was under way when the run ended nothing more is known than what it took longer than.
        """
        back = self.figures.back
        if self.not_back == 0 and back.count == 0:
            return None
        rank = rank_of(percent, back.count + self.not_back)
        if not self.over:
            # What it would have done to those that it had not let go of yet is not known, nor who would be hit again.
            least = rank - self.not_back
            return Known(_at(back, least) if least > 0 else 0.0, at_least=True)
        return Known(_at(back, rank)) if rank <= back.count else self._open(self.never_back)

    @property
    def waiting(self) -> int:
        """Records that wait beyond those that waited before."""
        return max(sum(self.figures.backlog.values()), 0)

    def delivered(self) -> Known | None:
        """How long after its end the records that had piled up were all delivered; None where nobody's are counted."""
        if self.figures.undelivered > 0 or (self.left_s < 0 and self.figures.delivered.count):
            return self._open(self.left_s >= TOO_EARLY_S)
        delivered = self.figures.delivered
        return Known(_at(delivered, delivered.count)) if delivered.count else None

    def _open(self, never: float) -> Known:
        return Known(math.inf) if never else Known(max(self.left_s, 0.0) * 1000.0, at_least=True)


def _at(histogram: Histogram, rank: int) -> float:
    """The value of a rank in ms; what is longer than a histogram tells apart counts as long as the longest."""
    value = histogram.values_at_ranks([rank])[0]
    return (histogram.max_us if value >= HIGHEST_US else value) / 1000.0


def outcomes(measurements: RunMeasurements, run: RunInfo) -> tuple[FaultOutcome, ...]:
    """Every fault of the schedule in its order, come or not."""
    found = measurements.weather.faults
    seconds = run.ended - run.started
    return tuple(
        FaultOutcome(
            fault,
            found.get(fault.number) or FaultFigures(),
            (seconds if fault.until is None else fault.until) - fault.at - fault.lasts,
        )
        for fault in run.faults
    )


def worst(found: Iterable[Known | None]) -> Known | None:
    """The longest of all that is known; a bound stands for itself only where it is longer than the rest."""
    known = [item for item in found if item is not None]
    return max(known, key=lambda item: (item.ms, not item.at_least), default=None)


def came_of(found: Sequence[FaultOutcome]) -> list[FaultOutcome]:
    """Those that came and hit somebody."""
    return [outcome for outcome in found if outcome.came and outcome.figures.hit]


def under_way(measurements: RunMeasurements, run: RunInfo, now: float, window_s: float) -> bool:
    """Whether a fault, or the return of devices it hit, lies within the last `window_s` seconds before `now`."""
    return any(
        outcome.came
        and (outcome.left_s < 0 or outcome.undecided or outcome.left_s - outcome.figures.back.max_us / 1e6 < window_s)
        for outcome in outcomes(measurements, replace(run, ended=now))
    )
