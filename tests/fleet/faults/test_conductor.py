"""The schedule is played: the right devices, at the right times, and let go again."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from simulator.clock import ManualClock, TimerQueue
from simulator.fields.range import Range
from simulator.fleet.faults.accounting import DeviceAccount
from simulator.fleet.faults.acts import ACTS
from simulator.fleet.faults.conductor import Conductor
from simulator.measurements import weather
from simulator.measurements.names import DeviceState
from simulator.weather.kinds import (
    ClockJump,
    Flapping,
    How,
    Kind,
    Misbehave,
    Outage,
    PlatformRestart,
    PowerCut,
    RebootWave,
    SlowLink,
    Store,
)
from simulator.weather.schedule import Entry, draw
from tests.device.recording import Recording

FIVE = Range(low=5, high=5)


class Everything:
    """One device, its line, and what was done to both, with the second."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._zero = clock.monotonic()
        self.state = DeviceState.ONLINE
        self.share_held = 0.0
        self.done: list[tuple[float, str]] = []

    def note(self, what: str) -> None:
        self.done.append((round(self._clock.monotonic() - self._zero, 3), what))

    def outage_begins(self, how: How) -> None:
        self.note(f"{how} begins")

    def outage_ends(self, how: How) -> None:
        self.note(f"{how} ends")

    def slow(self, kind: SlowLink, rng: random.Random) -> None:
        self.note("slow")

    def fast(self, kind: SlowLink) -> None:
        self.note("fast")

    def held(self, begin: float, end: float, *, opening: bool) -> float:
        return self.share_held * (end - begin)

    def power_gone(self) -> None:
        self.note("power gone")

    def lose_power(self, *, unsent_lost: bool) -> int:
        self.note(f"dark, {'store lost' if unsent_lost else 'store kept'}")
        return 2 if unsent_lost else 0

    def power_back(self) -> None:
        self.note("power back")

    def reboot(self) -> None:
        self.note("reboots")

    def set_clock(self, seconds: float) -> None:
        self.note(f"clock {seconds:+g}")

    def misbehave(self, ways: Sequence[str], rate: float, rng: random.Random) -> None:
        self.note(f"misbehaves {','.join(ways)} {rate:g}")

    def behave(self) -> None:
        self.note("behaves")


class Scene:
    """A fleet of some devices, which is its own line and device in one."""

    def __init__(self, *entries: Entry, devices: int = 4, length: float = 100.0, late: float = 0.0) -> None:
        self.clock = ManualClock()
        self.timers = TimerQueue(self.clock)
        self.recorded = Recording()
        self.lines: list[str] = []
        begun = self.clock.monotonic()
        self.all = [Everything(self.clock) for _ in range(devices)]
        self.on = set(range(devices))
        self.accounts = [DeviceAccount(index, self.recorded, self.clock.wall, grace=5) for index in range(devices)]
        self.faults = draw(entries, [0] * devices, length, 1)
        self.clock.advance(late)
        self.conductor = Conductor(
            self.faults, self, self.timers, self.recorded, begun=begun, log=lambda level, line: self.lines.append(line)
        )
        self.conductor.start()

    def device(self, index: int) -> Everything | None:
        return self.all[index] if index in self.on else None

    def line(self, index: int) -> Everything:
        return self.all[index]

    def account(self, index: int) -> DeviceAccount:
        return self.accounts[index]

    def until(self, second: float) -> None:
        """Go on to that second of the run."""
        end = self.all[0]._zero + second
        while (due := self.timers.next_due()) is not None and due <= end:
            self.clock.advance(max(0.0, due - self.clock.monotonic()))
            self.timers.run_due()
        self.clock.advance(end - self.clock.monotonic())

    def done(self, index: int = 0) -> list[tuple[float, str]]:
        return self.all[index].done

    def told(self, event: str) -> int:
        return sum(what == event for _, what, *_ in self.recorded.faults)


def entry(kind: Kind, at: float = 10.0, lasts: Range = FIVE, share: float = 1.0) -> Entry:
    return Entry(kind=kind, at=at, lasts=lasts, share=share)


# --- Each kind ---


def test_an_outage() -> None:
    scene = Scene(entry(Outage(how=How.SILENT)))
    scene.until(9.9)
    assert scene.done() == []
    scene.until(60)
    assert scene.done() == [(10, "silent begins"), (15, "silent ends")]
    assert scene.told(weather.BEGUN) == 1
    assert scene.told(weather.HIT) == 4
    assert scene.lines == ["fault 1: outage begins", "fault 1: outage is over"]


def test_flapping_leaves_the_line_up() -> None:
    up, down = Range(low=1, high=2), Range(low=0.5, high=1)
    scene = Scene(entry(Flapping(up=up, down=down), lasts=Range(low=20, high=20)))
    scene.until(60)
    for index in range(4):
        times, what = zip(*scene.done(index), strict=True)
        assert what == ("reset begins", "reset ends") * (len(what) // 2)
        assert len(what) > 8
        assert times[0] >= 11
        assert times[-1] <= 30
    assert scene.done(0) != scene.done(1)


def test_a_slow_link() -> None:
    scene = Scene(entry(SlowLink(latency=Range(low=0.1, high=0.2))))
    scene.until(60)
    assert scene.done() == [(10, "slow"), (15, "fast")]


@pytest.mark.parametrize("bandwidth", [None, 64_000])
@pytest.mark.parametrize("share_held", [0.1, 0.6])
def test_a_slow_link_is_asked_what_it_held(bandwidth: int | None, share_held: float) -> None:
    scene = Scene(entry(SlowLink(latency=Range(low=0.1, high=0.2), bandwidth=bandwidth)))
    scene.all[0].share_held = share_held
    scene.until(12)
    scene.accounts[0].request("dev.heartbeat", scene.clock.wall() - 5, 5, "timeout", 1, 0, 0)
    assert len(scene.recorded.requests) == (share_held < 0.5)


@pytest.mark.parametrize("store", Store)
def test_a_power_cut_ends_for_each_device_at_its_own_time(store: Store) -> None:
    scene = Scene(entry(PowerCut(back_after=Range(low=5, high=20), store=store)))
    scene.until(60)
    returns = set()
    for index in range(4):
        gone, dark, line, device = scene.done(index)
        assert (gone, dark) == (
            (10, "power gone"),
            (10, f"dark, {'store lost' if store is Store.LOST else 'store kept'}"),
        )
        assert line == device
        assert 15 <= line[0] <= 30
        returns.add(line[0])
    assert len(returns) == 4
    assert scene.told(weather.UNSENT_LOST) == (4 if store is Store.LOST else 0)


def test_a_jump_of_the_clock() -> None:
    scene = Scene(entry(ClockJump(by=-600), lasts=Range(low=0, high=0)))
    scene.until(60)
    assert scene.done() == [(10, "clock -600")]


def test_a_reboot_wave_is_spread_over_its_time() -> None:
    scene = Scene(entry(RebootWave(), lasts=Range(low=30, high=30)))
    scene.until(60)
    times = [scene.done(index)[0][0] for index in range(4)]
    assert all(10 <= at <= 40 for at in times)
    assert len(set(times)) == 4


def test_who_is_not_online_then_does_not_reboot() -> None:
    scene = Scene(entry(RebootWave()))
    scene.all[1].state = DeviceState.WAITING
    scene.until(60)
    assert scene.done(1) == []
    assert scene.told(weather.HIT) == 3


def test_misbehaviour() -> None:
    scene = Scene(entry(Misbehave(ways=("bad_sign",), rate=0.1), share=0.25))
    scene.until(60)
    done = [what for index in range(4) for what in scene.done(index)]
    assert done == [(10, "misbehaves bad_sign 0.1"), (15, "behaves")]


def test_the_platform_is_away_for_as_long_as_it_is() -> None:
    scene = Scene(entry(PlatformRestart()))
    scene.until(20)
    assert scene.told(weather.BEGUN) == 0
    scene.conductor.platform_away(0)
    scene.until(33)
    scene.accounts[0].request("dev.heartbeat", scene.clock.wall() - 1, 1, "timeout", 1, 0, 0)
    scene.conductor.platform_back(0)
    scene.until(40)
    scene.accounts[0].request("dev.heartbeat", scene.clock.wall() - 1, 1, "timeout", 1, 0, 0)
    assert scene.told(weather.HIT) == 4
    assert scene.told(weather.CUT) == 1
    assert len(scene.recorded.requests) == 1


def test_every_kind_has_its_act() -> None:
    assert set(ACTS) == set(Kind.__args__)


# --- Whom it hits ---


def test_who_is_switched_off_is_not_hit_and_who_comes_later_is() -> None:
    scene = Scene(entry(Outage()))
    scene.on.remove(2)
    scene.until(12)
    assert scene.told(weather.HIT) == 3
    scene.on.add(2)
    scene.conductor.device_started(2)
    scene.until(60)
    assert scene.done(2) == [(12, "reset begins"), (15, "reset ends")]
    assert scene.told(weather.HIT) == 4


def test_a_device_that_is_switched_off_and_on_goes_on_misbehaving() -> None:
    scene = Scene(entry(Misbehave(ways=("bad_sign",), rate=0.1)))
    scene.until(12)
    scene.conductor.device_started(1)
    scene.until(60)
    assert [what.split()[0] for _, what in scene.done(1)] == ["misbehaves", "misbehaves", "behaves"]
    assert scene.told(weather.HIT) == 4


def test_who_is_switched_on_in_a_power_cut_has_power() -> None:
    scene = Scene(entry(PowerCut(back_after=FIVE)))
    scene.on.remove(2)
    scene.until(11)
    scene.on.add(2)
    scene.conductor.device_started(1)
    scene.conductor.device_started(2)
    scene.until(60)
    assert scene.done(1)[2:] == [(11, "power back"), (11, "power back")]
    assert scene.done(2) == []
    assert scene.told(weather.HIT) == 3


def test_who_comes_after_the_end_is_not_hit() -> None:
    scene = Scene(entry(Outage()))
    scene.on.remove(2)
    scene.until(16)
    scene.on.add(2)
    scene.conductor.device_started(2)
    scene.until(60)
    assert scene.done(2) == []


def test_who_is_not_meant_is_left_alone() -> None:
    scene = Scene(entry(Outage(), share=0.5))
    scene.until(11)
    for index in range(4):
        scene.conductor.device_started(index)
    scene.until(60)
    assert sorted(len(scene.done(index)) for index in range(4)) == [0, 0, 2, 2]


def test_thousands_are_hit_a_few_at_a_time() -> None:
    scene = Scene(entry(Outage()), devices=220)
    scene.until(9.99)
    scene.clock.advance(0.01)
    scene.timers.run_due(1)
    assert scene.told(weather.HIT) == 50
    scene.until(60)
    assert scene.told(weather.HIT) == 220
    assert all(len(each.done) == 2 for each in scene.all)


# --- Beginning late, and ending ---


def test_a_process_that_comes_late_joins_what_is_under_way() -> None:
    scene = Scene(entry(Outage(), at=1), entry(Outage(), at=10), late=12)
    scene.until(60)
    assert scene.done() == [(12, "reset begins"), (15, "reset ends")]


def test_when_the_run_ends_nothing_new_begins_and_what_is_under_way_ends() -> None:
    """Or what devices could not send because of us would be missing at the end."""
    scene = Scene(entry(Outage()), entry(ClockJump(by=1), at=12))
    scene.until(11)
    scene.conductor.stop()
    scene.until(60)
    assert scene.done() == [(10, "reset begins"), (11, "reset ends")]


def test_when_the_run_ends_an_absent_platform_is_back_when_it_is() -> None:
    scene = Scene(entry(PlatformRestart()))
    scene.until(11)
    scene.conductor.platform_away(0)
    scene.conductor.stop()
    assert scene.conductor._acts
    scene.conductor.platform_back(0)
    assert not scene.conductor._acts


def test_nothing_happens_after_the_close() -> None:
    scene = Scene(entry(Outage()))
    scene.until(11)
    scene.conductor.close()
    scene.until(60)
    assert scene.done() == [(10, "reset begins")]


def test_a_device_that_leaves_is_not_waited_for() -> None:
    scene = Scene(entry(Outage()))
    scene.until(11)
    scene.accounts[0].state(0, "online", "waiting", scene.clock.wall())
    scene.conductor.device_leaves(0)
    assert scene.told(weather.ENDED) == 1


def test_whom_a_fault_still_holds_when_the_run_ends_is_not_back_by_its_being_lifted() -> None:
    scene = Scene(Entry(kind=Outage(how=How.RESET), at=1.0, lasts=Range(low=3600.0, high=3600.0)), devices=2)
    scene.until(5.0)
    wall = scene.clock.wall
    scene.accounts[0].state(0, "online", "offline", wall())
    scene.conductor.stop()
    scene.accounts[0].state(0, "offline", "online", wall())
    events = [event[1] for event in scene.recorded.faults]
    assert events.count(weather.HELD) == 2
    assert weather.BACK not in events
