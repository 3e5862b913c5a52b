"""`best-fleet schema`: the JSON Schema of the scenario format, for editors that check while one types."""

import argparse
import json
from collections.abc import Sequence

from simulator.exit_codes import ExitCode
from simulator.texts.translation import N_

DESCRIPTION = N_("Print the JSON Schema of the scenario format. Editors with a YAML language server check against it.")
EPILOG = N_("""\
example:
  best-fleet schema > scenario.schema.json
  and as the first line of a scenario:  # yaml-language-server: $schema=scenario.schema.json
""")
PASSES_OPTIONS_ON = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """There is nothing to choose."""


def run(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """Print the schema."""
    from simulator.scenario.reference import scenario_schema

    # In ASCII, so that it is JSON in every encoding that a terminal or a file may have.
    print(json.dumps(scenario_schema(), indent=2))
    return ExitCode.PASSED
