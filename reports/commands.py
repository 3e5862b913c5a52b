"""What `best-fleet compare` does: its options, and runs read, compared, shown and turned into an exit code."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from reports.compare import (
    LEAST_MS,
    LEAST_PERCENT,
    ComparedRun,
    FailOn,
    compare_runs,
    compared_run,
    parse_fail_on,
    regressions,
)
from reports.comparison import print_comparison, render_comparison
from reports.rebuild import load_run
from reports.writer import write_whole
from simulator.exit_codes import ExitCode

COMPARE_DESCRIPTION = """\
Compare a run with one or several earlier ones. Every funcId, flow and command is judged: better, worse, or within the
noise that its counts allow. Exit code 3 on a regression: any figure that got worse, or with --fail-on only those that
got worse by more than that."""
COMPARE_EPILOG = """\
examples:
  best-fleet compare runs/monday runs/tuesday
  best-fleet compare runs/base-1 runs/base-2 runs/new --fail-on "p99 +10%" --html compare.html
  best-fleet compare runs/base runs/new --fail-on "dev.heartbeat p95 +20 ms" --fail-on "failures +0.5%"
"""


def add_compare_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `best-fleet compare`."""
    parser.add_argument("base", nargs="+", type=Path, metavar="BASE", help="what earlier runs left (--report)")
    parser.add_argument("new", type=Path, metavar="NEW", help="what the run to be judged left")
    parser.add_argument(
        "--fail-on",
        action="append",
        default=[],
        type=_fail_on,
        metavar="LIMIT",
        help="[name or glob] metric +amount: 'p99 +10%%', 'dev.heartbeat p95 +20 ms', 'failures +0.5%%'; repeatable",
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the comparison as a page, too")
    parser.add_argument("--all", action="store_true", help="print figures within noise, too")
    parser.add_argument(
        "--least-percent",
        type=float,
        default=LEAST_PERCENT,
        metavar="N",
        help="smaller changes are noise (%(default)g)",
    )
    parser.add_argument(
        "--least-ms", type=float, default=LEAST_MS, metavar="N", help="changes of fewer ms are noise (%(default)g)"
    )


def compare_directories(
    bases: Sequence[Path],
    new: Path,
    limits: Sequence[FailOn] = (),
    *,
    html: Path | None = None,
    everything: bool = False,
    least_percent: float = LEAST_PERCENT,
    least_ms: float = LEAST_MS,
) -> ExitCode:
    """Compare the runs in directories, print the table and write the page.

    Raises:
        UnreadableRunError: If a directory holds no run.
        OSError: If the page cannot be written.
    """
    before = [_read(path) for path in bases]
    now = _read(new)
    quantiles = [limit.metric for limit in limits]
    found = compare_runs(before, now, quantiles=quantiles, least_percent=least_percent, least_ms=least_ms)
    reasons = regressions(found, limits)
    print_comparison(before, now, found, reasons, everything=everything)
    if html is not None:
        write_whole(html, render_comparison(before, now, found, reasons).encode())
    return ExitCode.THRESHOLD_CROSSED if reasons else ExitCode.PASSED


def _read(directory: Path) -> ComparedRun:
    return compared_run(str(directory), *load_run(directory))


def _fail_on(text: str) -> FailOn:
    try:
        return parse_fail_on(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
