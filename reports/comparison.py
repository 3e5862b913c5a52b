"""A comparison shown: as a table on the terminal, and as a page of its own."""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TextIO

from rich import box
from rich.console import Console
from rich.table import Table

from reports import text
from reports.attendance import ATTENDANCE
from reports.compare import (
    BETTER,
    FOLLOWS,
    MISSING,
    NEW,
    NOISE,
    UNKNOWN,
    WORSE,
    ComparedRun,
    Difference,
    change_text,
)
from reports.compare_rules import FEW, GONE, LESS, LIKE, MORE, NEWLY_BROKEN, NOT_ASKED, WORSE_MARKS, RuleDifference
from reports.measures import FAILURES
from reports.noise import Bounds
from reports.page import render_page
from reports.terminal import PLAIN_WIDTH, plain
from simulator.measurements.attendance import FIGURES
from simulator.printing import safe

MARKS: Final = {
    WORSE: ("worse", "bold red"),
    FOLLOWS: ("follows", "yellow"),
    BETTER: ("better", "green"),
    NOISE: ("within noise", "dim"),
    UNKNOWN: ("too few samples", "dim"),
    MISSING: ("missing", "bold red"),
    NEW: ("new", "cyan"),
}
RULE_MARKS: Final = {
    NEWLY_BROKEN: ("newly broken", "bold red"),
    MORE: ("more often", "bold red"),
    NOT_ASKED: ("not asked for in the base", "cyan"),
    FEW: ("too few to tell", "dim"),
    LIKE: ("as before", "dim"),
    LESS: ("less often", "green"),
    GONE: ("gone", "green"),
}
REGRESSION, UNJUDGED, NO_REGRESSION = "Regression", "Unjudged", "No regression"
METHOD: Final = (
    "A quantile's bounds are the order statistics that enclose the true quantile in all but one of a thousand cases, "
    "widened where the run's spans of time differ by more than chance; a failure share's are Wilson's. A difference is "
    "real when the bounds do not overlap and it is large enough to matter. Several base runs: their bounds together, "
    "and wider by what the runs differ. A failed request took for ever, as it does to a threshold, and so did a record "
    "that is still pending. Of a burst of under five seconds, or of few samples, a quantile is worse only where the "
    "new run's values lie above all of the base's; else it is unjudged. A flow follows when a request in it got worse "
    "and explains the flow's loss. Recoveries are compared by kind of fault, from its end, in steps of a second; the "
    "devices of one storm are taken for a quarter of as many, as they wait for each other."
)


@dataclass(frozen=True, slots=True)
class Result:
    """What a comparison comes to."""

    regressions: Sequence[str] = ()
    unjudged: Sequence[str] = ()
    """What was asked and cannot be told."""
    remarks: Sequence[str] = ()
    """What a reader must know besides."""
    allowed: bool = False
    """Whether what is unjudged may pass."""
    rules: Sequence[RuleDifference] = ()
    """The violations of the runs, rule by rule."""

    @property
    def passed(self) -> bool:
        return not self.regressions and (self.allowed or not self.unjudged)

    @property
    def word(self) -> str:
        """The first thing that is said, before its reasons."""
        if self.regressions:
            return REGRESSION
        return UNJUDGED if self.unjudged else NO_REGRESSION


def print_comparison(
    bases: Sequence[ComparedRun],
    new: ComparedRun,
    differences: Sequence[Difference],
    result: Result,
    *,
    everything: bool = False,
    file: TextIO | None = None,
    width: int | None = None,
) -> None:
    """Print the result, the table, and why the new run does not pass.

    Args:
        bases: the runs compared with.
        new: the run that is judged.
        differences: of `compare_runs`.
        result: what they come to.
        everything: rows within noise, too; else they are only counted.
        file: standard output unless given.
        width: columns; the terminal's unless given.
    """
    file = safe(sys.stdout if file is None else file)
    console = Console(file=file, width=width, highlight=False)
    if not console.is_terminal and width is None:
        console = Console(file=file, width=PLAIN_WIDTH, highlight=False, no_color=True)
    # lines of sentences are left to the terminal to break, so that each stays one line for a program
    say = partial(console.print, soft_wrap=True)
    say(f"[bold]result[/] {_in_words(result)}")
    say(f"[bold]base[/]   {plain(', '.join(run.label for run in bases))}")
    say(f"[bold]new[/]    {plain(new.label)}")
    for remark in result.remarks:
        say(f"[bold yellow]Note:[/] {plain(remark)}")
    shown = [item for item in differences if everything or item.mark not in (NOISE, UNKNOWN)]
    if shown:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column("name", overflow="fold")
        table.add_column("figure", no_wrap=True)
        for label in ("base", "new", "change"):
            table.add_column(label, justify="right", no_wrap=True)
        table.add_column("judged", no_wrap=True)
        for item in shown:
            label, style = MARKS[item.mark]
            cells = (value_text(item, item.base), value_text(item, item.new), change_text(item))
            table.add_row(plain(item.name), item.metric, *cells, f"[{style}]{label}[/]")
        console.print(table)
    for rule in result.rules:
        if rule.mark not in (LIKE, LESS) or everything:
            label, style = RULE_MARKS[rule.mark]
            say(f"[bold]violations.{plain(rule.rule)}[/] {rule.before:,} → {rule.after:,} [{style}]{label}[/]")
    for row in attendance_rows(bases, new):
        if row.differs or everything:
            say(f"[bold]{row.name}[/] {row.before} → {row.after}")
    quiet = sum(item.mark == NOISE for item in differences)
    few = sum(item.mark == UNKNOWN for item in differences)
    console.print(f"{quiet} figures within noise, {few} with too few samples to judge")
    for reason in result.regressions:
        say(f"[bold red]Regression[/] {plain(reason)}")
    for reason in result.unjudged:
        say(f"[bold yellow]Unjudged[/] {plain(reason)}")
    if result.word == NO_REGRESSION:
        console.print("[bold green]No regression[/]")


@dataclass(frozen=True, slots=True)
class AttendanceRow:
    """A figure of attendance of all runs; nothing judges it, for it is the scenario's and chance's."""

    name: str
    before: str
    """Of each base run."""
    after: str
    differs: bool


def attendance_rows(bases: Sequence[ComparedRun], new: ComparedRun) -> list[AttendanceRow]:
    """What happened at the meetings of the runs; empty where none had any."""
    if not any(run.attendance for run in (*bases, new)):
        return []
    found = []
    for name in FIGURES:
        before = [text.count(run.attendance.get(name)) for run in bases]
        after = text.count(new.attendance.get(name))
        found.append(AttendanceRow(f"{ATTENDANCE}.{name}", ", ".join(before), after, {*before} != {after}))
    return found


def _in_words(result: Result) -> str:
    if result.regressions:
        return f"[bold red]regression[/]: {plain(result.regressions[0])}{_more(result.regressions)}"
    if not result.unjudged:
        return "[bold green]no regression[/]"
    allowed = " (which --allow-unjudged allows)" if result.allowed else ""
    return f"[bold yellow]unjudged[/]{allowed}: {plain(result.unjudged[0])}{_more(result.unjudged)}"


def _more(reasons: Sequence[str]) -> str:
    return f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""


def render_comparison(
    bases: Sequence[ComparedRun], new: ComparedRun, differences: Sequence[Difference], result: Result
) -> str:
    """The comparison as one page without network, side by side."""
    by_name: dict[str, list[dict[str, Any]]] = {}
    for item in differences:
        row = {
            "metric": item.metric,
            "base": value_text(item, item.base),
            "new": value_text(item, item.new),
            "base_bounds": _bounds_text(item, item.base),
            "new_bounds": _bounds_text(item, item.new),
            "change": change_text(item),
            "mark": item.mark,
            "label": MARKS[item.mark][0],
        }
        by_name.setdefault(item.name, []).append(row)
    return render_page(
        "compare.html.j2",
        None,
        bases=bases,
        new=new,
        names=by_name,
        result=result,
        style={REGRESSION: "failed", UNJUDGED: "invalid", NO_REGRESSION: "passed"}[result.word],
        sign={REGRESSION: "✗", UNJUDGED: "!", NO_REGRESSION: "✓"}[result.word],
        method=METHOD,
        counts={mark: sum(item.mark == mark for item in differences) for mark in MARKS},
        labels={mark: label for mark, (label, _) in MARKS.items()},
        attendance=attendance_rows(bases, new),
        rules=[
            {"item": item, "label": RULE_MARKS[item.mark][0], "worse": item.mark in WORSE_MARKS}
            for item in result.rules
        ],
    )


def value_text(difference: Difference, bounds: Bounds | None) -> str:
    """A figure with its unit."""
    if bounds is None:
        return text.NOTHING
    if difference.metric == FAILURES:
        return text.percent(bounds.value)
    return text.ENDLESS if math.isinf(bounds.value) else f"{text.milliseconds(bounds.value)} ms"


def _bounds_text(difference: Difference, bounds: Bounds | None) -> str:
    if bounds is None:
        return ""
    if not bounds.enough:
        return f"{bounds.count:,} samples"
    if difference.metric == FAILURES:
        return f"{text.percent(bounds.low)} … {text.percent(bounds.high)}"
    low, high = (text.ENDLESS if math.isinf(value) else text.milliseconds(value) for value in (bounds.low, bounds.high))
    return f"{low} … {high}"
