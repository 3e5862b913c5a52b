"""`best-fleet scenarios`: the scenarios that come along, by the names under which every command takes them."""

import argparse
from collections.abc import Iterator, Sequence

from simulator.exit_codes import ExitCode
from simulator.scenario.shipped import SHIPPED, directory
from simulator.texts.translation import N_, _

DESCRIPTION = N_("""\
List the scenarios that come along. Wherever a command takes a scenario it takes one of these names, or a file: a path,
or what ends in .yaml.""")
EPILOG = N_("""\
examples:
  best-fleet scenarios
  best-fleet scenarios --directory          where the files are, to read them or to copy one
""")
PASSES_OPTIONS_ON = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what is told."""
    parser.add_argument("--directory", action="store_true", help=_("print the directory that holds the files"))


def run(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """Print the list."""
    print(directory() if options.directory else "\n".join(shipped_lines()))
    return ExitCode.PASSED


def shipped_lines() -> Iterator[str]:
    """A line for each: its name, and what it does."""
    width = max(map(len, SHIPPED))
    return (f"{name:<{width}}  {_(text)}" for name, text in SHIPPED.items())
