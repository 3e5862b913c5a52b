"""What `best-fleet compare` does: its options, and runs read, compared, shown and turned into an exit code."""

import argparse
import sys
from collections.abc import Container, Sequence
from pathlib import Path
from typing import Any

from reports.comparability import OF_A_TRANSPORT, remarks, same_runs, transports_differ, unlike, worthless
from reports.compare import LEAST_MS, LEAST_PERCENT, ComparedRun, compare_runs, compared_run
from reports.compare_charts import run_charts
from reports.compare_rules import WORSE_MARKS, compare_rules
from reports.comparison import Result, print_comparison, render_comparison
from reports.directory import write_page
from reports.gates import (
    FailOn,
    RuleLimit,
    broken_rules,
    parse_fail_on,
    regressions,
    unjudged,
    unknown_names,
    unknown_rules,
)
from reports.rebuild import load_run, same_directories, told_verdict
from simulator.exit_codes import ExitCode, of_os_error
from simulator.texts.translation import N_, _

COMPARE_DESCRIPTION = N_("""\
Compare a run with one or several earlier ones. Every funcId, flow and command is judged: better, worse, or within the
noise that its counts allow; violations are compared rule by rule. Exit code 3 on a regression: any figure that got
worse and any rule that is newly broken, or with --fail-on only those that got worse by more than that. Also 3 where it
cannot be told: too few samples of what --fail-on asks for, runs that are invalid or were stopped, nothing in common;
--allow-unjudged lets those pass. Two reports of best-fleet conform are compared case by case.""")
COMPARE_EPILOG = N_("""\
examples:
  best-fleet compare runs/monday runs/tuesday
  best-fleet compare runs/base-1 runs/base-2 runs/new --fail-on "p99 +10%" --html compare.html
  best-fleet compare runs/base runs/new --fail-on "dev.heartbeat p95 +20 ms" --fail-on "failures +0.5%"
  best-fleet compare runs/base runs/new --fail-on "violations.reply.* +0"
""")


def add_compare_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `best-fleet compare`."""
    parser.add_argument("base", nargs="+", type=Path, metavar="BASE", help=_("what earlier runs left (--report)"))
    parser.add_argument("new", type=Path, metavar="NEW", help=_("what the run to be judged left"))
    parser.add_argument(
        "--fail-on",
        action="append",
        default=[],
        type=_fail_on,
        metavar="LIMIT",
        help=_(
            "[name or glob] metric +amount: 'p99 +10%%', 'dev.heartbeat p95 +20 ms', 'failures +0.5%%'; "
            "or 'violations +0', 'violations.reply.* +0'; repeatable"
        ),
    )
    parser.add_argument(
        "--allow-unjudged",
        action="store_true",
        help=_("exit code 0 also where too few samples, or a run, tell nothing"),
    )
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help=_("write the comparison as a page, too; an earlier one is kept aside")
    )
    parser.add_argument(
        "--overwrite", action="store_true", help=_("replace an earlier page, instead of keeping it aside")
    )
    parser.add_argument(
        "--all", action="store_true", help=_("print every figure and every reason, those within noise, too")
    )
    parser.add_argument(
        "--least-percent",
        type=float,
        default=LEAST_PERCENT,
        metavar="N",
        help=_("smaller changes are noise (%(default)g)"),
    )
    parser.add_argument(
        "--least-ms",
        type=float,
        metavar="N",
        help=_(
            "changes of fewer ms are noise, for --fail-on as well ({least:g}; a limit in ms is its own)", least=LEAST_MS
        ),
    )


class ComparisonError(Exception):
    """The comparison that was asked for makes no sense; the message says why, a line each."""


def compare_directories(
    bases: Sequence[Path],
    new: Path,
    limits: Sequence[FailOn | RuleLimit] = (),
    *,
    html: Path | None = None,
    overwrite: bool = False,
    everything: bool = False,
    least_percent: float = LEAST_PERCENT,
    least_ms: float | None = None,
    allow_unjudged: bool = False,
) -> ExitCode:
    """Compare the runs in directories, print the table and write the page.

    A page that cannot be written is told, and changes the exit code of a comparison without a regression.

    Args:
        least_ms: what changes of quantiles must amount to; None for the usual 1 ms, which limits in ms may undercut.

    Raises:
        ComparisonError: If a run is given twice, or a limit speaks of nothing there is.
        UnreadableRunError: If a directory holds no run.
    """
    same = same_directories([*bases, new])
    if same:
        raise ComparisonError("\n".join(same))
    charts: list[dict[str, Any]] | None = None if html is None else []
    before = [_read(path, charts) for path in bases]
    now = _read(new, charts)
    of_figures = [limit for limit in limits if isinstance(limit, FailOn)]
    of_rules = [limit for limit in limits if isinstance(limit, RuleLimit)]
    measured = {name for run in (*before, now) for name in (*run.series, *run.recoveries)}
    broken = {rule for run in (*before, now) if run.judged is not None for rule in run.judged.rules}
    problems = [*unknown_names(of_figures, measured), *unknown_rules(of_rules, broken)]
    wrong = [*same_runs([*before, now]), *(f"--fail-on {problem}" for problem in problems)]
    if wrong:
        raise ComparisonError("\n".join(wrong))
    found = compare_runs(
        before,
        now,
        quantiles=[limit.metric for limit in of_figures],
        least_percent=least_percent,
        least_ms=LEAST_MS if least_ms is None else least_ms,
    )
    judged = [run.judged for run in before if run.judged is not None]
    comparable = now.judged is not None and bool(judged)
    rules = compare_rules(judged, now.judged) if now.judged is not None and judged else []
    worse = broken_rules(rules, of_rules, others=bool(of_figures))
    only_rules = bool(of_rules) and not of_figures
    cannot = [
        _("{limit}: no run to compare with judged its platform", limit=limit.expression)
        for limit in of_rules
        if not comparable
    ]
    may_lack: Container[str] = OF_A_TRANSPORT if transports_differ(before, now) else ()
    told = [item.reason for item in rules if item.mark in WORSE_MARKS and item.rule not in worse]
    result = Result(
        {rule: [reason] for rule, reason in worse.items()}
        | ({} if only_rules else regressions(found, of_figures, least_ms, may_lack=may_lack)),
        [*cannot, *([] if only_rules else unjudged(found, of_figures, least_ms))],
        [*told, *remarks(before, now)],
        allow_unjudged,
        rules,
        worthless(before, now),
        unlike(before, now),
    )
    print_comparison(before, now, found, result, everything=everything)
    code = ExitCode.PASSED if result.passed else ExitCode.THRESHOLD_CROSSED
    if html is not None:
        try:
            write_page(html, render_comparison(before, now, found, result, charts or ()), overwrite=overwrite)
        except OSError as error:
            problem = _("{file} cannot be written: {problem}", file=error.filename or html, problem=error.strerror)
            sys.stderr.write(f"best-fleet: compare: {problem}\n")
            return of_os_error(error) if code is ExitCode.PASSED else code
    return code


def _read(directory: Path, charts: list[dict[str, Any]] | None) -> ComparedRun:
    """A run to compare; what its charts are drawn from is added to `charts`, where anybody wants them."""
    measurements, run = load_run(directory)
    if charts is not None:
        charts.append(run_charts(str(directory), measurements, run))
    return compared_run(str(directory), measurements, run, *told_verdict(directory))


def _fail_on(text: str) -> FailOn | RuleLimit:
    try:
        return parse_fail_on(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
