"""`report.html`: the run on one page. What its template asks for is made here, of the summary and of the chart data."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from reports import text
from reports.actions import ACTIONS, action_rows, actions_told
from reports.attendance import ATTENDANCE
from reports.charts import chart_data
from reports.colors import styles
from reports.fault_bands import fault_bands
from reports.figures import requests_told, succeeded
from reports.hints import code_text, example_of
from reports.labels import faults, labels
from reports.occurrences import CLASSES
from reports.page import CHART_SCRIPTS, render_page
from reports.rules_shown import ABOUT, TITLES, none_found, rows_of, total_text
from reports.run_info import RunInfo
from reports.series_figures import latency_ms
from reports.threshold_lines import threshold_lines
from reports.tiles import attendance_shown, generator_sentences, tiles
from reports.verdict import headline, note_lines, reason_lines
from reports.weather import FAULTS, MISBEHAVIOUR, WEATHER
from reports.weather_shown import (
    COLUMNS,
    apart_sentence,
    fault_rows,
    faults_sentence,
    held_up_records,
    misbehaviour_rows,
    single_rows,
)
from simulator.measurements.names import FLOWS, INIT
from simulator.measurements.run import RunMeasurements
from simulator.texts.translation import N_, _

MOST_CARDS: Final = 40
"""Rules of a class that are shown with all their texts; those beyond are lines of a table."""
GROUPS: Final = "groups"
_MARKS: Final = {"passed": "✓", "failed": "✗", "invalid": "!", "interrupted": "!"}
SECTIONS: Final = (
    ("judged", N_("Violations")),
    (WEATHER, N_("Faults")),
    (ACTIONS, N_("Done by hand")),
    ("requests", N_("Requests")),
    (GROUPS, N_("Groups")),
    ("curves", N_("Response times")),
    ("time", N_("Over time")),
    ("fleet", N_("Devices")),
    ("delivery", N_("Record delivery")),
    (ATTENDANCE, N_("Attendance")),
    ("commands", N_("Commands")),
    ("failures", N_("Failures")),
    ("generator", N_("Generator")),
    ("scenario", N_("Scenario")),
)


def render_report(summary: Mapping[str, Any], measurements: RunMeasurements, run: RunInfo) -> str:
    """The whole page."""
    data = chart_data(measurements, run)
    data["lag_limit_ms"] = run.lag_limit_ms
    data["cpu_limit_percent"] = measurements.health.cpu_limit_percent
    data["fleet"] = summary["fleet"]["devices"]
    data["ranges"] = _all_ranges(summary)
    if not any(figures.get("expected") for figures in summary["requests"].values()):
        data["expected"] = []  # those of commands are no requests
    data["failed"] = requests_told(summary)[1]
    flows = {name: figures for name, figures in summary["flows"].items() if figures["count"]}
    groups = summary.get(GROUPS) or {}
    missing = {"delivery": not data["delivery"], "commands": not summary["commands"]}
    missing[ATTENDANCE] = ATTENDANCE not in summary
    missing[ACTIONS] = not summary.get(ACTIONS)
    missing[GROUPS] = len(groups) < 2
    data["faults"] = fault_bands(summary[FAULTS], data["step_s"], len(data["times"]))
    missing[WEATHER] = not summary[FAULTS] and not summary[MISBEHAVIOUR]
    return render_page(
        "report.html.j2",
        data | _for_the_script(summary, measurements, run, data),
        scripts=(*CHART_SCRIPTS, "report.js", "report_time.js"),
        s=summary,
        headline=headline(summary),
        mark=_MARKS[summary["verdict"]],
        reasons=reason_lines(summary),
        notes=note_lines(summary),
        tiles=tiles(summary, data, latency_ms(succeeded(measurements, INIT.tag))),
        sections=[(name, _(label)) for name, label in SECTIONS if not missing.get(name)],
        classes=[_class(summary, name) for name in CLASSES],
        flows=flows,
        flow_texts={flow.name: _(flow.measures) for flow in FLOWS},
        groups=groups if not missing[GROUPS] else {},
        intended={
            name: figures["intended_ms"] for name, figures in summary["requests"].items() if figures["intended_ms"]
        },
        expected=any(figures.get("expected") for figures in summary["requests"].values()),
        delivery=data["delivery"],
        attendance=attendance_shown(summary.get(ATTENDANCE)),
        waterfall=data["waterfall"],
        faults=fault_rows(summary),
        fault_names=faults(),
        single_rows=single_rows,
        code_text=code_text,
        example_of=example_of,
        fault_columns=COLUMNS,
        faults_told=faults_sentence(summary),
        apart=apart_sentence(summary),
        held_up_records=held_up_records(summary),
        misbehaviour=misbehaviour_rows(summary),
        actions=action_rows(summary),
        actions_told=actions_told(),
        bands=[kind["what"] for kind in data["faults"]],
        drawn={
            name for name in ("backlog", "bytes", "codes", "distribution", GROUPS, "heat", "load") if data.get(name)
        },
        ranged=data["ranges"] is not None,
        step_text=_("second") if data["step_s"] == 1 else text.duration(data["step_s"]),
        generator_text=generator_sentences(summary, run),
    )


def _for_the_script(
    summary: Mapping[str, Any], measurements: RunMeasurements, run: RunInfo, data: Mapping[str, Any]
) -> dict[str, Any]:
    """What charts need beside the figures: labels, colours, lines of thresholds."""
    names = [*data["requests"], *data["flows"], *data["commands"]]
    return {
        "labels": data["labels"] | labels(),
        "styles": styles(names, _codes(summary, data)),
        "thresholds": threshold_lines(summary["thresholds"], run, measurements, names),
    }


def _codes(summary: Mapping[str, Any], data: Mapping[str, Any]) -> Iterable[str]:
    return dict.fromkeys([*(item["code"] for item in summary["failures"]), *(data.get("codes") or ())])


def _all_ranges(summary: Mapping[str, Any]) -> list[list[Any]] | None:
    """Response-time ranges of all requests together; None where there are none."""
    rows = [figures["ranges"] for figures in summary["requests"].values() if figures.get("ranges")]
    if not rows or not any(count for row in rows for _bound, count in row):
        return None
    return [[same[0][0], sum(count for _bound, count in same)] for same in zip(*rows, strict=True)]


def _class(summary: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A class of findings for the page: the worst rules whole, those beyond them as lines of a table."""
    rows = rows_of(summary, name)
    return {
        "key": name,
        "title": _(TITLES[name]),
        "about": _(ABOUT[name]),
        "total": total_text(summary, name),
        "rows": rows[:MOST_CARDS],
        "more": rows[MOST_CARDS:],
        "none": none_found(summary, name),
    }
