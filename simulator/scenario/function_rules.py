"""What a group has its devices do must be within the functions that its firmware has."""

from collections.abc import Iterator
from typing import Final

from simulator.device.behaviours.registry import BEHAVIOURS
from simulator.device.functions import Functions
from simulator.device.uploads import FILE_FUNC_IDS
from simulator.fields.range import Range
from simulator.fields.section import Section
from simulator.fields.units import format_size
from simulator.scenario.sections.group import GroupSection
from simulator.texts.translation import N_, _

_ANSWERED_BY: Final = {
    "cmd.data.query.user": "dev.data.upload.user",
    "cmd.system.sync.time": "dev.system.sync.time",
}
"""Commands that a device obeys by a message of its own."""
_MEETINGS: Final = "cmd.data.update.meeting"
_VERIFY_PHOTO: Final = "dev.data.upload.verifyPhoto"
_PICTURES: Final = {
    "photo_size": _VERIFY_PHOTO,
    "portrait_size": "dev.data.upload.userPhoto",
    "bio_photo_size": "dev.data.upload.bioPhoto",
}
"""Keys of sizes, and what a picture of that size goes up by."""
_ROUND_A_PICTURE: Final = 512
"""Bytes of a package for what stands round a picture."""


def contradictions(group: GroupSection) -> Iterator[str]:
    """What the merged `group` asks of its devices that its firmware does not have; each names both."""
    functions = group.functions.functions()
    if not functions.without:
        return
    for behaviour in BEHAVIOURS:
        asked = [
            name for name in behaviour.fields.model_fields if name in group.model_fields_set and getattr(group, name)
        ]
        # What is on by default does not begin; what was asked for has to be possible.
        needed = {need for each in behaviour.fields.behaviours(group) for need in each.needs}
        for name in sorted(needed & functions.without):
            for key in asked:
                yield _("`without` leaves out {name}, which `{key}` needs: take out one of them", name=name, key=key)
    for command, answer in _ANSWERED_BY.items():
        if answer in functions.without and command not in functions.without:
            yield _(
                "`without` leaves out {answer}, by which {command} is obeyed: leave out {command} as well",
                answer=answer,
                command=command,
            )
    if group.attendance is not None and not group.meetings and functions.lacks((_MEETINGS,)):
        yield _(
            "`without` leaves out {meetings}, and `attendance` has no `meetings` then: take out one of them",
            meetings=_MEETINGS,
        )
    for place, stream in _streams(group):
        yield from _pictures(group, functions, place, stream)


def skipped(group: GroupSection) -> Iterator[str]:
    """What the devices of a valid, merged `group` do not do of what others do by themselves: keys, which `_` says."""
    lacking = group.functions.functions().without
    for names, text in (
        (("dev.heartbeat",), N_("heartbeats")),
        (("dev.data.upload.verifyLog",), N_("verifications")),
        ((_VERIFY_PHOTO,), N_("pictures of verifications")),
        (("dev.data.upload.userPhoto",), N_("uploads of portraits")),
        (("dev.data.upload.bioPhoto",), N_("uploads of biometric photos")),
        (("dev.data.upload.multiCard",), N_("uploads of cards")),
        (FILE_FUNC_IDS, N_("uploads in pieces")),
    ):
        if not lacking.isdisjoint(names):
            yield text


def _streams(group: GroupSection) -> Iterator[tuple[str, Section]]:
    for name in type(group).model_fields:
        value = getattr(group, name)
        if isinstance(value, list):
            yield from ((f"{name}[{number}]", each) for number, each in enumerate(value) if isinstance(each, Section))
        elif isinstance(value, Section):
            yield name, value


def _pictures(group: GroupSection, functions: Functions, place: str, stream: Section) -> Iterator[str]:
    share = getattr(stream, "photo_share", 1.0)
    if "photo_share" in stream.model_fields_set and share > 0 and _VERIFY_PHOTO in functions.without:
        yield _(
            "`without` leaves out {verify_photo}, which `{place}.photo_share` needs: take out one of them",
            verify_photo=_VERIFY_PHOTO,
            place=place,
        )
    if not functions.lacks(FILE_FUNC_IDS):
        return
    most = (group.max_package - _ROUND_A_PICTURE) // 4 * 3
    for key, func_id in _PICTURES.items():
        size = getattr(stream, key, None)
        if not isinstance(size, Range) or size.high <= most or functions.lacks((func_id,)):
            continue
        if key == "photo_size" and share == 0:
            continue
        yield (
            _(
                "`without` leaves out dev.file.upload.*, which `{place}.{key}` needs: a picture of {high} fits no "
                "package, at most {most} do",
                place=place,
                key=key,
                high=format_size(size.high),
                most=format_size(most // 1024 * 1024),
            )
        )
