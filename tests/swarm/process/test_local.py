"""The one process of a run that is not distributed: every index is free, and the run ends with its generator."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gevent
import pytest
from gevent.pool import Group

from simulator.exit_codes import ExitCode
from simulator.measurements.recorder import Recorder
from simulator.swarm.generator.engine import EngineError
from simulator.swarm.locust.users import MeetingDevice, UserHandle, WaitingUsers
from simulator.swarm.process import local
from simulator.swarm.process.local import Local
from simulator.swarm.run import run as run_module
from tests.swarm.fake_fleet import Fleet, until
from tests.swarm.fake_locust import FakeRunner, choice, environment
from tests.swarm.fake_weather import SCENARIO as WEATHER
from tests.swarm.fake_weather import Platform


class Bench:
    """A local process with a fleet that does nothing."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.runner = FakeRunner()
        self.environment = environment(directory, self.runner)
        self.fleets: list[Fleet] = []
        self.group = Group()
        monkeypatch.setattr(local, "runtime_factory", lambda *_: self.make)
        self.role = Local(self.environment, choice())

    def make(self, recorder: Recorder, log: Callable[[int, str], None]) -> Fleet:
        self.fleets.append(Fleet(log))
        for index in range(3):
            recorder.state(index, "offline", "online", self.role.clock.wall())
            recorder.request("dev.heartbeat", self.role.clock.wall(), 0.01, "00000000", 1, 1, 0.0)
        return self.fleets[-1]

    def users(self, count: int) -> list[UserHandle]:
        return [MeetingDevice(None).start(self.group) for _ in range(count)]

    def end(self) -> dict[str, Any]:
        self.role.test_stopping()
        self.role.test_stop()
        assert self.role.run is not None
        assert self.role.run.summary is not None
        return self.role.run.summary


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    bench = Bench(tmp_path / "report", monkeypatch)
    yield bench
    if bench.role.generator is not None:
        bench.end()
    MeetingDevice.provider = WaitingUsers()


def test_every_index_is_free_from_the_beginning_and_all_is_counted_at_the_end(bench: Bench) -> None:
    bench.role.test_start()
    handles = bench.users(3)
    assert [handle.index for handle in handles] == [0, 1, 2]
    until(lambda: len(bench.fleets[0].devices) == 3)
    summary = bench.end()
    assert summary["requests"]["dev.heartbeat"]["count"] == 3
    assert bench.environment.process_exit_code == ExitCode.PASSED
    assert bench.role.generator is None
    assert isinstance(MeetingDevice.provider, WaitingUsers)


def test_an_index_is_free_again_when_its_device_is_down(bench: Bench) -> None:
    bench.role.test_start()
    first, *_ = bench.users(3)
    until(lambda: len(bench.fleets[0].devices) == 3)
    first.kill(block=False)
    (late,) = bench.users(1)
    assert not late.dead, "a device that is stopping leaves its place to whoever waits"
    until(lambda: late.index == 0)


def test_more_users_than_devices_are_turned_away_and_told(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.role.test_start()
    bench.users(3)
    (fourth,) = bench.users(1)
    assert fourth.dead
    assert "more users than the fleet has devices (3)" in caplog.text
    bench.end()
    assert bench.role.run is not None
    assert [(found.key, found.values) for found in bench.role.run.findings] == [("users_turned_away", {"devices": 3})]


def test_an_engine_that_dies_ends_the_run_and_is_its_reason(bench: Bench) -> None:
    bench.role.test_start()
    bench.role.generator_failed("out of memory")
    gevent.sleep(0)
    assert bench.runner.done == ["quit"]
    assert [reason["key"] for reason in bench.end()["reasons"]] == ["engine_died"]
    assert bench.environment.process_exit_code == ExitCode.INVALID


def test_a_fleet_that_does_not_open_is_the_users_to_mend(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise EngineError("no network")

    monkeypatch.setattr(local.Generator, "start", refused)
    bench.role.test_start()
    gevent.sleep(0)
    assert bench.runner.done == ["quit"]
    bench.role.test_stop()
    assert bench.environment.process_exit_code == ExitCode.USAGE
    bench.role.generator = None


def test_runs_follow_each_other_in_one_process(bench: Bench, tmp_path: Path) -> None:
    for _ in range(2):
        bench.role.test_start()
        bench.users(3)
        until(lambda: len(bench.fleets[-1].devices) == 3)
        bench.end()
    assert len(bench.fleets) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report", "report-2"]


# --- Faults ---


def test_its_engine_knows_of_a_platform_that_goes_and_the_runs_end_brings_it_back(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = Platform()
    monkeypatch.setattr(run_module, "embedded_platform", lambda *_: platform)
    bench.role.choice = choice(WEATHER)
    bench.role.test_start()
    until(lambda: "kill" in platform.done)
    assert bench.fleets[0].weather == [(0, True)]
    summary = bench.end()
    assert platform.done == ["kill", "restart", "stop"]
    assert bench.fleets[0].weather == [(0, True), (0, False)]
    assert "platform_died" not in [reason["key"] for reason in summary["reasons"]]


def test_the_page_is_told_of_its_devices_while_the_run_goes_on_and_after_it(bench: Bench) -> None:
    assert bench.role.view() is None
    bench.role.test_start()
    bench.users(2)
    until(lambda: len(bench.fleets[0].devices) == 2)
    view = bench.role.view()
    assert view is not None
    assert (view.total, view.groups) == (3, {"rooms": 3})
    found = view.device("SN1")
    assert found is not None
    assert (found["devices"], found["asked"]["sn"], found["worker"]) == ([0, 1], "SN1", "local")
    bench.end()
    after = view.device("SN1")
    assert after is not None
    assert after["devices"] == []


def test_whether_devices_may_be_acted_on_is_said_by_the_command_line_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(tmp_path / "report", monkeypatch)
    assert bench.role.control
    bench.environment.parsed_options.no_control = True
    shut = Local(bench.environment, choice())
    # As Locust's form would.
    bench.environment.parsed_options.no_control = False
    assert not shut.control
