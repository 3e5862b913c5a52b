"""The web page's points, second by second."""

from pathlib import Path

import pytest

from simulator.measurements.events import STATE, Event, QueueRecorder
from simulator.measurements.run import HOLD_S, RECENT_S, RunMeasurements
from simulator.swarm.run.page_history import PageHistory
from simulator.swarm.run.run import Run
from tests.swarm.manual_run import ManualRun

T0 = 1_700_000_000


def run_of(directory: Path, measurements: RunMeasurements) -> Run:
    """A run that never began, with these measurements."""
    run = ManualRun(directory).run
    run.measurements = measurements
    return run


def test_a_second_in_which_nobody_looked_is_no_empty_fleet(tmp_path: Path) -> None:
    measurements = RunMeasurements()
    measurements.apply([(STATE, index, "offline", "online", T0 + 0.5) for index in range(3)])
    run = run_of(tmp_path, measurements)
    history = PageHistory()
    for second in (1, 2, 4, 5, 7):
        history.tick(run, T0 + second + 0.1)
    points = history.since(0)
    assert [point["at"] - T0 for point in points] == [second - HOLD_S for second in range(1, 8)], "two were due at once"
    assert [point["states"] for point in points if point["at"] > T0] == [{"online": 3}] * 4


def test_each_second_is_told_once(tmp_path: Path) -> None:
    run = run_of(tmp_path, RunMeasurements())
    history = PageHistory()
    for moment in (1.0, 1.3, 1.9, 2.0):
        history.tick(run, T0 + moment)
    assert len(history.since(0)) == 2
    assert [point["at"] for point in history.since(T0 + 1 - HOLD_S)] == [T0 + 2 - HOLD_S]


def test_after_a_long_stall_only_the_seconds_that_are_at_hand_are_told(tmp_path: Path) -> None:
    run = run_of(tmp_path, RunMeasurements())
    history = PageHistory()
    history.tick(run, T0 + 1.0)
    history.tick(run, T0 + 500.0)
    assert len(history.since(T0)) == RECENT_S - HOLD_S


def test_a_point_has_failures_by_code_all_requests_together_and_the_loops_lag(tmp_path: Path) -> None:
    measurements = RunMeasurements()
    events: list[Event] = []
    recorder = QueueRecorder(events.append)
    for number in range(9):
        recorder.request("dev.login", T0 + 0.1, 0.1, f"E000000{number}", 1, 1, 0.0)
    recorder.request("dev.heartbeat", T0 + 0.1, 0.001, "00000000", 1, 1, 0.0)
    recorder.flow("init", T0 + 0.1, 0.2, "00000000")
    recorder.command("cmd.reboot", T0 + 0.1, 0.02, "00000000")
    recorder.loop_lag(0.004, T0 + 0.1)
    measurements.apply(events)
    history = PageHistory()
    history.tick(run_of(tmp_path, measurements), T0 + HOLD_S)
    (point,) = history.since(0)
    count, failures, _p50, _p99, codes = point["requests"]["dev.login"]
    assert (count, failures, sum(codes.values()), codes["others"]) == (9, 9, 9, 3)
    assert point["requests"]["dev.heartbeat"][:2] == [1, 0]
    assert len(point["requests"]["dev.heartbeat"]) == 4
    assert set(point["others"]) == {"init", "cmd.reboot"}
    assert point["all"][0] == pytest.approx(100, rel=0.01)
    assert point["lag"] == pytest.approx([4, 4], rel=0.01)
