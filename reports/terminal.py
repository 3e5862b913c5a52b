"""The report on the terminal: a table per funcId in the protocol's order, then what else decides about the run.

Takes a summary, prints with `rich`; plain and without colours where the output is no terminal. As the terminal gets
narrower, columns give way in a fixed order, the ones that matter least first.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from rich import box
from rich.console import Console
from rich.markup import escape as escape_markup
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from reports import text
from reports.attendance import ATTENDANCE, meetings_text, people_text, records_text
from reports.occurrences import INTERNAL_ERRORS, OBSERVATIONS, VIOLATIONS
from reports.rules_shown import counted, further_rules, rows_of, total_text
from reports.verdict import headline, note_lines, reason_lines
from reports.weather_shown import fault_rows, faults_sentence, misbehaviour_sentence
from reports.writer import HTML, SUMMARY
from simulator.measurements.names import RARE_FIGURES, RECORD_FIGURES
from simulator.printing import safe
from simulator.shown import detail, printable

PLAIN_WIDTH = 160
"""Characters a line where no terminal says how wide it is: room for every column, as CI logs have."""
CODES_WIDTH = 128
"""Narrower tables have no room for failure codes: they follow in lines of their own."""
MOST_DETAILS = 12
"""Lines about failures: a run in which everything fails must not push its tables off the screen."""
MOST_FAULTS = 8
MOST_RULES = 6
"""Rules of violations that are told with an example."""
MOST_FUNC_IDS = 3
_EXAMPLE = 140
_INDENT = 12
_LATENCIES = {"min": "min", "p50": "p50", "p90": "p90", "p95": "p95", "p99": "p99", "p999": "p99.9", "max": "max"}
_COLUMNS_BY_WIDTH = (
    (150, ()),
    (128, ("out", "in")),
    (112, ("out", "in", "min")),
    (96, ("out", "in", "min", "p90")),
    (0, ("out", "in", "min", "p90", "p999")),
)
_VERDICT_STYLES = {
    "passed": "bold green",
    "failed": "bold red",
    "invalid": "bold yellow",
    "interrupted": "bold yellow",
}
_MARK_STYLES = {"passed": "green", "crossed": "bold red", text.NOT_JUDGED: "bold yellow"}


def plain(value: str) -> str:
    """A text from outside for `rich`: neither its markup nor a terminal's commands work in it."""
    return escape_markup(printable(value))


def print_summary(
    summary: Mapping[str, Any], file: TextIO | None = None, width: int | None = None, *, report: Path | None = None
) -> None:
    """Print the whole report.

    Args:
        summary: of `build_summary`.
        file: standard output unless given.
        width: columns; the terminal's unless given, 160 where there is no terminal.
        report: the directory that its files are in, to be named in the last line.
    """
    file = safe(sys.stdout if file is None else file)
    console = Console(file=file, width=width, highlight=False)
    if not console.is_terminal and width is None:
        console = Console(file=file, width=PLAIN_WIDTH, highlight=False, no_color=True)
    seconds = summary["duration_s"]
    console.print()
    console.print(_verdict(summary), soft_wrap=True)
    console.print()
    console.print(_series_table("Requests", "funcId", summary["requests"], "latency_ms", seconds, console.width))
    flows = {name: figures for name, figures in summary["flows"].items() if figures["count"]}
    if flows:
        console.print(_series_table("Flows", "flow", flows, "latency_ms", seconds, console.width))
    if summary["commands"]:
        commands = summary["commands"]
        console.print(_series_table("Commands handled", "command", commands, "handling_ms", seconds, console.width))
    if console.width < CODES_WIDTH:
        for name, figures in (*summary["requests"].items(), *flows.items(), *summary["commands"].items()):
            if figures["failures"]:
                console.print(f"[bold]Failed[/]      {plain(name)}: {plain(text.codes(figures['codes']))}")
    for line in failure_lines(summary["failures"]):
        console.print(f"[bold]First[/]       {plain(line)}", soft_wrap=True)
    for line in weather_lines(summary):
        console.print(line, soft_wrap=True)
    console.print(Text.from_markup(_fleet_lines(summary)))
    for line in rule_lines(summary):
        indented = line.startswith(" ")
        console.print(Padding(line.strip(), (0, 0, 0, _INDENT if indented else 0), expand=False))
    _print_thresholds(console, summary["thresholds"])
    _print_verdict(console, summary)
    if report is not None:
        console.print(f"[bold]Report[/]      {plain(str(_best_page(report)))}", soft_wrap=True)


def _best_page(report: Path) -> Path:
    """The file for people, where it was written."""
    return next((page for name in (HTML, SUMMARY) if (page := report / name).is_file()), report)


def weather_lines(summary: Mapping[str, Any]) -> Iterator[str]:
    """Faults and misbehaviour in rich's markup, the slowest recoveries by name; nothing where there were none."""
    if told := faults_sentence(summary):
        yield f"[bold]Faults[/]      {told}"
    rows = fault_rows(summary)
    worst = sorted(rows, key=lambda row: (-row.alarm, -row.recovery_s("all")))[:MOST_FAULTS]
    for row in sorted(worst, key=lambda row: row.at):
        state = f", [bold red]{row.state}[/]" if row.alarm and row.state else f", {row.state}" if row.state else ""
        never = f", [bold red]{row.not_back} never back[/]" if row.sum_of("never_back") else ""
        back = f"; {row.returns}" if row.returns else ""
        overtaken = f", {row.overtaken}" if row.overtaken else ""
        head = f"{' ' * _INDENT}{row.when}: {plain(row.text)}; {row.hit_text} hit{overtaken}{state}"
        yield f"{head}{back}{never}; backlog {row.backlog}"
    if more := len(rows) - len(worst):
        yield f"{' ' * _INDENT}… and {more} more in the report"
    if told := misbehaviour_sentence(summary):
        yield f"[bold]Misbehaved[/]  {told}"


def failure_lines(failures: list[Mapping[str, Any]]) -> list[str]:
    """What is known of the first failure of each name and code, the most frequent first; at most `MOST_DETAILS`."""
    told = [item for item in failures if item.get("detail")]
    lines = [f"{item['name']} {item['code']}: {item['detail']}" for item in told[:MOST_DETAILS]]
    if more := len(told) - len(lines):
        lines.append(f"… and {more} more in the report")
    return lines


def rule_lines(summary: Mapping[str, Any]) -> Iterator[str]:
    """Violations with the worst rules, observations and internal errors, in rich's markup; one line where none is."""
    unjudged = "" if summary["fleet"]["came_online"] else "; no device came online, so that little could be judged"
    violations, observations = rows_of(summary, VIOLATIONS), rows_of(summary, OBSERVATIONS)
    if violations:
        yield f"[bold red]Violations[/]  {total_text(summary, VIOLATIONS)}"
    elif not observations:
        yield f"[bold]Violations[/]  none, and no observations{unjudged}"
    else:
        yield f"[bold]Violations[/]  none{unjudged}"
    for row in violations[:MOST_RULES]:
        devices = counted(row.devices, "device") if row.devices else ""
        of = ", ".join(filter(None, (devices, text.tally(row.func_ids, most=MOST_FUNC_IDS))))
        of = f" ({plain(of)})" if of else ""
        yield f"  {plain(row.rule)} {row.count:,}{of}: {plain(detail(row.example, _EXAMPLE))}"
    if left := violations[MOST_RULES:]:
        yield f"  … and {further_rules(left)} in the report"
    if observations:
        yield f"[bold]Observed[/]    {plain(text.tally({row.rule: row.count for row in observations}))}"
    if errors := rows_of(summary, INTERNAL_ERRORS):
        yield f"[bold red]Own errors[/]  {plain(text.tally({row.rule: row.count for row in errors}))}"


def _series_table(
    title: str, first: str, rows: Mapping[str, Mapping[str, Any]], latency: str, seconds: float, width: int
) -> Table:
    """Durations in ms."""
    dropped = next(names for least, names in _COLUMNS_BY_WIDTH if width >= least)
    latencies = {name: label for name, label in _LATENCIES.items() if name not in dropped}
    with_bytes = any(figures.get("bytes_out") for figures in rows.values()) and "out" not in dropped
    with_codes = width >= CODES_WIDTH and any(figures["failures"] for figures in rows.values())
    longest = max((len(name) for name in rows), default=1)
    table = Table(
        title=f"{title} (durations in ms)",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column(first, overflow="fold", min_width=min(longest, 28 if width >= 100 else 16))
    for label in ("count", "/s", "fail"):
        table.add_column(label, justify="right", no_wrap=True)
    for label in latencies.values():
        table.add_column(label, justify="right", no_wrap=True)
    if with_bytes:
        table.add_column("out", justify="right", no_wrap=True)
        table.add_column("in", justify="right", no_wrap=True)
    if with_codes:
        table.add_column("failure codes", overflow="fold")
    for name, figures in rows.items():
        failures = figures["failures"]
        cells = [plain(name), text.count(figures["count"]), text.rate(figures["count"] / seconds)]
        cells.append(f"[red]{failures:,}[/]" if failures else "0")
        cells += [text.milliseconds(figures[latency][key]) for key in latencies]
        if with_bytes:
            cells += [text.size(figures.get("bytes_out")), text.size(figures.get("bytes_in"))]
        if with_codes:
            cells.append(plain(text.codes(figures["codes"])))
        table.add_row(*cells)
    return table


def _fleet_lines(summary: Mapping[str, Any]) -> str:
    fleet, records, generator = summary["fleet"], summary["records"], summary["generator"]
    lines = [
        f"[bold]Devices[/]     {fleet['came_online']:,} of {fleet['devices']:,} came online, at most "
        f"{fleet['peak_online']:,} at a time, online {text.percent(fleet['online_ratio'])} of their time; "
        f"{fleet['connections']:,} connections, up to {text.count(fleet.get('peak_connects_per_s'))} a second"
    ]
    if fleet["disconnects"]:
        lines.append(f"[bold]Disconnects[/] {plain(text.tally(fleet['disconnects']))}")
    named = [name for name in RECORD_FIGURES if name not in RARE_FIGURES or records.get(name)]
    lines.append("[bold]Records[/]     " + ", ".join(f"{records[name]:,} {name}" for name in named))
    if kept := text.ledger_held(summary):
        lines.append(f"[bold]Ledger[/]      {kept}")
    if ATTENDANCE in summary:
        section = summary[ATTENDANCE]
        told = f"{meetings_text(section)}: {people_text(section)}; {records_text(section)}"
        lines.append(
            f"[bold]Attendance[/]  {told}" + ("" if section["complete"] else "[bold yellow]; not all of it was told[/]")
        )
    lag = generator["loop_lag_ms"]
    state = text.generator_state(generator)
    lines.append(
        f"[bold]Generator[/]   {state if generator['healthy'] else f'[bold yellow]{state}[/]'}; loop lag p99 "
        f"{text.milliseconds(lag['p99'])} ms, max {text.milliseconds(lag['max'])} ms; CPU "
        f"{text.rate(generator['cpu_percent'])} % of a core; {text.count(generator['rss_mb'])} MB; "
        f"{generator['processes']} process{'es' if generator['processes'] != 1 else ''}"
        + (f"; {held}" if (held := text.held(generator)) else "")
    )
    if platform := text.platform_held(summary):
        lines.append(f"[bold]Platform[/]    embedded: {platform}")
    return "\n".join(lines)


def _print_thresholds(console: Console, results: list[Mapping[str, Any]]) -> None:
    if not results:
        return
    table = Table(title="Thresholds", title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    table.add_column("threshold", overflow="fold")
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("remark", overflow="fold")
    for result in results:
        word = text.judged(result)
        mark = f"[{_MARK_STYLES[word]}]{word}[/]"
        cells = (mark, plain(result["expression"]), text.threshold_value(result), plain(result.get("reason", "")))
        table.add_row(*cells)
    console.print(table)


def _print_verdict(console: Console, summary: Mapping[str, Any]) -> None:
    """Notes and further reasons, and once more the first line: the eye is at the end of what was printed."""
    for note in note_lines(summary):
        console.print(f"[yellow]Note:[/] {plain(note)}", soft_wrap=True)
    for reason in reason_lines(summary)[1:]:
        console.print(f"[yellow]Also:[/] {plain(reason)}", soft_wrap=True)
    console.print(_verdict(summary), soft_wrap=True)


def _verdict(summary: Mapping[str, Any]) -> str:
    verdict = summary["verdict"]
    line = headline(summary).removeprefix(verdict.upper())
    return f"[bold]Verdict[/]     [{_VERDICT_STYLES[verdict]}]{verdict.upper()}[/]{plain(line)}"
