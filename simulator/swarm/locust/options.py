"""The command line: our arguments beside Locust's, and what the scenario presets of Locust's own.

The scenario is read as soon as Locust builds its parser, for three reasons: its users, rate and duration are shown in
the web UI's form; all its errors are told before anything starts (exit code 2); and `--processes` has not forked yet.
"""

import functools
import math
import os
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

from locust import argument_parser

from reports.thresholds import wrong_threshold
from simulator.exit_codes import ExitCode
from simulator.fields.dispatch_url import DispatchUrlError, parse_dispatch_url
from simulator.fields.limits import LONGEST_RUN
from simulator.fleet import stock
from simulator.fleet.identities import identities_of
from simulator.fleet.plan import scale_counts
from simulator.fleet.platform_size import platform_processes
from simulator.fleet.restarts import platform_problem
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import Scenario, load_scenario
from simulator.scenario.shipped import scenario_file
from simulator.swarm.locust import command_words, locust_output, monitoring
from simulator.swarm.locust.locust_output import LocustOutput
from simulator.swarm.locust.meeting_point import meeting_point
from simulator.swarm.locust.option_rules import problems_of
from simulator.swarm.open_files import most_devices, port_shortage
from simulator.swarm.security import access
from simulator.swarm.security.access import Access, AccessError, access_of
from simulator.texts.language import LANGUAGES, OPTION, VARIABLE
from simulator.texts.translation import _, listed


@dataclass(frozen=True, slots=True)
class Choice:
    """What the command line says about the run, before Locust has parsed it for good."""

    scenario: Scenario | None
    """None on a worker: its master sends it."""
    shaped: bool
    """The scenario's own ramp is used: none of `-u`, `-r` and `-t` is given."""
    access: Access = Access()  # noqa: RUF009 - immutable
    host: str | None = None
    """The dispatch URL of `--host`, `LOCUST_HOST` or a configuration file, checked; None leaves it to the scenario."""
    output: LocustOutput = LocustOutput()  # noqa: RUF009 - immutable
    """What Locust leaves out of its own."""
    processes: int | None = None
    """In how many the scenario wants to run, where that is more than this one."""
    users: int | None = None
    """What `-u` asks for."""
    process: int = field(default_factory=os.getpid)
    """The id of the process that read it; forked workers have it from there."""
    meeting_point: Mapping[str, Any] = field(default_factory=dict)
    """Locust's options of where master and workers meet, as far as they are chosen here."""


_choices: dict[tuple[str, ...], Choice] = {}


def add_arguments(parser: Any) -> None:
    """Locust's `init_command_line_parser`: declare our arguments and preset Locust's from the scenario.

    Ends the process with exit code 2 and every error on stderr if the scenario is wrong or missing.
    """
    command_words.install(parser)
    # Arguments of a group are not shown in the web UI: these name files of this machine.
    group = parser.add_argument_group(_("Fleet options"))
    group.add_argument(
        "--scenario",
        metavar="<filename>",
        env_var="BEST_FLEET_SCENARIO",
        help=_(
            "The fleet, what it does and the platform it talks to; docs/scenario.md. Workers get it from the master."
        ),
    )
    group.add_argument(
        "--identities",
        metavar="<csv>",
        env_var="BEST_FLEET_IDENTITIES",
        help=_(
            "Identities of the devices: header sn,secretKey,productId,devKey and, for warm starts, "
            "authCode,secret; deviceSecret for MQTT brokers that have secrets of their own."
        ),
    )
    group.add_argument(
        "--report",
        metavar="<directory>",
        env_var="BEST_FLEET_REPORT",
        help=_(
            "Where a run's summary.json, report.html and so on go. Default: runs/<scenario>-<time>; further runs "
            "in the web UI get -2, -3 ... behind the name. A report that is there already is kept in "
            "earlier-<time>."
        ),
    )
    group.add_argument(
        "--overwrite",
        action="store_true",
        env_var="BEST_FLEET_OVERWRITE",
        help=_("Remove a report that is in the directory already, instead of keeping it aside."),
    )
    group.add_argument(
        OPTION,
        choices=LANGUAGES,
        env_var=VARIABLE,
        help=_("Language of what is printed, of the reports and of our web page. Default: the locale's."),
    )
    group.add_argument(
        "--no-control",
        action="store_true",
        env_var="BEST_FLEET_NO_CONTROL",
        help=_("Let nobody act on devices from the web page: it only shows them."),
    )
    access.add_arguments(group, parser)
    monitoring.add_arguments(group)
    choice = choose(parser, sys.argv[1:])
    locust_output.leave_out(choice.output)
    if choice.access.login is not None:
        parser.set_defaults(web_login=True)
    parser.set_defaults(**choice.meeting_point)
    if choice.scenario is not None:
        ramp = choice.scenario.ramp_plan()
        first = ramp.target_at(0.0)
        rate = round(first.rate, 3) if first is not None else 1.0
        parser.set_defaults(num_users=choice.scenario.devices, spawn_rate=rate, run_time=round(ramp.duration))
        if choice.processes is not None:
            parser.set_defaults(processes=choice.processes)


def chosen() -> Choice:
    """What `add_arguments` found out for this process' command line."""
    return _choices[tuple(sys.argv[1:])]


def lay_in_for_forks() -> None:
    """Make what forked workers need before their first device, once for all of them."""
    scenario = chosen().scenario
    if scenario is not None:
        stock.lay_in(scenario, chosen().users or scenario.devices)


def choose(parser: Any, arguments: Sequence[str]) -> Choice:
    """Read the command line for what is needed early. The same arguments are read once only: the web UI asks often."""
    key = tuple(arguments)
    if key not in _choices:
        _choices[key] = _choose(parser, arguments)
    return _choices[key]


def _choose(parser: Any, arguments: Sequence[str]) -> Choice:
    asks_only = {"-h", "--help", "-V", "--version"}
    if asks_only.intersection(arguments):
        return Choice(scenario=None, shaped=False)
    try:
        known, level_asked, rest = locust_output.parsed(parser, arguments)
    except OverflowError:
        # Locust's own reading of a time ends so, wherever it was given.
        refuse(_("-t, --stop-timeout: a time is longer than any run ({longest_run})", longest_run=LONGEST_RUN))
    if known.user_classes and (unknown := command_words.unknown_option(parser, rest)) is not None:
        # Its value is what Locust took for a class of users.
        refuse(unknown)
    problems = [*problems_of(known), *monitoring.problems_of(known, os.environ)]
    if problems:
        refuse_all(problems)
    run = _choose_run(known)
    if run.processes is not None:
        # For what is decided by it from here on: forked processes need a token, for one.
        known.processes = run.processes
    try:
        allowed = access_of(known, os.environ)
    except AccessError as error:
        refuse_all(error.problems)
    output = locust_output.output_of(known, level_asked=level_asked)
    locusts = {name: parser.get_default(name) for name in ("master_host", "master_port", "master_bind_port")}
    return replace(run, access=allowed, output=output, meeting_point=meeting_point(known, allowed.token, locusts))


def _choose_run(known: Namespace) -> Choice:
    shaped = known.num_users is None and known.spawn_rate is None and known.run_time is None
    if known.worker or known.list_commands:
        return Choice(scenario=None, shaped=False)
    problems: list[str] = []
    host = _host(known, problems)
    if not known.scenario:
        refuse(_("no scenario is given. Try: --scenario smoke"))
    try:
        scenario = load_scenario(
            scenario_file(known.scenario),
            wrong_threshold,
            identities_given=known.identities is not None,
            plan_judged=shaped and host is None,
        )
    except ScenarioError as error:
        refuse_all([*problems, *str(error).splitlines()])
    if (problem := platform_problem(scenario, host)) is not None:
        problems.append(problem)
    if problems:
        refuse_all(problems)
    try:
        identities = identities_of(scenario, Path(known.identities) if known.identities else None)
        identities.require(known.num_users or scenario.devices)
    except ScenarioError as error:
        refuse_all(str(error).splitlines())
    empty = groups_without_devices(scenario, known.num_users)
    if empty:
        sys.stderr.write(
            _(
                "best-fleet: warning: -u {num_users} leaves no device for {empty}\n",
                num_users=known.num_users,
                empty=listed(empty),
            )
        )
    if not known.master:
        _look_at_ports(scenario, known.num_users, embedded=host is None and scenario.embedded)
    processes = None if known.master or known.processes else processes_of(scenario, known.num_users)
    return Choice(scenario=scenario, shaped=shaped, host=host, processes=processes, users=known.num_users)


def groups_without_devices(scenario: Scenario, asked: int | None) -> list[str]:
    """The groups that a fleet of `asked` devices is too small for."""
    if asked is None:
        return []
    counts = scale_counts([group.count for group in scenario.groups], asked)
    return [group.name for group, count in zip(scenario.groups, counts, strict=True) if group.count and not count]


def processes_of(scenario: Scenario, asked: int | None) -> int | None:
    """In how many processes of this machine the scenario wants to run, beside the master; None for this one alone.

    Args:
        asked: the fleet's size where `-u` gave one.
    """
    wanted = scenario.document.workers.processes
    if wanted != "auto":
        return wanted
    most = most_devices()
    needed = math.ceil((scenario.devices if asked is None else asked) / max(1, most))
    return needed if needed > 1 and most else None


def _look_at_ports(scenario: Scenario, asked: int | None, *, embedded: bool) -> None:
    """Refuse a fleet that there are too few local ports for; warn where the platform may have several brokers."""
    peak = scenario.ramp_plan().peak if asked is None else asked
    # Each process of the embedded platform has a broker of its own.
    brokers = platform_processes(scenario, asked) if embedded else max(len(scenario.targets), 1)
    shortage = port_shortage(math.ceil(peak / brokers), scenario.document.network.source_ips)
    if shortage is None:
        return
    if embedded:
        refuse(shortage)
    sys.stderr.write(_("best-fleet: warning: {shortage}\n", shortage=shortage))


def _host(known: Namespace, problems: list[str]) -> str | None:
    if known.host is None:
        return None
    try:
        return parse_dispatch_url(known.host)
    except DispatchUrlError as error:
        problems.append(_("--host (or LOCUST_HOST): {error}", error=error))
        return None


def refuse(problem: str) -> NoReturn:
    """End the process because of the user's input (exit code 2)."""
    refuse_all([problem])


def refuse_all(problems: Sequence[str], code: int = ExitCode.USAGE) -> NoReturn:
    """End the process before anything began, every problem on a line of stderr; because of the user's input unless
    `code` says another cause."""
    for problem in problems:
        sys.stderr.write(_("best-fleet: {problem}\n", problem=problem) if len(problems) == 1 else f"{problem}\n")
    sys.stderr.flush()
    sys.exit(code)


def remember_default_arguments() -> None:
    """Let Locust build the dictionary of its own arguments once.

    It builds a whole parser for it, for every argument of every spawn message: some 90 ms in which a worker stands
    still each second of a ramp.
    """
    if not hasattr(argument_parser.default_args_dict, "cache_info"):
        argument_parser.default_args_dict = functools.cache(argument_parser.default_args_dict)
