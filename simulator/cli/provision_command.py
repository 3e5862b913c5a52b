"""`best-fleet provision`: the identities of a scenario's devices as a CSV file, to be imported into a platform."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from simulator.cli.errors import UsageError
from simulator.cli.scenarios import identities_of, read_scenario
from simulator.exit_codes import ExitCode

DESCRIPTION = """\
Write the identities of a scenario's devices (header: sn,secretKey,productId,devKey). The same scenario always gives the
same identities. The file holds secrets: only its owner may read it, and an existing one is not overwritten."""
EPILOG = """\
examples:
  best-fleet provision scenarios/staging.yaml --out devices.csv
  best-fleet provision scenarios/staging.yaml --out devices.csv -u 5000
"""
PASSES_OPTIONS_ON = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare for which devices, and where to."""
    parser.add_argument("scenario", type=Path, metavar="SCENARIO", help="the scenario file")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="CSV", help="the file to make; - for standard output"
    )
    parser.add_argument(
        "-u", "--users", type=int, metavar="N", help="identities for N devices (default: the scenario's)"
    )


def run(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """Write the file.

    Raises:
        UsageError: for a wrong scenario, a number below 1, or a file that exists or cannot be made.
    """
    scenario = read_scenario(options.scenario)
    count = scenario.devices if options.users is None else options.users
    if count < 1:
        raise UsageError("provision: there must be at least one device")
    source = identities_of(scenario, None, needed=count)
    if str(options.out) == "-":
        sys.stdout.writelines(source.csv_lines(count))
        return ExitCode.PASSED
    try:
        source.write_csv(options.out, count)
    except FileExistsError:
        raise UsageError(f"provision: {options.out} exists already; it is not overwritten") from None
    except OSError as error:
        raise UsageError(f"provision: {options.out} cannot be written: {error.strerror}") from None
    print(f"{options.out}: {count} identities, {source.name}")
    return ExitCode.PASSED
