"""What `best-fleet check` tells of the faults that a run will have: when, how long, what, and whom they hit."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from simulator.texts.told import said
from simulator.texts.translation import _, listed

if TYPE_CHECKING:
    from simulator.scenario.scenario import Scenario
    from simulator.weather.schedule import Entry, Fault

_FIRST_FEW: Final = 3
"""Of a recurring fault so many are told."""


def fault_lines(scenario: "Scenario", counts: Sequence[int]) -> Iterator[tuple[str, str]]:
    """The name and the text of each line, one for each entry in order of its first fault; none without faults.

    Args:
        counts: devices of each group.
    """
    from simulator.fleet.forecast import forecast_of
    from simulator.fleet.plan import interleave

    group_of = interleave(counts) if scenario.document.faults else ()
    faults = forecast_of(scenario, group_of, scenario.duration)
    entries = scenario.fault_entries()
    if faults:
        yield _("faults"), _("{faults:,} in a run, always these by seed {seed}", faults=len(faults), seed=scenario.seed)
    came: dict[int, list[Fault]] = {}
    for fault in faults:
        came.setdefault(fault.entry, []).append(fault)
    names = [group.name for group in scenario.groups]
    for place, drawn in came.items():
        yield _name(drawn[0]), _told(entries[place], drawn, names, group_of)


def _name(fault: "Fault") -> str:
    return _("fault {number}", number=fault.number + 1)


def _told(entry: "Entry", drawn: Sequence["Fault"], names: Sequence[str], group_of: Sequence[int]) -> str:
    from simulator.fields.units import format_duration
    from simulator.fleet.forecast import told

    first, *others = drawn
    hit = Counter(group_of[index] for index in first.devices)
    of_groups = listed(_("{count:,} of {name}", count=count, name=names[group]) for group, count in sorted(hit.items()))
    if len(hit) > 1:
        of_groups = _("{devices:,} devices: {of_groups}", devices=len(first.devices), of_groups=of_groups)
    text = _(
        "{moment}: {what} ({devices})",
        moment=_moment(first, entry),
        what=said(told(entry, names)),
        devices=of_groups or _("no device"),
    )
    if not others:
        return text
    more = [f"{_name(fault)} {_moment(fault, entry)}" for fault in others[: _FIRST_FEW - 1]]
    more += ["…"] if len(drawn) > _FIRST_FEW else []
    return _(
        "{text}; every {interval}, {times:,} times: {more}",
        text=text,
        interval=format_duration(entry.every or 0),
        times=len(drawn),
        more=listed(more),
    )


def _moment(fault: "Fault", entry: "Entry") -> str:
    """When it comes and how long it stays; drawn lengths are rounded."""
    from simulator.fields.units import format_duration

    length = fault.lasts
    if entry.lasts.low < entry.lasts.high:
        length = round(length, 0 if length >= 10 else 1 if length >= 1 else 3)
    return _("at {at}", at=format_duration(fault.at)) + (
        _(" for {length}", length=format_duration(length)) if length else ""
    )
