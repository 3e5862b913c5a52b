"""What only the whole scenario shows: things that contradict each other, never happen, or are not there."""

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path as FilePath

from simulator.closest import closest
from simulator.fields.limits import LONGEST_RUN, MOST_DEVICES
from simulator.fields.units import format_duration, format_rate, parse_duration
from simulator.protocol.catalogue import COMMAND_FUNC_IDS
from simulator.scenario import attendance_rules, mqtt_rules
from simulator.scenario.capacity_rules import beyond_capacity
from simulator.scenario.door_rules import unoffered
from simulator.scenario.fault_rules import fault_problems
from simulator.scenario.finding import Finding
from simulator.scenario.function_rules import contradictions
from simulator.scenario.option_rules import wrong_values
from simulator.scenario.sections.document import DEFAULT_DURATION, ScenarioDocument
from simulator.scenario.sections.group import GroupSection
from simulator.scenario.sections.reading import report_contradictions, shared_reading
from simulator.scenario.yaml_source import Path
from simulator.texts.translation import _

CheckThreshold = Callable[[str], str | None]
"""Says what is wrong with a threshold's text, or None."""


MOST_EVENTS = 1_000_000
"""Verifications or enrolments a second of a whole group: a hundred times what a process carries."""
MOST_DRAWS = 1_000_000
"""Moments that a device draws, and mostly drops, before its wave comes: about a second of work."""


_LONGEST_S = parse_duration(LONGEST_RUN)
_RUN: tuple[Path, ...] = (("duration",), ("ramp",))
"""What says how long the run takes."""


def merged_groups(document: ScenarioDocument) -> tuple[GroupSection, ...]:
    """The groups with `defaults` laid under them, and under these what the top level says to all of them."""
    defaults = shared_reading(document, document.report)
    if "mqtt" in document.model_fields_set:
        defaults["mqtt"] = document.mqtt
    defaults |= {name: getattr(document.defaults, name) for name in document.defaults.model_fields_set}
    return tuple(
        group.model_copy(update={key: value for key, value in defaults.items() if key not in group.model_fields_set})
        for group in document.groups
    )


def run_seconds(document: ScenarioDocument) -> float:
    """How long the run takes, by `duration` or by the ramp's steps."""
    if document.duration is not None:
        return document.duration
    return _steps_seconds(document) or DEFAULT_DURATION


def check(
    document: ScenarioDocument,
    directory: FilePath | None,
    check_threshold: CheckThreshold | None,
    *,
    identities_given: bool = False,
    csv_needed: bool = True,
    plan_judged: bool = False,
) -> Iterator[Finding]:
    """Everything that is wrong beyond single sections.

    Args:
        directory: what relative file names start from; `None` where the files are not on this machine.
        identities_given: the command line names the devices, so that the scenario's own file is not needed.
        csv_needed: the scenario's own file must be there; it need not for whoever is to write it.
        plan_judged: the run is as the scenario says, of its length and with its platform, so that the planned meetings
            have to fit into it.
    """
    groups = merged_groups(document)
    yield from _check_groups(document, groups, identities_given)
    yield from _check_load(document, groups)
    yield from _check_ramp(document, sum(group.count for group in groups))
    yield from _check_moments(document, groups)
    yield from _check_platform(document)
    yield from _check_attendance(document, groups, plan_judged)
    yield from fault_problems(document, groups, run_seconds(document))
    brokers = tuple(path for number in range(len(groups)) for path in _either(number, "broker_type"))
    for path, message in mqtt_rules.problems(document, groups):
        yield Finding(path, message, rests_on=brokers)
    for path, contradiction in document.channel.problems():
        # Keys that are no suite's own are so whatever their values.
        yield Finding(("channel", *path), contradiction, rests_on=() if path == ("suite",) else (("channel",),))
    if directory is not None:
        yield from _check_files(document, directory, identities_given, csv_needed)
    yield from _check_thresholds(document, check_threshold)


def _either(number: int, *fields: str) -> tuple[Path, ...]:
    """Where the values of a merged group's fields may have been written."""
    return tuple(path for field in fields for path in (("groups", number, field), ("defaults", field)))


def _place(group: GroupSection, number: int, field: str) -> Path:
    """Where the value of a merged group's field was written."""
    return ("groups", number, field) if field in group.model_fields_set else ("defaults", field)


def _check_groups(
    document: ScenarioDocument, groups: tuple[GroupSection, ...], identities_given: bool
) -> Iterator[Finding]:
    names: dict[str, int] = {}
    for number, (group, own) in enumerate(zip(groups, document.groups, strict=True)):
        if group.name in names:
            message = _("'{name}' is the name of groups[{names}] too", name=group.name, names=names[group.name])
            yield Finding(("groups", number, "name"), message)
        names.setdefault(group.name, number)
        sound = not any(wrong_values(group.options))
        for message in beyond_capacity(group) if sound else ():
            rests_on = _either(number, "users", "capacities", "options")
            yield Finding(_place(own, number, "users"), message, rests_on=rests_on)
        known = identities_given or document.identities.csv is not None or document.state_file is not None
        if group.start == "warm" and not known:
            message = _("a warm start takes logins from `state_file` or from the CSV of `identities`: give one")
            yield Finding(_place(own, number, "start"), message, rests_on=(("identities",), ("state_file",)))
        for place, message in unoffered(group) if sound else ():
            path = (*_place(own, number, "verifications"), place, "styles")
            yield Finding(path, message, rests_on=_either(number, "options"))
        for message in contradictions(group):
            rests_on = _either(number, "max_package", "meetings")
            yield Finding(_place(own, number, "functions"), message, rests_on=rests_on)
        ids = [meeting.id for meeting in group.meetings]
        if len(set(ids)) < len(ids):
            yield Finding(_place(own, number, "meetings"), _("two meetings have the same id"))
        for message in report_contradictions(group, group.options):
            yield Finding(_place(own, number, "options"), message)
        for name, message in wrong_values(own.options):
            yield Finding(("groups", number, "options", name), message)
    for name, message in wrong_values(document.defaults.options):
        yield Finding(("defaults", "options", name), message)
    total = sum(group.count for group in groups)
    if total == 0:
        yield Finding(("groups",), _("the groups hold no device at all: give `count`"))
    if total > MOST_DEVICES:
        yield Finding(
            ("groups",),
            _(
                "the groups hold {total:,} devices; at most {most_devices:,} can be run",
                total=total,
                most_devices=MOST_DEVICES,
            ),
        )


def _check_attendance(
    document: ScenarioDocument, groups: tuple[GroupSection, ...], plan_judged: bool
) -> Iterator[Finding]:
    given = (("defaults", "attendance"), *(("groups", number, "attendance") for number in range(len(groups))))
    if all(group.attendance is None for group in groups):
        if document.report.attendance:
            message = _("no group has an `attendance`, so that there would be no row: give one, or leave this out")
            yield Finding(("report", "attendance"), message, rests_on=given)
        for number, text in enumerate(document.thresholds):
            if text.lstrip().startswith("attendance."):
                message = _("no group has an `attendance` that this could be said of: give one, or leave this out")
                yield Finding(("thresholds", number), message, rests_on=given)
    elif plan_judged:
        problem = attendance_rules.problem(document, groups, run_seconds(document))
        if problem is not None:
            rests_on = (*given, ("platform",), ("duration",), ("ramp",), ("target",), ("groups",), ("defaults",))
            yield Finding(("report", "attendance"), problem, rests_on=rests_on)


def _check_thresholds(document: ScenarioDocument, check_threshold: CheckThreshold | None) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for number, text in enumerate(document.thresholds):
        message = None if check_threshold is None else check_threshold(text)
        if message is not None:
            yield Finding(("thresholds", number), message)
            continue
        same = first.setdefault("".join(text.split()), number)
        if same != number:
            yield Finding(("thresholds", number), _("is thresholds[{same}] once more: take it out", same=same))


def _check_load(document: ScenarioDocument, groups: tuple[GroupSection, ...]) -> Iterator[Finding]:
    """What devices are to do must be no more than machines can carry: it would be late, and the figures nobody's."""
    for number, (group, own) in enumerate(zip(groups, document.groups, strict=True)):
        for place, stream in enumerate(group.streams):
            path = (*_place(own, number, "verifications"), place)
            yield from _check_events(group, stream.rate, (*path, "rate"))
            if stream.wave is None:
                continue
            yield from _check_events(group, stream.wave.peak, (*path, "wave", "peak"))
            if stream.wave.peak * stream.wave.at > MOST_DRAWS:
                wave = _(
                    "a wave of {peak} at {at}", peak=format_rate(stream.wave.peak), at=format_duration(stream.wave.at)
                )
                message = _(
                    "{wave} is too high and too late: its moments are drawn from the start of the run on", wave=wave
                )
                yield Finding((*path, "wave", "at"), message)
        for place, enrolment in enumerate(group.enrolments):
            yield from _check_events(group, enrolment.rate, (*_place(own, number, "enrolments"), place, "rate"))


def _check_events(group: GroupSection, rate: float, path: Path) -> Iterator[Finding]:
    if rate * group.count > MOST_EVENTS:
        all_of_them = _("{rate} at each of {count:,} devices", rate=format_rate(rate), count=group.count)
        yield Finding(
            path,
            _(
                "{all_of_them} is more than {most_events:,} a second, which no generator carries",
                all_of_them=all_of_them,
                most_events=MOST_EVENTS,
            ),
        )


def _steps_seconds(document: ScenarioDocument) -> float:
    return sum(step.over + step.hold for step in document.ramp.steps or ()) + (
        (document.ramp.down or 0.0) if document.ramp.steps else 0.0
    )


def _check_ramp(document: ScenarioDocument, total: int) -> Iterator[Finding]:
    ramp, run = document.ramp, run_seconds(document)
    # A count that is missing or wrong was made 1: nobody knows how many devices all groups have.
    counts: tuple[Path, ...] = tuple(("groups", number, "count") for number in range(len(document.groups)))
    for number, step in enumerate(ramp.steps or ()):
        if step.devices > total:
            message = _("{devices} devices are more than the {total} of all groups", devices=step.devices, total=total)
            yield Finding(("ramp", "steps", number, "devices"), message, rests_on=counts)
    if ramp.steps and not any(step.devices for step in ramp.steps):
        yield Finding(("ramp", "steps"), _("no step starts any device"))
    if _steps_seconds(document) > _LONGEST_S:
        message = _("all steps together take longer than a run may: {longest_s}", longest_s=format_duration(_LONGEST_S))
        yield Finding(("ramp", "steps"), message)
    elif ramp.steps and _steps_seconds(document) > run + 1e-9:
        message = _(
            "the ramp's steps take {steps_seconds}, longer than {run}",
            steps_seconds=format_duration(_steps_seconds(document)),
            run=_run(run),
        )
        yield Finding(("duration",), message)
    if not ramp.steps and (ramp.down or 0.0) >= run:
        yield Finding(("ramp", "down"), _("stopping takes as long as {run}", run=_run(run)), rests_on=_RUN)
    elif ramp.rate is not None and total / ramp.rate > run - (ramp.down or 0.0):
        needed = format_duration(round(total / ramp.rate, 1))
        message = _(
            "{total} devices at {rate} need {needed}, longer than {run}",
            total=total,
            rate=format_rate(ramp.rate),
            needed=needed,
            run=_run(run),
        )
        yield Finding(("ramp", "rate"), message, rests_on=(*counts, *_RUN))


def _check_moments(document: ScenarioDocument, groups: tuple[GroupSection, ...]) -> Iterator[Finding]:
    run = run_seconds(document)
    for number, (group, own) in enumerate(zip(groups, document.groups, strict=True)):
        for stream_number, stream in enumerate(group.streams):
            if stream.wave is not None and stream.wave.at > run:
                path = (*_place(own, number, "verifications"), stream_number, "wave", "at")
                yield Finding(path, _("the wave comes after the end of {run}", run=_run(run)), rests_on=_RUN)
    for number, push in enumerate(document.platform.pushes):
        for name in ("at", "every", "after"):
            moment = getattr(push, name)
            if moment is not None and moment >= run:
                path = ("platform", "pushes", number, name)
                yield Finding(path, _("never comes in {run}", run=_run(run)), rests_on=_RUN)


def _check_platform(document: ScenarioDocument) -> Iterator[Finding]:
    platform = document.platform
    meetings: tuple[Path, ...] = (("platform", "meetings"),)
    for number, push in enumerate(platform.pushes):
        place: Path = ("platform", "pushes", number)
        path = (*place, "command")
        if push.unknown and push.command in COMMAND_FUNC_IDS:
            yield Finding(
                path, _("'{command}' is a command of the protocol: leave out `unknown: true`", command=push.command)
            )
        elif not push.unknown and push.command not in COMMAND_FUNC_IDS:
            message = _(
                "'{command}' is no command of the protocol; to push it all the same, add `unknown: true`",
                command=push.command,
            )
            yield Finding(path, message, closest(push.command, COMMAND_FUNC_IDS))
        if push.meeting is not None and push.meeting > platform.meetings.count:
            message = _(
                "there is no meeting {meeting}: `platform.meetings.count` is {count}",
                meeting=push.meeting,
                count=platform.meetings.count,
            )
            yield Finding((*place, "meeting"), message, rests_on=meetings)
        if platform.meetings.duration + push.longer <= 0:
            message = _(
                "a meeting of {duration} cannot be shorter by that",
                duration=format_duration(platform.meetings.duration),
            )
            yield Finding((*place, "longer"), message, rests_on=meetings)
    given = platform.model_fields_set
    if "members" in given and platform.meetings.count and platform.members > platform.users:
        message = _(
            "{members} members are more than the {users} users that the platform gives",
            members=platform.members,
            users=platform.users,
        )
        yield Finding(("platform", "members"), message, rests_on=(*meetings, ("platform", "users")))


def _check_files(
    document: ScenarioDocument, directory: FilePath, identities_given: bool, csv_needed: bool
) -> Iterator[Finding]:
    csv = None if identities_given else document.identities.csv
    files: list[tuple[Path, str | None]] = [(("identities", "csv"), csv)]
    files += [(("tls", name), getattr(document.tls, name)) for name in ("ca", "client_cert", "client_key")]
    mqtt = document.platform.mqtt
    files.append((("platform", "mqtt", "password_file"), mqtt.password_file))
    files += [
        (("platform", "mqtt", "tls", name), getattr(mqtt.tls, name)) for name in ("ca", "client_cert", "client_key")
    ]
    if document.platform.tls is not None:
        tls = document.platform.tls
        files += [(("platform", "tls", name), getattr(tls, name)) for name in ("certificate", "key", "client_ca")]
    for path, name in files:
        if name is not None:
            needed = csv_needed or path != ("identities", "csv")
            yield from _check_file(path, directory / name, needed=needed)
    if document.state_file is not None:
        state_file = directory / document.state_file
        if not state_file.parent.is_dir():
            yield Finding(("state_file",), _("there is no directory {parent}", parent=state_file.parent))
        elif state_file.is_dir():
            yield Finding(("state_file",), _("{state_file} is a directory", state_file=state_file))


def _check_file(path: Path, file: FilePath, *, needed: bool) -> Iterator[Finding]:
    try:
        if file.is_dir():
            yield Finding(path, _("{file} is a directory", file=file))
        elif not file.exists():
            if not needed:
                return
            hint = _("; `best-fleet provision` can make it") if path == ("identities", "csv") else ""
            yield Finding(path, _("there is no file {file}{hint}", file=file, hint=hint))
        elif not os.access(file, os.R_OK):
            yield Finding(path, _("{file} cannot be read: {strerror}", file=file, strerror=os.strerror(errno.EACCES)))
    except OSError as error:
        yield Finding(path, _("{file} cannot be read: {strerror}", file=file, strerror=error.strerror))


def _run(seconds: float) -> str:
    return _("the run ({seconds})", seconds=format_duration(seconds))
