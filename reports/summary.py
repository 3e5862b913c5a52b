"""`summary.json`: the run in figures, in the form that others script against (see the README).

The named keys and their shapes are the contract; what stands beyond them (`intended_ms`, `failures`,
`run`, `state` …) serves the other reports and may grow. All durations are in ms. Where nothing was measured a figure is
null. The schema is `reports/schema/summary.schema.json`.
"""

from dataclasses import asdict
from typing import Any, Final

from reports.actions import actions_section
from reports.attendance import ATTENDANCE, attendance_section
from reports.evaluation import evaluate_all
from reports.figures import lost_connections, missed_requests, photo_counts, record_counts, succeeded
from reports.groups import GROUPS, groups_section
from reports.masking import mask
from reports.occurrences import CLASSES, dump_classes, moment
from reports.order import in_order
from reports.run_info import RunInfo, masked
from reports.series_figures import expected_figures, latency_ms, series_figures
from reports.thresholds import parse_all
from reports.verdict import judge
from reports.weather import weather_sections
from simulator.measurements.findings import Finding
from simulator.measurements.histogram import Histogram
from simulator.measurements.names import (
    FLOWS,
    LOOP_LAG_TAG,
    REPLY_WAIT_TAG,
    is_command,
    is_flow,
    is_request,
    name_of,
    text_of,
)
from simulator.measurements.run import RunMeasurements
from simulator.measurements.series import Totals
from simulator.measurements.state import dump_state
from simulator.protocol.catalogue import CONNECT

SCHEMA: Final = 1


def build_summary(measurements: RunMeasurements, run: RunInfo) -> dict[str, Any]:
    """The summary of what was measured so far.

    Args:
        measurements: of the whole run, merged from all processes.
        run: names, times and limits.

    Raises:
        ThresholdError: If a threshold of `run` cannot be read, which its scenario should have found before.
    """
    measurements.settle()
    thresholds = parse_all(run.thresholds, measurements)
    results = evaluate_all(thresholds, measurements, run)
    faults = _generator_faults(measurements, run)
    judged = judge(measurements, run, thresholds, results, faults)
    missed = missed_requests(measurements)
    requests = {
        tag: _series(measurements, tag) | {"missed": missed.get(tag, 0)} for tag in _tags(measurements, is_request)
    }
    flow_tags = dict.fromkeys((*(flow.tag for flow in FLOWS), *_tags(measurements, is_flow)))
    flows = {name_of(tag): _series(measurements, tag) for tag in flow_tags}
    groups = groups_section(measurements, run)
    attendance = attendance_section(measurements, run.attendance, judged.reasons)
    weather, peak_connects = weather_sections(measurements, run)
    return {
        "schema": SCHEMA,
        "scenario": run.scenario,
        "started": moment(run.started),
        "duration_s": round(run.duration_s, 3),
        **judged.dump(),
        "fleet": _fleet(measurements, run) | {"peak_connects_per_s": peak_connects},
        "requests": requests,
        "flows": flows,
        **({GROUPS: groups} if groups is not None else {}),
        "commands": {tag: _command(measurements.totals[tag]) for tag in _tags(measurements, is_command)},
        "records": record_counts(measurements.records),
        "photos": photo_counts(measurements.records),
        **({ATTENDANCE: attendance} if attendance is not None else {}),
        "thresholds": [result.dump() for result in results],
        "generator": _generator(measurements, run, faults),
        **weather,
        **actions_section(run),
        **_platform(measurements),
        **({"ledger": asdict(run.ledger)} if run.ledger is not None else {}),
        "failures": _failures(measurements),
        **dump_classes(measurements),
        "run": run.dump(),
        "state": masked_state(dump_state(measurements, len(measurements.intervals))),
    }


def _tags(measurements: RunMeasurements, wanted: Any) -> list[str]:
    missed = missed_requests(measurements)
    found = [tag for tag, totals in measurements.totals.items() if totals.count]
    return in_order(tag for tag in dict.fromkeys((*found, *missed)) if wanted(tag))


def _series(measurements: RunMeasurements, tag: str) -> dict[str, Any]:
    totals = measurements.totals.get(tag) or Totals()
    intended = measurements.intended.get(tag)
    return series_figures(totals, succeeded(measurements, tag)) | {
        "intended_ms": latency_ms(intended) if intended is not None and intended.count else None,
    }


def _command(totals: Totals) -> dict[str, Any]:
    return {
        "count": totals.count,
        "failures": totals.failures,
        "codes": totals.codes,
        **expected_figures(totals),
        "handling_ms": latency_ms(totals.histogram),
    }


def _fleet(measurements: RunMeasurements, run: RunInfo) -> dict[str, Any]:
    devices = measurements.devices
    connect = measurements.totals.get(CONNECT)
    reasons: dict[str, int] = {}
    for counts in measurements.disconnects.values():
        for reason, count in counts.items():
            reasons[reason] = reasons.get(reason, 0) + count
    ratio = devices.online_ratio(run.ended)
    return {
        "devices": run.devices,
        "came_online": len(devices.came_online),
        "peak_online": devices.peak(),
        "online_ratio": None if ratio is None else round(ratio, 6),
        "connections": (connect.count - connect.failures if connect is not None else 0) + _held_up(measurements),
        "disconnects": dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
        "lost_connections": sum(lost_connections(measurements).values()),
    }


def _held_up(measurements: RunMeasurements) -> int:
    """How many connections were opened under faults."""
    return sum(sum(figures.connects.values()) for figures in measurements.weather.faults.values())


def _lag_ms(measurements: RunMeasurements) -> dict[str, float | None]:
    totals = measurements.totals.get(LOOP_LAG_TAG)
    return latency_ms(totals.histogram if totals is not None else Histogram())


def _reply_wait(measurements: RunMeasurements) -> dict[str, Any]:
    """How long replies had waited to be read, as far as they were looked at; none where the system does not tell."""
    totals = measurements.totals.get(REPLY_WAIT_TAG)
    histogram = totals.histogram if totals is not None else Histogram()
    waited = latency_ms(histogram)
    return {"count": histogram.count, "ms": {name: waited[name] for name in ("p50", "p99", "max")}}


def _generator_faults(measurements: RunMeasurements, run: RunInfo) -> list[Finding]:
    """Why the generator's figures are not valid."""
    return measurements.health.reasons(run.lag_limit_ms, run.stall_limit_ms)


def _generator(measurements: RunMeasurements, run: RunInfo, reasons: list[Finding]) -> dict[str, Any]:
    lag = _lag_ms(measurements)
    health = measurements.health
    return {
        "healthy": not reasons,
        "loop_lag_ms": {name: lag[name] for name in ("p50", "p99", "max")},
        "reply_wait": _reply_wait(measurements),
        "cpu_percent": _rounded(health.cpu_percent()),
        "cpu_percent_max": _rounded(health.cpu_percent_max()),
        "rss_mb": _rounded(health.rss_mb()),
        "rss_slope_mb_per_h": _rounded(health.rss_slope()),
        "open_files": {
            "peak": health.open_files(),
            "limit": health.files_limit(),
            "per_h": _rounded(health.files_slope()),
        },
        "tasks": {"peak": health.tasks(), "per_h": _rounded(health.tasks_slope())},
        "processes": run.processes,
        "reasons": [masked(reason).dump() for reason in reasons],
    }


def _platform(measurements: RunMeasurements) -> dict[str, Any]:
    """The section of the embedded platform; empty where nobody looked at one."""
    held = measurements.health.platform()
    if held is None:
        return {}
    figures = {
        "rss_mb": _rounded(held.rss.peak),
        "rss_slope_mb_per_h": _rounded(held.rss.per_hour()),
        "open_files": {"peak": held.open_files.peak, "per_h": _rounded(held.open_files.per_hour())},
    }
    return {"embedded_platform": figures}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _failures(measurements: RunMeasurements) -> list[dict[str, Any]]:
    rows = [
        {
            "name": name_of(tag),
            "code": code,
            "count": tally.count,
            "first": round(tally.first, 3),
            "last": round(tally.last, 3),
            "detail": (told := mask(measurements.details.of(tag, code))),
            "example": ": ".join(filter(None, (mask(code), told or text_of(code)))),
        }
        for tag, totals in measurements.totals.items()
        for code, tally in totals.failed.items()
    ]
    return sorted(rows, key=lambda row: (-int(str(row["count"])), str(row["name"]), str(row["code"])))


def masked_state(state: dict[str, Any]) -> dict[str, Any]:
    """A state of `dump_state` whose examples hold no secrets."""
    for row in state["details"]:
        row[2] = mask(row[2])
    for name in CLASSES:
        for occurrence in state[name].values():
            occurrence[0] = mask(occurrence[0])
    return state
