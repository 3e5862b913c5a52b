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
from reports.rebuild import UnreadableRunError
from simulator.cli.errors import UsageError

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
