"""The faults that a run will have: drawn for its fleet, and told in the scenario's words."""

from collections.abc import Iterator, Sequence
from typing import Final

from simulator.fields.quantities import written_range
from simulator.fields.units import format_bandwidth, format_duration, format_rate, format_share, format_signed_duration
from simulator.fleet.plan import FleetPlan
from simulator.measurements.weather import PlannedFault
from simulator.scenario.scenario import Scenario
from simulator.texts.told import Told
from simulator.weather.kinds import ClockJump, Flapping, Kind, Misbehave, Outage, PowerCut, SlowLink, Store
from simulator.weather.schedule import Entry, Fault, draw
from simulator.weather.words import with_details

_WAYS_TOLD: Final = 3
"""More ways to misbehave than these are counted only."""

_range = written_range(format_duration)


def forecast(plan: FleetPlan, length: float) -> tuple[Fault, ...]:
    """The faults of a run of `length` seconds, the same in each of its processes; none where the scenario has none."""
    return forecast_of(plan.scenario, plan.group_of, length)


def forecast_of(scenario: Scenario, group_of: Sequence[int], length: float) -> tuple[Fault, ...]:
    """As `forecast`, for devices of which only each one's group is known."""
    entries = scenario.fault_entries()
    return draw(entries, group_of, length, scenario.seed) if entries else ()


def planned(plan: FleetPlan, faults: Sequence[Fault]) -> tuple[PlannedFault, ...]:
    """What reports show of the faults that `forecast` gave."""
    entries = plan.scenario.fault_entries()
    names = [group.name for group in plan.scenario.groups]
    return tuple(
        PlannedFault(
            number=fault.number,
            what=fault.what,
            at=fault.at,
            lasts=fault.lasts,
            devices=len(fault.devices),
            text=told(entries[fault.entry], names),
            refused=fault.kind.ways if isinstance(fault.kind, Misbehave) and fault.kind.refused else (),
        )
        for fault in faults
    )


def told(entry: Entry, names: Sequence[str]) -> str:
    """What an entry is and whom it hits: `outage (silent), 40% of halls`.

    Args:
        names: of the groups by number.
    """
    of = Told("{names}", names=", ".join(names[number] for number in entry.groups)) if entry.groups else Told("all")
    whom = of if entry.share >= 1.0 else Told("{share} of {names}", share=format_share(entry.share), names=of)
    return Told("{what}, {whom}", what=kind_told(entry.kind), whom=whom)


def kind_told(kind: Kind) -> str:
    """A kind of fault and what it is like: `flapping (up 5s..20s, down 1s..10s, reset)`."""
    return with_details(str(kind.what), list(_details(kind)))


def _details(kind: Kind) -> Iterator[str]:
    if isinstance(kind, Outage):
        yield str(kind.how)
    elif isinstance(kind, Flapping):
        yield from (Told("up {time}", time=_range(kind.up)), Told("down {time}", time=_range(kind.down)), str(kind.how))
    elif isinstance(kind, SlowLink):
        yield Told("latency {time}", time=_range(kind.latency))
        if kind.bandwidth is not None:
            yield Told("bandwidth {rate}", rate=format_bandwidth(kind.bandwidth))
        if kind.stall:
            yield Told("stall {share}", share=format_share(kind.stall))
    elif isinstance(kind, PowerCut):
        yield Told("back after {time}", time=_range(kind.back_after))
        if kind.store is Store.LOST:
            yield str(kind.store)
    elif isinstance(kind, ClockJump):
        yield format_signed_duration(kind.by)
    elif isinstance(kind, Misbehave):
        yield from kind.ways if len(kind.ways) <= _WAYS_TOLD else (Told("{count} ways", count=len(kind.ways)),)
        yield format_rate(kind.rate)
        if not kind.refused:
            yield Told("any answer")
