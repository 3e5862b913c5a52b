"""A comparison shown: as a table on the terminal, and as a page of its own."""

from collections.abc import Sequence
from typing import Any, Final, TextIO

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from reports import text
from reports.compare import (
    BETTER,
    FAILURES,
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
from reports.html import render_page
from reports.noise import Bounds
from reports.terminal import PLAIN_WIDTH

MARKS: Final = {
    WORSE: ("worse", "bold red"),
    FOLLOWS: ("follows", "yellow"),
    BETTER: ("better", "green"),
    NOISE: ("within noise", "dim"),
    UNKNOWN: ("too few samples", "dim"),
    MISSING: ("missing", "bold red"),
    NEW: ("new", "cyan"),
}
METHOD: Final = (
    "A quantile's bounds are the order statistics that enclose the true quantile in all but one of a thousand cases, "
    "widened where the run's spans of time differ by more than chance; a failure share's are Wilson's. A difference is "
    "real when the bounds do not overlap and it is large enough to matter. Several base runs: their bounds together, "
    "and wider by what the runs differ. A burst of less than five seconds is not judged. A flow follows when a request "
    "in it got worse and explains the flow's loss."
)


def print_comparison(
    bases: Sequence[ComparedRun],
    new: ComparedRun,
    differences: Sequence[Difference],
    reasons: Sequence[str],
    *,
    everything: bool = False,
    file: TextIO | None = None,
    width: int | None = None,
) -> None:
    """Print the table, and why the new run does not pass.

    Args:
        bases: the runs compared with.
        new: the run that is judged.
        differences: of `compare_runs`.
        reasons: of `regressions`.
        everything: rows within noise, too; else they are only counted.
        file: standard output unless given.
        width: columns; the terminal's unless given.
    """
    console = Console(file=file, width=width, highlight=False)
    if not console.is_terminal and width is None:
        console = Console(file=file, width=PLAIN_WIDTH, highlight=False, no_color=True)
    console.print(f"[bold]base[/] {escape(', '.join(run.label for run in bases))}")
    console.print(f"[bold]new[/]  {escape(new.label)}")
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
            table.add_row(item.name, item.metric, *cells, f"[{style}]{label}[/]")
        console.print(table)
    quiet = sum(item.mark == NOISE for item in differences)
    few = sum(item.mark == UNKNOWN for item in differences)
    console.print(f"{quiet} figures within noise, {few} with too few samples to judge")
    for reason in reasons:
        console.print(f"[bold red]Regression[/] {escape(reason)}")
    if not reasons:
        console.print("[bold green]No regression[/]")


def render_comparison(
    bases: Sequence[ComparedRun], new: ComparedRun, differences: Sequence[Difference], reasons: Sequence[str]
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
            "sort": item.change or 0.0,
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
        reasons=reasons,
        method=METHOD,
        counts={mark: sum(item.mark == mark for item in differences) for mark in MARKS},
        labels={mark: label for mark, (label, _) in MARKS.items()},
    )


def value_text(difference: Difference, bounds: Bounds | None) -> str:
    """A figure with its unit."""
    if bounds is None:
        return text.NOTHING
    return text.percent(bounds.value) if difference.metric == FAILURES else f"{text.milliseconds(bounds.value)} ms"


def _bounds_text(difference: Difference, bounds: Bounds | None) -> str:
    if bounds is None:
        return ""
    if difference.metric == FAILURES:
        return f"{text.percent(bounds.low)} … {text.percent(bounds.high)}"
    high = "∞" if bounds.high == float("inf") else text.milliseconds(bounds.high)
    return f"{text.milliseconds(bounds.low)} … {high}"
