"""What a run says of attendance: the sums, and the meetings of which something is to be told.

`attendance.csv` beside the reports holds each record; here is what a platform's own sheet must come to.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from reports import text
from reports.occurrences import moment
from simulator.measurements.attendance import CUT, DELETED, FIGURES, MEETINGS, OVER
from simulator.measurements.findings import Finding
from simulator.measurements.run import RunMeasurements
from simulator.measurements.sheet import MOST_LISTED, ROWS, WITH_UNACKNOWLEDGED, Remark
from simulator.texts.translation import N_, _

ATTENDANCE: Final = "attendance"
"""Its key in the summary, and what stands before the names of its figures in thresholds."""
_LOSING: Final = frozenset(
    {"broken_off", "engine_died", "reports_missing", "worker_fenced", "worker_lost", "worker_refused"}
)
"""Reasons of a verdict because of which rows may never have been told."""
INCOMPLETE: Final = N_("not all of it was told: the verdict says what was lost, and rows of attendance.csv with it")


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
    parts = [_("{count} meetings over", count=text.count(section[MEETINGS]))]
    if section[DELETED]:
        parts.append(_("{count} deleted", count=text.count(section[DELETED])))
    if section[CUT]:
        parts.append(_("{count} cut off", count=text.count(section[CUT])))
    return text.listed(parts)


def people_text(section: Mapping[str, Any]) -> str:
    """Who was expected and who came."""
    return _(
        "{expected} expected, {came} came ({late} late), {missing} missing{why}, {strangers} strangers",
        **{name: text.count(section[name]) for name in ("expected", "came", "late", "missing", "strangers")},
        why=why_missing(section),
    )


def why_missing(section: Mapping[str, Any]) -> str:
    """Why the missing members never came, in brackets; empty where none is missing."""
    absent, away = section["absent"], section["turned_away"]
    # Who learnt too late of the meeting, whose device's clock was set or rebooted, whom no window let in.
    held_up = section["missing"] - absent - away
    told = []
    if absent:
        told.append(_("{count} absent by the scenario", count=text.count(absent)))
    if away:
        told.append(_("{count} turned away", count=text.count(away)))
    if held_up:
        told.append(_("{count} held up", count=text.count(held_up)))
    return _(" ({reasons})", reasons=text.listed(told)) if told else ""


def records_text(section: Mapping[str, Any]) -> str:
    """What became of the records."""
    records, acknowledged = text.count(section["records"]), text.count(section["acknowledged"])
    if not section["unacknowledged"]:
        return _("{records} records, {acknowledged} acknowledged", records=records, acknowledged=acknowledged)
    return _(
        "{records} records, {acknowledged} acknowledged, {left} not",
        records=records,
        acknowledged=acknowledged,
        left=text.count(section["unacknowledged"]),
    )


def told_text(section: Mapping[str, Any]) -> str:
    """Meetings, people and records on one line."""
    meetings, people, records = meetings_text(section), people_text(section), records_text(section)
    return _("{meetings}: {people}; {records}", meetings=meetings, people=people, records=records)


def lacking_text(section: Mapping[str, Any]) -> str:
    """That not all of it is known; empty where it is."""
    return "" if section["complete"] else _("not all of it was told")


def sentence_of(section: Mapping[str, Any]) -> str:
    """All of it on one line, with what is missing in it."""
    return told_text(section) + ("" if section["complete"] else _(" ({reasons})", reasons=_(INCOMPLETE)))


def listed_text(section: Mapping[str, Any]) -> str:
    """Of how many meetings the listed ones are."""
    missing = _("{count} meetings with missing members", count=text.count(section["with_missing"]))
    if section[WITH_UNACKNOWLEDGED]:
        missing = _(
            "{count} meetings with records that were not acknowledged and {others}",
            count=text.count(section[WITH_UNACKNOWLEDGED]),
            others=missing,
        )
    shown = len(section["remarkable"])
    worst = [_("the worst {count} are listed", count=shown)] if shown == MOST_LISTED else []
    return text.clauses([missing, *worst])


def pins_text(remark: Mapping[str, Any]) -> str:
    """Who was missing at a meeting of the summary; of many the first ones, and how many more."""
    pins = remark["missing_pins"]
    more = (remark["missing"] or 0) - len(pins)
    return text.listed([*pins, _("{count} more", count=text.count(more))] if more > 0 else pins)
