"""What a run finds out about itself: aborts, the platform's death, signals, an end before the plan."""

import json
from pathlib import Path
from typing import Any

import pytest

from reports.evaluation import ThresholdResult
from simulator.clock import ManualClock, RunClock
from simulator.exit_codes import ExitCode
from simulator.measurements.events import Event, QueueRecorder
from simulator.scenario.scenario import parse_scenario
from simulator.swarm.run.run import Run

SCENARIO = "name: tiny\nduration: 60s\ntarget: http://127.0.0.1:9\ngroups: [{name: rooms, count: 1}]\n"
PLANNED_S = 60.0


class Dead:
    """An embedded platform that ended."""

    def __init__(self) -> None:
        self.exit_code: int | None = None
        self.stopped = False

    def stop(self) -> None:
        self.stopped = True


class Desk:
    """A run on a clock that is moved by hand, and what it tells."""

    def __init__(self, directory: Path, planned_s: float | None = PLANNED_S) -> None:
        self.time = ManualClock(wall=1_700_000_000.0)
        self.aborts: list[str] = []
        scenario = parse_scenario(SCENARIO, "tiny.yaml")
        self.run = Run(scenario, directory, self.aborts.append, "local", RunClock(self.time))
        self.run.open(
            host=None,
            total=1,
            identities_file=None,
            stop_timeout=0.0,
            travels=False,
            processes=1,
            live=False,
            planned_s=planned_s,
        )
        events: list[Event] = []
        recorder = QueueRecorder(events.append)
        recorder.state(0, "offline", "online", self.time.wall())
        recorder.request("dev.heartbeat", self.time.wall(), 0.01, "00000000", 1, 1, 0.0)
        self.run.measurements.apply(events)

    def look(self, *fired: ThresholdResult) -> None:
        class Live:
            def tick(self, now: float) -> list[ThresholdResult]:
                return list(fired)

        self.run._look(Live(), self.time.wall())  # type: ignore[arg-type]

    def end(self, at: float) -> dict[str, Any]:
        self.time.advance(at)
        self.run.close()
        assert self.run.summary is not None
        return self.run.summary


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "report")


def keys(summary: dict[str, Any]) -> list[str]:
    return [reason["key"] for reason in summary["reasons"]]


def test_a_run_that_goes_to_its_end_passes(desk: Desk) -> None:
    summary = desk.end(PLANNED_S)
    assert (summary["verdict"], summary["complete"], desk.run.code) == ("passed", True, ExitCode.PASSED)


def test_an_abort_is_kept_with_what_it_saw_and_ends_the_run_once(desk: Desk) -> None:
    desk.time.advance(20.0)
    result = ThresholdResult("failures < 1 % abort", 12.5, False, "", "%")
    desk.look()
    assert desk.aborts == []
    desk.look(result)
    desk.look(result)
    assert len(desk.aborts) == 1
    assert "`failures < 1 % abort` was crossed for 10 s" in desk.aborts[0]
    summary = desk.end(1.0)
    assert keys(summary) == ["abort_fired"]
    assert summary["reasons"][0]["values"]["value"] == 12.5
    assert summary["reasons"][0]["values"]["after_s"] == 20.0
    assert desk.run.code == ExitCode.THRESHOLD_CROSSED


def test_the_platforms_death_ends_the_run_and_is_its_reason(desk: Desk) -> None:
    platform = desk.run._platform = Dead()  # type: ignore[assignment]
    desk.look()
    assert desk.aborts == []
    desk.time.advance(24.0)
    platform.exit_code = -9
    desk.look()
    desk.look()
    assert len(desk.aborts) == 1
    summary = desk.end(1.0)
    assert keys(summary) == ["platform_died"]
    assert summary["reasons"][0]["values"]["exit_code"] == -9
    assert not summary["complete"]
    assert desk.run.code == ExitCode.INVALID


def test_a_platform_that_dies_behind_an_abort_is_told_and_aborts_nothing_more(desk: Desk) -> None:
    platform = desk.run._platform = Dead()  # type: ignore[assignment]
    desk.look(ThresholdResult("failures < 1 % abort", 12.5, False, "", "%"))
    platform.exit_code = -11
    desk.look()
    assert len(desk.aborts) == 1
    assert keys(desk.end(1.0)) == ["platform_died", "abort_fired"]


def test_a_platform_that_dies_while_devices_deliver_their_last_records_is_told_too(desk: Desk) -> None:
    platform = desk.run._platform = Dead()  # type: ignore[assignment]
    platform.exit_code = 1
    assert keys(desk.end(PLANNED_S)) == ["platform_died"]
    assert platform.stopped


@pytest.mark.parametrize(("at", "early"), [(8.0, True), (58.5, True), (59.9, True), (60.0, False), (61.0, False)])
def test_a_signal_before_the_planned_end_interrupts(desk: Desk, at: float, early: bool) -> None:
    desk.time.advance(at)
    desk.run.interrupt("SIGINT")
    summary = desk.end(0.5)
    assert keys(summary) == (["interrupted"] if early else [])
    assert summary["complete"] is not early
    assert desk.run.code == (ExitCode.INTERRUPTED if early else ExitCode.PASSED)


@pytest.mark.parametrize(("at", "early"), [(994.0, True), (996.0, False)])
def test_the_end_of_a_long_run_is_not_asked_for_to_the_second(tmp_path: Path, at: float, early: bool) -> None:
    desk = Desk(tmp_path / "report", planned_s=1000.0)
    assert keys(desk.end(at)) == (["ended_early"] if early else [])


def test_a_signal_is_on_disk_before_a_second_one_can_come(desk: Desk) -> None:
    desk.time.advance(8.0)
    desk.run.interrupt("SIGTERM")
    told = json.loads((desk.run.directory / "checkpoint.json").read_bytes())["run"]["findings"]
    assert told == [{"key": "interrupted", "values": {"signal": "SIGTERM", "after_s": 8.0, "planned_s": PLANNED_S}}]
    desk.end(0.0)


def test_a_signal_while_the_run_ends_by_itself_interrupts_nothing(desk: Desk) -> None:
    desk.time.advance(8.0)
    desk.run.stopping = True
    desk.run.interrupt("SIGINT")
    assert "interrupted" not in keys(desk.end(PLANNED_S - 8.0))


def test_without_a_planned_end_every_end_is_right(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "report", planned_s=None)
    desk.time.advance(8.0)
    desk.run.interrupt("SIGINT")
    summary = desk.end(0.0)
    assert (summary["verdict"], summary["complete"]) == ("passed", True)


def test_an_end_before_the_plan_that_nobody_asked_for_is_no_pass(desk: Desk) -> None:
    summary = desk.end(5.9)
    assert keys(summary) == ["ended_early"]
    assert desk.run.code == ExitCode.INVALID


@pytest.mark.parametrize("key", ["stopped_by_hand", "workers_gone"])
def test_an_early_end_has_one_explanation(desk: Desk, key: str) -> None:
    desk.time.advance(5.9)
    desk.run.find_early_end(key)
    assert keys(desk.end(0.0)) == [key]


def test_an_error_of_ours_in_the_background_is_counted_and_the_run_is_watched_on(desk: Desk) -> None:
    desk.run.internal_error("background.run", "KeyError: 'odd'")
    summary = desk.end(PLANNED_S)
    assert keys(summary) == ["internal_error"]
    assert summary["internal_errors"]["by_rule"]["background.run"]["count"] == 1
    assert desk.run.code == ExitCode.INVALID


def test_what_is_found_after_the_end_is_written_too(desk: Desk) -> None:
    desk.end(PLANNED_S)
    desk.run.find("code_set_elsewhere", code=7)
    desk.run.write_again()
    told = json.loads((desk.run.directory / "summary.json").read_bytes())
    assert (told["verdict"], keys(told)) == ("failed", ["code_set_elsewhere"])
    assert told["requests"]["dev.heartbeat"]["count"] == 1
