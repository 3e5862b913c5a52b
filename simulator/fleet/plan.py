"""Which device is what: index → group, serial number, seed and settings, for a fleet of any size.

All of it is a pure function of scenario, fleet size and index, so that every process of a distributed run has the same
plan without talking. Settings are shared per group; a `DeviceSpec` is made when asked for.
"""

import hashlib
from array import array
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from simulator.device.settings import DeviceSpec, Start
from simulator.fleet.identities import IdentitySource, identities_of
from simulator.fleet.warm_state import Login
from simulator.scenario.scenario import Scenario


def scale_counts(counts: Sequence[int], total: int) -> tuple[int, ...]:
    """`total` devices shared out in proportion to `counts` (largest remainder).

    Exact where `total` is the sum of `counts`. Every group that had devices keeps at least one, where there are enough
    devices for that; a group without devices gets none.
    """
    whole = sum(counts)
    if total < 0 or (whole == 0 and total > 0):
        raise ValueError(f"cannot share {total} devices out to groups of {list(counts)}")
    if whole == 0:
        return tuple(0 for _ in counts)
    shares = [total * count // whole for count in counts]
    remainders = sorted(range(len(counts)), key=lambda group: (-(total * counts[group] % whole), group))
    for group in remainders[: total - sum(shares)]:
        shares[group] += 1
    for group, count in enumerate(counts):
        richest = max(range(len(counts)), key=lambda other: shares[other])
        if count > 0 and shares[group] == 0 and shares[richest] > 1:
            shares[group] += 1
            shares[richest] -= 1
    return tuple(shares)


class FleetPlan:
    """The devices 0 … `total`-1 of a run.

    Indexes are interleaved: any first part of them holds all groups in about their proportions, so that a ramp brings
    up all groups evenly.
    """

    def __init__(
        self,
        scenario: Scenario,
        total: int | None = None,
        identities: IdentitySource | None = None,
        dispatch_url: str | Sequence[str] = (),
        logins: Mapping[str, Login] | None = None,
    ) -> None:
        """
        Args:
            total: fleet size; the scenario's own by default.
            identities: where serial numbers come from; the scenario's own by default.
            dispatch_url: one or several; devices are spread over them.
            logins: what earlier runs left for warm starts, by serial number; goes before what a CSV says.

        Raises:
            ScenarioError: If there are too few identities.
        """
        self.scenario = scenario
        self.total = scenario.devices if total is None else total
        self.identities = identities_of(scenario) if identities is None else identities
        self.identities.require(self.total)
        self.dispatch_urls: tuple[str, ...] = (dispatch_url,) if isinstance(dispatch_url, str) else tuple(dispatch_url)
        self.settings = scenario.group_settings()
        self.counts = scale_counts([group.count for group in scenario.groups], self.total)
        self.group_of = interleave(self.counts)
        """The number of each device's group."""
        # Not a copy: a worker learns them as it goes.
        self._logins: Mapping[str, Login] = {} if logins is None else logins

    def __len__(self) -> int:
        return self.total

    def group(self, index: int) -> int:
        """The number of the group that device `index` belongs to."""
        if not 0 <= index < self.total:
            raise IndexError(f"device {index} of {self.total}")
        return self.group_of[index]

    def sn(self, index: int) -> str:
        """The serial number of device `index`."""
        return self.identities.sn(index)

    def knows(self, index: int) -> bool:
        """Whether this process can tell who device `index` is: a worker knows those that it has, or had."""
        return self.identities.knows(index)

    def place(self, sn: str) -> int | None:
        """The index of the device with this serial number; None where there is none."""
        index = self.identities.place(sn)
        return index if index is not None and index < self.total else None

    def dispatch_url(self, index: int) -> str:
        """The dispatch server of device `index`; always the same."""
        return self.dispatch_urls[index % len(self.dispatch_urls)]

    def spec(self, index: int) -> DeviceSpec:
        """Everything device `index` needs to live the same life again."""
        settings = self.settings[self.group(index)]
        credentials = self.identities.at(index)
        if settings.start is Start.COLD:
            credentials = replace(credentials, auth_code=None, secret=None)
        elif settings.start is Start.WARM and credentials.sn in self._logins:
            login = self._logins[credentials.sn]
            credentials = replace(credentials, auth_code=login.auth_code, secret=login.secret)
        return DeviceSpec(
            index=index,
            credentials=credentials,
            settings=settings,
            seed=device_seed(self.scenario.seed, credentials.sn),
        )


def device_seed(scenario_seed: int, sn: str) -> int:
    """The seed of one device's random source: unrelated between devices, the same for every run."""
    digest = hashlib.sha256(f"best-fleet device {scenario_seed}\0{sn}".encode()).digest()
    return int.from_bytes(digest[:8], "big")


def first_index(counts: Sequence[int], group: int) -> int:
    """The index of the first device of group number `group`, which has some, in a fleet of these `counts`."""
    first = _place(counts, group, 0)
    return sum(bisect_left(range(count), first, key=partial(_place, counts, each)) for each, count in enumerate(counts))


def _place(counts: Sequence[int], group: int, k: int) -> tuple[float, int]:
    """The k-th of n devices of a group stands at the place (k + ½) / n of the whole."""
    return (2 * k + 1) / (2 * counts[group]), group


def interleave(counts: Sequence[int]) -> Sequence[int]:
    """The group of each index, in a fleet of these `counts`."""
    places = [_place(counts, group, k) for group, count in enumerate(counts) for k in range(count)]
    places.sort()
    # Each worker of a fleet of 250,000 has all of it.
    return array("B" if len(counts) <= 256 else "L", (group for _, group in places))
