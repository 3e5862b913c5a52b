"""`best-fleet provision`: the identities of a scenario's devices as a CSV file, to be imported into a platform."""

import argparse
import io
import sys
from collections.abc import Sequence
from pathlib import Path

from simulator.cli.errors import UsageError, unwritable
from simulator.cli.scenarios import A_SCENARIO, identities_of, read_scenario, unwritten_csv
from simulator.exit_codes import ExitCode
from simulator.scenario.shipped import scenario_file
from simulator.texts.translation import N_, _

DESCRIPTION = N_("""\
Write the identities of a scenario's devices (header: sn,secretKey,productId,devKey). The same scenario always gives the
same identities. The file holds secrets: only its owner may read it, and an existing one is not overwritten. A scenario
that names a CSV file (identities.csv) gets it written; where that exists already, --out gets a copy of its devices.""")
EPILOG = N_("""\
examples:
  best-fleet provision staging.yaml                       the file that the scenario names
  best-fleet provision staging.yaml --out devices.csv
  best-fleet provision staging.yaml --out devices.csv -u 5000
""")
PASSES_OPTIONS_ON = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare for which devices, and where to."""
    parser.add_argument("scenario", type=scenario_file, metavar="SCENARIO", help=_(A_SCENARIO))
    parser.add_argument(
        "--out", type=Path, metavar="CSV", help=_("the file to make; - for standard output (default: the scenario's)")
    )
    parser.add_argument(
        "-u", "--users", type=int, metavar="N", help=_("identities for N devices (default: the scenario's)")
    )


def run(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """Write the file.

    Raises:
        UsageError: For a wrong scenario, a number below 1, or a file that exists or cannot be made.
    """
    from simulator.fields.limits import MOST_DEVICES

    scenario = read_scenario(options.scenario, csv_needed=False)
    count = scenario.devices if options.users is None else options.users
    if not 1 <= count <= MOST_DEVICES:
        raise UsageError(
            _("provision: there must be at least one device, and at most {most_devices:,}", most_devices=MOST_DEVICES)
        )
    out: Path | None = options.out or scenario.identities_file
    if out is None:
        raise UsageError(_("provision: --out is missing: the scenario names no CSV file (identities.csv)"))
    if unwritten_csv(scenario, None) is None:
        source = identities_of(scenario, None, needed=count)
    else:
        from simulator.fleet.identities import generated_identities

        source = generated_identities(scenario)
    if str(out) == "-":
        if isinstance(sys.stdout, io.TextIOWrapper):
            # It is read as UTF-8, whatever a terminal here would show.
            sys.stdout.reconfigure(encoding="utf-8")
        sys.stdout.writelines(source.csv_lines(count))
        return ExitCode.PASSED
    try:
        source.write_csv(out, count)
    except FileExistsError:
        raise UsageError(_("provision: {out} exists already; it is not overwritten", out=out)) from None
    except OSError as error:
        raise unwritable("provision", out, error) from None
    print(_("{out}: {count} identities, {name}", out=out, count=count, name=source.name))
    return ExitCode.PASSED
