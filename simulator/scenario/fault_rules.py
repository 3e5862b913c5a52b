"""What of `faults` contradicts the run, the groups or another fault, and what of it nobody will see."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from simulator.closest import closest
from simulator.fields.units import format_duration
from simulator.measurements.misbehaviours import MISBEHAVIOURS
from simulator.scenario.finding import Finding
from simulator.scenario.misbehaviour_rules import misbehaviour_notes, misbehaviour_problems
from simulator.scenario.sections.document import ScenarioDocument
from simulator.scenario.sections.faults import (
    KINDS,
    ClockJumpSection,
    DeviceFaultSection,
    FaultSection,
    MisbehaveSection,
    PlatformRestartSection,
    PowerCutSection,
)
from simulator.scenario.sections.group import GroupSection
from simulator.scenario.yaml_source import Path
from simulator.texts.translation import _, listed, ngettext

MOST_OCCURRENCES: Final = 1_000
"""Faults of a run: more than anybody reads, few enough to be drawn at once in every process."""
MOST_HITS: Final = 3_000_000
"""Devices hit, added up over the faults of an entry: each process draws them before it starts, and keeps them."""

_OF_FAULTS: Final = ("recovery", "never_back", "backlog", "requests_cut", "misbehaviour")
"""What measures of thresholds begin with that speak of faults."""
_MEASURE: Final = re.compile(r"\s*([a-z0-9_.]+)")

_RUN: Final[tuple[Path, ...]] = (("duration",), ("ramp",))
_LENGTHS: Final = ("for", "over", "down")


def fault_problems(document: ScenarioDocument, groups: Sequence[GroupSection], run: float) -> Iterator[Finding]:
    """What is wrong with the faults beyond each one's own keys.

    Args:
        groups: with `defaults` laid under them.
        run: seconds that it takes.
    """
    total = 0
    for number, fault in enumerate(document.faults):
        yield from _of_moments(fault, number, run)
        yield from _of_devices(fault, number, groups, run)
        if isinstance(fault, MisbehaveSection):
            yield from misbehaviour_problems(document, fault, number, groups)
        total += (came := occurrences(fault, run))
        if came <= MOST_OCCURRENCES < total:
            message = _(
                "the entries up to here make {total:,} faults of a run; at most {most_occurrences:,} can be",
                total=total,
                most_occurrences=MOST_OCCURRENCES,
            )
            yield Finding(("faults", number, "every"), message, rests_on=(*_RUN, ("faults",)))
            total = -len(document.faults) * MOST_OCCURRENCES  # said once
    yield from _of_restarts(document, run)
    yield from _of_thresholds(document)


def notes(document: ScenarioDocument, groups: Sequence[GroupSection], run: float) -> Iterator[str]:
    """What may not have been meant; the arguments are those of `fault_problems`."""
    stopping = run - (document.ramp.down or 0.0)
    for number, fault in enumerate(document.faults):
        if isinstance(fault, MisbehaveSection):
            yield from misbehaviour_notes(document, fault, number, groups)
        returning = _returning(fault, groups)
        if returning is None:
            continue
        group, needed = returning
        last = _last(fault, run)
        left = stopping - (last + _until_back(fault))
        if left < needed:
            last_time = _(" for the last time") if occurrences(fault, run) > 1 else ""
            stops = _("begin to stop") if document.ramp.down else _("stop")
            ends = (
                _(
                    "may end{last_time} {left} before devices {stop}",
                    last_time=last_time,
                    left=format_duration(round(left, 1)),
                    stop=stops,
                )
                if left > 0
                else _("may not end{last_time} before devices {stop}", last_time=last_time, stop=stops)
            )
            yield (
                _(
                    "faults[{number}] ({what}) {ends}: too late to see all of them back, "
                    "which takes those of {name} up to {needed} (`reconnect.max` and `request_timeout`)",
                    number=number,
                    what=fault.kind.what,
                    ends=ends,
                    name=group.name,
                    needed=format_duration(needed),
                )
            )


def occurrences(fault: FaultSection, run: float) -> int:
    """How often a fault comes in a run of `run` seconds."""
    first = _first(fault)
    if first is None or first >= run:
        return 0
    if fault.every is None:
        return 1
    # As the schedule has it: those that begin before the end.
    times = int((run - first) / fault.every)
    return times + (first + times * fault.every < run)


def _first(fault: FaultSection) -> float | None:
    return fault.every if fault.at is None else fault.at


def _last(fault: FaultSection, run: float) -> float:
    return (_first(fault) or 0.0) + max(0, occurrences(fault, run) - 1) * (fault.every or 0.0)


def _length_key(fault: FaultSection) -> str | None:
    fields = type(fault).model_fields
    return next((key for key in _LENGTHS if key in fields or any(each.alias == key for each in fields.values())), None)


def _of_moments(fault: FaultSection, number: int, run: float) -> Iterator[Finding]:
    place: Path = ("faults", number)
    first = _first(fault)
    if first is None:
        message = _("does not say when it comes: give `at`, `every` or both")
        yield Finding(place, message, rests_on=((*place, "at"), (*place, "every")))
        return
    if first >= run:
        key = "every" if fault.at is None else "at"
        message = _(
            "begins at {first}, and the run is over at {run}", first=format_duration(first), run=format_duration(run)
        )
        yield Finding((*place, key), message, rests_on=(*_RUN, (*place, "at")))
    if fault.every is None:
        return
    key_of_length = _length_key(fault)
    if fault.length.high > fault.every:
        message = _(
            "comes again after {every}, before it is over: `{key_of_length}` is up to {longest}",
            every=format_duration(fault.every),
            key_of_length=key_of_length,
            longest=format_duration(fault.length.high),
        )
        yield Finding((*place, "every"), message, rests_on=((*place, key_of_length or "every"),))
    if (came := occurrences(fault, run)) > MOST_OCCURRENCES:
        message = _(
            "comes {came:,} times in a run of {run}; at most {most_occurrences:,} can be",
            came=came,
            run=format_duration(run),
            most_occurrences=MOST_OCCURRENCES,
        )
        yield Finding((*place, "every"), message, rests_on=_RUN)


def _of_devices(fault: FaultSection, number: int, groups: Sequence[GroupSection], run: float) -> Iterator[Finding]:
    if not isinstance(fault, DeviceFaultSection):
        return
    names = [group.name for group in groups]
    hit = fault.groups or names
    for place, name in enumerate(fault.groups or ()):
        path: Path = ("faults", number, "groups", place)
        if name not in names:
            near = closest(name, names)
            others = _("; there are: {names}", names=listed(names)) if near is None and len(names) <= 12 else ""
            yield Finding(
                path, _("there is no group '{name}'{listed}", name=name, listed=others), near, rests_on=(("groups",),)
            )
        elif name in hit[:place]:
            yield Finding(path, _("'{name}' is named twice", name=name))
    if isinstance(fault, ClockJumpSection) and fault.by == 0:
        yield Finding(("faults", number, "by"), _("sets no clock wrong: give a time, or leave the fault out"))
    if fault.share == 0:
        yield Finding(("faults", number, "share"), _("hits nobody: give more than 0, or leave the fault out"))
    members = sum(group.count for group in groups if group.name in hit)
    known = set(hit) <= set(names)
    if known and members == 0 and any(group.count for group in groups):
        message = ngettext(
            "hits nobody: {names} has no devices",
            "hits nobody: {names} have no devices",
            len(hit),
            names=listed(hit),
        )
        yield Finding(("faults", number, "groups"), message, rests_on=(("groups",),))
    came = occurrences(fault, run)
    if fault.share < 1 and came > 1 and came * fault.share * members > MOST_HITS:
        hits = _("{came:,} times {share:,} devices", came=came, share=round(fault.share * members))
        message = _(
            "hits {hits}, which is more than {most_hits:,}: no process keeps so many", hits=hits, most_hits=MOST_HITS
        )
        yield Finding(("faults", number, "every"), message, rests_on=(*_RUN, ("groups",), ("faults", number)))


def _of_restarts(document: ScenarioDocument, run: float) -> Iterator[Finding]:
    """A platform of others cannot be restarted, and no platform while it is away."""
    away: list[tuple[float, float, int]] = []
    for number, fault in enumerate(document.faults):
        if not isinstance(fault, PlatformRestartSection):
            continue
        if document.target:
            message = _("restarts the embedded platform, and `target` names another one: leave it out")
            yield Finding(("faults", number, "what"), message, rests_on=(("target",),))
            continue
        first, came = _first(fault) or 0.0, occurrences(fault, run)
        every = fault.every or 0.0
        if came <= MOST_OCCURRENCES:
            begins = (first + times * every for times in range(came))
            away += [(begin, begin + fault.down.high, number) for begin in begins]
    away.sort()
    told = set()
    for (begin, end, one), (next_begin, _end, other) in pairwise(away):
        if next_begin >= end or one == other or (one, other) in told:
            continue
        told.add((one, other))
        key = "every" if document.faults[other].at is None else "at"
        message = _(
            "restarts the platform at {next_begin}, while faults[{one}] has it away, from {begin} to {end}",
            next_begin=format_duration(next_begin),
            one=one,
            begin=format_duration(begin),
            end=format_duration(end),
        )
        places = (("faults", place, name) for place in (one, other) for name in ("at", "every", "down"))
        yield Finding(("faults", other, key), message, rests_on=(*_RUN, *places))


def _of_thresholds(document: ScenarioDocument) -> Iterator[Finding]:
    """A threshold on what no fault does is crossed for certain."""
    kinds = {fault.what for fault in document.faults}
    ways = {way for fault in document.faults if isinstance(fault, MisbehaveSection) for way in fault.ways}
    for number, text in enumerate(document.thresholds):
        match = _MEASURE.match(text)
        measure, *rest = match[1].split(".") if match else ("",)
        if measure not in _OF_FAULTS:
            continue
        named = [name for name in rest if name in (MISBEHAVIOURS if measure == "misbehaviour" else KINDS)]
        if measure == "misbehaviour" and not ways:
            message = _("no fault has devices misbehave")
        elif not kinds:
            message = _("the scenario has no `faults`")
        elif named and named[0] not in kinds | ways:
            message = (
                _("no fault of the scenario has the way `{named}`", named=named[0])
                if measure == "misbehaviour"
                else _("no fault of the scenario is `{named}`", named=named[0])
            )
        else:
            continue
        yield Finding(
            ("thresholds", number),
            _("{message} that this could be said of: give one, or leave this out", message=message),
            rests_on=(("faults",),),
        )


def _returning(fault: FaultSection, groups: Sequence[GroupSection]) -> tuple[GroupSection, float] | None:
    """The group that takes longest to be back after the fault, and how long; None where nobody has to come back."""
    if isinstance(fault, (MisbehaveSection, ClockJumpSection)):
        return None
    names = getattr(fault, "groups", None)
    hit = [group for group in groups if group.count and (names is None or group.name in names)]
    slowest = max(hit, key=lambda group: group.reconnect.max + group.request_timeout, default=None)
    return None if slowest is None else (slowest, slowest.reconnect.max + slowest.request_timeout)


def _until_back(fault: FaultSection) -> float:
    """Seconds from a fault's begin until it lets go of the last device, at most."""
    return fault.back_after.high if isinstance(fault, PowerCutSection) else fault.length.high
