"""Whether people can come to the meetings that the embedded platform plans, and sign out before the run ends.

Other platforms have meetings that nobody here knows of; of those nothing is said but what the devices lack.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from simulator.fields.units import format_duration
from simulator.scenario.sections.document import ScenarioDocument
from simulator.scenario.sections.group import GroupSection
from simulator.texts.translation import N_, _

_MEETING: Final = "cmd.data.update.meeting"
_MEMBER: Final = "cmd.data.update.meetingMember"
_SYNC: Final = ("cmd.system.sync.time", "dev.system.sync.time")
_USER: Final = "cmd.data.update.user"
_VERIFY_LOG: Final = "dev.data.upload.verifyLog"
_NONE: Final = N_(
    "`platform.meetings.count` is 0, no push of {command} brings a meeting, and the group has no `meetings` of its own"
)
_NO_MEMBERS: Final = N_("`platform.members` and `platform.users` give them no members, and no push of {command} does")


def problem(document: ScenarioDocument, groups: Sequence[GroupSection], run: float) -> str | None:
    """Why an `attendance.csv` of this run would tell of no meeting; None where it may, or none is wanted.

    Args:
        groups: with `defaults` laid under them.
        run: seconds that it takes.
    """
    attending = _attending(groups)
    if not document.report.attendance or document.target or not attending:
        return None
    if all(_has_none(document, group) for group in attending):
        return _("there would be no row: {none}", none=_(_NONE, command=_MEETING))
    return _none_over(document, attending, run)


def notes(document: ScenarioDocument, groups: Sequence[GroupSection], run: float) -> Iterator[str]:
    """What people may not have meant of a valid scenario; the arguments are those of `problem`."""
    for group in groups:
        yield from _without_users(group)
    attending = _attending(groups)
    if document.target or not attending:
        return
    for group in attending:
        if _has_none(document, group):
            yield _("{name}: nobody attends a meeting: {none}", name=group.name, none=_(_NONE, command=_MEETING))
        elif _never_set(document, group):
            yield (
                _(
                    "{name}: no meeting of the platform is held before the clocks are set (`clock.start_at`), and "
                    "no push of {sync} sets them",
                    name=group.name,
                    sync=_SYNC[0],
                )
            )
        elif _without_members(document, group):
            yield _(
                "{name}: only strangers come to meetings: {no_members}",
                name=group.name,
                no_members=_(_NO_MEMBERS, command=_MEMBER),
            )
    none_over = _none_over(document, attending, run)
    if none_over is not None:
        yield none_over
        return
    ends = (
        _planned_ends(document)
        if any(not group.functions.functions().lacks((_MEETING,)) for group in attending)
        else []
    )
    cut = [end for end in ends if end > run]
    if cut:
        yield (
            _(
                "{cut} of {ends} planned meetings are not over when the run ends after {run}: the last sign-out "
                "window closes at {cut2}",
                cut=len(cut),
                ends=len(ends),
                run=format_duration(run),
                cut2=format_duration(cut[-1]),
            )
        )


def _attending(groups: Sequence[GroupSection]) -> list[GroupSection]:
    return [group for group in groups if group.attendance is not None and group.count]


def _without_users(group: GroupSection) -> Iterator[str]:
    functions = group.functions.functions()
    verifies = group.attendance is not None or any(stream.rate or stream.wave for stream in group.streams)
    enrols = any(stream.rate for stream in group.enrolments)
    if not verifies or enrols or group.users or not functions.lacks((_USER,)) or functions.lacks((_VERIFY_LOG,)):
        return
    yield _(
        "{name}: only visitors verify: `users` is 0, and `functions.without` leaves out {user}",
        name=group.name,
        user=_USER,
    )


def _pushed(document: ScenarioDocument, command: str) -> bool:
    return any(push.command == command and push.share and push.count for push in document.platform.pushes)


def _has_none(document: ScenarioDocument, group: GroupSection) -> bool:
    return not (group.meetings or document.platform.meetings.count or _pushed(document, _MEETING))


def _without_members(document: ScenarioDocument, group: GroupSection) -> bool:
    platform = document.platform
    planned = min(platform.members, platform.users) if platform.meetings.count else 0
    return not (planned or any(meeting.members for meeting in group.meetings) or _pushed(document, _MEMBER))


def _never_set(document: ScenarioDocument, group: GroupSection) -> bool:
    if group.clock is None or group.clock.start_at is None or group.meetings:
        return False
    return not _pushed(document, _SYNC[0]) or group.functions.functions().lacks(_SYNC)


def _planned_ends(document: ScenarioDocument) -> list[float]:
    """When the planned meetings are over with their sign-out windows, in seconds of the run, the first one first."""
    plan = document.platform.meetings
    first = plan.starts_in + plan.duration + plan.sign_out_after
    ends = (first + number * (plan.duration + plan.gap) for number in range(plan.count))
    # What is over before devices are there takes no place.
    return [end for end in ends if end > 0]


def _none_over(document: ScenarioDocument, attending: Sequence[GroupSection], run: float) -> str | None:
    """That no meeting can be over before the run is, where this is certain."""
    if _pushed(document, _MEETING):
        return None
    ends = _planned_ends(document)
    for group in attending:
        ends += [max(meeting.ends, meeting.sign_out_closes or 0.0) for meeting in group.meetings]
    if not ends or min(ends) < run:
        return None
    return _(
        "no meeting is over before the run is: the first one is after {ends}, sign-out window included, the "
        "run after {run}: give a longer `duration`, or earlier or shorter `platform.meetings`",
        ends=format_duration(min(ends)),
        run=format_duration(run),
    )
