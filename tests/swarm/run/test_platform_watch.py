"""What the embedded platform's process holds is looked at every five seconds, over its restarts."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.swarm.run.platform_watch import PlatformWatch
from tests.swarm.manual_run import ManualRun


class Pid:
    """Stands in for the run's platform."""

    exit_code = None

    def __init__(self) -> None:
        self.pid: int | None = os.getpid()


@pytest.fixture
def platform() -> Pid:
    return Pid()


@pytest.fixture
def manual(tmp_path: Path, platform: Pid) -> ManualRun:
    manual = ManualRun(tmp_path, outputs=[PlatformWatch()])
    manual.run.platform = platform  # type: ignore[assignment]
    return manual.open()


@pytest.fixture
def idle() -> Iterator[int]:
    """The pid of a process that does nothing."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process.pid
        process.kill()


def test_it_is_looked_at_every_five_seconds(manual: ManualRun) -> None:
    for _ in range(12):
        manual.tick(1.0)
    held = manual.run.measurements.health.platform()
    assert held is not None
    assert sum(count for _, count in held.rss.spans) == 3
    assert (held.rss.peak or 0.0) > 10
    assert (held.open_files.peak or 0) > 2
    # It is no process of the generator.
    assert manual.run.measurements.health.rss_mb() is None


def test_it_is_looked_at_each_second_while_more_come_online_than_ever(manual: ManualRun) -> None:
    devices = manual.run.measurements.devices
    looks = []
    for online in (0, 4, 9, 9, 2, 9, 9, 10):
        devices.gauge["online"] = online
        manual.tick(1.0)
        held = manual.run.measurements.health.platform()
        assert held is not None
        looks.append(sum(count for _, count in held.rss.spans))
    # the eighth because there are more, and the one before it because five seconds are over since the third
    assert looks == [1, 2, 3, 3, 3, 3, 3, 4]


def test_a_restarted_platform_begins_a_new_line(manual: ManualRun, platform: Pid, idle: int) -> None:
    manual.tick(1.0)
    manual.tick(10.0)
    held = manual.run.measurements.health.platforms[""]
    ours = held.rss.peak
    platform.pid = None
    manual.tick(10.0)
    platform.pid = idle
    manual.tick(10.0)
    assert held.rss.earlier[0] == 10.0
    assert held.rss.seconds == 0.0
    assert held.rss.peak == ours
    assert (held.rss.newest or 0.0) < (ours or 0.0)


def test_a_process_that_has_just_ended_is_no_fault(manual: ManualRun, platform: Pid) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        platform.pid = process.pid
    manual.tick(1.0)
    assert manual.run.measurements.internal_errors.total == 0
    assert manual.run.measurements.health.platform() is None


def test_a_run_without_one_has_no_such_figures(manual: ManualRun, platform: Pid) -> None:
    platform.pid = None
    manual.tick(6.0)
    manual.run.platform = None
    manual.tick(6.0)
    assert manual.run.measurements.health.platforms == {}
