"""`faults`, `misbehaviour` and `weather` of the summary: what the faults cost, and how fast all was well again.

Durations are in ms, moments in seconds from the run's begin. The figures of a fault that never came are null.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from reports.fault_windows import FaultWindows, look
from reports.faults import ALL, FaultOutcome, Known, came_of, outcomes
from reports.masking import mask
from reports.order import in_order
from reports.run_info import RunInfo
from simulator.measurements.histogram import Histogram
from simulator.measurements.misbehaviours import MISBEHAVIOURS, OUTCOMES, SENT
from simulator.measurements.names import name_of
from simulator.measurements.run import RunMeasurements

FAULTS: Final = "faults"
MISBEHAVIOUR: Final = "misbehaviour"
WEATHER: Final = "weather"
"""Their keys in the summary."""
RECOVERY: Final = {"p50": 50.0, "p95": 95.0, "p99": 99.0, "all": ALL}


def weather_sections(measurements: RunMeasurements, run: RunInfo) -> tuple[dict[str, Any], int]:
    """The three sections, and the most connects within a second of the run."""
    found = outcomes(measurements, run)
    windows = look(measurements, run.started, [outcome for outcome in found if outcome.came])
    sections = {
        FAULTS: [_fault(outcome, windows) for outcome in found],
        MISBEHAVIOUR: _misbehaviour(measurements.weather.misbehaviour),
        WEATHER: _totals(found),
    }
    return sections, windows.peak_connects()


def _fault(outcome: FaultOutcome, windows: FaultWindows) -> dict[str, Any]:
    planned, figures = outcome.planned, outcome.figures
    number = planned.number
    came = outcome.came
    return {
        "number": number,
        "what": planned.what,
        "text": mask(planned.text),
        "at_s": round(planned.at, 3),
        "for_s": round(planned.lasts, 3),
        "devices": planned.devices,
        "came": came,
        "over": outcome.over,
        "hit": figures.hit,
        "back": figures.back.count,
        "recovery_ms": {name: _exact(outcome.recovery(percent)) for name, percent in RECOVERY.items()},
        "never_back": outcome.never_back,
        "undecided": outcome.undecided,
        "overtaken": figures.overtaken,
        "ended": figures.ended,
        "peak_connects_per_s": windows.peak_connects(number) if came else None,
        "backlog": {
            "peak": figures.peak_backlog,
            "waiting": outcome.waiting,
            "delivered_ms": _exact(outcome.delivered()),
        },
        "requests_cut": figures.requests_cut,
        "cut": _by_name(figures.cut),
        "refused": sum(sum(codes.values()) for codes in figures.refused.values()),
        "refused_codes": _by_name(figures.refused),
        "delayed": {
            name_of(tag): _durations(figures.delayed[tag])
            for tag in in_order(tag for tag, histogram in figures.delayed.items() if histogram.count)
        },
        "disconnects": _most_first(figures.disconnects),
        "unsent_lost": figures.unsent_lost,
        "p99_ms": {
            "before": _rounded(windows.before[number].p99_ms() if came else None),
            "during": _rounded(windows.during[number].p99_ms() if came else None),
        },
    }


def _totals(found: Sequence[FaultOutcome]) -> dict[str, Any]:
    """Of all faults together; a device counts once a fault."""
    all_figures = [outcome.figures for outcome in found]
    return {
        "faults": len(found),
        "came": len(came_of(found)),
        "hit": sum(figures.hit for figures in all_figures),
        "never_back": sum(outcome.never_back for outcome in found),
        "undecided": sum(outcome.undecided for outcome in found),
        "requests_cut": sum(figures.requests_cut for figures in all_figures),
        "requests_delayed": sum(figures.requests_delayed for figures in all_figures),
        "refused": sum(sum(codes.values()) for figures in all_figures for codes in figures.refused.values()),
        "disconnects": sum(sum(figures.disconnects.values()) for figures in all_figures),
        "unsent_lost": sum(figures.unsent_lost for figures in all_figures),
    }


def _misbehaviour(found: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    known = [way for way in MISBEHAVIOURS if way in found]
    return {
        way: {outcome: found[way].get(outcome, 0) for outcome in (SENT, *OUTCOMES)}
        for way in (*known, *sorted(found.keys() - MISBEHAVIOURS.keys()))
    }


def _by_name(found: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    return {name_of(tag): _most_first(found[tag]) for tag in in_order(found)}


def _most_first(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _durations(histogram: Histogram) -> dict[str, Any]:
    p50, p99 = histogram.percentiles((50.0, 99.0))
    found = {"p50": p50 / 1000.0, "p99": p99 / 1000.0, "max": histogram.max_us / 1000.0}
    return {"count": histogram.count, **{name: round(value, 3) for name, value in found.items()}}


def _exact(known: Known | None) -> float | None:
    return None if known is None or known.at_least or math.isinf(known.ms) else round(known.ms, 3)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
