"""`best-fleet check`: everything that is wrong with scenarios, or the fleets that they make. Nothing is started."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.cli.errors import ScenarioProblemsError, UsageError
from simulator.cli.scenarios import identities_of, read_scenario
from simulator.exit_codes import ExitCode

if TYPE_CHECKING:
    from simulator.fleet.identities import IdentitySource
    from simulator.fleet.scenario import Scenario
    from simulator.fleet.sections.group import GroupSection

DESCRIPTION = """\
Check scenarios without connecting anywhere: all problems are listed with file, line and field (exit code 2).
If there are none, the fleet is described."""
EPILOG = """\
examples:
  best-fleet check scenarios/smoke.yaml
  best-fleet check my-staging.yaml --identities devices.csv     are there enough identities?
  best-fleet check --quiet scenarios/*.yaml                     problems only
"""
PASSES_OPTIONS_ON = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare which scenarios are checked, and against what."""
    parser.add_argument("scenarios", nargs="+", type=Path, metavar="SCENARIO", help="a scenario file")
    parser.add_argument("--identities", type=Path, metavar="CSV", help="check the identities of this file as well")
    parser.add_argument("-u", "--users", type=int, metavar="N", help="for a fleet of N devices, as `run -u N`")
    parser.add_argument("--quiet", action="store_true", help="print problems only")


def run(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """Check and describe.

    Raises:
        UsageError: for a fleet without devices.
        ScenarioProblemsError: with the problems of all scenarios.
    """
    if options.users is not None and options.users < 1:
        raise UsageError("check: -u must be at least 1")
    problems = []
    for path in options.scenarios:
        try:
            scenario = read_scenario(path, options.identities)
            total = scenario.devices if options.users is None else options.users
            source = identities_of(scenario, options.identities, needed=total)
        except ScenarioProblemsError as error:
            problems.append(str(error))
            continue
        if not options.quiet:
            print("\n".join(describe(scenario, source, total)))
    if problems:
        raise ScenarioProblemsError("\n".join(problems))
    return ExitCode.PASSED


def describe(scenario: "Scenario", source: "IdentitySource", total: int) -> Iterator[str]:
    """What a run of the scenario would be, line by line, for a fleet of `total` devices."""
    from simulator.fleet.plan import scale_counts
    from simulator.fleet.units import format_duration

    plan = scenario.ramp_plan(total)
    counts = scale_counts([group.count for group in scenario.groups], total)
    document = scenario.document
    yield f"{scenario.file}: no problems"
    yield from row("name", scenario.name)
    if document.description:
        yield from row("about", " ".join(document.description.split()))
    yield from row("target", "the embedded platform" if scenario.embedded else ", ".join(scenario.targets))
    yield from row("channel", document.channel.suite)
    yield from row("identities", source.name)
    yield from row("devices", f"{total}, at most {plan.peak} at once, for {format_duration(plan.duration)}")
    for group, count in zip(scenario.groups, counts, strict=True):
        yield from row("group", f"{group.name}, {count} devices: {describe_group(group)}")
    for number, step in enumerate(plan.steps, start=1):
        change = (
            f"to {step.devices} devices in {format_duration(step.over)}"
            if step.over
            else f"{step.devices} devices at once"
        )
        yield from row(f"step {number}", f"{change}, kept for {format_duration(step.hold)}" if step.hold else change)
    for threshold in scenario.thresholds:
        yield from row("threshold", threshold)
    if not scenario.thresholds:
        yield from row("threshold", "none: any failed request fails the run")


def describe_group(group: "GroupSection") -> str:
    """A group's devices and what they do, in one line."""
    from simulator.fleet.units import format_duration, format_rate

    streams = [
        f"{format_rate(stream.rate)} verifications"
        + (f" (up to {format_rate(stream.wave.peak)} at {format_duration(stream.wave.at)})" if stream.wave else "")
        for stream in group.verifications
        if stream.rate or stream.wave
    ]
    streams += [f"{format_rate(stream.rate)} enrolments" for stream in group.enrolments if stream.rate]
    doing = " + ".join(streams) if streams else "no verifications"
    beat = (
        "the platform's heartbeat" if group.heartbeat is None else f"heartbeat every {format_duration(group.heartbeat)}"
    )
    return f"{group.model}, {group.firmware}, {group.start} start, {group.users} users, {doing} a device, {beat}"


def row(name: str, text: str) -> Iterator[str]:
    """One line of the description."""
    yield f"  {name:<12} {text}"
