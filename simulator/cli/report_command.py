"""`best-fleet report`: the files of a run built anew, or the runs of several machines as one report."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from simulator.cli.errors import UsageError, unwritable
from simulator.exit_codes import ExitCode
from simulator.shown import printable
from simulator.texts.translation import N_, _, listed

DESCRIPTION = N_("""\
Build summary.json, report.html, report.md, junit.xml and latency.hlog of a run anew and print its table. A run that was
broken off (kill -9, power) is reported as far as it was measured, and marked as incomplete.
Of a directory of best-fleet conform, conformance.html, conformance.md and junit.xml are built anew.
With --merge, runs of separate machines become one report: counts and histograms add up exactly.""")
EPILOG = N_("""\
examples:
  best-fleet report runs/smoke
  best-fleet report --merge runs/machine-1 runs/machine-2 --out runs/both
  best-fleet report runs/smoke --verdict          exit with the run's own code
""")
PASSES_OPTIONS_ON = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare which runs, and where to."""
    parser.add_argument("directories", nargs="+", type=Path, metavar="DIR", help=_("what a run left (--report)"))
    parser.add_argument("--merge", action="store_true", help=_("make one report of all DIRs"))
    parser.add_argument("--out", type=Path, metavar="DIR", help=_("where the merged report goes"))
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help=_("remove a report that is in --out already, instead of keeping it aside"),
    )
    parser.add_argument("--quiet", action="store_true", help=_("print no table"))
    parser.add_argument("--verdict", action="store_true", help=_("exit with the code that the run itself ended with"))


def run(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """Write the files and print the table.

    Raises:
        UsageError: When a directory holds no run or is given twice, or the report cannot be written.
    """
    if options.merge != (options.out is not None):
        raise UsageError(_("report: --merge and --out go together"))
    if not options.merge and len(options.directories) > 1:
        raise UsageError(_("report: one DIR, or --merge DIR DIR ... --out DIR"))

    if options.overwrite and not options.merge:
        raise UsageError(_("report: --overwrite goes with --out"))

    from reports.conformance.stored import holds_conformance
    from reports.directory import DirectoryBusyError
    from reports.rebuild import SameRunError, UnreadableRunError, merge, rebuild
    from reports.terminal import print_summary
    from reports.verdict import exit_code
    from reports.writer import failed_files

    target: Path = options.out if options.merge else options.directories[0]
    conformance = [str(directory) for directory in options.directories if holds_conformance(directory)]
    if options.merge and conformance:
        raise UsageError(
            _(
                "report: --merge adds up runs, and {conformance} is a report of best-fleet conform",
                conformance=conformance[0],
            )
        )
    try:
        if conformance:
            return _conformance(target, options)
        summary = merge(options.directories, target, overwrite=options.overwrite) if options.merge else rebuild(target)
    except (SameRunError, UnreadableRunError, DirectoryBusyError) as error:
        raise UsageError("\n".join(f"report: {line}" for line in str(error).splitlines())) from None
    except OSError as error:
        raise unwritable("report", target, error) from None
    if not options.quiet:
        print_summary(summary)
    failed = failed_files(summary, target)
    print(
        _("{directory}: written, but for {failed}", directory=target, failed=listed(failed))
        if failed
        else _("{directory}: written", directory=target)
    )
    if options.verdict:
        return exit_code(summary)
    return ExitCode.INVALID if failed else ExitCode.PASSED


def _conformance(directory: Path, options: argparse.Namespace) -> int:
    from reports.conformance.stored import rebuild_pages
    from reports.conformance.words import headline

    document, problems = rebuild_pages(directory)
    if not options.quiet:
        print(printable(headline(document)))
    for problem in problems:
        print(f"best-fleet report: {problem}", file=sys.stderr)
    print(
        _("{directory}: written, but for what is told above", directory=directory)
        if problems
        else _("{directory}: written", directory=directory)
    )
    if options.verdict:
        return int(document["exit_code"])
    return ExitCode.INVALID if problems else ExitCode.PASSED
