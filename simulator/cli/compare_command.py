"""`best-fleet compare`: what got better or worse between runs; exit code 3 on a regression.

Judging is the report module's, which declares the options beside it; here errors become messages.
"""

import argparse
from collections.abc import Sequence

from reports.commands import (
    COMPARE_DESCRIPTION,
    COMPARE_EPILOG,
    ComparisonError,
    add_compare_arguments,
    compare_directories,
)
from reports.conformance.comparison import compare_conformance
from reports.conformance.stored import holds_conformance, load_conformance
from reports.rebuild import UnreadableRunError, same_directories
from simulator.cli.errors import UsageError
from simulator.texts.translation import _

DESCRIPTION = COMPARE_DESCRIPTION
EPILOG = COMPARE_EPILOG
PASSES_OPTIONS_ON = False

add_arguments = add_compare_arguments


def run(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """Compare, and print the table.

    Raises:
        UsageError: When a directory holds no run or is given twice, or a limit is wrong.
    """
    try:
        reports = [directory for directory in (*options.base, options.new) if holds_conformance(directory)]
        if reports:
            return _conformance(options, len(reports))
        return compare_directories(
            options.base,
            options.new,
            options.fail_on,
            html=options.html,
            overwrite=options.overwrite,
            everything=options.all,
            least_percent=options.least_percent,
            least_ms=options.least_ms,
            allow_unjudged=options.allow_unjudged,
        )
    except ComparisonError as error:
        raise UsageError("\n".join(f"compare: {line}" for line in str(error).splitlines())) from None
    except UnreadableRunError as error:
        raise UsageError(f"compare: {error}") from None


def _conformance(options: argparse.Namespace, reports: int) -> int:
    """Two reports of best-fleet conform, case by case."""
    if len(options.base) > 1 or reports < len(options.base) + 1:
        raise UsageError(_("compare: a report of best-fleet conform is compared with one other such report"))
    if options.fail_on or options.html:
        raise UsageError(_("compare: --fail-on and --html speak of runs, not of reports of best-fleet conform"))
    if same := same_directories([*options.base, options.new]):
        raise UsageError(f"compare: {same[0]}")
    found = compare_conformance(load_conformance(options.base[0])[0], load_conformance(options.new)[0])
    for line in found.lines():
        print(line)
    return found.exit_code(allow_untold=options.allow_unjudged)
