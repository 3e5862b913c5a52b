"""A comparison shown: as a table on the terminal, and as a page of its own."""

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, TextIO

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from reports import text
from reports.attendance import ATTENDANCE
from reports.colors import styles
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
    metric_text,
)
from reports.compare_rules import FEW, GONE, LESS, LIKE, MORE, NEWLY_BROKEN, NOT_ASKED, WORSE_MARKS, RuleDifference
from reports.measures import FAILURES
from reports.noise import Bounds
from reports.page import CHART_SCRIPTS, PLAIN_SCRIPTS, render_page
from reports.terminal import PLAIN_WIDTH, plain
from simulator.measurements.attendance import FIGURES
from simulator.printing import safe
from simulator.texts.translation import N_, _, ngettext, pgettext

MARKS: Final = {
    WORSE: (N_("worse"), "bold red"),
    FOLLOWS: (N_("follows"), "yellow"),
    BETTER: (N_("better"), "green"),
    NOISE: (N_("within noise"), "dim"),
    UNKNOWN: (N_("too few samples"), "dim"),
    MISSING: (N_("never occurred"), "bold red"),
    NEW: (N_("new"), "cyan"),
}
RULE_MARKS: Final = {
    NEWLY_BROKEN: (N_("newly broken"), "bold red"),
    MORE: (N_("more often"), "bold red"),
    NOT_ASKED: (N_("not asked for in the base"), "cyan"),
    FEW: (N_("too few to tell"), "dim"),
    LIKE: (N_("as before"), "dim"),
    LESS: (N_("less often"), "green"),
    GONE: (N_("gone"), "green"),
}
QUIET: Final = frozenset({NOISE, UNKNOWN, LIKE, LESS, FEW})
"""What is no change, or none that can be told."""
MOST_TOLD: Final = 5
"""So many reasons are told at once; those beyond are counted, and folded on the page."""
MOST_NAMES: Final = 12
"""Of so many names the terminal's table has figures, the worst first."""
_RANKS: Final = (WORSE, MISSING, FOLLOWS, NEW, BETTER, UNKNOWN, NOISE)
"""In which order the page shows figures: what got worse stands first."""
REGRESSION, UNJUDGED, NO_REGRESSION = N_("Regression"), N_("Unjudged"), N_("No regression")
SEEMS_WORSE: Final = N_("Seems worse")
"""Before what would be a regression, if the runs were a comparison."""
METHOD: Final = N_(
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

    regressions: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Why the new run does not pass, by name, the worst first."""
    unjudged: Sequence[str] = ()
    """What was asked and cannot be told; where figures can be, they decide."""
    remarks: Sequence[str] = ()
    """What a reader must know besides."""
    allowed: bool = False
    """Whether what is unjudged may pass."""
    rules: Sequence[RuleDifference] = ()
    """The violations of the runs, rule by rule."""
    worthless: Sequence[str] = ()
    """Why no figure tells anything: then nothing is judged, whatever the figures look like."""
    unlike: Sequence[str] = ()
    """That the runs are of different scenarios or fleets; of the remarks."""

    @property
    def passed(self) -> bool:
        # What is allowed is not to know: where even figures that prove nothing seem worse, that is no pass.
        return self.word == NO_REGRESSION or (self.word == UNJUDGED and self.allowed and not self.regressions)

    @property
    def warnings(self) -> Sequence[str]:
        """What of `unlike` stands before the reasons: who reads only these must not blame the platform for it."""
        return () if self.worthless else self.unlike[:MOST_TOLD]

    @property
    def untold(self) -> Sequence[str]:
        """All that cannot be told, what makes the whole comparison worthless first."""
        return [*self.worthless, *self.unjudged]

    @property
    def worst(self) -> Sequence[str]:
        """A line for each name: its worst figure, and how many more of its figures there are."""
        return [
            _("{reason} (and {count} more)", reason=told[0], count=len(told) - 1) if len(told) > 1 else told[0]
            for told in self.regressions.values()
        ]

    @property
    def word(self) -> str:
        """The first thing that is said, before its reasons."""
        if self.regressions and not self.worthless:
            return REGRESSION
        return UNJUDGED if self.untold else NO_REGRESSION


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
        everything: rows within noise and every reason, too; else they are only counted.
        file: standard output unless given.
        width: columns; the terminal's unless given.
    """
    file = safe(sys.stdout if file is None else file)
    console = Console(file=file, width=width, highlight=False)
    if not console.is_terminal and width is None:
        console = Console(file=file, width=PLAIN_WIDTH, highlight=False, no_color=True)
    # lines of sentences are left to the terminal to break, so that each stays one line for a program
    say = partial(console.print, soft_wrap=True)
    heads = [pgettext("comparison", "result"), pgettext("comparison", "base"), pgettext("comparison", "new")]
    wide = max(map(cell_len, heads))
    told = [_in_words(result), plain(", ".join(run.label for run in bases)), plain(new.label)]
    for head, words in zip(heads, told, strict=True):
        say(f"[bold]{head}[/]{' ' * (wide - cell_len(head) + 1)}{words}")
    note = _("Note:")
    for remark in result.remarks:
        # A full-width colon has its blank in it.
        say(f"[bold yellow]{note}[/]{' ' if note.endswith(':') else ''}{plain(remark)}")
    by_name = _worst_first([item for item in differences if everything or item.mark not in (NOISE, UNKNOWN)])
    names = list(by_name) if everything else list(by_name)[:MOST_NAMES]
    if names:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column(_("name"), overflow="fold")
        table.add_column(_("figure"), no_wrap=True)
        for label in (*heads[1:], _("change")):
            table.add_column(label, justify="right", no_wrap=True)
        table.add_column(_("judged"), no_wrap=True)
        for item in (item for name in names for item in by_name[name]):
            label, style = MARKS[item.mark]
            cells = (value_text(item, item.base), value_text(item, item.new), change_text(item))
            table.add_row(plain(item.name), metric_text(item.metric), *cells, f"[{style}]{_(label)}[/]")
        console.print(table)
    if len(names) < len(by_name):
        beyond = len(by_name) - len(names)
        say(
            ngettext(
                "and {number} more name that differs (--all)", "and {number} more names that differ (--all)", beyond
            )
        )
    for rule in result.rules:
        if rule.mark not in (LIKE, LESS) or everything:
            label, style = RULE_MARKS[rule.mark]
            say(f"[bold]violations.{plain(rule.rule)}[/] {rule.before:,} → {rule.after:,} [{style}]{_(label)}[/]")
    for row in attendance_rows(bases, new):
        if row.differs or everything:
            say(f"[bold]{row.name}[/] {row.before} → {row.after}")
    quiet = sum(item.mark == NOISE for item in differences)
    few = sum(item.mark == UNKNOWN for item in differences)
    console.print(_("{quiet} figures within noise, {few} with too few samples to judge", quiet=quiet, few=few))
    _say_reasons(say, result, everything=everything)
    if result.word == NO_REGRESSION:
        console.print(f"[bold green]{_(NO_REGRESSION)}[/]")


def _say_reasons(say: Callable[[str], None], result: Result, *, everything: bool) -> None:
    """Why the new run does not pass: a line for each name with its worst figure, or all of it."""
    reasons = [reason for told in result.regressions.values() for reason in told] if everything else result.worst
    parts: list[tuple[str, str, Sequence[str]]] = [(REGRESSION, "red", reasons), (UNJUDGED, "yellow", result.untold)]
    if result.worthless:
        parts = [parts[1], (SEEMS_WORSE, "yellow", reasons)]
    for head, style, told in parts:
        shown = told if everything else told[:MOST_TOLD]
        for reason in shown:
            say(f"[bold {style}]{_(head)}[/] {plain(reason)}")
        if len(shown) < len(told):
            say(_("and {count} more (--all)", count=len(told) - len(shown)))


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
    told: Sequence[str] = ()
    if result.word == REGRESSION:
        word, style = _("regression"), "bold red"
        told = [reason for reasons in result.regressions.values() for reason in reasons]
    elif result.word == UNJUDGED:
        word, style, told = _("unjudged"), "bold yellow", result.untold
    else:
        word, style = _("no regression"), "bold green"
    found = f"[{style}]{word}[/]"
    if result.word == UNJUDGED and result.passed:
        allowed = _("(which --allow-unjudged allows)")
        found = f"{found} {allowed}"
    more = _("(and {count} more)", count=len(told) - 1) if len(told) > 1 else ""
    reason = f"{plain(told[0])} {more}".rstrip() if told else ""
    reason = text.clauses([*map(plain, result.warnings[:1]), reason])
    return _("{word}: {reason}", word=found, reason=reason) if reason else found


def render_comparison(
    bases: Sequence[ComparedRun],
    new: ComparedRun,
    differences: Sequence[Difference],
    result: Result,
    charts: Sequence[Mapping[str, Any]] = (),
) -> str:
    """The comparison as one page without network, side by side.

    Args:
        bases: the runs compared with.
        new: the run that is judged.
        differences: of `compare_runs`.
        result: what they come to.
        charts: `reports.compare_charts.run_charts` of the bases and of the new run; none for a page without charts.
    """
    by_name = _worst_first(differences)
    data = None
    if charts:
        names = [name for name in by_name if any(run["curves"].get(name) for run in charts)]
        data = {"runs": list(charts), "names": names, "styles": styles(names, ())}
    return render_page(
        "compare.html.j2",
        data,
        scripts=(*CHART_SCRIPTS, "compare.js") if charts else PLAIN_SCRIPTS,
        bases=bases,
        new=new,
        names={name: [_shown(item) for item in items] for name, items in by_name.items()},
        quiet=QUIET,
        changes=sum(item.mark not in QUIET for item in differences),
        result=result,
        most=MOST_TOLD,
        word=_(result.word),
        style={REGRESSION: "failed", UNJUDGED: "invalid", NO_REGRESSION: "passed"}[result.word],
        sign={REGRESSION: "✗", UNJUDGED: "!", NO_REGRESSION: "✓"}[result.word],
        method=_(METHOD),
        counts={mark: sum(item.mark == mark for item in differences) for mark in MARKS},
        labels={mark: _(label) for mark, (label, _style) in MARKS.items()},
        attendance=attendance_rows(bases, new),
        drawn=bool(charts),
        rules=[
            {"item": item, "label": _(RULE_MARKS[item.mark][0]), "worse": item.mark in WORSE_MARKS}
            for item in result.rules
        ],
    )


def _worst_first(differences: Sequence[Difference]) -> dict[str, list[Difference]]:
    """The figures by name: names that got worse first, by how much; then what is gone or new, and what got better."""
    by_name: dict[str, list[Difference]] = {}
    for item in differences:
        by_name.setdefault(item.name, []).append(item)

    def order(name: str) -> tuple[int, float]:
        rank = min(_RANKS.index(item.mark) for item in by_name[name])
        changes = [abs(item.change or 0.0) for item in by_name[name] if _RANKS.index(item.mark) == rank]
        # what nobody can tell apart stays in the protocol's order
        return rank, 0.0 if _RANKS[rank] in QUIET else -max(changes)

    return {name: by_name[name] for name in sorted(by_name, key=order)}


def _shown(item: Difference) -> dict[str, Any]:
    return {
        "metric": metric_text(item.metric),
        "base": value_text(item, item.base),
        "new": value_text(item, item.new),
        "base_bounds": _bounds_text(item, item.base),
        "new_bounds": _bounds_text(item, item.new),
        "change": change_text(item),
        "mark": item.mark,
        "label": _(MARKS[item.mark][0]),
    }


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
        return _("{count} samples", count=text.count(bounds.count))
    if difference.metric == FAILURES:
        return f"{text.percent(bounds.low)} … {text.percent(bounds.high)}"
    low, high = (text.ENDLESS if math.isinf(value) else text.milliseconds(value) for value in (bounds.low, bounds.high))
    return f"{low} … {high}"
