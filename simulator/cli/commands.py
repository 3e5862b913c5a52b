"""Which commands there are, and what each command's module offers.

The list stands apart from the modules, so that `best-fleet --help` imports none of them.
"""

import argparse
import importlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Protocol, cast

from simulator.texts.translation import N_

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "run": N_("run a scenario's fleet (headless, or with Locust's web UI)"),
        "platform": N_("run the embedded BEST platform alone, or look into its ledger"),
        "device": N_("run one device of a scenario without Locust, and show what it says and hears"),
        "simulate": N_("play a scenario on virtual time through weather from a seed, and see whether everything holds"),
        "conform": N_("judge a platform by numbered cases, each with a verdict"),
        "provision": N_("write the identities of a scenario's devices into a CSV file"),
        "check": N_("say what is wrong with a scenario, or what fleet it makes"),
        "report": N_("build a run's report files anew, or merge the runs of several machines"),
        "compare": N_("compare runs and find what got slower"),
        "init": N_("write a starter folder: a scenario for your platform, files for CI, a README"),
        "scenarios": N_("list the scenarios that come along"),
        "completion": N_("print what completes this command in your shell"),
        "schema": N_("print the JSON Schema of the scenario format"),
        "docs": N_("(for developers) write the generated documents of this project anew"),
    }
)
"""Command -> its line in the help text, not yet translated."""


class Command(Protocol):
    """What each module of a command has."""

    DESCRIPTION: str
    EPILOG: str
    PASSES_OPTIONS_ON: bool
    """Whether unknown options are handed on to another program instead of being refused."""

    def add_arguments(self, parser: argparse.ArgumentParser, /) -> None:
        """Declare the command's options."""

    def run(self, options: argparse.Namespace, rest: Sequence[str], /) -> int:
        """Do it; returns the exit code and raises `UsageError` for what the user can mend."""


def command_module(name: str) -> Command:
    """The module of a command of `COMMANDS`."""
    return cast("Command", importlib.import_module(f"simulator.cli.{name}_command"))
