"""The schedule of a run's faults: which devices, when and for how long, drawn from the scenario's seed.

A pure function of scenario, seed, fleet size and length, so that every process of a run has the same one without
talking, and acts on those of its devices that it finds there.
"""

import random
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from simulator.fields.range import Range
from simulator.weather.kinds import Kind, PlatformRestart, PowerCut


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a scenario's `faults:`.

    Attributes:
        at: seconds after the run's begin; where None, a first recurrence comes after `every`.
        every: seconds between the beginnings; None for a fault that comes once.
        lasts: seconds; 0 for what happens at once. A power cut lasts until the last device has power again.
        groups: by number; none for all.
        share: of the devices of those groups.
    """

    kind: Kind
    at: float | None = None
    every: float | None = None
    lasts: Range = Range(low=0.0, high=0.0)  # noqa: RUF009 - frozen
    groups: tuple[int, ...] = ()
    share: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault of a run.

    Attributes:
        number: its place in the schedule, which names it in all processes.
        entry: the place of its entry in the scenario.
        at, lasts: seconds, from the run's begin.
        devices: indexes of those it hits, sorted; all of the fleet for one of the platform.
        seed: for what is drawn for each device while it lasts.
    """

    number: int
    entry: int
    at: float
    lasts: float
    kind: Kind
    devices: Sequence[int]
    seed: int

    @property
    def what(self) -> str:
        """The kind's name."""
        return self.kind.what

    @property
    def end(self) -> float:
        """Seconds after the run's begin."""
        return self.at + self.lasts

    def rng(self, index: int) -> random.Random:
        """The source of what is drawn for device `index`, whichever process it lives in."""
        return random.Random(f"{self.seed} {index}")


def draw(entries: Sequence[Entry], group_of: Sequence[int], length: float, seed: int) -> tuple[Fault, ...]:
    """The faults of a run, in order of their beginnings.

    Args:
        group_of: the group's number of each device.
        length: seconds of the run; a fault that would begin later does not come.
        seed: the scenario's.
    """
    drawn = []
    for place, entry in enumerate(entries):
        # A source for each entry: what stands before or after another changes nothing about it.
        rng = random.Random(f"best-fleet weather {seed} {place}")
        members = _members(entry, group_of)
        for at in _beginnings(entry, length):
            lasts = _length(entry, rng)
            drawn.append((at, place, entry, lasts, _chosen(rng, entry, members), rng.getrandbits(64)))
    drawn.sort(key=lambda fault: fault[:2])
    return tuple(
        Fault(number=number, entry=place, at=at, lasts=lasts, kind=entry.kind, devices=devices, seed=own)
        for number, (at, place, entry, lasts, devices, own) in enumerate(drawn)
    )


def _beginnings(entry: Entry, length: float) -> Iterator[float]:
    first = entry.every if entry.at is None else entry.at
    if first is None or first >= length:
        return
    yield first
    times = 1
    while entry.every and (at := first + times * entry.every) < length:
        yield at
        times += 1


def _length(entry: Entry, rng: random.Random) -> float:
    if isinstance(entry.kind, PowerCut):
        return entry.kind.back_after.high  # Each device has its own time within it.
    return rng.uniform(entry.lasts.low, entry.lasts.high)


def _members(entry: Entry, group_of: Sequence[int]) -> Sequence[int]:
    if not entry.groups:
        return range(len(group_of))
    return array("L", (index for index, group in enumerate(group_of) if group in entry.groups))


def _chosen(rng: random.Random, entry: Entry, members: Sequence[int]) -> Sequence[int]:
    if isinstance(entry.kind, PlatformRestart) or entry.share >= 1.0:
        return members
    count = min(len(members), max(1, round(entry.share * len(members)))) if entry.share > 0 else 0
    return array("L", sorted(rng.sample(members, count)))
