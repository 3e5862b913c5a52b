"""What Locust itself prints in a run: its tables and its log's remarks, where nobody asked for them, make way for ours.

`--print-stats` brings all of its tables, `--only-summary` those of the end, and `-L` its remarks, as ever.
"""

import logging
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

TABLES: Final = "locust.stats_logger"
REMARKS: Final = ("locust.main", "locust.runners")
WORKERS: Final = "locust.runners"
"""Whoever runs a master wants to read which workers came."""
_NOBODY: Final = "NOT ASKED FOR"


@dataclass(frozen=True, slots=True)
class LocustOutput:
    """What is left out."""

    tables: bool = False
    remarks: tuple[str, ...] = ()
    """Loggers whose records below a warning are."""


class _Warnings(logging.Filter):
    """Lets warnings pass, and what is worse. One object for all: a logger takes it once."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING


_WARNINGS: Final = _Warnings()


def parsed(parser: Any, arguments: Sequence[str]) -> tuple[Namespace, bool, list[str]]:
    """What Locust's parser knows of a command line, whether a level of the log was asked for, however, and the rest."""
    usual = parser.get_default("loglevel")
    # Locust's default is a level like any other: afterwards nobody could tell.
    parser.set_defaults(loglevel=_NOBODY)
    try:
        known: Namespace
        known, rest = parser.parse_known_args(list(arguments))
    finally:
        parser.set_defaults(loglevel=usual)
    asked = known.loglevel != _NOBODY
    if not asked:
        known.loglevel = usual
    return known, asked, rest


def output_of(options: Namespace, *, level_asked: bool) -> LocustOutput:
    """What a command line leaves out; the web page's log and a worker's own terminal are as Locust has them."""
    tables = not (options.print_stats or options.only_summary)
    if level_asked or not options.headless or options.worker:
        return LocustOutput(tables=tables)
    remarks = tuple(name for name in REMARKS if not (options.master and name == WORKERS))
    return LocustOutput(tables=tables, remarks=remarks)


def leave_out(output: LocustOutput) -> None:
    """Have Locust's loggers do so, before and after Locust sets them up. Harmless when done again."""
    for name in (TABLES, *REMARKS):
        logger = logging.getLogger(name)
        if name in output.remarks or (name == TABLES and output.tables):
            logger.addFilter(_WARNINGS)
        else:
            logger.removeFilter(_WARNINGS)
