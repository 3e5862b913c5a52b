"""What the scenario's faults mean for the verdict: who was not back, what never came, what the platform must not take.

What a fault cut off never fails a run by itself.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from reports.faults import FaultOutcome, outcomes
from reports.measures import Scope
from reports.run_info import RunInfo
from reports.thresholds import Threshold
from reports.weather_readings import part_of
from simulator.measurements.findings import Finding
from simulator.measurements.misbehaviours import ACCEPTED, SILENT
from simulator.measurements.run import RunMeasurements

_LAST_MOMENT_S: Final = 2.0
"""A fault that was to come later than this before the end may have been too late for it."""


def of_weather(
    measurements: RunMeasurements, run: RunInfo, thresholds: Sequence[Threshold], *, whole: bool
) -> Iterator[Finding]:
    """The findings about faults and misbehaviour.

    Args:
        whole: whether the run went to its planned end.
    """
    found = outcomes(measurements, run)
    yield from _of_returns(found, thresholds)
    if whole:
        yield from _of_absent(found, run)
    yield from _of_misbehaviour(measurements, run, thresholds)


def under_faults(measurements: RunMeasurements) -> dict[str, Any]:
    """How many requests faults cut off and held up; empty where there are none."""
    figures = measurements.weather.faults.values()
    cut = sum(one.requests_cut for one in figures)
    delayed = sum(one.requests_delayed for one in figures)
    return {"cut": cut, "delayed": delayed} if cut or delayed else {}


def _of_returns(found: Sequence[FaultOutcome], thresholds: Sequence[Threshold]) -> Iterator[Finding]:
    lost = [
        outcome for outcome in found if outcome.never_back and not _judged(outcome.planned.what, thresholds, _RETURNS)
    ]
    if lost:
        worst = max(lost, key=lambda outcome: outcome.never_back)
        yield Finding(
            "devices_not_back",
            {
                "count": worst.never_back,
                "hit": worst.figures.hit,
                "fault": worst.planned.text,
                "at_s": worst.planned.at,
                "left_s": round(worst.left_s, 3),
                "others": len(lost) - 1,
            },
        )
    if undecided := sum(outcome.undecided for outcome in found):
        yield Finding("devices_undecided", {"count": undecided})
    if lost_records := sum(outcome.figures.unsent_lost for outcome in found):
        yield Finding("records_lost", {"count": lost_records})


def _of_absent(found: Sequence[FaultOutcome], run: RunInfo) -> Iterator[Finding]:
    due = [
        outcome for outcome in found if outcome.planned.devices and outcome.planned.at < run.duration_s - _LAST_MOMENT_S
    ]
    for key, absent in (
        ("faults_absent", [outcome for outcome in due if not outcome.came]),
        ("faults_hit_nobody", [outcome for outcome in due if outcome.came and not outcome.figures.hit]),
    ):
        if absent:
            first = absent[0].planned
            yield Finding(
                key, {"count": len(absent), "planned": len(found), "fault": first.text, "at_s": round(first.at, 3)}
            )


def _of_misbehaviour(measurements: RunMeasurements, run: RunInfo, thresholds: Sequence[Threshold]) -> Iterator[Finding]:
    refused = {way for fault in run.faults for way in fault.refused}
    for outcome in (ACCEPTED, SILENT):
        ways = {
            way: counts[outcome]
            for way, counts in measurements.weather.misbehaviour.items()
            if way in refused and counts.get(outcome) and not _judged(way, thresholds, (f"misbehaviour.{outcome}",))
        }
        if ways:
            names = dict(sorted(ways.items(), key=lambda item: (-item[1], item[0])))
            yield Finding(f"misbehaviour_{outcome}", {"count": sum(ways.values()), "names": names})


_RETURNS: Final = ("never_back", "recovery.all")


def _judged(part: str, thresholds: Sequence[Threshold], measures: Sequence[str]) -> bool:
    """Whether a threshold on one of `measures` speaks of this kind of fault or way of misbehaviour."""
    return any(
        threshold.measure.scope is Scope.WEATHER
        and threshold.measure.name in measures
        and part_of(threshold.measure.name, threshold.subject) in ("", part)
        for threshold in thresholds
    )
