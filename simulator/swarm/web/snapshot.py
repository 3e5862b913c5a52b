"""What the page is told of a run, once a second: figures, and texts in the language that is spoken. No secret."""

from typing import Any, Final

from reports.attendance import attendance_figures
from reports.causes import cause_of, sentence
from reports.colors import color_of_code
from reports.figures import lost_connections
from reports.occurrences import dump_occurrences
from reports.run_info import masked
from reports.text import tally
from reports.verdict import headline, note_lines, reason_lines
from simulator.exit_codes import ExitCode
from simulator.measurements.names import (
    ACKNOWLEDGED,
    GENERATED,
    LOOP_LAG_TAG,
    RESTORED,
    is_command,
    is_flow,
    is_request,
)
from simulator.measurements.occurrences import Occurrences
from simulator.measurements.short_labels import reason_label
from simulator.swarm.run.page_history import PageHistory, active_states
from simulator.swarm.run.run import Run
from simulator.swarm.web.demands import LiveDemands
from simulator.swarm.web.live_tables import LiveTables
from simulator.swarm.web.report_page import files_of
from simulator.swarm.web.weather import shown_weather

_MOST_RULES: Final = 20
"""Of a class, each second: the report has the others."""
_POINTS_AT_ONCE: Final = 3_600


def snapshot(
    run: Run | None,
    state: str,
    users: int,
    since: int,
    *,
    wanted: int = 0,
    demands: LiveDemands | None = None,
    tables: LiveTables | None = None,
) -> dict[str, Any]:
    """What the page shows: the run, totals per funcId, and the points after the second `since`.

    Args:
        state, users: Locust's own.
        wanted: users that Locust was asked for.
        demands: who judges the thresholds.
        tables: who makes the tables of series; one that knows nothing yet unless given.
    """
    if run is None or run.order is None:
        return {"state": state, "run": None, "alarms": [] if run is None else _alarms(run)}
    measurements = run.measurements
    history = run.output(PageHistory)
    now = run.ended or run.clock.wall()
    info = run.info(now, complete=False)
    lost = lost_connections(measurements)
    requests, flows, commands = (tables or LiveTables()).rows(measurements, is_request, is_flow, is_command)
    return {
        "state": state,
        "now": run.clock.wall(),
        "run": {
            "id": run.run_id,
            "scenario": run.scenario.name,
            "target": info.target,
            "seconds": round(now - run.started),
            "started": run.started,
            "planned_s": run.planned_s,
            "devices": run.order.total,
            "wanted": min(wanted, run.order.total) if run.ended is None and wanted else run.order.total,
            "users": users,
            "over": run.ended is not None,
            "lag_limit_ms": info.lag_limit_ms,
            **_verdict(run),
        },
        "alarms": _alarms(run),
        "states": active_states(measurements),
        "came_online": len(measurements.devices.came_online),
        "peak_online": measurements.devices.peak(),
        "disconnects": sum(lost.values()),
        "lost_by": tally(lost, reason_label),
        "notes": [sentence(each) for each in run.findings if each.key == "mqtt_assumed"],
        "records": {
            GENERATED: measurements.records[GENERATED] + measurements.records[RESTORED],
            ACKNOWLEDGED: measurements.records[ACKNOWLEDGED],
        },
        "attendance": attendance_figures(measurements),
        "weather": shown_weather(measurements, info, now),
        "health": _health(run),
        "thresholds": demands.look(run, now) if demands is not None else [],
        "requests": requests,
        "flows": flows,
        "commands": commands,
        "code_colours": {code: color_of_code(code) for row in (*requests, *flows, *commands) for code in row["codes"]},
        "violations": _rules(measurements.violations),
        "observations": _rules(measurements.observations),
        "points": history.since(since)[-_POINTS_AT_ONCE:] if history is not None else [],
    }


def _verdict(run: Run) -> dict[str, Any]:
    """How it ended, once it has: the verdict with all that is said of it, and the files of its report."""
    summary = run.summary
    if summary is None:
        return {"verdict": None, "headline": "", "reasons": [], "notes": [], "report": None, "files": []}
    return {
        "verdict": summary["verdict"],
        "headline": headline(summary),
        "reasons": reason_lines(summary),
        "notes": note_lines(summary),
        "report": str(run.directory),
        "files": files_of(run),
    }


def _alarms(run: Run) -> list[str]:
    """What the run found out that decides about its verdict, a sentence each: a lost worker, an abort that fired."""
    return [sentence(masked(each)) for each in run.findings if cause_of(each.key).code is not ExitCode.PASSED]


def _rules(found: Occurrences) -> dict[str, Any]:
    """What was found of one class, the most frequent rule first: of many the first ones, and how many are left out."""
    told = dump_occurrences(found)
    rules = sorted(told["by_rule"].items(), key=lambda item: (-item[1]["count"], item[0]))
    shown = [
        {
            "rule": rule,
            "count": item["count"],
            "devices": item["devices"],
            "messages": tally(item["func_ids"]),
            "example": item["example"],
        }
        for rule, item in rules[:_MOST_RULES]
    ]
    left = rules[_MOST_RULES:]
    return {"total": told["total"], "rules": shown, "left": [len(left), sum(item["count"] for _, item in left)]}


def _health(run: Run) -> dict[str, float | None]:
    """Of all processes as they were last, nothing of a run that is over; the loops' lag since the run began."""
    health = run.measurements.health
    lag = run.measurements.totals.get(LOOP_LAG_TAG)
    newest = dict(health.samples[-50:]) if run.ended is None else {}
    return {
        "lag_p99_ms": lag.histogram.percentiles((99.0,))[0] / 1000.0 if lag is not None and lag.count else None,
        "cpu_percent": max((sample.cpu_percent for sample in newest.values()), default=None),
        "rss_mb": sum(sample.rss_mb for sample in newest.values()) if newest else None,
    }
