"""`best-fleet conform`: cases that judge a platform, right messages and wrong ones, each with a verdict.

Chooses the cases, the platform and the devices, and where the report goes; judging is simulator.conform's.
"""

import argparse
import contextlib
import shlex
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.cli.errors import UsageError, unwritable
from simulator.cli.scenarios import identities_of, read_scenario
from simulator.cli.targets import Target, target
from simulator.closest import closest
from simulator.exit_codes import ExitCode
from simulator.scenario.shipped import scenario_file, shown
from simulator.shown import detail
from simulator.texts.told import Told, said
from simulator.texts.translation import N_, _, ngettext

if TYPE_CHECKING:
    from reports.directory import ReportDirectory
    from simulator.conform.case import Case
    from simulator.conform.document import Finished
    from simulator.device.settings import Credentials
    from simulator.protocol.channel.base import ChannelSuite
    from simulator.pubsub.profile import Profile
    from simulator.scenario.scenario import Scenario

DESCRIPTION = N_("""\
Judge a platform: one to three devices walk through numbered cases, right ones and wrong ones, and each gets a verdict.
Without --host, and with a scenario whose target is embedded, it judges the embedded platform. Leaves conformance.json,
conformance.html, conformance.md, junit.xml and a trace of each case in DIR. Exit code 0: no case FAILED; 3: some FAILED
(with --strict also NON-STRICT); 2: usage; 4: the platform could not be judged; 5: stopped before the end.""")
EPILOG = N_("""\
examples:
  best-fleet conform --report runs/conform                          the embedded platform
  best-fleet conform --host https://staging.example.com --identities three.csv --report runs/staging
  best-fleet conform --only 'lookup.*,login.*' --skip 'lookup.type.*' --report runs/look
  best-fleet conform --only lookup.sign.wrong --report runs/one     one case again
  best-fleet conform --type best-m --report runs/mqtt               over MQTT, by the profile best-m
  best-fleet conform --list
""")
PASSES_OPTIONS_ON = False
DEVICES = 3
"""As many serial numbers are used at most."""
TYPES = ("best-w", "best-m", "best-t", "best-a")
_WAIT_S = 10.0
_LONGEST_WAIT_S = 3600.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare which cases, against what, as whom, and where the report goes."""
    parser.add_argument(
        "--scenario", type=scenario_file, metavar="FILE", help=_("TLS, suite, time-outs and the target")
    )
    parser.add_argument("--host", metavar="URL", help=_("the dispatch URL, instead of the scenario's target"))
    parser.add_argument(
        "--identities", type=Path, metavar="CSV", help=_("one to three devices that the platform knows")
    )
    parser.add_argument(
        "--type",
        choices=TYPES,
        help=_("over which transport, instead of the scenario's: best-w WebSocket, others MQTT"),
    )
    parser.add_argument(
        "--suite", metavar="NAME", help=_("the channel suite, instead of the scenario's; over MQTT plain by default")
    )
    parser.add_argument("--only", type=globs, default=(), metavar="GLOB,…", help=_("these cases, with what they need"))
    parser.add_argument("--skip", type=globs, default=(), metavar="GLOB,…", help=_("all but these"))
    parser.add_argument("--list", action="store_true", help=_("list the cases by section, and end"))
    parser.add_argument("--strict", action="store_true", help=_("NON-STRICT fails as well"))
    parser.add_argument(
        "--wait",
        type=wait,
        default=_WAIT_S,
        metavar="S",
        help=_("seconds for what the platform does by itself (default: %(default)g)"),
    )
    parser.add_argument(
        "--interactive", action="store_true", help=_("say what to trigger on the platform's console, and wait for it")
    )
    parser.add_argument("--report", type=Path, metavar="DIR", help=_("where the report goes"))
    parser.add_argument("--overwrite", action="store_true", help=_("remove an earlier report in DIR"))


def globs(text: str) -> tuple[str, ...]:
    """The names of a list with commas.

    Raises:
        argparse.ArgumentTypeError: If there is none in it: a script's empty variable must not mean all cases.
    """
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise argparse.ArgumentTypeError(_("no name is given; leave the option out for all cases"))
    return names


def wait(text: str) -> float:
    """Seconds, also written as a duration (`30s`).

    Raises:
        argparse.ArgumentTypeError: If it is none, or above an hour.
    """
    from simulator.fields.units import parse_duration

    try:
        seconds = float(text) if text.replace(".", "", 1).isdecimal() else parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if not 0 <= seconds <= _LONGEST_WAIT_S:
        raise argparse.ArgumentTypeError(
            _("{text!r}: 0 to {longest_wait_s:g} seconds", text=text, longest_wait_s=_LONGEST_WAIT_S)
        )
    return seconds


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the command line and the scenario ask for, checked."""

    scenario: "Scenario"
    identities: "tuple[Credentials, ...]"
    suite: "ChannelSuite"
    cases: "tuple[Case, ...]"
    given: int
    """Devices that the CSV file or the scenario names."""
    broker_type: str
    mqtt: "Profile | None"
    """By which devices speak to the broker; None over WebSocket."""


def run(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """Judge, or list the cases; returns the exit code.

    Raises:
        UsageError: For what the user can mend: an unknown case, no identities, a directory that cannot be used.
    """
    if options.list:
        print(listed(_chosen(options)))
        return ExitCode.PASSED
    if options.report is None:
        raise UsageError(_("conform: --report DIR is missing: where the report goes"))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _run(options)
    except KeyboardInterrupt:
        # Before the first case: from then on a signal lets the report be written.
        print(_("inconclusive: stopped by a signal before any case was judged"))
        return ExitCode.INTERRUPTED


def _run(options: argparse.Namespace) -> int:
    plan = _plan(options)

    from reports.directory import DirectoryBusyError, ReportDirectory
    from simulator.conform.output import report_on_terminal, write

    died: list[str] = []
    try:
        with ReportDirectory(options.report) as directory:
            directory.clear(overwrite=options.overwrite)
            with _scenario_file(options) as file:
                arguments = _platform_arguments(options, file)
                with target("conform", plan.scenario, options.host, arguments, died.append) as found:
                    finished = _judged(plan, options, found, directory)
            if died and not finished.judged.reason:
                finished.judged.reason = died[0]
            unwritten = write(finished, directory.path)
    except DirectoryBusyError as error:
        raise UsageError(f"conform: --report: {error}") from None
    except OSError as error:
        raise unwritable("conform: --report", options.report, error) from None
    print(report_on_terminal(finished, options.report))
    for problem in unwritten:
        print(f"best-fleet conform: {problem}", file=sys.stderr)
    return ExitCode.INVALID if unwritten and finished.exit_code is ExitCode.PASSED else finished.exit_code


def listed(cases: "Sequence[Case]") -> str:
    """The cases by section of the report."""
    lines: list[str] = []
    width = max((len(case.id) for case in cases), default=0)
    family = None
    for case in cases:
        if case.family != family:
            lines += [*([""] if lines else []), f"{case.family}:"]
            family = case.family
        more = "" if case.required else _(" (informational)")
        lines.append(f"  {case.id:<{width}}  {said(case.title)}{more}")
    return "\n".join([*lines, "", ngettext("{number} case", "{number} cases", len(cases))])


# --- What is asked for ---


def _plan(options: argparse.Namespace) -> _Plan:
    from simulator.protocol.broker import is_publish_subscribe
    from simulator.protocol.channel.registry import BrokenSuite, UnknownSuite, channel_suite

    scenario = _scenario(options)
    group = scenario.groups[0]
    broker_type = options.type or group.broker_type
    profile = None
    if is_publish_subscribe(broker_type):
        own = broker_type == group.broker_type
        profile = group.profile() if own else scenario.document.mqtt.profile_of(broker_type)
    foreign = options.host is not None or not scenario.embedded
    if foreign and options.identities is None and scenario.identities_file is None:
        raise UsageError(
            _(
                "conform: --identities CSV is missing: a platform that is not embedded knows its own devices "
                "only; one to three lines of sn,secretKey,productId,devKey are enough"
            )
        )
    source = identities_of(scenario, options.identities)
    count = DEVICES if source.available is None else min(DEVICES, source.available)
    given = count if source.available is None else source.available
    if not count:
        raise UsageError(_("conform: {name} holds no device: one to three are needed", name=source.name))
    name = options.suite or scenario.document.channel.suite_over(mqtt=profile is not None)
    try:
        suite = channel_suite(name, scenario.document.channel.suite_options(name))
    except (UnknownSuite, BrokenSuite) as error:
        raise UsageError(f"conform: --suite: {error}") from None
    identities = tuple(source.at(index) for index in range(count))
    return _Plan(scenario, identities, suite, _chosen(options), given, broker_type, profile)


def _chosen(options: argparse.Namespace) -> "tuple[Case, ...]":
    from simulator.conform.registry import all_cases, chosen

    every = all_cases()
    for option, names in (("--only", options.only), ("--skip", options.skip)):
        for name in names:
            if not chosen(every, [name], ()):
                near = closest(name, [case.id for case in every])
                hint = _("; did you mean {near}?", near=near) if near else _("; --list lists them all")
                raise UsageError(
                    _("conform: {option}: no case is called {name!r}{hint}", option=option, name=name, hint=hint)
                )
    cases = chosen(every, options.only, options.skip)
    if not cases:
        raise UsageError(_("conform: --only and --skip leave no case to run"))
    return cases


def _scenario(options: argparse.Namespace) -> "Scenario":
    if options.scenario is not None:
        return read_scenario(options.scenario, options.identities)
    from simulator.conform.default_scenario import default_scenario
    from simulator.scenario.scenario import parse_scenario

    text = default_scenario(options.type or TYPES[0])
    return parse_scenario(text, "the built-in scenario", identities_given=options.identities is not None)


@contextlib.contextmanager
def _scenario_file(options: argparse.Namespace) -> Iterator[Path]:
    """The scenario as a file, which the embedded platform is given."""
    if options.scenario is not None:
        yield options.scenario
        return
    import tempfile

    from simulator.conform.default_scenario import default_scenario

    with tempfile.TemporaryDirectory(prefix="best-fleet-") as directory:
        path = Path(directory, "conform.yaml")
        path.write_text(default_scenario(options.type or TYPES[0]), encoding="utf-8")
        yield path


def _platform_arguments(options: argparse.Namespace, scenario: Path) -> list[str]:
    arguments = ["--scenario", str(scenario), "--push-all"]
    if options.identities is not None:
        arguments += ["--identities", str(options.identities)]
    if options.suite is not None:
        arguments += ["--channel", options.suite]
    return arguments


# --- Judging ---


def _judged(plan: _Plan, options: argparse.Namespace, found: Target, directory: "ReportDirectory") -> "Finished":
    from simulator.clock import RunClock
    from simulator.conform import judging
    from simulator.conform.process import Process
    from simulator.conform.site import Terms
    from simulator.wire import TlsFileError

    scenario = plan.scenario
    settings = scenario.group_settings()[0]
    goal = judging.Target(
        dispatch_url=found.urls[0],
        identities=plan.identities,
        suite=plan.suite,
        terms=Terms(
            request_timeout=settings.request_timeout,
            wait=options.wait,
            broker_type=plan.broker_type,
            device_type=settings.device_type,
            reading=settings.reading,
            mqtt=plan.mqtt,
        ),
        tls=found.tls or scenario.tls,
        device_key_bits=scenario.document.channel.device_key_bits,
        proxy=scenario.document.network.proxy,
    )
    process = Process(goal, plan.cases, RunClock(), strict=options.strict, interactive=options.interactive)
    try:
        finished = process.run()
    except TlsFileError as error:
        raise UsageError(f"conform: {error}") from None
    return replace(finished, notes=tuple(_notes(plan, options, goal.dispatch_url)), again=_again(options))


def _notes(plan: _Plan, options: argparse.Namespace, url: str) -> Iterator[str]:
    """What was judged, and as whom."""
    embedded = options.host is None and plan.scenario.embedded
    names = ", ".join(identity.sn for identity in plan.identities)
    yield Told(
        "judged {url}{built_in}, suite {suite}, as {names}",
        url=detail(url),
        built_in=N_(" (the built-in platform)") if embedded else "",
        suite=plan.suite.name,
        names=names,
    )
    if plan.mqtt is not None:
        yield from _profile_notes(plan.mqtt, plan.broker_type)
    if plan.given > len(plan.identities):
        yield Told("{given} devices are given; the first {used} were used", given=plan.given, used=len(plan.identities))
    if embedded and (wrong := plan.scenario.document.platform.wrong):
        yield Told("the built-in platform was wrong on purpose: {wrong}", wrong=", ".join(wrong))


def _profile_notes(profile: "Profile", broker_type: str) -> Iterator[str]:
    from simulator.pubsub.keys import ProfileKeys

    name = profile.name or N_("of the scenario")
    yield Told("over MQTT (type {broker_type}), by the profile {name}", broker_type=broker_type, name=name)
    assumed = [key for key in ProfileKeys.model_fields if key in profile.assumed]
    if assumed:
        yield Told("assumed of the broker, because nobody has written it down: {keys}", keys=", ".join(assumed))


def _again(options: argparse.Namespace) -> str:
    """The command that repeats a case, up to its name."""
    given = [
        *(("--scenario", shown(options.scenario)) if options.scenario is not None else ()),
        *(("--host", detail(options.host)) if options.host is not None else ()),
        *(("--identities", str(options.identities)) if options.identities is not None else ()),
        *(("--type", options.type) if options.type is not None else ()),
        *(("--suite", options.suite) if options.suite is not None else ()),
    ]
    return " ".join(["best-fleet conform", *map(shlex.quote, given), "--report DIR --only"])
