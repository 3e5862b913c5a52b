"""The weather of a run that goes on: what is under way, who is not back yet from what is over, and what comes next."""

from dataclasses import dataclass

from reports.faults import FaultOutcome, outcomes
from reports.run_info import RunInfo
from simulator.measurements.run import RunMeasurements
from simulator.measurements.weather import PlannedFault


@dataclass(frozen=True, slots=True)
class WeatherNow:
    """What faults a run has at a moment, so many seconds after it began."""

    elapsed_s: float
    under_way: tuple[FaultOutcome, ...]
    """Those whose time it is, in order of beginning."""
    recovering: tuple[FaultOutcome, ...]
    """Those that are over, while devices that they hit are not back."""
    over: tuple[FaultOutcome, ...]
    """Those whose time is past, in order of beginning; also those that are recovering."""
    next: PlannedFault | None

    def left_s(self, outcome: FaultOutcome) -> float:
        """For how long it goes on."""
        return max(outcome.planned.at + outcome.planned.lasts - self.elapsed_s, 0.0)


def weather_now(measurements: RunMeasurements, run: RunInfo, now: float) -> WeatherNow:
    """The weather at `now` (epoch seconds).

    Args:
        run: what is planned; its end is not looked at.
    """
    elapsed = now - run.started
    begun = [outcome for outcome in outcomes(measurements, run) if outcome.planned.at <= elapsed]
    under_way, recovering, over = [], [], []
    for outcome in begun:
        planned = outcome.planned
        if planned.at + planned.lasts > elapsed:
            under_way.append(outcome)
            continue
        over.append(outcome)
        if outcome.not_back:
            recovering.append(outcome)
    following = next((fault for fault in run.faults if fault.at > elapsed), None)
    return WeatherNow(elapsed, tuple(under_way), tuple(recovering), tuple(over), following)
