"""`report.md`: the run on one page that fits in a merge-request comment."""

from collections.abc import Iterator, Mapping
from typing import Any

from reports import markup, text
from reports.attendance import ATTENDANCE, listed_text, pins_text, sentence_of
from reports.figures import requests_told
from reports.occurrences import CLASSES, OBSERVATIONS, VIOLATIONS
from reports.rules_shown import TITLES, further_rules, rows_of, total_text
from reports.verdict import headline, note_lines, reason_lines
from reports.weather_shown import (
    COLUMNS,
    FaultRow,
    MisbehaviourRow,
    apart_sentence,
    fault_rows,
    faults_sentence,
    misbehaviour_rows,
)
from simulator.measurements.misbehaviours import OUTCOMES, SENT
from simulator.measurements.names import KNOWN_NAMES, RARE_FIGURES
from simulator.shown import detail

MOST_CHARS = 60_000
"""Forges cut comments at about 65,000 characters."""
MOST_FAILURES = 20
MOST_RULES = 30
MOST_FAULTS = 20
_CUT = "(cut: the whole is in `report.html`)"
_NO_FAILURES, _COUNTS_ALONE, _FEW_LINES, _OWN_NAMES, _CROSSED_THRESHOLDS = range(1, 6)
"""Steps of leaving out, each on top of the ones before."""
_LEAST_DETAIL = _CROSSED_THRESHOLDS
_FEW = 10
_LINE_CHARS = 500
_MOST_CROSSED = 50
_OWN = frozenset(KNOWN_NAMES)
_FAULT_COLUMNS = ("50 % back", "99 % back", "all back", "never back", "backlog", "requests cut off", "requests held up")
_TABLES = (
    ("Requests", "requests", "funcId", "latency_ms"),
    ("Flows", "flows", "flow", "latency_ms"),
    ("Commands", "commands", "command", "handling_ms"),
)
_MARKS = {"passed": "✅", "failed": "❌", "invalid": "⚠️", "interrupted": "⚠️"}
_THRESHOLD_MARKS = {"passed": "✅", "crossed": "❌", text.NOT_JUDGED: "❔"}
_LATENCIES = {"p50": "p50", "p95": "p95", "p99": "p99", "p999": "p99.9", "max": "max"}


def render_markdown(summary: Mapping[str, Any]) -> str:
    """The page as text, ending with a newline; what is too much for a comment is left out, the least important first.

    The verdict and every funcId of the protocol are never left out.
    """
    page = ""
    for left_out in range(_LEAST_DETAIL + 1):
        page = "\n\n".join(part for part in _parts(summary, left_out) if part) + "\n"
        if len(page) <= MOST_CHARS:
            return page
    return page[:MOST_CHARS].rsplit("\n", 1)[0] + f"\n\n{_CUT}\n"


def _parts(summary: Mapping[str, Any], left_out: int) -> Iterator[str]:
    """The page's paragraphs; `left_out` is how many of the steps of leaving out were taken."""
    yield f"## {_MARKS[summary['verdict']]} {markup.sentence(detail(headline(summary), _LINE_CHARS))}"
    reasons, notes = reason_lines(summary)[1:], note_lines(summary)
    if left_out >= _FEW_LINES:
        reasons, notes = ([detail(line, _LINE_CHARS) for line in lines[:_FEW]] for lines in (reasons, notes))
    yield "\n".join(f"- {markup.sentence(reason)}" for reason in reasons)
    yield _overview(summary)
    yield from (f"> {markup.sentence(note)}" for note in notes)
    if summary["thresholds"]:
        yield "### Thresholds"
        yield _thresholds(summary["thresholds"], crossed_only=left_out >= _CROSSED_THRESHOLDS)
    for name in CLASSES:
        if summary[name]["total"]:
            yield f"### {TITLES[name]}: {total_text(summary, name)}"
            yield _rules(summary, name, _FEW if left_out >= _FEW_LINES else MOST_RULES)
    rows_of_faults = fault_rows(summary)
    if rows_of_faults:
        yield f"### Faults: {markup.sentence(faults_sentence(summary))}"
        if left_out < _NO_FAILURES:
            yield _faults(rows_of_faults, MOST_FAULTS if left_out < _COUNTS_ALONE else _FEW)
    if left_out < _NO_FAILURES and (ways := misbehaviour_rows(summary)):
        yield "### Misbehaviour"
        yield _misbehaviour(ways)
    if apart := apart_sentence(summary):
        yield f"> {markup.sentence(apart)}"
    for heading, kind, first, latency in _TABLES:
        rows = {name: figures for name, figures in summary[kind].items() if figures["count"]}
        shown = rows
        if left_out >= _OWN_NAMES:
            shown = {name: figures for name, figures in rows.items() if name in _OWN}
        if rows:
            yield f"### {heading}"
            yield _series(summary, shown, first, latency, codes=left_out < _COUNTS_ALONE)
            if more := len(rows) - len(shown):
                yield f"… and {more} more"
    section = summary.get(ATTENDANCE)
    if section is not None and section["remarkable"] and left_out < _COUNTS_ALONE:
        yield f"### Attendance: {markup.sentence(listed_text(section))}"
        yield _meetings(section["remarkable"])
    if summary["failures"] and left_out < _NO_FAILURES:
        yield "### Failures"
        yield _failures(summary["failures"])
    if left_out:
        yield _CUT


def _overview(summary: Mapping[str, Any]) -> str:
    fleet, records, generator = summary["fleet"], summary["records"], summary["generator"]
    pending = f", **{records['pending']:,} pending**" if records["pending"] else ""
    lost = f", {records['rejected']:,} rejected" if records["rejected"] else ""
    full = f", {records['refused']:,} refused" if records["refused"] else ""
    between = "".join(f", {records[name]:,} {name}" for name in RARE_FIGURES if records.get(name))
    state, held = text.generator_state(generator), text.held(generator)
    requests, failures = requests_told(summary)
    attendance = [f"- Attendance: {sentence_of(summary[ATTENDANCE])}"] if ATTENDANCE in summary else []
    return "\n".join(
        [
            f"- {text.duration(summary['duration_s'])} from {summary['started']}",
            f"- Devices: {fleet['came_online']:,} of {fleet['devices']:,} came online, "
            f"online {text.percent(fleet['online_ratio'])} of their time, {fleet['connections']:,} connections, "
            f"up to {text.count(fleet.get('peak_connects_per_s'))} a second",
            f"- Requests: {requests:,} ({text.rate(requests / summary['duration_s'])}/s), {failures:,} failed",
            f"- Records: {records['generated']:,} generated, {records['acknowledged']:,} acknowledged"
            + pending
            + lost
            + full
            + between,
            *([f"- Ledger: {kept}"] if (kept := text.ledger_held(summary)) else []),
            *attendance,
            f"- Violations: {_bold(total_text(summary, VIOLATIONS), summary[VIOLATIONS]['total'])}; "
            f"observations: {total_text(summary, OBSERVATIONS)}{_unjudged(summary)}",
            f"- Generator: {state if generator['healthy'] else f'**{state}**'}, loop lag p99 "
            f"{text.milliseconds(generator['loop_lag_ms']['p99'])} ms" + (f"; {held}" if held else ""),
            *([f"- Embedded platform: {platform}"] if (platform := text.platform_held(summary)) else []),
        ]
    )


def _bold(words: str, count: int) -> str:
    return f"**{words}**" if count else words


def _unjudged(summary: Mapping[str, Any]) -> str:
    return "" if summary["fleet"]["came_online"] else "; no device came online, so that little could be judged"


def _rules(summary: Mapping[str, Any], of_class: str, most: int) -> str:
    rows = rows_of(summary, of_class)
    cells = [
        [
            markup.code(row.rule),
            text.count(row.count),
            text.count(row.devices),
            text.tally(row.func_ids, markup.word),
            markup.sentence(row.section),
            markup.code(row.example) if row.example else "",
            markup.sentence(row.advice),
        ]
        for row in rows[:most]
    ]
    headings = ["rule", "count", "devices", "by funcId", "document", "first example", "what to do"]
    more = f"\n\n… and {further_rules(rows[most:])}"
    return _table(headings, "lrrllll", cells) + (more if len(rows) > most else "")


def _faults(rows: list[FaultRow], most: int) -> str:
    """The worst of the faults, in order of time."""
    shown = sorted(sorted(rows, key=lambda row: -row.recovery_s("all"))[:most], key=lambda row: row.at)
    cells = [
        [
            row.when,
            markup.sentence(row.text) + (f" **{row.state}**" if row.state else ""),
            row.hit_text,
            *(COLUMNS[label].cell(row) for label in _FAULT_COLUMNS),
        ]
        for row in shown
    ]
    more = f"\n\n… and {len(rows) - len(shown)} more in `report.html`" if len(rows) > len(shown) else ""
    headings = ["at", "fault", "devices hit", *_FAULT_COLUMNS]
    return _table(headings, "llr" + "r" * len(_FAULT_COLUMNS), cells) + more


def _misbehaviour(rows: list[MisbehaviourRow]) -> str:
    cells = [[markup.code(row.way), *(text.count(row.counts[name]) for name in (SENT, *OUTCOMES))] for row in rows]
    return _table(["way", "sent", "refused as expected", "accepted", "silent"], "lrrrr", cells)


def _meetings(remarks: list[Mapping[str, Any]]) -> str:
    """The first of the meetings that something is to be told of."""
    cells = [
        [
            markup.code(remark["sn"]),
            markup.code(remark["meet_code"]),
            text.clock_of(remark["start"]) if remark["start"] else text.NOTHING,
            *(text.count(remark[name]) for name in ("expected", "came", "late", "missing", "unacknowledged")),
            markup.word(pins_text(remark)) if remark["missing_pins"] else "",
        ]
        for remark in remarks[:_FEW]
    ]
    headings = ["device", "meetCode", "start (UTC)", "expected", "came", "late", "missing", "not acknowledged", "who"]
    more = f"\n\n… and {len(remarks) - _FEW} more in `report.html`" if len(remarks) > _FEW else ""
    return _table(headings, "lllrrrrrl", cells) + more


def _thresholds(results: list[Mapping[str, Any]], *, crossed_only: bool) -> str:
    shown = [item for item in results if not item["passed"]][:_MOST_CROSSED] if crossed_only else results
    rows = [
        [
            _THRESHOLD_MARKS[text.judged(item)],
            markup.code(detail(item["expression"], _LINE_CHARS)),
            text.NOT_JUDGED if text.judged(item) == text.NOT_JUDGED else text.threshold_value(item),
            markup.sentence(detail(item["reason"])),
        ]
        for item in shown
    ]
    table = _table(["", "threshold", "value", "remark"], "clrl", rows) if rows else ""
    more = len(results) - len(shown)
    return table + (f"\n\n… and {more} more" if more else "")


def _series(
    summary: Mapping[str, Any], rows: Mapping[str, Mapping[str, Any]], first: str, latency: str, *, codes: bool
) -> str:
    seconds = summary["duration_s"]
    cells = [
        [
            markup.code(name),
            text.count(figures["count"]),
            text.rate(figures["count"] / seconds),
            _failed(figures, codes),
            *(text.milliseconds(figures[latency][key]) for key in _LATENCIES),
        ]
        for name, figures in rows.items()
    ]
    headings = [first, "count", "/s", "failures", *(f"{label} ms" for label in _LATENCIES.values())]
    return _table(headings, "lrrl" + "r" * len(_LATENCIES), cells)


def _failed(figures: Mapping[str, Any], codes: bool) -> str:
    if not figures["failures"]:
        return "0"
    count = f"**{figures['failures']:,}**"
    return f"{count}: {text.codes(figures['codes'], markup.word)}" if codes else count


def _failures(failures: list[Mapping[str, Any]]) -> str:
    rows = [
        [
            markup.code(item["name"]),
            text.count(item["count"]),
            markup.word(item["example"]),
            text.clock(item["first"]),
            text.clock(item["last"]),
        ]
        for item in failures[:MOST_FAILURES]
    ]
    table = _table(["of", "count", "code", "first (UTC)", "last (UTC)"], "lrlll", rows)
    more = len(failures) - MOST_FAILURES
    return table + (f"\n\n… and {more} more kinds" if more > 0 else "")


def _table(headings: list[str], alignment: str, rows: list[list[str]]) -> str:
    """The cells are Markdown already."""
    rule = {"l": ":--", "r": "--:", "c": ":-:"}
    lines = ["| " + " | ".join(headings) + " |", "|" + "|".join(rule[side] for side in alignment) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)
