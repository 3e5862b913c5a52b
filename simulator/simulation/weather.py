"""What goes wrong when, and for whom: drawn from the simulation's seed, and declared by its scenario.

Pure. Times are virtual seconds; every fault is over at the end of the weather. Most kinds are those of
`simulator.weather`; what only a simulation does is `Own`.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Final

from simulator.fields.range import Range
from simulator.weather.kinds import (
    ClockJump,
    Flapping,
    How,
    Kind,
    Outage,
    PlatformRestart,
    PowerCut,
    RebootWave,
    SlowLink,
    Store,
)
from simulator.weather.schedule import Entry, draw


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """Something about processes, or about the platform's ledger.

    Attributes:
        what: `platform_ends`: in order, and it starts again when the fault is over. `dies_before_commit`,
            `dies_after_commit`: its process dies in the next commit. `commits_fail`, `disk_full`, `ledger_locked`:
            nothing can be written while the fault lasts. `process_killed`: that of the devices, which are made anew
            with what a run keeps of them when the fault is over.
        back_after: seconds from the death to the next start.
    """

    what: str
    back_after: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault.

    Attributes:
        lasts: 0 for what happens at once.
        devices: whom it hits; none for the platform.
        seed: for what is drawn for each device while it lasts.
        forgets: whether a connection that was silent does not come back with the line: something between the ends has
            forgotten it.
    """

    at: float
    kind: Kind | Own
    lasts: float = 0.0
    devices: Sequence[int] = ()
    seed: int = 0
    forgets: bool = False

    @property
    def what(self) -> str:
        """The kind's name."""
        return self.kind.what

    def rng(self, index: int) -> random.Random:
        """The source of what is drawn for device `index`."""
        return random.Random(f"{self.seed} {index}")

    def text(self) -> str:
        """As it stands in the history."""
        said = [self.what, f"for {self.lasts:.3f} s"]
        said += (f"{each.name} {_text(getattr(self.kind, each.name))}" for each in fields(self.kind))
        if self.forgets:
            said.append("and is forgotten")
        if self.devices:
            said.append(f"devices {','.join(map(str, self.devices))}")
        return " ".join(said)


def _text(value: object) -> str:
    return f"{value.low:.3f}..{value.high:.3f}" if isinstance(value, Range) else str(value)


_WEIGHTS: Final = {
    "outage": 6,
    "flapping": 2,
    "slow_link": 2,
    "power_cut": 4,
    "clock_jump": 1,
    "reboot_wave": 2,
    "platform_restart": 2,
    "platform_ends": 1,
    "dies_before_commit": 2,
    "dies_after_commit": 2,
    "commits_fail": 2,
    "disk_full": 1,
    "ledger_locked": 1,
    "process_killed": 1,
}
_LONGEST: Final = {
    "outage": 120.0,
    "flapping": 150.0,
    "slow_link": 180.0,
    "power_cut": 60.0,
    "reboot_wave": 30.0,
    "platform_restart": 40.0,
    "platform_ends": 40.0,
    "commits_fail": 20.0,
    "disk_full": 90.0,
    "ledger_locked": 9.0,
    "process_killed": 60.0,
}
"""Seconds."""
_SHORTEST_S: Final = 0.5
_WAITS_FOR_COMMIT_S: Final = 120.0
_OF_DEVICES: Final = frozenset(
    {"outage", "flapping", "slow_link", "power_cut", "clock_jump", "reboot_wave", "process_killed"}
)


def drawn(rng: random.Random, devices: int, begin: float, end: float, interval: float) -> Iterator[Fault]:
    """The faults between `begin` and `end`, some `interval` seconds apart, in order."""
    kinds, weights = list(_WEIGHTS), list(_WEIGHTS.values())
    at = begin + rng.expovariate(1 / interval)
    while at < end:
        what = rng.choices(kinds, weights)[0]
        # A commit comes when it comes; a clock is set at once.
        lasts = rng.uniform(_SHORTEST_S, _LONGEST[what]) if what in _LONGEST else _WAITS_FOR_COMMIT_S
        kind = _kind(rng, what, lasts)
        yield Fault(
            at=at,
            kind=kind,
            lasts=0.0 if isinstance(kind, ClockJump) else min(lasts, end - at),
            devices=_some(rng, devices) if what in _OF_DEVICES else (),
            seed=rng.getrandbits(64),
            forgets=what in ("outage", "flapping") and rng.random() < 0.5,
        )
        at += rng.expovariate(1 / interval)


def declared(entries: Sequence[Entry], group_of: Sequence[int], end: float, seed: int) -> Iterator[Fault]:
    """The faults of a scenario that begin before `end`, as a run has them, in order; arguments as of `draw`."""
    for fault in draw(entries, group_of, end, seed):
        hit = () if isinstance(fault.kind, PlatformRestart) else tuple(fault.devices)
        yield Fault(at=fault.at, kind=fault.kind, lasts=min(fault.lasts, end - fault.at), devices=hit, seed=fault.seed)


def _kind(rng: random.Random, what: str, lasts: float) -> Kind | Own:
    match what:
        case "outage":
            return Outage(how=rng.choice(list(How)))
        case "flapping":
            up, down = Range(low=3.0, high=20.0), Range(low=1.0, high=10.0)
            return Flapping(up=up, down=down, how=rng.choice((How.SILENT, How.RESET)))
        case "slow_link":
            slowest = rng.uniform(0.2, 4.0)
            return SlowLink(latency=Range(low=slowest / 4, high=slowest), stall=rng.choice((0.0, 0.05)))
        case "power_cut":
            # One store in four is lost; what was in it is counted.
            store = Store.LOST if rng.random() < 0.25 else Store.KEPT
            return PowerCut(back_after=Range(low=0.3 * lasts, high=lasts), store=store)
        case "clock_jump":
            return ClockJump(by=rng.choice((-600.0, -20.0, 20.0, 600.0, 90_000.0)))
        case "reboot_wave":
            return RebootWave()
        case "platform_restart":
            return PlatformRestart()
    return Own(what=what, back_after=rng.uniform(0.5, 20))


def _some(rng: random.Random, devices: int) -> tuple[int, ...]:
    """One device, or a share of all."""
    count = 1 if rng.random() < 0.4 else max(1, round(devices * rng.random()))
    return tuple(sorted(rng.sample(range(devices), count)))
