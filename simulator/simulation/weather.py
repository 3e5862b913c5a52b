"""What goes wrong when, and for whom: drawn from the seed, before anything happens.

Pure. Times are virtual seconds; every fault is over at the end of the weather.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

OUTAGES: Final = ("reset", "close", "silent", "dns", "refused")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault.

    Attributes:
        lasts: 0 for what happens at once.
        devices: whom it hits; none for the platform.
        how: the kind of an outage, or what else there is to choose.
        amount: of whatever the fault is about: seconds by which a clock jumps, or that a platform stays away.
    """

    at: float
    what: str
    lasts: float = 0.0
    devices: tuple[int, ...] = ()
    how: str = ""
    amount: float = 0.0

    def text(self) -> str:
        """As it stands in the history."""
        who = f" devices {','.join(map(str, self.devices))}" if self.devices else ""
        return f"{self.what} {self.how} for {self.lasts:.3f} s, {self.amount:.3f}{who}".replace("  ", " ")


_WEIGHTS: Final = {
    "outage": 6,
    "flapping": 2,
    "slow_link": 2,
    "power_cut": 4,
    "clock_jump": 1,
    "reboot_wave": 2,
    "platform_restart": 3,
    "dies_before_commit": 2,
    "dies_after_commit": 2,
    "commits_fail": 2,
    "disk_full": 1,
    "ledger_locked": 1,
}


def drawn(rng: random.Random, devices: int, begin: float, end: float, interval: float) -> Iterator[Fault]:
    """The faults between `begin` and `end`, some `interval` seconds apart, in order."""
    kinds, weights = list(_WEIGHTS), list(_WEIGHTS.values())
    at = begin + rng.expovariate(1 / interval)
    while at < end:
        what = rng.choices(kinds, weights)[0]
        yield _fault(rng, what, at, end - at, devices)
        at += rng.expovariate(1 / interval)


def _fault(rng: random.Random, what: str, at: float, left: float, devices: int) -> Fault:
    if what == "outage":
        lasts, how = rng.uniform(1, 120), rng.choice(OUTAGES)
        return Fault(
            at=at, what=what, lasts=min(lasts, left), devices=_some(rng, devices), how=how, amount=rng.random()
        )
    if what == "flapping":
        return Fault(at=at, what=what, lasts=min(rng.uniform(30, 150), left), devices=_some(rng, devices))
    if what == "slow_link":
        lasts = min(rng.uniform(20, 180), left)
        return Fault(at=at, what=what, lasts=lasts, devices=_some(rng, devices), amount=rng.uniform(0.2, 4.0))
    if what == "power_cut":
        # One store in four is lost; what was in it is counted.
        how = "unsent lost" if rng.random() < 0.25 else "kept"
        return Fault(at=at, what=what, lasts=min(rng.uniform(2, 60), left), devices=_some(rng, devices), how=how)
    if what == "clock_jump":
        return Fault(at=at, what=what, devices=_some(rng, devices), amount=rng.choice((-600, -20, 20, 600, 90_000)))
    if what == "reboot_wave":
        return Fault(at=at, what=what, devices=_some(rng, devices))
    if what == "platform_restart":
        how = "killed" if rng.random() < 0.6 else "in order"
        return Fault(at=at, what=what, lasts=min(rng.uniform(0.5, 40), left), how=how)
    if what in ("dies_before_commit", "dies_after_commit"):
        # The commit comes when it comes; the process is back so long after.
        return Fault(at=at, what=what, lasts=min(120.0, left), amount=rng.uniform(0.5, 20))
    longest = {"commits_fail": 20.0, "disk_full": 90.0, "ledger_locked": 9.0}[what]
    return Fault(at=at, what=what, lasts=min(rng.uniform(0.5, longest), left))


def _some(rng: random.Random, devices: int) -> tuple[int, ...]:
    """One device, or a share of all."""
    count = 1 if rng.random() < 0.4 else max(1, round(devices * rng.random()))
    return tuple(sorted(rng.sample(range(devices), count)))
