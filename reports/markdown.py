"""`report.md`: the run on one page that fits in a merge-request comment."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reports import markup, text
from reports.actions import ActionRow, action_rows, actions_told
from reports.attendance import ATTENDANCE, listed_text, pins_text, sentence_of
from reports.figures import requests_told
from reports.hints import example_of
from reports.occurrences import CLASSES, OBSERVATIONS, VIOLATIONS
from reports.retold import retold
from reports.rules_shown import TITLES, further_rules, rows_of, total_text, unjudged
from reports.unread import waited
from reports.verdict import headline, note_lines, reason_lines
from reports.weather_shown import (
    COLUMNS,
    FaultRow,
    MisbehaviourRow,
    apart_sentence,
    fault_rows,
    faults_sentence,
    misbehaviour_rows,
    outcome_word,
)
from simulator.measurements.misbehaviours import OUTCOMES, SENT
from simulator.measurements.names import KNOWN_NAMES, RARE_FIGURES
from simulator.shown import detail
from simulator.texts.translation import N_, _, pgettext

MOST_CHARS = 60_000
"""Forges cut comments at about 65,000 characters."""
MOST_FAILURES = 20
MOST_RULES = 30
MOST_FAULTS = 20
MOST_ACTIONS = 20
_CUT = N_("(cut: the whole is in `report.html`)")
_NO_FAILURES, _COUNTS_ALONE, _FEW_LINES, _OWN_NAMES, _CROSSED_THRESHOLDS = range(1, 6)
"""Steps of leaving out, each on top of the ones before."""
_LEAST_DETAIL = _CROSSED_THRESHOLDS
_FEW = 10
_LINE_CHARS = 500
_MOST_CROSSED = 50
_OWN = frozenset(KNOWN_NAMES)
_FAULT_COLUMNS = ("50 % back", "99 % back", "all back", "never back", "backlog", "requests cut off", "requests held up")
_TABLES = (
    (N_("Requests"), "requests", N_("funcId"), "latency_ms"),
    (N_("Flows"), "flows", N_("flow"), "latency_ms"),
    (N_("Commands"), "commands", N_("command"), "handling_ms"),
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
    return page[:MOST_CHARS].rsplit("\n", 1)[0] + f"\n\n{_(_CUT)}\n"


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
        yield _heading(_("Thresholds"))
        yield _thresholds(summary["thresholds"], crossed_only=left_out >= _CROSSED_THRESHOLDS)
    for name in CLASSES:
        if summary[name]["total"]:
            yield _heading(_("{heading}: {told}", heading=_(TITLES[name]), told=total_text(summary, name)))
            yield _rules(summary, name, _FEW if left_out >= _FEW_LINES else MOST_RULES)
    rows_of_faults = fault_rows(summary)
    if rows_of_faults:
        yield _heading(_("Faults: {told}", told=markup.sentence(faults_sentence(summary))))
        if left_out < _NO_FAILURES:
            yield _faults(rows_of_faults, MOST_FAULTS if left_out < _COUNTS_ALONE else _FEW)
    if left_out < _NO_FAILURES and (ways := misbehaviour_rows(summary)):
        yield _heading(_("Misbehaviour"))
        yield _misbehaviour(ways)
    if left_out < _NO_FAILURES and (done := action_rows(summary)):
        yield _heading(actions_told()["title"])
        yield _actions(done)
    if apart := apart_sentence(summary):
        yield f"> {markup.sentence(apart)}"
    for heading, kind, first, latency in _TABLES:
        rows = {name: figures for name, figures in summary[kind].items() if figures["count"]}
        shown = rows
        if left_out >= _OWN_NAMES:
            shown = {name: figures for name, figures in rows.items() if name in _OWN}
        if rows:
            yield _heading(_(heading))
            yield _series(summary, shown, _(first), latency, codes=left_out < _COUNTS_ALONE)
            if more := len(rows) - len(shown):
                yield _("… and {count} more", count=more)
    section = summary.get(ATTENDANCE)
    if section is not None and section["remarkable"] and left_out < _COUNTS_ALONE:
        yield _heading(_("Attendance: {told}", told=markup.sentence(listed_text(section))))
        yield _meetings(section["remarkable"])
    if summary["failures"] and left_out < _NO_FAILURES:
        yield _heading(_("Failures"))
        yield _failures(summary["failures"])
    if left_out:
        yield _(_CUT)


def _heading(told: str) -> str:
    return f"### {told}"


def _overview(summary: Mapping[str, Any]) -> str:
    fleet, records, generator = summary["fleet"], summary["records"], summary["generator"]
    requests, failures = requests_told(summary)
    lines = [
        _("{duration} from {started}", duration=text.duration(summary["duration_s"]), started=summary["started"]),
        _(
            "Devices: {online} of {devices} came online, online {share} of their time, {connections} connections, "
            "up to {rate} a second",
            online=text.count(fleet["came_online"]),
            devices=text.count(fleet["devices"]),
            share=text.percent(fleet["online_ratio"]),
            connections=text.count(fleet["connections"]),
            rate=text.count(fleet.get("peak_connects_per_s")),
        ),
        _(
            "Requests: {count} ({rate}/s), {failures} failed",
            count=text.count(requests),
            rate=text.rate(requests / summary["duration_s"]),
            failures=text.count(failures),
        ),
        _("Records: {figures}", figures=text.listed(_record_figures(records))),
    ]
    if kept := text.ledger_held(summary):
        lines.append(_("Ledger: {kept}", kept=kept))
    if ATTENDANCE in summary:
        lines.append(_("Attendance: {told}", told=sentence_of(summary[ATTENDANCE])))
    violations = _bold(total_text(summary, VIOLATIONS), summary[VIOLATIONS]["total"])
    observations = total_text(summary, OBSERVATIONS)
    judged = _("Violations: {violations}; observations: {count}", violations=violations, count=observations)
    lines.append(text.clauses([judged, unjudged(summary)]))
    state, lag = text.generator_state(generator), text.milliseconds(generator["loop_lag_ms"]["p99"])
    told = _(
        "Generator: {state}, loop lag p99 {milliseconds} ms",
        state=state if generator["healthy"] else f"**{state}**",
        milliseconds=lag,
    )
    lines.append(text.clauses([told, waited(generator), text.held(generator)]))
    if platform := text.platform_held(summary):
        lines.append(_("Embedded platform: {held}", held=platform))
    return "\n".join(f"- {line}" for line in lines)


def _record_figures(records: Mapping[str, int]) -> Iterator[str]:
    """Those that every run has, and those that are not 0."""
    yield from (text.record_figure(name, records[name]) for name in ("generated", "acknowledged"))
    if records["pending"]:
        yield f"**{text.record_figure('pending', records['pending'])}**"
    for name in ("rejected", "refused", *RARE_FIGURES):
        if records.get(name):
            yield text.record_figure(name, records[name])


def _bold(words: str, count: int) -> str:
    return f"**{words}**" if count else words


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
    headings = [_("rule"), _("count"), _("devices"), _("by funcId"), _("document"), _("first example"), _("what to do")]
    more = _("… and {rules}", rules=further_rules(rows[most:])) if len(rows) > most else ""
    return _table(headings, "lrrllll", cells, more)


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
    headings = [pgettext("a column", "at"), _("fault"), _("devices hit"), *map(_, _FAULT_COLUMNS)]
    return _table(headings, "llr" + "r" * len(_FAULT_COLUMNS), cells, _more(rows, shown))


def _more(rows: Sequence[Any], shown: Sequence[Any]) -> str:
    left = len(rows) - len(shown)
    return _("… and {count} more in `report.html`", count=left) if left else ""


def _actions(rows: list[ActionRow]) -> str:
    """What somebody did while the run went on; of many the first ones."""
    cells = [
        [row.when, markup.sentence(row.what), markup.word(row.whom), row.seconds, markup.sentence(row.result)]
        for row in rows[:MOST_ACTIONS]
    ]
    return _table(actions_told()["heads"], "rllrl", cells, _more(rows, cells))


def _misbehaviour(rows: list[MisbehaviourRow]) -> str:
    cells = [[markup.code(row.way), *(text.count(row.counts[name]) for name in (SENT, *OUTCOMES))] for row in rows]
    return _table([_("way"), *map(outcome_word, (SENT, *OUTCOMES))], "lrrrr", cells)


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
    counts = [
        pgettext("people at a meeting", "expected"),
        pgettext("people at a meeting", "came"),
        pgettext("people at a meeting", "late"),
        pgettext("people at a meeting", "missing"),
        _("not acknowledged"),
    ]
    headings = [_("device"), "meetCode", _("start (UTC)"), *counts, _("who")]
    return _table(headings, "lllrrrrrl", cells, _more(remarks, remarks[:_FEW]))


def _thresholds(results: list[Mapping[str, Any]], *, crossed_only: bool) -> str:
    shown = [item for item in results if not item["passed"]][:_MOST_CROSSED] if crossed_only else results
    rows = [
        [
            _THRESHOLD_MARKS[text.judged(item)],
            markup.code(detail(item["expression"], _LINE_CHARS)),
            text.judged_word(item) if text.judged(item) == text.NOT_JUDGED else text.threshold_value(item),
            markup.sentence(detail(retold(item["reason"]))),
        ]
        for item in shown
    ]
    headings = ["", pgettext("a column", "threshold"), pgettext("a column", "value"), pgettext("a column", "remark")]
    left = len(results) - len(shown)
    more = _("… and {count} more", count=left) if left else ""
    return _table(headings, "clrl", rows, more) if rows else more


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
    headings = [first, _("count"), "/s", _("failures"), *(f"{label} ms" for label in _LATENCIES.values())]
    return _table(headings, "lrrl" + "r" * len(_LATENCIES), cells)


def _failed(figures: Mapping[str, Any], codes: bool) -> str:
    count = f"**{figures['failures']:,}**" if figures["failures"] else "0"
    told = text.outcomes(figures, markup.word)
    return _("{count}: {codes}", count=count, codes=told) if codes and told else count


def _failures(failures: list[Mapping[str, Any]]) -> str:
    rows = [
        [
            markup.code(item["name"]),
            text.count(item["count"]),
            markup.word(example_of(item)),
            text.clock(item["first"]),
            text.clock(item["last"]),
        ]
        for item in failures[:MOST_FAILURES]
    ]
    headings = [pgettext("a column", "of"), _("count"), _("code"), _("first (UTC)"), _("last (UTC)")]
    left = len(failures) - MOST_FAILURES
    return _table(headings, "lrlll", rows, _("… and {count} more kinds", count=left) if left > 0 else "")


def _table(headings: list[str], alignment: str, rows: list[list[str]], more: str = "") -> str:
    """The cells are Markdown already; `more` says below what is left out."""
    rule = {"l": ":--", "r": "--:", "c": ":-:"}
    lines = ["| " + " | ".join(headings) + " |", "|" + "|".join(rule[side] for side in alignment) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    lines += ["", more] if more else []
    return "\n".join(lines)
