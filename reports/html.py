"""`report.html`: the run on one page that needs nothing but itself.

Tables are made here, so the page reads without scripts; charts are drawn in the browser from the data at its end.
Style, script and chart library are put into the page; its content security policy forbids it any network.
"""

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from reports import text
from reports.actions import action_rows, actions_told
from reports.attendance import ATTENDANCE, INCOMPLETE, listed_text, pins_text, why_missing
from reports.charts import chart_data
from reports.fault_bands import fault_bands
from reports.figures import requests_told, succeeded
from reports.occurrences import CLASSES, OBSERVATIONS, VIOLATIONS
from reports.rules_shown import ABOUT, TITLES, counted, none_found, rows_of, total_text
from reports.run_info import RunInfo
from reports.summary import latency_ms
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
from simulator.measurements.names import INIT, RARE_FIGURES, RECORD_DELIVERY, RESTORED
from simulator.measurements.run import RunMeasurements
from simulator.shown import printable

MOST_CARDS: Final = 40
"""Rules of a class that are shown with all their texts; those beyond are lines of a table."""
_MARKS: Final = {"passed": "✓", "failed": "✗", "invalid": "!", "interrupted": "!"}
SECTIONS: Final = (
    ("judged", "Violations"),
    (WEATHER, "Faults"),
    ("requests", "Requests"),
    ("curves", "Percentiles"),
    ("time", "Over time"),
    ("fleet", "Devices"),
    ("delivery", "Record delivery"),
    (ATTENDANCE, "Attendance"),
    ("commands", "Commands"),
    ("failures", "Failures"),
    ("generator", "Generator"),
    ("scenario", "Scenario"),
)


def render_report(summary: Mapping[str, Any], measurements: RunMeasurements, run: RunInfo) -> str:
    """The whole page."""
    data = chart_data(measurements, run)
    data["lag_limit_ms"] = run.lag_limit_ms
    data["cpu_limit_percent"] = measurements.health.cpu_limit_percent
    flows = {name: figures for name, figures in summary["flows"].items() if figures["count"]}
    missing = {"delivery": not data["delivery"], "commands": not summary["commands"]}
    missing[ATTENDANCE] = ATTENDANCE not in summary
    data["faults"] = fault_bands(summary[FAULTS], data["step_s"], len(data["times"]))
    missing[WEATHER] = not summary[FAULTS] and not summary[MISBEHAVIOUR]
    return render_page(
        "report.html.j2",
        data,
        s=summary,
        headline=headline(summary),
        mark=_MARKS[summary["verdict"]],
        reasons=reason_lines(summary),
        notes=note_lines(summary),
        tiles=_tiles(summary, data, latency_ms(succeeded(measurements, INIT.tag))),
        sections=[(name, label) for name, label in SECTIONS if not missing.get(name)],
        classes=[_class(summary, name) for name in CLASSES],
        flows=flows,
        intended={
            name: figures["intended_ms"] for name, figures in summary["requests"].items() if figures["intended_ms"]
        },
        delivery=data["delivery"],
        attendance=_attendance(summary.get(ATTENDANCE)),
        waterfall=data["waterfall"],
        faults=fault_rows(summary),
        single_rows=single_rows,
        fault_columns=COLUMNS,
        faults_told=faults_sentence(summary),
        apart=apart_sentence(summary),
        held_up_records=held_up_records(summary),
        misbehaviour=misbehaviour_rows(summary),
        actions=action_rows(summary),
        actions_told=actions_told(),
        bands=[kind["what"] for kind in data["faults"]],
        step_text="second" if data["step_s"] == 1 else text.duration(data["step_s"]),
        generator_text=_generator_text(summary, run),
    )


def render_page(template: str, data: Mapping[str, Any] | None, **values: Any) -> str:
    """A page made from a template, with style and script inside, and the chart library where there is `data`."""
    return (
        _environment()
        .get_template(template)
        .render(
            css=Markup(asset("report.css")),
            script=Markup(asset("report.js")),
            echarts=Markup(asset("echarts.common.min.js")) if data is not None else "",
            data=_embedded(data) if data is not None else "",
            **values,
        )
    )


def _embedded(data: Mapping[str, Any]) -> Markup:
    """JSON that cannot end its script element, whatever text it holds."""
    return Markup(orjson.dumps(data).decode().replace("<", "\\u003c").replace("\u2028", "\\u2028"))


def _shown(value: Any) -> Any:
    """A value of a template: a text's control characters as their escapes, line by line."""
    if isinstance(value, str) and not isinstance(value, Markup) and not value.isprintable():
        return "\n".join(map(printable, value.split("\n")))
    return value


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reports"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    for function in (
        text.milliseconds,
        text.count,
        text.rate,
        text.percent,
        text.size,
        text.duration,
        text.moment,
        text.clock,
        text.clock_of,
        text.codes,
        text.tally,
        text.threshold_value,
        text.judged,
        text.bound,
    ):
        environment.filters[function.__name__] = function
    return environment


@lru_cache
def asset(name: str) -> str:
    """The text of a file that pages carry inside."""
    return files("reports").joinpath("assets", name).read_text(encoding="utf-8")


def _tiles(
    summary: Mapping[str, Any], data: Mapping[str, Any], initial: Mapping[str, float | None]
) -> list[dict[str, Any]]:
    fleet, records = summary["fleet"], summary["records"]
    requests, failures = requests_told(summary)
    init = summary["flows"][INIT.name]
    of_init = f"median {text.milliseconds(initial['p50'])} ms, slowest {text.milliseconds(initial['max'])} ms"
    if init["failures"]:
        of_init = f"of the successful ones; {init['failures']:,} of {init['count']:,} failed"
    tiles = [
        _tile(
            "Devices online",
            f"{fleet['came_online']:,} of {fleet['devices']:,}",
            f"{text.percent(fleet['online_ratio'])} of their time",
            fleet["came_online"] < fleet["devices"],
        ),
        _tile("Requests", f"{requests:,}", f"{text.rate(requests / summary['duration_s'])} per second"),
        _tile(
            "Failed requests",
            f"{failures:,}",
            text.percent(failures / requests) if requests else "no request was made",
            failures > 0,
        ),
        _tile(
            "Records acknowledged",
            f"{records['acknowledged']:,}",
            f"of {records['generated'] + records.get(RESTORED, 0):,}: {records['pending']:,} pending, "
            f"{records['refused']:,} refused, "
            f"{records['rejected']:,} rejected"
            + "".join(f", {records[name]:,} {name}" for name in RARE_FIGURES if records.get(name))
            + (f"; ledger: {kept}" if (kept := text.ledger_held(summary)) else ""),
            records["pending"] > 0 or records["rejected"] > 0 or records["refused"] > 0 or text.ledger_wrong(summary),
        ),
        _tile(
            "Initial flow, p95",
            f"{text.milliseconds(initial['p95'])} ms" if initial["p95"] is not None else text.NOTHING,
            of_init,
            init["failures"] > 0,
        ),
    ]
    tiles.append(
        _tile(
            "Violations",
            f"{summary[VIOLATIONS]['total']:,}",
            _rules(summary),
            summary[VIOLATIONS]["total"] > 0,
        )
    )
    delivery = data["delivery"]
    if delivery is not None:
        tiles.append(
            _tile(
                f"Records within {delivery['promise_ms'] / 1000.0:g} s",
                text.percent(delivery["within"]),
                f"{delivery['pending']:,} still pending"
                if delivery["pending"]
                else f"p99 {text.milliseconds(summary['flows'][RECORD_DELIVERY.name]['latency_ms']['p99'])} ms",
                delivery["within"] < 1.0,
            )
        )
    return tiles


def _rules(summary: Mapping[str, Any]) -> str:
    found = len(summary[VIOLATIONS]["by_rule"])
    rules = f"of {counted(found, 'rule')}" if found else "no rule was broken"
    if not found and not summary["fleet"]["came_online"]:
        rules = "hardly anything could be judged"
    return f"{rules}; {counted(summary[OBSERVATIONS]['total'], 'observation')}"


def _class(summary: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A class of findings for the page: the worst rules whole, those beyond them as lines of a table."""
    rows = rows_of(summary, name)
    return {
        "key": name,
        "title": TITLES[name],
        "about": ABOUT[name],
        "total": total_text(summary, name),
        "rows": rows[:MOST_CARDS],
        "more": rows[MOST_CARDS:],
        "none": none_found(summary, name),
    }


def _tile(label: str, value: str, detail: str, alarm: bool = False) -> dict[str, Any]:
    return {"label": label, "value": value, "detail": detail, "alarm": alarm}


def _attendance(section: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What the page shows of attendance."""
    if section is None:
        return None
    came = [text.percent(section["came"] / section["expected"])] if section["expected"] else []
    came.append(f"{section['late']:,} of them late")
    ended = f"{section['deleted']:,} deleted, {section['cut']:,} cut off when their devices stopped"
    signed_out = f"{section['left_early']:,} of them early; {section['no_sign_out']:,} never signed out"
    never = f"{section['missing']:,} never came{why_missing(section)}"
    lost = section["unacknowledged"]
    return {
        "tiles": [
            _tile("Meetings over", text.count(section["meetings"]), ended),
            _tile("Members expected", text.count(section["expected"]), never),
            _tile("Came", text.count(section["came"]), ", ".join(came)),
            _tile("Signed out", text.count(section["came"] - section["no_sign_out"]), signed_out),
            _tile("Strangers", text.count(section["strangers"]), f"and {section['double_taps']:,} double taps"),
            _tile(
                "Records acknowledged",
                f"{section['acknowledged']:,}",
                f"of {section['records']:,}: {lost:,} not",
                alarm=lost > 0,
            ),
        ],
        "note": None if section["complete"] else f"{INCOMPLETE[0].upper()}{INCOMPLETE[1:]}.",
        "listed": listed_text(section),
        "rows": [remark | {"pins": pins_text(remark)} for remark in section["remarkable"]],
    }


def _generator_text(summary: Mapping[str, Any], run: RunInfo) -> str:
    generator = summary["generator"]
    lag = generator["loop_lag_ms"]
    word = text.generator_state(generator).capitalize()
    state = "Fast enough" if generator["healthy"] else f"{word}, so that the figures are not valid"
    held = text.held(generator)
    return (
        f"{state}: event loop lag p99 {text.milliseconds(lag['p99'])} ms (limit {run.lag_limit_ms:g} ms), CPU "
        f"{text.rate(generator['cpu_percent'])} % of a core on average in the busiest process, "
        f"{text.count(generator['rss_mb'])} MB in {generator['processes']} "
        f"process{'es' if generator['processes'] != 1 else ''}."
        + (f" {held[0].upper()}{held[1:]}." if held else "")
        + (f" The embedded platform: {platform}." if (platform := text.platform_held(summary)) else "")
    )
