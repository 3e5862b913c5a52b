"""Locust does not notice when somebody sets the machine's wall clock."""

import time

import pytest
from locust import main, runners, stats
from locust.util import cache

from simulator.clock import ManualClock, RunClock
from simulator.swarm.locust import steady_time


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> ManualClock:
    """The machine's clock, which Locust sees through ours; all is undone at the end."""
    for module in (main, runners, stats, cache):
        monkeypatch.setattr(module, "time", module.time)
    machine = ManualClock(wall=5_000.0)
    monkeypatch.setattr("simulator.clock.SystemClock", lambda: machine)
    return machine


def test_rates_and_the_order_of_messages_survive_a_clock_that_is_set_back(machine: ManualClock) -> None:
    run_clock = RunClock()
    steady_time.install(run_clock)
    found = stats.RequestStats()
    before = runners.time.time()
    for _ in range(100):
        machine.advance(0.1)
        found.log_request("BEST", "dev.heartbeat", 1.0, 10)
        machine.set_wall(machine.wall() - 360.0)
    assert found.total.total_rps == pytest.approx(10.0)
    run_clock.begin()  # a second run of the web page
    assert runners.time.time() - before == pytest.approx(10.0)


def test_a_worker_does_not_give_up_on_its_master_when_the_clock_is_set_forward(machine: ManualClock) -> None:
    steady_time.install(RunClock())
    heard = runners.time.time()
    machine.set_wall(machine.wall() + 3_600.0)
    machine.advance(1.0)
    assert heard > runners.time.time() - runners.MASTER_HEARTBEAT_TIMEOUT


def test_following_the_masters_time_moves_statistics_alone(machine: ManualClock) -> None:
    run_clock = RunClock()
    steady_time.install(run_clock)
    run_clock.follow(240.0)
    assert stats.time.time() == pytest.approx(5_240.0)
    assert runners.time.time() == main.time.time() == cache.time() == pytest.approx(5_000.0)


def test_everything_else_of_the_module_is_there(machine: ManualClock) -> None:
    steady_time.install(RunClock())
    assert runners.time.perf_counter is time.perf_counter
    assert main.time.sleep is time.sleep
