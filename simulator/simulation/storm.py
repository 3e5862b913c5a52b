"""Brings the weather over devices and platform: each drawn fault at its time, and its end."""

import random
from collections.abc import Callable, Sequence
from functools import partial

from simulator.measurements.names import DeviceState
from simulator.simulation.history import NOBODY, History
from simulator.simulation.host import PlatformHost
from simulator.simulation.life import Life
from simulator.simulation.loop import VirtualLoop
from simulator.simulation.weather import Fault, Own
from simulator.weather.kinds import (
    ClockJump,
    Flapping,
    Misbehave,
    Outage,
    PlatformRestart,
    PowerCut,
    RebootWave,
    SlowLink,
    Store,
)


class Storm:
    """The faults of one simulation.

    Args:
        checked: called after each return of the platform, when what it keeps can be looked at.
    """

    def __init__(
        self,
        loop: VirtualLoop,
        host: PlatformHost,
        lives: Sequence[Life],
        history: History,
        *,
        checked: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._host = host
        self._lives = lives
        self._history = history
        self._checked = checked
        self._back_after = 1.0
        self._room = 0
        self._locks = 0
        self._failing = 0

    def bring(self, faults: Sequence[Fault]) -> None:
        """Have everything happen at its time."""
        for fault in faults:
            self._loop.call_at(fault.at, self._begin, fault)

    def platform_died(self) -> None:
        """Its process died in a commit, as it was told to: somebody starts it again."""
        self._note("platform", "died in a commit")
        self._loop.call_later(self._back_after, self._start)

    # --- Each fault ---

    def _begin(self, fault: Fault) -> None:
        self._note("fault", fault.text())
        getattr(self, f"_{fault.what}")(fault, fault.kind)

    def _after(self, seconds: float, call: Callable[[], None]) -> None:
        self._loop.call_later(seconds, call)

    def _hit(self, fault: Fault) -> list[Life]:
        return [self._lives[index] for index in fault.devices]

    def _outage(self, fault: Fault, kind: Outage) -> None:
        for life in self._hit(fault):
            life.network.outage_begins(kind.how)
        self._after(fault.lasts, partial(self._outage_over, fault, kind))

    def _outage_over(self, fault: Fault, kind: Outage) -> None:
        self._note("over", fault.what)
        for life in self._hit(fault):
            life.network.outage_ends(kind.how, forgotten=fault.forgets)

    def _flapping(self, fault: Fault, kind: Flapping) -> None:
        until = self._loop.time() + fault.lasts
        for index in fault.devices:
            _Flapping(self._loop, self._lives[index], fault, kind, until).up(fault.rng(index))

    def _slow_link(self, fault: Fault, kind: SlowLink) -> None:
        for life in self._hit(fault):
            life.network.slow(kind)
            self._after(fault.lasts, life.network.fast)

    def _power_cut(self, fault: Fault, kind: PowerCut) -> None:
        for index in fault.devices:
            life, back = self._lives[index], kind.back_after
            if life.power_cut(unsent_lost=kind.store is Store.LOST):
                self._after(fault.rng(index).uniform(back.low, back.high), life.power_back)

    def _process_killed(self, fault: Fault, kind: Own) -> None:
        for life in self._hit(fault):
            if life.kill():
                self._after(fault.lasts, life.switch_on)

    def _clock_jump(self, fault: Fault, kind: ClockJump) -> None:
        for life in self._hit(fault):
            if life.device is not None:
                life.device.set_clock(kind.by)

    def _reboot_wave(self, fault: Fault, kind: RebootWave) -> None:
        for index in fault.devices:
            self._after(fault.rng(index).uniform(0, fault.lasts), partial(_reboot, self._lives[index]))

    def _misbehave(self, fault: Fault, kind: Misbehave) -> None:
        for index in fault.devices:
            self._lives[index].misbehave(kind, fault.rng(index))
        self._after(fault.lasts, partial(self._behave, fault))

    def _behave(self, fault: Fault) -> None:
        for life in self._hit(fault):
            life.behave()

    def _platform_restart(self, fault: Fault, kind: PlatformRestart) -> None:
        self._host.kill()
        self._after(fault.lasts, self._start)

    def _platform_ends(self, fault: Fault, kind: Own) -> None:
        self._host.stop()
        self._after(fault.lasts, self._start)

    def _dies_before_commit(self, fault: Fault, kind: Own) -> None:
        self._back_after = kind.back_after
        self._host.disk.dies_before_commit = True
        self._after(fault.lasts, self._dies_no_more)

    def _dies_after_commit(self, fault: Fault, kind: Own) -> None:
        self._back_after = kind.back_after
        self._host.disk.dies_after_commit = True
        self._after(fault.lasts, self._dies_no_more)

    def _dies_no_more(self) -> None:
        self._host.disk.dies_before_commit = self._host.disk.dies_after_commit = False

    def _commits_fail(self, fault: Fault, kind: Own) -> None:
        self._failing += 1
        self._host.disk.commits_fail = True
        self._after(fault.lasts, self._commits_succeed)

    def _commits_succeed(self) -> None:
        self._failing -= 1
        self._host.disk.commits_fail = bool(self._failing)

    def _disk_full(self, fault: Fault, kind: Own) -> None:
        self._room += 1
        self._host.disk.fill()
        self._after(fault.lasts, self._make_room)

    def _make_room(self) -> None:
        self._room -= 1
        if not self._room:
            self._host.disk.make_room()

    def _ledger_locked(self, fault: Fault, kind: Own) -> None:
        self._locks += 1
        self._host.disk.locked = True
        self._after(fault.lasts, self._unlock)

    def _unlock(self) -> None:
        self._locks -= 1
        self._host.disk.locked = bool(self._locks)

    def _start(self) -> None:
        if not self._host.running:
            self._host.start()
            self._note("platform", "started")
            self._checked()

    def _note(self, kind: str, text: str) -> None:
        self._history.event(self._loop.time(), NOBODY, kind, text)


class _Flapping:
    """One device whose line comes and goes until the fault is over."""

    def __init__(self, loop: VirtualLoop, life: Life, fault: Fault, kind: Flapping, until: float) -> None:
        self._loop = loop
        self._network = life.network
        self._fault = fault
        self._kind = kind
        self._until = until

    def up(self, rng: random.Random) -> None:
        """The line is there, for a while."""
        lasts = rng.uniform(self._kind.up.low, self._kind.up.high)
        if self._loop.time() + lasts < self._until:
            self._loop.call_later(lasts, self._down, rng)

    def _down(self, rng: random.Random) -> None:
        self._network.outage_begins(self._kind.how)
        lasts = rng.uniform(self._kind.down.low, self._kind.down.high)
        self._loop.call_later(min(lasts, self._until - self._loop.time()), self._back, rng)

    def _back(self, rng: random.Random) -> None:
        self._network.outage_ends(self._kind.how, forgotten=self._fault.forgets)
        self.up(rng)


def _reboot(life: Life) -> None:
    if life.device is not None and life.state is DeviceState.ONLINE:
        life.device.reboot()
