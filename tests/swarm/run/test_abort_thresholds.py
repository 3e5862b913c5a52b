"""Thresholds with `abort`: what was crossed is kept with what it saw, and ends the run once."""

from pathlib import Path

import pytest

from reports.evaluation import ThresholdResult
from simulator.exit_codes import ExitCode
from simulator.measurements.events import QueueRecorder
from simulator.swarm.run import abort_thresholds
from tests.swarm.manual_run import ManualRun

CROSSED = ThresholdResult("failures < 1 % abort", 12.5, False, "", "%")
ALSO = ThresholdResult("dev.heartbeat p99 < 1 s abort", 2000.0, False, "", "ms")


class Live:
    """Thresholds that are crossed when the test says so."""

    def __init__(self) -> None:
        self.fired: list[ThresholdResult] = []

    def __call__(self, *_: object) -> "Live":
        return self

    def tick(self, now: float) -> list[ThresholdResult]:
        return self.fired


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> Live:
    live = Live()
    monkeypatch.setattr(abort_thresholds, "LiveThresholds", live)
    return live


def test_an_abort_is_kept_with_what_it_saw_and_ends_the_run_once(tmp_path: Path, live: Live) -> None:
    manual = ManualRun(tmp_path / "report").open()
    manual.time.advance(20.0)
    manual.tick()
    assert manual.aborts == []
    live.fired = [CROSSED]
    manual.tick()
    manual.tick(1.0)
    assert len(manual.aborts) == 1
    assert "`failures < 1 % abort` was crossed for 10 s" in manual.aborts[0]
    summary = manual.end(0.0)
    assert [reason["key"] for reason in summary["reasons"]] == ["abort_fired"]
    assert summary["reasons"][0]["values"]["value"] == 12.5
    assert summary["reasons"][0]["values"]["after_s"] == 20.0
    assert manual.run.code == ExitCode.THRESHOLD_CROSSED


def test_all_that_are_crossed_in_one_second_are_kept(tmp_path: Path, live: Live) -> None:
    manual = ManualRun(tmp_path / "report").open()
    live.fired = [CROSSED, ALSO]
    manual.tick(20.0)
    assert len(manual.aborts) == 1
    assert ALSO.expression in manual.aborts[0]
    found = [finding.values["expression"] for finding in manual.run.findings]
    assert found == [CROSSED.expression, ALSO.expression]


def test_a_run_that_ends_already_is_not_judged_any_more(tmp_path: Path, live: Live) -> None:
    manual = ManualRun(tmp_path / "report").open()
    manual.run.abort("the platform has died")
    live.fired = [CROSSED]
    manual.tick(20.0)
    assert manual.aborts == ["the platform has died"]
    assert manual.run.findings == []


def test_the_scenarios_own_threshold_is_watched(tmp_path: Path) -> None:
    scenario = 'thresholds: ["failures < 1 % abort"]\n'
    manual = ManualRun(tmp_path / "report", scenario=scenario).open()
    recorder = QueueRecorder((events := []).append)
    ticks = 0
    while not manual.aborts and ticks < 60:
        ticks += 1
        recorder.request("dev.heartbeat", manual.time.wall(), 0.01, "timeout", 1, 1, 0.0)
        manual.run.measurements.apply(events)
        events.clear()
        manual.tick(1.0)
    assert 20 <= ticks <= 30
    assert manual.run.findings[0].key == "abort_fired"
