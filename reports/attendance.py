"""What a run says of attendance: the sums, and the meetings of which something is to be told.

`attendance.csv` beside the reports holds each record; here is what a platform's own sheet must come to.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from reports.occurrences import moment
from simulator.measurements.attendance import CUT, DELETED, FIGURES, MEETINGS, OVER
from simulator.measurements.findings import Finding
from simulator.measurements.run import RunMeasurements
from simulator.measurements.sheet import MOST_LISTED, ROWS, WITH_UNACKNOWLEDGED, Remark

ATTENDANCE: Final = "attendance"
"""Its key in the summary, and what stands before the names of its figures in thresholds."""
_LOSING: Final = frozenset(
    {"broken_off", "engine_died", "reports_missing", "worker_fenced", "worker_lost", "worker_refused"}
)
"""Reasons of a verdict because of which rows may never have been told."""
INCOMPLETE: Final = "not all of it was told: the verdict says what was lost, and rows of attendance.csv with it"


def attendance_figures(measurements: RunMeasurements) -> dict[str, int]:
    """The values of `FIGURES`; empty where nothing was told of attendance."""
    counts = measurements.attendance.counts()
    if not counts:
        return {}
    counts |= {MEETINGS: counts[OVER], "on_time": counts["came"] - counts["late"]}
    return {name: counts[name] for name in FIGURES}


def was_held(figures: Mapping[str, int]) -> bool:
    """Whether there is anything that a platform's sheet can be held against: a meeting to which nobody came is not."""
    return bool(figures and figures["records"])


def attendance_section(measurements: RunMeasurements, asked: bool, reasons: Iterable[Finding]) -> dict[str, Any] | None:
    """The section of the summary; None where there is nothing to say.

    Args:
        asked: the scenario wants `attendance.csv`.
        reasons: of the run's verdict.
    """
    figures = attendance_figures(measurements)
    if not figures and not asked:
        return None
    counts = measurements.attendance.counts()
    return {
        **{name: figures.get(name, 0) for name in FIGURES},
        "by_what": {what: counts.get(key, 0) for what, key in ROWS.items()},
        "complete": not any(reason.key in _LOSING for reason in reasons),
        "with_missing": counts.get("with_missing", 0),
        WITH_UNACKNOWLEDGED: counts.get(WITH_UNACKNOWLEDGED, 0),
        "remarkable": [_dump(remark) for remark in measurements.attendance.remarkable()],
    }


def _dump(remark: Remark) -> dict[str, Any]:
    return remark._asdict() | {
        "start": None if remark.start is None else moment(remark.start),
        "end": None if remark.end is None else moment(remark.end),
        "missing_pins": list(remark.missing_pins),
    }


# --- In words ---


def meetings_text(section: Mapping[str, Any]) -> str:
    """How many meetings there were and what became of them."""
    beside = [f"{section[DELETED]:,} deleted"] if section[DELETED] else []
    beside += [f"{section[CUT]:,} cut off"] if section[CUT] else []
    return ", ".join([f"{section[MEETINGS]:,} meetings over", *beside])


def people_text(section: Mapping[str, Any]) -> str:
    """Who was expected and who came."""
    return (
        f"{section['expected']:,} expected, {section['came']:,} came ({section['late']:,} late), "
        f"{section['missing']:,} missing{why_missing(section)}, {section['strangers']:,} strangers"
    )


def why_missing(section: Mapping[str, Any]) -> str:
    """Why the missing members never came, in brackets; empty where none is missing."""
    absent, away = section["absent"], section["turned_away"]
    # Who learnt too late of the meeting, whose device's clock was set or rebooted, whom no window let in.
    reasons = {"absent by the scenario": absent, "turned away": away, "held up": section["missing"] - absent - away}
    told = ", ".join(f"{count:,} {reason}" for reason, count in reasons.items() if count)
    return f" ({told})" if told else ""


def records_text(section: Mapping[str, Any]) -> str:
    """What became of the records."""
    left = f", {section['unacknowledged']:,} not" if section["unacknowledged"] else ""
    return f"{section['records']:,} records, {section['acknowledged']:,} acknowledged{left}"


def sentence_of(section: Mapping[str, Any]) -> str:
    """All of it on one line."""
    lacks = "" if section["complete"] else f" ({INCOMPLETE})"
    return f"{meetings_text(section)}: {people_text(section)}; {records_text(section)}{lacks}"


def listed_text(section: Mapping[str, Any]) -> str:
    """Of how many meetings the listed ones are."""
    told = [f"{section['with_missing']:,} meetings with missing members"]
    if section[WITH_UNACKNOWLEDGED]:
        told.insert(0, f"{section[WITH_UNACKNOWLEDGED]:,} meetings with records that were not acknowledged")
    shown = len(section["remarkable"])
    return " and ".join(told) + (f"; the worst {shown} are listed" if shown == MOST_LISTED else "")


def pins_text(remark: Mapping[str, Any]) -> str:
    """Who was missing at a meeting of the summary; of many the first ones, and how many more."""
    pins = remark["missing_pins"]
    more = (remark["missing"] or 0) - len(pins)
    return ", ".join([*pins, f"{more:,} more"] if more > 0 else pins)
