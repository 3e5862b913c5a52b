"""Lost workers: others get their users no faster than the ramp, and a fleet does not stay short for ever."""

from types import SimpleNamespace
from typing import Any

import gevent
import pytest
from locust.runners import STATE_MISSING, STATE_RUNNING, STATE_SPAWNING

from simulator.measurements.findings import Finding
from simulator.swarm.locust.dispatcher import FleetDispatcher
from simulator.swarm.locust.users import MeetingDevice
from simulator.swarm.process.leases import LeaseHolder, LeaseTable
from simulator.swarm.process.losses import STILL_KNOWN, LostDevices, Recovery, Replacing
from tests.swarm.fake_locust import FakeRunner


def no_error(rule: str, detail: str) -> None:
    pytest.fail(f"{rule}: {detail}")


class Runner(FakeRunner):
    """A runner of two workers with ten users each, which deals as Locust's does."""

    def __init__(self) -> None:
        super().__init__()
        nodes = [SimpleNamespace(id=f"host_{name}", state=STATE_RUNNING, heartbeat=3) for name in "ab"]
        self.clients.all = nodes
        self.spawn_rate = 4.0
        self.target_user_count = 20
        self._users_dispatcher = FleetDispatcher(list(nodes), [MeetingDevice])
        self.start(20, 1_000.0)
        self.dealt: list[int] = []

    def start(self, user_count: int, spawn_rate: float) -> None:
        dispatcher: Any = self._users_dispatcher
        dispatcher.new_dispatch(user_count, spawn_rate)
        for told in dispatcher:
            self.told = {worker: counts["MeetingDevice"] for worker, counts in told.items()}

    def lose(self, place: int) -> None:
        lost = self.clients.all[place]
        lost.state, lost.heartbeat = STATE_MISSING, -30
        dispatcher: Any = self._users_dispatcher
        dispatcher.remove_worker(lost)


def look(replacing: Replacing, *, held_up: bool = False) -> None:
    replacing.look({"host_a", "host_b"}, held_up=held_up)
    gevent.sleep(0)


def test_the_others_get_as_many_users_a_second_as_the_ramp_brought() -> None:
    runner = Runner()
    replacing = Replacing(runner, no_error)
    look(replacing)
    assert runner.told == {"host_a": 10, "host_b": 10}
    runner.lose(1)
    seen = []
    for _ in range(4):
        look(replacing)
        seen.append(runner.told["host_a"])
    assert seen == [14, 18, 20, 20]
    assert runner.clients.all[1].heartbeat == STILL_KNOWN, "Locust must not forget it meanwhile"


def test_nobody_gets_more_while_the_others_are_overloaded() -> None:
    runner = Runner()
    replacing = Replacing(runner, no_error)
    runner.lose(1)
    look(replacing, held_up=True)
    assert runner.told["host_a"] == 10
    look(replacing)
    assert runner.told["host_a"] == 14


@pytest.mark.parametrize(("state", "complete"), [(STATE_SPAWNING, True), (STATE_RUNNING, False)])
def test_a_ramp_under_way_is_not_disturbed(state: str, complete: bool) -> None:
    runner = Runner()
    replacing = Replacing(runner, no_error)
    runner.lose(1)
    runner.state, runner.spawning_completed = state, complete
    look(replacing)
    assert runner.told["host_a"] == 10


def test_one_start_at_a_time() -> None:
    runner = Runner()
    replacing = Replacing(runner, no_error)
    runner.lose(1)
    deal, going = runner.start, gevent.event.Event()

    def slow(user_count: int, spawn_rate: float) -> None:
        going.wait()
        deal(user_count, spawn_rate)

    runner.start = slow  # type: ignore[method-assign]
    look(replacing)
    look(replacing)
    assert runner.told["host_a"] == 10
    going.set()
    gevent.sleep(0)
    assert runner.told["host_a"] == 14


def overdue(recovery: Recovery, now: float, online: int, *, lost: bool = True, missing: int = 0) -> bool:
    return recovery.overdue(now, lost=lost, missing=missing, online=online, wanted=100)


def test_a_fleet_that_lost_nobody_is_never_overdue() -> None:
    recovery = Recovery(60.0)
    assert not any(overdue(recovery, now, online, lost=False) for now, online in [(0, 0), (500, 100), (5_000, 3)])


def test_a_fleet_that_is_whole_again_in_time_is_not_overdue_and_begins_anew() -> None:
    recovery = Recovery(60.0)
    overdue(recovery, 0.0, 100, lost=False)
    assert not overdue(recovery, 10.0, 50, missing=50)
    assert not overdue(recovery, 60.0, 89)
    assert not overdue(recovery, 69.0, 90)
    assert not overdue(recovery, 80.0, 10)
    assert not overdue(recovery, 140.0, 10)
    assert overdue(recovery, 140.1, 10)
    assert recovery.before == 90


@pytest.mark.parametrize(("online", "missing"), [(89, 0), (100, 1)])
def test_a_fleet_that_stays_short_is_overdue(online: int, missing: int) -> None:
    recovery = Recovery(60.0)
    overdue(recovery, 0.0, 100, lost=False)
    assert not overdue(recovery, 1.0, online, missing=missing)
    assert overdue(recovery, 61.1, online, missing=missing)


def test_a_ramp_down_is_no_loss() -> None:
    recovery = Recovery(60.0)
    overdue(recovery, 0.0, 100, lost=False)
    assert not recovery.overdue(100.0, lost=True, missing=0, online=0, wanted=0)
    assert not recovery.overdue(200.0, lost=True, missing=0, online=0, wanted=0)


def test_a_loss_during_the_ramp_counts_from_what_was_online_then() -> None:
    recovery = Recovery(60.0)
    overdue(recovery, 0.0, 40, lost=False)
    assert not overdue(recovery, 1.0, 30)
    assert not overdue(recovery, 30.0, 36)
    assert not overdue(recovery, 500.0, 100)


class Leases:
    """Leases of 12 s, 60 s of rest, and workers that hold as many of ten indexes as they asked for at 0."""

    def __init__(self, devices: dict[str, int]) -> None:
        self.table = LeaseTable(10, lease_s=12.0, quarantine_s=60.0)
        self.holders = {worker: LeaseHolder() for worker in devices}
        for worker, count in devices.items():
            self.ask(worker, count, 0.0)

    def ask(self, worker: str, count: int, now: float) -> None:
        holder = self.holders[worker]
        answer = self.table.answer(worker, holder.question(count, now), now)
        assert answer is not None
        holder.accept(answer, now)


def lost_devices(count: int, left: int) -> Finding:
    return Finding("devices_lost", {"count": count, "left": left})


def test_devices_of_a_worker_that_is_gone_are_lost_before_its_lease_runs_out() -> None:
    table = Leases({"a": 4, "b": 3}).table
    assert LostDevices().found(table, set(), 5.0) is None
    assert LostDevices().found(table, {"b"}, 5.0) == lost_devices(3, left=3)


def test_devices_that_others_have_taken_are_lost_all_the_same_but_not_left() -> None:
    leases, lost = Leases({"a": 4, "b": 3}), LostDevices()
    for now in range(10, 81, 10):
        leases.ask("a", 0, float(now))
        lost.look(leases.table.silent(float(now)))
    assert lost.found(leases.table, {"b"}, 80.0) == lost_devices(3, left=3)
    leases.ask("a", 2, 81.0)
    assert lost.found(leases.table, {"b"}, 81.0) == lost_devices(3, left=1)


def test_a_fleet_that_lost_nobody_has_nothing_to_tell() -> None:
    leases = Leases({"a": 4, "b": 0})
    lost = LostDevices()
    lost.look(leases.table.silent(5.0))
    assert lost.found(leases.table, {"b"}, 5.0) is None
