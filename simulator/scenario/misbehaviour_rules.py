"""What of an order to misbehave no device can do, and what would never be sent."""

from collections import Counter
from collections.abc import Iterator, Sequence

from simulator.device.misbehaviour.registry import impossible
from simulator.fields.units import format_duration, format_rate
from simulator.protocol.channel.registry import channel_suite
from simulator.scenario.finding import Finding
from simulator.scenario.sections.document import ScenarioDocument
from simulator.scenario.sections.faults import MisbehaveSection
from simulator.scenario.sections.group import GroupSection
from simulator.scenario.yaml_source import Path
from simulator.texts.told import said
from simulator.texts.translation import _


def misbehaviour_problems(
    document: ScenarioDocument, fault: MisbehaveSection, number: int, groups: Sequence[GroupSection]
) -> Iterator[Finding]:
    """What is wrong with `faults[number]`.

    Args:
        groups: with `defaults` laid under them.
    """
    place: Path = ("faults", number)
    for way, times in Counter(fault.ways).items():
        if times > 1:
            yield Finding(
                (*place, "ways"),
                _("'{way}' is named twice", way=way)
                if times == 2
                else _("'{way}' is named {times} times", way=way, times=times),
            )
    if fault.rate * fault.length.high < 1 - 1e-9:
        message = _(
            "at {rate} nothing is sent within {high} (`for`)",
            rate=format_rate(fault.rate),
            high=format_duration(fault.length.high),
        )
        yield Finding((*place, "rate"), message, rests_on=((*place, "for"),))
    for way, reasons in _impossible(document, fault, groups).items():
        if None not in reasons.values():
            message = _(
                "no device that it hits can do '{way}': {names}",
                way=way,
                names="; ".join(dict.fromkeys(said(reason) for reason in reasons.values() if reason)),
            )
            rests_on = (("groups",), ("defaults",), ("channel",), ("mqtt",), (*place, "groups"))
            yield Finding((*place, "ways", fault.ways.index(way)), message, rests_on=rests_on)


def misbehaviour_notes(
    document: ScenarioDocument, fault: MisbehaveSection, number: int, groups: Sequence[GroupSection]
) -> Iterator[str]:
    """What some of the devices that `faults[number]` hits cannot do; the arguments are those of the problems."""
    for way, reasons in _impossible(document, fault, groups).items():
        for name, reason in reasons.items():
            if reason is not None:
                yield _(
                    "faults[{number}]: devices of {name} leave out {way}: {reason}",
                    number=number,
                    name=name,
                    way=way,
                    reason=said(reason),
                )


def _impossible(
    document: ScenarioDocument, fault: MisbehaveSection, groups: Sequence[GroupSection]
) -> dict[str, dict[str, str | None]]:
    """Of each way: why devices of each group that is hit can never do it; None where they can."""
    channel = document.channel
    hit = [group for group in groups if group.count and (fault.groups is None or group.name in fault.groups)]
    if not hit or any(channel.problems()):
        return {}
    found: dict[str, dict[str, str | None]] = {way: {} for way in fault.ways}
    for group in hit:
        settings = group.settings()
        name = channel.suite_over(mqtt=settings.mqtt is not None)
        suite = channel_suite(name, channel.suite_options(name))
        for way, reasons in found.items():
            reasons[group.name] = impossible(way, settings, suite) or None
    return found
