"""The weather on our page: the faults under way, who is still coming back, what is next, and bands for its charts."""

from typing import Any, Final

from reports.faults import FaultOutcome
from reports.retold import retold
from reports.run_info import RunInfo
from reports.weather_now import weather_now
from simulator.measurements.run import RunMeasurements
from simulator.swarm.run.page_history import KEPT_S

MOST_OVER: Final = 30
"""Faults that are over; the report has all."""


def shown_weather(measurements: RunMeasurements, run: RunInfo, now: float) -> dict[str, Any] | None:
    """What the page is told at `now` (epoch seconds); None where the run has no faults.

    Returns:
        `now`: faults under way, `recovering`: those that are over with devices that are not back, `next`: the one that
        comes next, `over`: the latest of those that are over, the newest first, `bands`: begin and end (epoch seconds)
        and text of each that has begun and is in the charts still.
    """
    if not run.faults:
        return None
    weather = weather_now(measurements, run, now)
    following = weather.next
    return {
        "now": [_shown(each) | {"left_s": round(weather.left_s(each))} for each in weather.under_way],
        "recovering": [_shown(each) for each in weather.recovering],
        "over": [
            _shown(each) | {"at": round(each.planned.at), "for_s": round(each.planned.lasts)}
            for each in reversed(weather.over[-MOST_OVER:])
        ],
        "next": None
        if following is None
        else {
            "text": retold(following.text),
            "in_s": round(following.at - weather.elapsed_s),
            "for_s": round(following.lasts),
            "devices": following.devices,
        },
        "bands": [
            [run.started + fault.at, min(run.started + fault.at + fault.lasts, now), retold(fault.text)]
            for fault in run.faults
            if run.started + fault.at <= now <= run.started + fault.at + fault.lasts + KEPT_S
        ],
    }


def _shown(outcome: FaultOutcome) -> dict[str, Any]:
    figures = outcome.figures
    return {
        "text": retold(outcome.planned.text),
        "hit": figures.hit,
        "back": figures.back.count,
        "gone": figures.overtaken + figures.ended,
        "cut": figures.requests_cut,
    }
