"""Brings the weather over devices and platform: each drawn fault at its time, and its end."""

import random
from collections.abc import Callable, Sequence
from functools import partial

from simulator.measurements.names import DeviceState
from simulator.simulation.history import NOBODY, History
from simulator.simulation.host import PlatformHost
from simulator.simulation.life import Life
from simulator.simulation.loop import VirtualLoop
from simulator.simulation.network import Outage
from simulator.simulation.weather import Fault
from simulator.wire.phase import GOING_AWAY

_RESET_OR_CLOSED = {"reset": None, "close": GOING_AWAY}


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
        rng: random.Random,
        history: History,
        *,
        checked: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._host = host
        self._lives = lives
        self._rng = rng
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
        getattr(self, f"_{fault.what}")(fault)

    def _after(self, seconds: float, call: Callable[[], None]) -> None:
        self._loop.call_later(seconds, call)

    def _hit(self, fault: Fault) -> list[Life]:
        return [self._lives[index] for index in fault.devices]

    def _outage(self, fault: Fault) -> None:
        cut = fault.how in _RESET_OR_CLOSED or self._rng.random() < 0.5
        how = {"silent": Outage.SILENT, "dns": Outage.DNS}.get(fault.how, Outage.REFUSED)
        for life in self._hit(fault):
            life.network.outage_begins(how)
            if cut and how is not Outage.SILENT:
                life.network.cut(_RESET_OR_CLOSED.get(fault.how))
        self._after(fault.lasts, partial(self._outage_over, fault, how))

    def _outage_over(self, fault: Fault, how: Outage) -> None:
        self._note("over", fault.what)
        for life in self._hit(fault):
            life.network.outage_ends(how, forgotten=fault.amount < 0.5)

    def _flapping(self, fault: Fault) -> None:
        until = self._loop.time() + fault.lasts
        for life in self._hit(fault):
            self._flap_up(life, until)

    def _flap_up(self, life: Life, until: float) -> None:
        up = self._rng.uniform(3, 20)
        if self._loop.time() + up < until:
            self._after(up, partial(self._flap_down, life, until))

    def _flap_down(self, life: Life, until: float) -> None:
        down = min(self._rng.uniform(1, 10), until - self._loop.time())
        how = self._rng.choice((Outage.SILENT, Outage.REFUSED))
        life.network.outage_begins(how)
        if how is Outage.REFUSED:
            life.network.cut(None)
        forgotten = self._rng.random() < 0.5
        self._after(down, partial(self._flap_back, life, until, how, forgotten))

    def _flap_back(self, life: Life, until: float, how: Outage, forgotten: bool) -> None:
        life.network.outage_ends(how, forgotten=forgotten)
        self._flap_up(life, until)

    def _slow_link(self, fault: Fault) -> None:
        for life in self._hit(fault):
            life.network.slow(fault.amount / 4, fault.amount)
            self._after(fault.lasts, life.network.fast)

    def _power_cut(self, fault: Fault) -> None:
        for life in self._hit(fault):
            if life.power_cut(unsent_lost=fault.how != "kept"):
                self._after(self._rng.uniform(0.3, 1) * fault.lasts, life.switch_on)

    def _clock_jump(self, fault: Fault) -> None:
        for life in self._hit(fault):
            if life.device is not None:
                life.device.set_clock(fault.amount)

    def _reboot_wave(self, fault: Fault) -> None:
        for life in self._hit(fault):
            if life.device is not None and life.state is DeviceState.ONLINE:
                life.device.reboot()

    def _platform_restart(self, fault: Fault) -> None:
        if fault.how == "killed":
            self._host.kill()
        else:
            self._host.stop()
        self._after(fault.lasts, self._start)

    def _dies_before_commit(self, fault: Fault) -> None:
        self._back_after = fault.amount
        self._host.disk.dies_before_commit = True
        self._after(fault.lasts, self._dies_no_more)

    def _dies_after_commit(self, fault: Fault) -> None:
        self._back_after = fault.amount
        self._host.disk.dies_after_commit = True
        self._after(fault.lasts, self._dies_no_more)

    def _dies_no_more(self) -> None:
        self._host.disk.dies_before_commit = self._host.disk.dies_after_commit = False

    def _commits_fail(self, fault: Fault) -> None:
        self._failing += 1
        self._host.disk.commits_fail = True
        self._after(fault.lasts, self._commits_succeed)

    def _commits_succeed(self) -> None:
        self._failing -= 1
        self._host.disk.commits_fail = bool(self._failing)

    def _disk_full(self, fault: Fault) -> None:
        self._room += 1
        self._host.disk.fill()
        self._after(fault.lasts, self._make_room)

    def _make_room(self) -> None:
        self._room -= 1
        if not self._room:
            self._host.disk.make_room()

    def _ledger_locked(self, fault: Fault) -> None:
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
