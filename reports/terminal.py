"""The report on the terminal: a table per funcId in the protocol's order, then what else decides about the run.

Takes a summary, prints with `rich`; plain and without colours where the output is no terminal. As the terminal gets
narrower, columns give way in a fixed order, the ones that matter least first, and what is longer than a line goes on
below itself, behind the labels.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape as escape_markup
from rich.table import Table
from rich.text import Text

from reports import text
from reports.attendance import ATTENDANCE, lacking_text, told_text
from reports.hints import detail_of
from reports.occurrences import INTERNAL_ERRORS, OBSERVATIONS, VIOLATIONS
from reports.retold import retold
from reports.rules_shown import further_rules, rows_of, total_text, unjudged
from reports.text import counted
from reports.unread import waited
from reports.verdict import headline, note_lines, reason_lines
from reports.weather_shown import fault_rows, faults_sentence, misbehaviour_sentence
from reports.wrapping import wrapped
from reports.writer import HTML, SUMMARY
from simulator.measurements.names import RARE_FIGURES, RECORD_FIGURES
from simulator.measurements.short_labels import reason_label
from simulator.printing import safe
from simulator.shown import detail, printable
from simulator.texts.translation import _, pgettext

PLAIN_WIDTH = 160
"""Characters a line where no terminal says how wide it is: room for every column, as CI logs have."""
CODES_WIDTH = 128
"""Narrower tables have no room for failure codes: they follow in lines of their own."""
REMARKS_WIDTH = 80
"""Narrower tables of thresholds have their remarks below the thresholds."""
MOST_DETAILS = 12
"""Lines about failures: a run in which everything fails must not push its tables off the screen."""
MOST_FAULTS = 8
MOST_RULES = 6
"""Rules of violations that are told with an example."""
MOST_FUNC_IDS = 3
_EXAMPLE = 140
_INDENT = 12
_LEAST_COLUMNS = 20
_LEAST_NAME = 12
_EDGES = 2
_GAP = 3
"""What a table needs beside its columns, and between them."""
_CODES = 20
"""For failure codes, which are folded."""
_LATENCIES = {"min": "min", "p50": "p50", "p90": "p90", "p95": "p95", "p99": "p99", "p999": "p99.9", "max": "max"}
_GIVE_WAY = ("out", "in", "min", "p90", "p999", "p50", "rate", "max", "p95")
"""Columns of a table of durations in the order in which they are left out."""
_KEPT_WHOLE = 5
"""So many of them are left out before a name is folded."""
_VERDICT_STYLES = {
    "passed": "bold green",
    "failed": "bold red",
    "invalid": "bold yellow",
    "interrupted": "bold yellow",
}
_MARK_STYLES = {text.PASSED: "green", text.CROSSED: "bold red", text.NOT_JUDGED: "bold yellow"}


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
    page = _Page(_console(safe(sys.stdout if file is None else file), width), fitted=width is not None)
    page.summary(summary)
    if report is not None:
        page.line(_("Report"), plain(str(_best_page(report))), whole=True)


def print_verdict(summary: Mapping[str, Any], report: Path, file: TextIO | None = None) -> None:
    """Print the first line, and where the report is: of a run whose figures are looked at elsewhere."""
    page = _Page(_console(safe(sys.stdout if file is None else file), None))
    page.verdict(summary)
    page.line(_("Report"), plain(str(_best_page(report))), whole=True)


def _console(file: TextIO, width: int | None) -> Console:
    console = Console(file=file, width=width, highlight=False)
    if not file.isatty() or console.is_dumb_terminal:
        # Colours may be forced upon a log all the same (`FORCE_COLOR`); how wide it is nobody can know.
        forced = bool(os.environ.get("FORCE_COLOR"))
        columns = width or _columns() or PLAIN_WIDTH
        console = Console(file=file, width=columns, highlight=False, no_color=None if forced else True)
    return console


def _columns() -> int | None:
    """What somebody said by `COLUMNS`, which a shell does not hand on by itself; None for nothing usable."""
    said = os.environ.get("COLUMNS", "")
    return int(said) if said.isascii() and said.isdigit() and int(said) >= _LEAST_COLUMNS else None


def _best_page(report: Path) -> Path:
    """The file for people, where it was written."""
    return next((page for name in (HTML, SUMMARY) if (page := report / name).is_file()), report)


class _Page:
    """What is printed of a summary, from top to bottom; texts are rich's markup."""

    def __init__(self, console: Console, *, fitted: bool = False) -> None:
        self._console = console
        self._width = console.width
        self._hanging = fitted or (console.is_terminal and not console.is_dumb_terminal)
        """In a log lines are as long as they are, whatever `COLUMNS` says of tables: whoever reads it searches it."""

    def summary(self, summary: Mapping[str, Any]) -> None:
        self._console.print()
        self.verdict(summary)
        self._console.print()
        self._series(summary)
        for line in failure_lines(summary["failures"]):
            self.line(_("First"), plain(line))
        for label, line in weather_lines(summary):
            self.line(label, line)
        for label, line in _fleet_lines(summary):
            self.line(label, line)
        for label, line in rule_lines(summary):
            self.line(label, line)
        self._thresholds(summary["thresholds"])
        for note in note_lines(summary):
            self._remark(_("Note: {remark}"), note)
        for reason in reason_lines(summary)[1:]:
            self._remark(_("Also: {remark}"), reason)
        # The eye is at the end of what was printed.
        self.verdict(summary)

    def line(self, label: str, told: str, *, whole: bool = False) -> None:
        """A line behind its label, which may be empty; `whole` is never broken: somebody copies it."""
        name = Text.from_markup(f"[bold]{label}[/]" if "[" not in label else label)
        name.append(" " * max(_INDENT - name.cell_len, 1))
        if whole or not self._hanging:
            self._console.print(name, Text.from_markup(told), sep="", soft_wrap=True)
            return
        grid = Table.grid(padding=0)
        grid.add_column(width=max(_INDENT, name.cell_len), no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row(name, wrapped(Text.from_markup(told), self._width - max(_INDENT, name.cell_len)))
        self._console.print(grid)

    def _remark(self, form: str, told: str) -> None:
        label = form.partition("{")[0]
        marked = Text.from_markup(f"[yellow]{label.rstrip()}[/]{label[len(label.rstrip()) :]}{plain(told)}")
        self._console.print(wrapped(marked, self._width) if self._hanging else marked, soft_wrap=True)

    def verdict(self, summary: Mapping[str, Any]) -> None:
        verdict = summary["verdict"]
        mark = text.verdict_mark(verdict)
        before, _mark, after = headline(summary).partition(mark)
        self.line(_("Verdict"), f"{plain(before)}[{_VERDICT_STYLES[verdict]}]{mark}[/]{plain(after)}")

    def _series(self, summary: Mapping[str, Any]) -> None:
        seconds = summary["duration_s"]
        flows = {name: figures for name, figures in summary["flows"].items() if figures["count"]}
        tables = (
            (_("Requests (durations in ms)"), pgettext("a column", "funcId"), summary["requests"], "latency_ms"),
            (_("Flows (durations in ms)"), pgettext("a column", "flow"), flows, "latency_ms"),
            (
                _("Commands handled (durations in ms)"),
                pgettext("a column", "command"),
                summary["commands"],
                "handling_ms",
            ),
        )
        for title, first, rows, latency in tables:
            if rows or rows is summary["requests"]:
                self._console.print(_series_table(title, first, rows, latency, seconds, self._width))
        if self._width < CODES_WIDTH:
            for name, figures in (*summary["requests"].items(), *flows.items(), *summary["commands"].items()):
                if told := text.outcomes(figures):
                    named = _("{name}: {codes}", name=plain(name), codes=plain(told))
                    self.line(pgettext("a label", "Failed"), named)

    def _thresholds(self, results: list[Mapping[str, Any]]) -> None:
        if not results:
            return
        beside = self._width >= REMARKS_WIDTH and any(result.get("reason") for result in results)
        table = _table(_("Thresholds"))
        table.add_column("")
        table.add_column(pgettext("a column", "threshold"), overflow="fold")
        table.add_column(pgettext("a column", "value"), justify="right", no_wrap=self._width >= REMARKS_WIDTH)
        if beside:
            table.add_column(pgettext("a column", "remark"), overflow="fold")
        for result in results:
            mark = f"[{_MARK_STYLES[text.judged(result)]}]{text.judged_word(result)}[/]"
            remark = plain(retold(result.get("reason", "")))
            named = plain(result["expression"]) + (f"\n[dim]{remark}[/]" if remark and not beside else "")
            table.add_row(mark, named, text.threshold_value(result), *([remark] if beside else []))
        self._console.print(table)


def weather_lines(summary: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Faults and misbehaviour: labels and lines, the slowest recoveries by name; nothing where there were none."""
    if told := faults_sentence(summary):
        yield pgettext("a label", "Faults"), told
    rows = fault_rows(summary)
    worst = sorted(rows, key=lambda row: (-row.alarm, -row.recovery_s("all")))[:MOST_FAULTS]
    for row in sorted(worst, key=lambda row: row.at):
        hit = _("{devices} hit", devices=row.hit_text)
        state = f"[bold red]{row.state}[/]" if row.alarm and row.state else row.state
        first = text.listed(filter(None, [hit, row.overtaken, state]))
        never = _("{count} never back", count=row.not_back) if row.sum_of("never_back") else ""
        back = text.listed(filter(None, [row.returns, never and f"[bold red]{never}[/]"]))
        told = text.clauses([plain(row.text), first, back, _("backlog {records}", records=row.backlog)])
        yield "", _("{when}: {what}", when=row.when, what=told)
    if more := len(rows) - len(worst):
        yield "", _("… and {count} more in the report", count=more)
    if told := misbehaviour_sentence(summary):
        yield pgettext("a label", "Misbehaved"), told


def failure_lines(failures: list[Mapping[str, Any]]) -> list[str]:
    """What is known of the first failure of each name and code, the most frequent first; at most `MOST_DETAILS`."""
    told = [item for item in failures if item.get("detail")]
    lines = [
        _("{name} {code}: {known}", name=item["name"], code=item["code"], known=detail_of(item))
        for item in told[:MOST_DETAILS]
    ]
    if more := len(told) - len(lines):
        lines.append(_("… and {count} more in the report", count=more))
    return lines


def rule_lines(summary: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Violations with the worst rules, observations and internal errors: labels and lines in rich's markup; one line
    where there is none."""
    violations, observations = rows_of(summary, VIOLATIONS), rows_of(summary, OBSERVATIONS)
    if violations:
        title = _("Violations")
        yield f"[bold red]{title}[/]", total_text(summary, VIOLATIONS)
    else:
        none = _("none") if observations else _("none, and no observations")
        yield _("Violations"), text.clauses([none, unjudged(summary)])
    for row in violations[:MOST_RULES]:
        devices = counted(row.devices, "device") if row.devices else ""
        of = text.listed(filter(None, (devices, text.tally(row.func_ids, most=MOST_FUNC_IDS))))
        of = _(" ({reasons})", reasons=plain(of)) if of else ""
        named, example = f"{plain(row.rule)} {row.count:,}{of}", plain(detail(row.example, _EXAMPLE))
        yield "", _("{rule}: {example}", rule=named, example=example)
    if left := violations[MOST_RULES:]:
        yield "", _("… and {rules} in the report", rules=further_rules(left))
    if observations:
        yield pgettext("a label", "Observed"), plain(text.tally({row.rule: row.count for row in observations}))
    if errors := rows_of(summary, INTERNAL_ERRORS):
        label = pgettext("a label", "Own errors")
        yield f"[bold red]{label}[/]", plain(text.tally({row.rule: row.count for row in errors}))


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)


def _series_table(
    title: str, first: str, rows: Mapping[str, Mapping[str, Any]], latency: str, seconds: float, width: int
) -> Table:
    """Durations in ms. Columns are left out until the rest fits."""
    columns = {
        "count": (pgettext("a column", "count"), [text.count(found["count"]) for found in rows.values()]),
        "rate": ("/s", [text.rate(found["count"] / seconds) for found in rows.values()]),
        "fail": (pgettext("a column", "fail"), [_failures(found["failures"]) for found in rows.values()]),
    }
    for key, label in _LATENCIES.items():
        columns[key] = (label, [text.milliseconds(found[latency][key]) for found in rows.values()])
    if any(figures.get("bytes_out") for figures in rows.values()):
        for key, label in (("out", pgettext("bytes", "out")), ("in", pgettext("bytes", "in"))):
            columns[key] = (label, [text.size(found.get(f"bytes_{key}")) for found in rows.values()])
    names = [plain(name) for name in rows]
    codes = [plain(text.outcomes(found)) for found in rows.values()]
    with_codes = width >= CODES_WIDTH and any(codes)
    longest = max((cell_len(name) for name in rows), default=1)
    left_out = _left_out(columns, longest, width - _EDGES - (_CODES if with_codes else 0))
    table = _table(title)
    table.add_column(first, overflow="fold", min_width=min(longest, _LEAST_NAME))
    for key, (label, _cells) in columns.items():
        if key not in left_out:
            table.add_column(label, justify="right", no_wrap=True)
    if with_codes:
        table.add_column(pgettext("a column", "failure codes"), overflow="fold")
    shown = [cells for key, (_label, cells) in columns.items() if key not in left_out]
    for row in zip(names, *shown, *([codes] if with_codes else []), strict=True):
        table.add_row(*row)
    return table


def _left_out(columns: Mapping[str, tuple[str, list[str]]], longest: int, width: int) -> set[str]:
    """Which columns give way, so that the others fit beside a name: a whole one first, one that is folded then."""
    widths = {
        key: _GAP + max(map(cell_len, (label, *(Text.from_markup(cell).plain for cell in cells))))
        for key, (label, cells) in columns.items()
    }
    left_out: set[str] = set()
    for number, key in enumerate(_GIVE_WAY):
        name = longest if number < _KEPT_WHOLE else _LEAST_NAME
        if name + sum(wide for of, wide in widths.items() if of not in left_out) <= width:
            break
        left_out.add(key)
    return left_out


def _failures(number: int) -> str:
    return f"[red]{number:,}[/]" if number else "0"


def _fleet_lines(summary: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    fleet, records, generator = summary["fleet"], summary["records"], summary["generator"]
    yield (
        _("Devices"),
        _(
            "{online} of {devices} came online, at most {peak} at a time, online {share} of their time; "
            "{connections} connections, up to {rate} a second",
            online=text.count(fleet["came_online"]),
            devices=text.count(fleet["devices"]),
            peak=text.count(fleet["peak_online"]),
            share=text.percent(fleet["online_ratio"]),
            connections=text.count(fleet["connections"]),
            rate=text.count(fleet.get("peak_connects_per_s")),
        ),
    )
    if fleet["disconnects"]:
        yield _("Disconnects"), plain(text.tally(fleet["disconnects"], reason_label))
    named = [name for name in RECORD_FIGURES if name not in RARE_FIGURES or records.get(name)]
    yield _("Records"), text.listed(text.record_figure(name, records[name]) for name in named)
    if kept := text.ledger_held(summary):
        yield _("Ledger"), kept
    if ATTENDANCE in summary:
        told, lacking = told_text(summary[ATTENDANCE]), lacking_text(summary[ATTENDANCE])
        yield _("Attendance"), text.clauses([told, lacking and f"[bold yellow]{lacking}[/]"])
    lag, state = generator["loop_lag_ms"], text.generator_state(generator)
    parts = [
        state if generator["healthy"] else f"[bold yellow]{state}[/]",
        _(
            "loop lag p99 {p99} ms, max {max} ms",
            p99=text.milliseconds(lag["p99"]),
            max=text.milliseconds(lag["max"]),
        ),
        _("CPU {percent} % of a core", percent=text.hundredths(generator["cpu_percent"])),
        f"{text.megabytes(generator['rss_mb'])} MB",
        counted(generator["processes"], "process"),
        waited(generator),
        text.held(generator),
    ]
    yield _("Generator"), text.clauses(parts)
    if platform := text.platform_held(summary):
        yield _("Platform"), _("embedded: {held}", held=platform)
