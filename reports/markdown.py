"""`report.md`: the run on one page that fits in a merge-request comment."""

from collections.abc import Mapping
from typing import Any

from reports import text
from reports.verdict import headline, note_lines, reason_lines

MOST_CHARS = 60_000
"""Forges cut comments at about 65,000 characters."""
MOST_FAILURES = 20
_MARKS = {"passed": "✅", "failed": "❌", "invalid": "⚠️", "interrupted": "⚠️"}
_LATENCIES = {"p50": "p50", "p95": "p95", "p99": "p99", "p999": "p99.9", "max": "max"}


def render_markdown(summary: Mapping[str, Any]) -> str:
    """The page as text, ending with a newline."""
    parts = [
        f"## {_MARKS[summary['verdict']]} {_cell(headline(summary))}",
        "\n".join(f"- {_cell(reason)}" for reason in reason_lines(summary)[1:]),
        _overview(summary),
        *(f"> {note}" for note in note_lines(summary)),
    ]
    if summary["thresholds"]:
        rows = [
            ["✅" if item["passed"] else "❌", f"`{item['expression']}`", text.threshold_value(item), item["reason"]]
            for item in summary["thresholds"]
        ]
        parts += ["### Thresholds", _table(["", "threshold", "value", "remark"], "clrl", rows)]
    parts += ["### Requests", _series(summary, summary["requests"], "funcId", "latency_ms")]
    flows = {name: figures for name, figures in summary["flows"].items() if figures["count"]}
    if flows:
        parts += ["### Flows", _series(summary, flows, "flow", "latency_ms")]
    if summary["commands"]:
        parts += ["### Commands", _series(summary, summary["commands"], "command", "handling_ms")]
    if summary["failures"]:
        parts += ["### Failures", _failures(summary["failures"])]
    page = "\n\n".join(part for part in parts if part) + "\n"
    if len(page) > MOST_CHARS:
        page = page[:MOST_CHARS].rsplit("\n", 1)[0] + "\n\n(cut: the whole is in `report.html`)\n"
    return page


def _overview(summary: Mapping[str, Any]) -> str:
    fleet, records, generator = summary["fleet"], summary["records"], summary["generator"]
    pending = f", **{records['pending']:,} pending**" if records["pending"] else ""
    lost = f", {records['rejected']:,} rejected" if records["rejected"] else ""
    full = f", {records['refused']:,} refused" if records["refused"] else ""
    requests = sum(figures["count"] for figures in summary["requests"].values())
    failures = sum(figures["failures"] for figures in summary["requests"].values())
    return "\n".join(
        [
            f"- {text.duration(summary['duration_s'])} from {summary['started']}",
            f"- Devices: {fleet['came_online']:,} of {fleet['devices']:,} came online, "
            f"online {text.percent(fleet['online_ratio'])} of their time, {fleet['connections']:,} connections",
            f"- Requests: {requests:,} ({text.rate(requests / summary['duration_s'])}/s), {failures:,} failed",
            f"- Records: {records['generated']:,} generated, {records['acknowledged']:,} acknowledged"
            + pending
            + lost
            + full,
            f"- Generator: {'healthy' if generator['healthy'] else '**overloaded**'}, loop lag p99 "
            f"{text.milliseconds(generator['loop_lag_ms']['p99'])} ms",
        ]
    )


def _series(summary: Mapping[str, Any], rows: Mapping[str, Mapping[str, Any]], first: str, latency: str) -> str:
    seconds = summary["duration_s"]
    cells = [
        [
            f"`{name}`",
            text.count(figures["count"]),
            text.rate(figures["count"] / seconds),
            f"**{figures['failures']:,}**: {text.codes(figures['codes'])}" if figures["failures"] else "0",
            *(text.milliseconds(figures[latency][key]) for key in _LATENCIES),
        ]
        for name, figures in rows.items()
    ]
    headings = [first, "count", "/s", "failures", *(f"{label} ms" for label in _LATENCIES.values())]
    return _table(headings, "lrrl" + "r" * len(_LATENCIES), cells)


def _failures(failures: list[Mapping[str, Any]]) -> str:
    rows = [
        [
            f"`{item['name']}`",
            text.count(item["count"]),
            item["example"],
            text.clock(item["first"]),
            text.clock(item["last"]),
        ]
        for item in failures[:MOST_FAILURES]
    ]
    table = _table(["of", "count", "code", "first (UTC)", "last (UTC)"], "lrlll", rows)
    more = len(failures) - MOST_FAILURES
    return table + (f"\n\n… and {more} more kinds" if more > 0 else "")


def _table(headings: list[str], alignment: str, rows: list[list[str]]) -> str:
    rule = {"l": ":--", "r": "--:", "c": ":-:"}
    lines = ["| " + " | ".join(headings) + " |", "|" + "|".join(rule[side] for side in alignment) + "|"]
    lines += ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _cell(value: str) -> str:
    return value.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;") if "`" not in value else value
