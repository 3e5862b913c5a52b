"""`best-fleet check`: everything that is wrong with scenarios, or the fleets that they make. Nothing is started."""

import argparse
import math
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.cli.errors import ScenarioProblemsError, UsageError
from simulator.cli.fault_lines import fault_lines
from simulator.cli.group_lines import attendance_peak, lines
from simulator.cli.mqtt_lines import channel_of, mqtt_lines
from simulator.cli.scenarios import A_SCENARIO, identities_of, read_scenario, unwritten_csv
from simulator.exit_codes import ExitCode
from simulator.scenario.shipped import scenario_file, shown
from simulator.texts.cells import padded
from simulator.texts.translation import N_, _, listed

if TYPE_CHECKING:
    from simulator.fleet.identities import IdentitySource
    from simulator.scenario.scenario import Scenario
    from simulator.scenario.sections.group import GroupSection

DESCRIPTION = N_("""\
Check scenarios without connecting anywhere: all problems are listed with file, line and field (exit code 2).
If there are none, the fleet is described. A CSV file of identities that `provision` has yet to write is no problem of
the scenario (exit code 0), but no run can begin before it is there: that is said instead of "no problems".""")
EPILOG = N_("""\
examples:
  best-fleet check smoke
  best-fleet check my-staging.yaml --identities devices.csv     are there enough identities?
  best-fleet check --quiet *.yaml                               problems only
""")
PASSES_OPTIONS_ON = False

MESSAGES_PER_PROCESS = 15_000
"""What keeps a core some 60 % busy (docs/scaling.md)."""
MESSAGES_OF_ENROLMENT = 7


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare which scenarios are checked, and against what."""
    parser.add_argument(
        "scenarios",
        nargs="+",
        type=scenario_file,
        metavar="SCENARIO",
        help=_(A_SCENARIO),
    )
    parser.add_argument("--identities", type=Path, metavar="CSV", help=_("check the identities of this file as well"))
    parser.add_argument("-u", "--users", type=int, metavar="N", help=_("for a fleet of N devices, as `run -u N`"))
    parser.add_argument("-q", "--quiet", action="store_true", help=_("print problems only"))


def run(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """Check and describe.

    Raises:
        UsageError: For a fleet without devices.
        ScenarioProblemsError: With the problems of all scenarios.
    """
    from simulator.fields.limits import MOST_DEVICES

    if options.users is not None and not 1 <= options.users <= MOST_DEVICES:
        raise UsageError(_("check: -u must be at least 1 and at most {most_devices:,}", most_devices=MOST_DEVICES))
    problems = []
    for path in options.scenarios:
        try:
            scenario = read_scenario(path, options.identities, csv_needed=False, plan_judged=True)
            total = scenario.devices if options.users is None else options.users
            csv = unwritten_csv(scenario, options.identities)
            source = None if csv is not None else identities_of(scenario, options.identities, needed=total)
            state = list(state_of(scenario))
        except ScenarioProblemsError as error:
            problems.append(str(error))
            continue
        if not options.quiet:
            print("\n".join((verdict(scenario, csv), *describe(scenario, total, source), *state)))
        if csv is not None:
            users = "" if options.users is None else f" -u {total}"
            command = shlex.join(["best-fleet", "provision", shown(path)]) + users
            print(
                _(
                    "{path}: a run needs {csv}: put your devices there, or make them: {command}",
                    path=shown(path),
                    csv=csv,
                    command=command,
                ),
                file=sys.stderr,
            )
    if problems:
        raise ScenarioProblemsError("\n".join(problems))
    return ExitCode.PASSED


def verdict(scenario: "Scenario", csv: Path | None) -> str:
    """That nothing is wrong with the scenario; and that no run can begin, where `csv` has yet to be written."""
    if csv is None:
        return _("{file}: no problems", file=scenario.file)
    return _("{file}: the scenario is right, but no run can begin before {csv} is there", file=scenario.file, csv=csv)


def describe(scenario: "Scenario", total: int, source: "IdentitySource | None") -> Iterator[str]:
    """What a run of the scenario would be, line by line, for a fleet of `total` devices.

    Args:
        source: who they are; None where that is not written yet.
    """
    from simulator.fields.units import format_duration
    from simulator.fleet.plan import first_index, scale_counts
    from simulator.scenario.function_rules import skipped

    plan = scenario.ramp_plan(total)
    counts = scale_counts([group.count for group in scenario.groups], total)
    document = scenario.document
    yield from row(_("name"), scenario.name)
    if document.description:
        yield from row(_("about"), " ".join(document.description.split()))
    yield from row(_("target"), _("the embedded platform") if scenario.embedded else ", ".join(scenario.targets))
    yield from row(_("channel"), channel_of(scenario))
    named = source.name if source else _("{csv}, which is not there yet", csv=scenario.identities_file)
    yield from row(_("identities"), named)
    if scenario.state_file is not None:
        yield from row(_("state file"), str(scenario.state_file))
    if document.report.attendance:
        yield from row(_("leaves"), _("attendance.csv beside its reports"))
    yield from row(
        _("devices"),
        _(
            "{total}, at most {peak} at once, for {duration}",
            total=total,
            peak=plan.peak,
            duration=format_duration(plan.duration),
        ),
    )
    for number, (group, count) in enumerate(zip(scenario.groups, counts, strict=True)):
        yield from row(
            _("group"),
            _(
                "{name}, {count} devices: {what}",
                name=group.name,
                count=count,
                what=describe_group(group),
            ),
        )
        if group.functions.without:
            missing = _(", no ").join(map(_, skipped(group))) or _("change in what they do by themselves")
            yield from row(
                _("without"),
                _("{names}: so no {missing}", names=listed(group.functions.without), missing=missing),
            )
        first = first_index(counts, number) if count else None
        for name, text in (*lines(group), *mqtt_lines(group, source, first)):
            yield from row(name, text)
    load = messages_per_second(scenario, counts)
    processes = math.ceil(load / MESSAGES_PER_PROCESS)
    room = (
        _("; plan with {processes:,} processes or more (--processes, --worker)", processes=processes)
        if processes > 1
        else ""
    )
    about = _("about {load:,} messages a second with all devices online", load=round(load, 1 if load < 10 else None))
    if any(attendance_peak(scenario, group) is None for group in scenario.groups):
        about += _(", attendance not counted")
    yield from row(_("load"), f"{about}{room}")
    for number, step in enumerate(plan.steps, start=1):
        change = (
            _("to {devices} devices in {over}", devices=step.devices, over=format_duration(step.over))
            if step.over
            else _("{devices} devices at once", devices=step.devices)
        )
        yield from row(
            _("step {number}", number=number),
            _("{change}, kept for {hold}", change=change, hold=format_duration(step.hold)) if step.hold else change,
        )
    for name, text in fault_lines(scenario, counts):
        yield from row(name, text)
    for threshold in scenario.thresholds:
        yield from row(_("threshold"), threshold)
    if not scenario.thresholds:
        yield from row(_("threshold"), _("none: any failed request fails the run"))
    for note in scenario.notes():
        yield from row(_("note"), note)


def state_of(scenario: "Scenario") -> Iterator[str]:
    """What earlier runs left in the scenario's state file, a line for each platform.

    Raises:
        ScenarioProblemsError: If the file cannot be used.
    """
    from simulator.fleet.warm_state import WarmStateError, held_in

    path = scenario.state_file
    if path is None or not path.exists():
        return
    try:
        held = held_in(path)
    except WarmStateError as error:
        raise ScenarioProblemsError(_("{file}: state_file: {error}", file=scenario.file, error=error)) from None
    for one in held:
        unsent = ""
        if one.devices:
            unsent = _(
                ", {records:,} unsent records and {photos:,} pictures of {devices:,} devices",
                records=one.records,
                photos=one.photos,
                devices=one.devices,
            )
        yield from row(
            _("left behind"),
            _("for {dispatch}: {logins:,} logins{unsent}", dispatch=one.dispatch, logins=one.logins, unsent=unsent),
        )


def messages_per_second(scenario: "Scenario", counts: Sequence[int]) -> float:
    """About how many messages the devices of a scenario send a second once all are online; waves at their
    peak, and meetings while most people come or leave.

    Args:
        counts: devices of each group.
    """
    from simulator.scenario.function_rules import skipped

    interval = scenario.document.platform.heartbeat.interval
    total = 0.0
    for group, count in zip(scenario.groups, counts, strict=True):
        missing = set(skipped(group))
        each = 0.0 if "heartbeats" in missing else 1.0 / (group.heartbeat or interval)
        for stream in () if "verifications" in missing else group.streams:
            rate = max(stream.rate, stream.wave.peak if stream.wave is not None else 0.0)
            # A record goes up at once: batches fill only behind an outage.
            each += rate + rate * stream.photo_share
        each += 0.0 if "verifications" in missing else attendance_peak(scenario, group) or 0.0
        # A user, a card, a portrait and a face photo in pieces.
        each += sum(stream.rate * MESSAGES_OF_ENROLMENT for stream in group.enrolments)
        total += each * count
    return total


_STARTS = {
    "as listed": N_("cold start (warm where its login is known)"),
    "cold": N_("cold start"),
    "warm": N_("warm start"),
}


def describe_group(group: "GroupSection") -> str:
    """A group's devices and what they do, in one line."""
    from simulator.fields.units import format_duration, format_rate
    from simulator.scenario.function_rules import skipped

    missing = set(skipped(group))
    streams = [
        _("{rate} verifications", rate=format_rate(stream.rate))
        + (
            _(" (up to {peak} at {at})", peak=format_rate(stream.wave.peak), at=format_duration(stream.wave.at))
            if stream.wave
            else ""
        )
        for stream in group.streams
        if (stream.rate or stream.wave) and "verifications" not in missing
    ]
    streams += [_("{rate} enrolments", rate=format_rate(stream.rate)) for stream in group.enrolments if stream.rate]
    doings = [_("{streams} a device", streams=" + ".join(streams))] if streams else []
    if group.attendance is not None and "verifications" not in missing:
        doings.insert(0, _("people attend its meetings"))
    doing = _(", ").join(doings) or _("no verifications a device")
    beat = (
        _("the platform's heartbeat")
        if group.heartbeat is None
        else _("heartbeat every {interval}", interval=format_duration(group.heartbeat))
    )
    if "heartbeats" in missing:
        beat = _("no heartbeat")
    return _(
        "{model}, {firmware}, {start}, {users} users, {doing}, {beat}",
        model=group.model,
        firmware=group.firmware,
        start=_(_STARTS[group.start]),
        users=group.users,
        doing=doing,
        beat=beat,
    )


def row(name: str, text: str) -> Iterator[str]:
    """One line of the description."""
    yield f"  {padded(name, 12)} {text}"
