"""What each kind of fault does to a device, and how it lets go of it again; when and to whom is the conductor's.

What a fault does on the network is the lines' business, what it costs the accounts': an act that disturbs a device says
so to its account before it begins and after it has ended. Devices do not know of it, save where they are to misbehave.
"""

import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, Protocol

from simulator.clock import TimerQueue
from simulator.fleet.faults.accounting import DeviceAccount
from simulator.measurements.names import DeviceState
from simulator.weather.kinds import (
    ClockJump,
    Flapping,
    How,
    Misbehave,
    Outage,
    PlatformRestart,
    PowerCut,
    RebootWave,
    SlowLink,
    Store,
)
from simulator.weather.schedule import Fault

_GOING: Final = frozenset({DeviceState.STOPPED, DeviceState.FAILED})


class Line(Protocol):
    """A device's line to the network (`faults.line`)."""

    def outage_begins(self, how: How) -> None: ...
    def outage_ends(self, how: How) -> None: ...
    def slow(self, kind: SlowLink, rng: random.Random) -> None: ...
    def fast(self, kind: SlowLink) -> None: ...
    def held(self, begin: float, end: float, *, opening: bool) -> float: ...
    def power_gone(self) -> None: ...
    def power_back(self) -> None: ...


class Device(Protocol):
    """A device, as far as a fault knows it."""

    @property
    def state(self) -> DeviceState: ...
    def lose_power(self, *, unsent_lost: bool) -> int: ...
    def power_back(self) -> None: ...
    def reboot(self) -> None: ...
    def set_clock(self, seconds: float) -> None: ...
    def misbehave(self, ways: Sequence[str], rate: float, rng: random.Random) -> None: ...
    def behave(self) -> None: ...


class Fleet(Protocol):
    """The devices of this process by index."""

    def device(self, index: int) -> Device | None:
        """Device `index`, while it is switched on."""
        ...

    def line(self, index: int) -> Line: ...

    def account(self, index: int) -> DeviceAccount: ...


class Act:
    """One fault under way: what it does to a device, and how it lets go of it.

    Attributes:
        devices: those that it has hit.
        over: whether its time is over; who is hit no longer.
    """

    overtakes = True
    """Whether it may take a device off the network."""

    def __init__(self, fault: Fault, fleet: Fleet, timers: TimerQueue) -> None:
        self.fault = fault
        self._fleet = fleet
        self._timers = timers
        self.devices: set[int] = set()
        self.over = False
        self._meant = set(fault.devices) if not isinstance(fault.devices, range) else fault.devices

    def is_for(self, index: int) -> bool:
        """Whether the fault is meant for device `index`."""
        return index in self._meant

    def joined(self, index: int) -> None:
        """Device `index` is switched on while it lasts, perhaps not for the first time."""
        self.hit(index)

    def hit(self, index: int) -> None:
        """It begins for device `index`, where that is switched on and not hit yet."""
        device = self._fleet.device(index)
        if self.over or index in self.devices or device is None or device.state in _GOING:
            return
        if not self.reaches(device):
            return
        self.devices.add(index)
        self._fleet.account(index).hit(self.fault.number, overtakes=self.overtakes)
        self.begins(index, device)

    def reaches(self, device: Device) -> bool:
        """Whether it does anything to the device as it is now."""
        return True

    def begins(self, index: int, device: Device) -> None:
        raise NotImplementedError

    def release(self, index: int) -> None:
        """It is over for device `index`."""
        self.ends(index)
        self._let_go(index)

    def ends(self, index: int) -> None:
        """Undo it."""

    def _let_go(self, index: int) -> None:
        account = self._fleet.account(index)
        account.calm(self.fault.number)
        account.released(self.fault.number)

    def _device(self, index: int) -> Device | None:
        device = self._fleet.device(index)
        return None if device is None or device.state in _GOING else device


class _OutageAct(Act):
    def begins(self, index: int, device: Device) -> None:
        kind = self.fault.kind
        assert isinstance(kind, Outage)
        self._fleet.account(index).disturbed(self.fault.number)
        self._fleet.line(index).outage_begins(kind.how)

    def ends(self, index: int) -> None:
        kind = self.fault.kind
        assert isinstance(kind, Outage)
        self._fleet.line(index).outage_ends(kind.how)


class _FlappingAct(Act):
    def __init__(self, fault: Fault, fleet: Fleet, timers: TimerQueue) -> None:
        super().__init__(fault, fleet, timers)
        self._rngs: dict[int, random.Random] = {}
        self._down: set[int] = set()

    @property
    def _kind(self) -> Flapping:
        assert isinstance(self.fault.kind, Flapping)
        return self.fault.kind

    def begins(self, index: int, device: Device) -> None:
        self._rngs[index] = self.fault.rng(index)
        self._later(index, self._kind.up.low, self._kind.up.high, self._goes_down)

    def _later(self, index: int, low: float, high: float, do: Callable[[int], None]) -> None:
        self._timers.call_later(self._rngs[index].uniform(low, high), partial(do, index))

    def _goes_down(self, index: int) -> None:
        if self.over:
            return
        self._down.add(index)
        self._fleet.account(index).disturbed(self.fault.number)
        self._fleet.line(index).outage_begins(self._kind.how)
        self._later(index, self._kind.down.low, self._kind.down.high, self._comes_up)

    def _comes_up(self, index: int) -> None:
        if self.over:
            return
        self.ends(index)
        self._fleet.account(index).calm(self.fault.number)
        self._later(index, self._kind.up.low, self._kind.up.high, self._goes_down)

    def ends(self, index: int) -> None:
        if index in self._down:
            self._down.remove(index)
            self._fleet.line(index).outage_ends(self._kind.how)


class _SlowLinkAct(Act):
    overtakes = False

    def begins(self, index: int, device: Device) -> None:
        kind = self.fault.kind
        assert isinstance(kind, SlowLink)
        self._fleet.account(index).disturbed(self.fault.number, held=self._fleet.line(index).held, blocks=False)
        self._fleet.line(index).slow(kind, self.fault.rng(index))

    def ends(self, index: int) -> None:
        kind = self.fault.kind
        assert isinstance(kind, SlowLink)
        self._fleet.line(index).fast(kind)


class _PowerCutAct(Act):
    def __init__(self, fault: Fault, fleet: Fleet, timers: TimerQueue) -> None:
        super().__init__(fault, fleet, timers)
        self._dark: set[int] = set()

    def begins(self, index: int, device: Device) -> None:
        kind = self.fault.kind
        assert isinstance(kind, PowerCut)
        account = self._fleet.account(index)
        account.disturbed(self.fault.number)
        self._fleet.line(index).power_gone()
        self._dark.add(index)
        account.lost(self.fault.number, device.lose_power(unsent_lost=kind.store is Store.LOST))
        after = self.fault.rng(index).uniform(kind.back_after.low, kind.back_after.high)
        self._timers.call_later(after, partial(self._back, index))

    def joined(self, index: int) -> None:
        """Whoever is switched on has power."""
        self._back(index)

    def _back(self, index: int) -> None:
        if index not in self._dark:
            return
        self._dark.remove(index)
        self._fleet.line(index).power_back()
        self._let_go(index)
        device = self._device(index)
        if device is not None:
            device.power_back()

    def release(self, index: int) -> None:
        """Each device's power comes back at its own time, whenever the fault as a whole is over."""
        self._back(index)


class _ClockJumpAct(Act):
    overtakes = False

    def begins(self, index: int, device: Device) -> None:
        kind = self.fault.kind
        assert isinstance(kind, ClockJump)
        device.set_clock(kind.by)


class _RebootWaveAct(Act):
    def __init__(self, fault: Fault, fleet: Fleet, timers: TimerQueue) -> None:
        super().__init__(fault, fleet, timers)
        self._asked: set[int] = set()

    def hit(self, index: int) -> None:
        """Each has its own moment, at which it must be online."""
        if self.over or index in self._asked:
            return
        self._asked.add(index)
        after = self.fault.rng(index).uniform(0.0, self.fault.lasts)
        self._timers.call_later(after, partial(super().hit, index))

    def reaches(self, device: Device) -> bool:
        return device.state is DeviceState.ONLINE

    def begins(self, index: int, device: Device) -> None:
        self._fleet.account(index).disturbed(self.fault.number)
        self._let_go(index)
        device.reboot()

    def release(self, index: int) -> None:
        """It was let go of when it was told to reboot."""


class _PlatformRestartAct(Act):
    def begins(self, index: int, device: Device) -> None:
        self._fleet.account(index).disturbed(self.fault.number)


class _MisbehaveAct(Act):
    overtakes = False

    def joined(self, index: int) -> None:
        device = self._device(index)
        if index in self.devices and device is not None and not self.over:
            # Another life of a device that did so before.
            self._misbehave(index, device)
        else:
            self.hit(index)

    def begins(self, index: int, device: Device) -> None:
        self._fleet.account(index).disturbed(self.fault.number, delays=False, blocks=False)
        self._misbehave(index, device)

    def _misbehave(self, index: int, device: Device) -> None:
        kind = self.fault.kind
        assert isinstance(kind, Misbehave)
        device.misbehave(kind.ways, kind.rate, self.fault.rng(index))

    def ends(self, index: int) -> None:
        device = self._device(index)
        if device is not None:
            device.behave()


ACTS: Final[dict[type, type[Act]]] = {
    Outage: _OutageAct,
    Flapping: _FlappingAct,
    SlowLink: _SlowLinkAct,
    PowerCut: _PowerCutAct,
    ClockJump: _ClockJumpAct,
    RebootWave: _RebootWaveAct,
    PlatformRestart: _PlatformRestartAct,
    Misbehave: _MisbehaveAct,
}
