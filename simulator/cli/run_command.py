"""`best-fleet run`: Locust's command line for a scenario, for people who do not know Locust.

Replaces itself by `locust` with the project's own locustfile, so that signals, exit codes and output are Locust's.
"""

import argparse
import importlib.util
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from simulator.cli.errors import UsageError
from simulator.cli.scenarios import A_SCENARIO
from simulator.cli.scenarios_command import shipped_lines
from simulator.exit_codes import ExitCode
from simulator.scenario.shipped import SUFFIXES, meant, scenario_file
from simulator.texts.translation import N_, _, listed

DESCRIPTION = N_("""\
Run the fleet of a scenario. Headless by default: the table per funcId is printed at the end, a report is left in the
directory of --report (else runs/<scenario>-<time>), and the exit code is the verdict. All options of locust work too,
after SCENARIO.""")
EPILOG = N_("""\
examples:
  best-fleet run smoke --report runs/smoke
  best-fleet run staging.yaml --host https://staging.example.com --identities devices.csv
  best-fleet run morning-rush -u 600 -t 10m --processes 2
  best-fleet run morning-rush --web          then open http://127.0.0.1:8089
  best-fleet run --worker --master-host 10.0.0.5            a worker gets its scenario from the master; both need
                                                            the same BEST_FLEET_TOKEN (or --token-file)
""")
PASSES_OPTIONS_ON = True

HANDED_ON = (
    *("host", "identities", "report", "users", "spawn_rate", "run_time"),
    *("processes", "master_host", "master_port"),
)
"""Options of ours that are Locust's (or the locustfile's) under the same name."""


FURTHER = ("--token-file", "--web-login-file", "--web-allowed-hosts", "--no-control", "--metrics-port")
"""Options of our locustfile that are handed on as they stand."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options that stand in for Locust's and those most used."""
    parser.add_argument("scenario", nargs="?", metavar="SCENARIO", help=_(A_SCENARIO))
    fleet = parser.add_argument_group(
        _("options of the fleet"),
        _("Further ones, after SCENARIO: {names}.", names=listed(FURTHER)),
    )
    fleet.add_argument("--list", action="store_true", help=_("list the scenarios that come along, and end"))
    fleet.add_argument("--host", "-H", metavar="URL", help=_("dispatch address, beats the scenario's target"))
    fleet.add_argument("--identities", metavar="CSV", help=_("sn,secretKey,productId,devKey of the devices"))
    fleet.add_argument(
        "--report",
        metavar="DIR",
        help=_("where summary.json, report.html and the other files go; default: runs/<scenario>-<time>"),
    )
    fleet.add_argument(
        "--overwrite", action="store_true", help=_("remove an earlier report in DIR, instead of keeping it aside")
    )
    load = parser.add_argument_group(
        _("options of Locust"),
        _("Those that are used most; `locust --help` lists all, such as --print-stats for its tables."),
    )
    load.add_argument(
        "--web", action="store_true", help=_("serve Locust's web UI on 127.0.0.1:8089 instead of headless")
    )
    load.add_argument(
        "-u", "--users", type=int, metavar="N", help=_("devices; scales the scenario's groups in proportion")
    )
    load.add_argument(
        "-r", "--spawn-rate", type=float, metavar="N", help=_("devices started a second, in place of the ramp")
    )
    load.add_argument(
        "-t", "--run-time", metavar="TIME", help=_("duration (300s, 20m, 1h30m), in place of the scenario's")
    )
    load.add_argument("--processes", type=int, metavar="N", help=_("fork N generator processes; -1: one a core"))
    load.add_argument("--worker", action="store_true", help=_("work for a master on another machine"))
    load.add_argument("--master-host", metavar="ADDRESS", help=_("where a worker finds its master"))
    load.add_argument("--master-port", type=int, metavar="N", help=_("and at which port"))


def run(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """Become Locust; returns only when that fails.

    Raises:
        UsageError: Without a scenario file, or when it is not there.
    """
    if options.list:
        print("\n".join(shipped_lines()))
        return ExitCode.PASSED
    return _become([sys.executable, "-m", "simulator.swarm", *locust_arguments(options, rest)])


def _become(arguments: list[str]) -> NoReturn:
    sys.stdout.flush()
    os.execv(arguments[0], arguments)


def locust_arguments(options: argparse.Namespace, rest: Sequence[str]) -> list[str]:
    """The arguments of `locust` that mean the same.

    Raises:
        UsageError: Without a scenario file, or when it is not there.
    """
    arguments = ["-f", locustfile()]
    if options.worker:
        arguments.append("--worker")
    elif options.scenario is None:
        raise UsageError(
            _("run: which scenario? For example: best-fleet run smoke; `best-fleet scenarios` lists what comes along")
        )
    if options.scenario is not None:
        path = scenario_file(options.scenario)
        if not path.is_file():
            hint = _(" (did you mean {near}?)", near=near) if (near := meant(path)) else ""
            if path.suffix not in SUFFIXES:
                hint += _("; `best-fleet scenarios` lists those that come along")
            late = _(" (options of locust come after SCENARIO: {rest})", rest=" ".join(rest)) if rest else ""
            raise UsageError(
                _(
                    "run: there is no scenario file {scenario}{hint}{late}",
                    scenario=options.scenario,
                    hint=hint,
                    late=late,
                )
            )
        # By its name, which Locust's option takes as well: reports and messages then call it so.
        arguments += ["--scenario", options.scenario]
    if not options.web and not options.worker:
        arguments.append("--headless")
    if options.overwrite:
        arguments.append("--overwrite")
    for name in HANDED_ON:
        value = getattr(options, name)
        if value is not None:
            arguments.append(f"--{name.replace('_', '-')}={value}")
    return arguments + list(rest)


def locustfile() -> str:
    """Where the installed package keeps the file that Locust loads."""
    spec = importlib.util.find_spec("simulator.swarm.locustfile")
    if spec is None or spec.origin is None:
        raise UsageError(_("run: this installation is incomplete, simulator.swarm.locustfile is missing"))
    return spec.origin
