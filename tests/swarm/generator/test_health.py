"""Samples of this process once a second, and a warning as soon as it is too slow."""

import gc
import logging
import resource
import time
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from simulator.clock import ManualClock, RunClock
from simulator.measurements.health import CPU_LIMIT_SECONDS, HealthSample
from simulator.measurements.resources import Held
from simulator.scenario.scenario import parse_scenario
from simulator.swarm.generator import health
from simulator.swarm.generator.health import LAG_WINDOW, QUIET_S, HealthWatch, Limits, limits_of
from simulator.swarm.open_files import open_files

LIMITS = Limits(lag_ms=50.0, stall_ms=1_000.0, cpu_percent=80.0)


class Process:
    """A watched process whose clock and CPU time the test moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.time = ManualClock()
        self.cpu_s = 5.0
        self.connections = 0
        self.samples: list[HealthSample] = []
        self.errors: list[str] = []
        monkeypatch.setattr(health.time, "process_time", lambda: self.cpu_s)
        self.watch = HealthWatch(
            self.samples.append,
            waiting_samples=lambda: 7,
            waiting_connects=lambda: 3,
            held=lambda: Held(tasks=12, devices=4),
            connections=lambda: self.connections,
            clock=RunClock(self.time),
            limits=LIMITS,
            on_error=lambda rule, _: self.errors.append(rule),
        )

    def second(self, cpu_s: float = 0.1, seconds: float = 1.0) -> HealthSample:
        self.time.advance(seconds)
        self.cpu_s += cpu_s
        return self.watch.look()


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Process:
    caplog.set_level(logging.WARNING, "simulator.health")
    return Process(monkeypatch)


def test_a_sample_says_how_busy_the_process_was_since_the_last(process: Process) -> None:
    sample = process.second(cpu_s=0.5, seconds=2.0)
    assert sample.at == process.time.wall()
    assert sample.cpu_percent == pytest.approx(25.0)
    assert (sample.waiting_samples, sample.waiting_connects) == (7, 3)
    assert sample.rss_mb > 1
    assert process.second(cpu_s=0.9).cpu_percent == pytest.approx(90.0)
    assert [round(one.cpu_percent) for one in process.samples] == [25, 90]


def test_open_files_are_counted_at_the_first_look_and_at_every_fifth(process: Process) -> None:
    held = [process.second().held for _ in range(7)]
    assert [one.open_files is not None for one in held] == [True, False, False, False, False, True, False]
    before = held[5].open_files
    assert before is not None
    assert before > 2
    assert all((one.tasks, one.devices) == (12, 4) for one in held)
    assert held[0].files_limit == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    with open(__file__, "rb"), open(__file__, "rb"):
        later = [process.second().held.open_files for _ in range(4)][-1]
    assert later == before + 2


def test_open_files_are_counted_at_each_look_while_more_come_online_than_ever(process: Process) -> None:
    held = []
    for connections in (0, 5, 9, 9, 9, 9, 9, 12, 12):
        process.connections = connections
        held.append(process.second().held)
    counted = [one.open_files is not None for one in held]
    # the sixth is that of every fifth look
    assert counted == [True, True, True, False, False, True, False, True, False]
    assert [one.connections for one in held] == [0, 5, 9, 9, 9, 9, 9, 12, 12]


def test_before_the_devices_stop_their_files_are_counted_once_more(process: Process) -> None:
    process.watch.look_at_all()
    assert process.samples == [], "it has not begun"
    process.watch.start()
    for _ in range(3):
        process.second()
    process.time.advance(0.4)
    process.watch.look_at_all()
    assert len(process.samples) == 3, "it has just looked"
    process.time.advance(0.4)
    process.watch.look_at_all()
    assert [one.held.open_files is not None for one in process.samples] == [True, False, False, True]
    process.watch.stop()


def test_what_came_online_since_the_last_look_is_told_at_the_end_and_is_no_busy_second(process: Process) -> None:
    process.watch.start()
    process.second()
    process.connections = 7
    process.time.advance(0.001)
    process.cpu_s += 0.001
    process.watch.stop()
    assert [one.held.connections for one in process.samples] == [0, 7]
    assert process.samples[-1].cpu_percent < 1.0


@pytest.mark.parametrize("listed", ["/proc/{pid}/fd", "/proc/{pid}/no-such-directory"])
def test_open_files_are_counted_on_every_system(listed: str, tmp_path: Path) -> None:
    # What earlier tests have left behind must not be closed meanwhile.
    gc.collect()
    process = psutil.Process()
    before = open_files(process, listed)
    with ExitStack() as opened:
        for number in range(50):
            opened.enter_context((tmp_path / str(number)).open("w"))
        assert open_files(process, listed) == before + 50
    # psutil counts the directory that it reads as well
    assert process.num_fds() - open_files(process, listed) in (0, 1)


def test_without_a_limit_of_open_files_none_is_told(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health.resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert process.second().held.files_limit is None


def test_a_stall_is_told_at_once_and_not_every_second(process: Process, caplog: pytest.LogCaptureFixture) -> None:
    process.watch.lags.append(1.2)
    for _ in range(int(QUIET_S)):
        process.second()
    assert [record.getMessage() for record in caplog.records] == [
        "the generator stood still for 1.2 s (limit 1 s); this run's figures are not valid"
    ]
    process.second()
    assert len(caplog.records) == 2


def test_a_late_loop_is_told_when_enough_was_seen_of_it(process: Process, caplog: pytest.LogCaptureFixture) -> None:
    process.watch.lags.extend([0.1] * (LAG_WINDOW // 2 - 1))
    process.second()
    assert caplog.records == []
    process.watch.lags.append(0.1)
    process.second()
    assert "p99 of its event loop's lag is 100 ms (limit 50 ms)" in caplog.text


@pytest.mark.parametrize(("cpu_s", "itself"), [(0.09, False), (0.49, False), (0.51, True), (0.95, True)])
def test_a_late_loop_wants_more_processes_only_where_it_had_much_to_do(
    process: Process, caplog: pytest.LogCaptureFixture, cpu_s: float, itself: bool
) -> None:
    process.second(cpu_s)
    process.watch.lags.extend([0.1] * LAG_WINDOW)
    process.second(0.02)
    (told,) = [record.getMessage() for record in caplog.records]
    assert told.endswith("use more processes or fewer devices") is itself
    assert ("something else on the machine keeps it from running" in told) is not itself
    assert itself or f"used {100 * cpu_s:.0f} % of a core at most" in told


def test_what_it_did_before_the_lags_began_does_not_count(process: Process, caplog: pytest.LogCaptureFixture) -> None:
    process.second(0.95)
    for _ in range(10):
        process.second(0.02)
    process.watch.lags.extend([0.1] * LAG_WINDOW)
    process.second(0.02)
    assert "used 2 % of a core at most" in caplog.text


def test_a_busy_process_is_told_when_it_stays_busy(process: Process, caplog: pytest.LogCaptureFixture) -> None:
    process.second(cpu_s=0.9)
    process.second(cpu_s=0.2)
    for _ in range(int(CPU_LIMIT_SECONDS)):
        process.second(cpu_s=0.95)
    assert caplog.records == []
    process.second(cpu_s=0.95)
    assert "has used over 80 % of a core" in caplog.text


def test_it_looks_once_more_at_the_end_if_much_of_a_second_is_over(process: Process) -> None:
    process.watch.stop()
    process.watch.start()
    process.time.advance(0.4)
    process.watch.stop()
    assert process.samples == []
    process.watch.start()
    process.time.advance(0.4)
    process.watch.stop()
    assert len(process.samples) == 1


def test_the_limits_are_the_scenarios() -> None:
    text = "groups: [{name: a, count: 1}]\nlimits: {loop_lag: 20ms, stall: 3s, cpu: 70%}\n"
    assert limits_of(parse_scenario(text, "a.yaml")) == Limits(lag_ms=20.0, stall_ms=3_000.0, cpu_percent=70.0)
    assert time.process_time() > 0
