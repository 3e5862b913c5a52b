"""What a run finds out about itself: aborts, the platform's death, signals, an end before the plan."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reports.causes import sentence
from reports.output import Output, RunView
from reports.run_info import ABORT_FIRED
from reports.verdict import note_lines
from simulator.exit_codes import ExitCode
from simulator.fleet.platform_process import PlatformAddress, PlatformStartError
from simulator.measurements.actions import AWAY, OUTAGE, START, STOP, Action
from simulator.measurements.events import Event, QueueRecorder
from simulator.measurements.ledger import Kept
from simulator.measurements.violation_rules import SESSION_CLOSED_UNANNOUNCED
from simulator.scenario.problems import Problem
from simulator.swarm.run import run as run_module
from simulator.texts.language import CHINESE, speaking
from simulator.texts.translation import _
from tests.swarm.fake_fleet import until
from tests.swarm.manual_run import PLANNED_S, ManualRun, usual_outputs

FIRED = {"expression": "failures < 1 % abort", "value": 12.5, "unit": "%", "window_s": 10.0, "after_s": 0.0}


class Dead:
    """An embedded platform that ended."""

    pid = None

    def __init__(self) -> None:
        self.exit_code: int | None = None
        self.kept: Kept | None = None
        self.stopped = False

    def start(self) -> PlatformAddress:
        return PlatformAddress("http://127.0.0.1:9", None)

    @property
    def whole(self) -> bool:
        return self.exit_code is None

    def kill(self) -> bool:
        return self.exit_code is None

    def restart(self) -> None:
        raise PlatformStartError("the embedded platform ended with exit code 1:\nno room")

    def stop(self) -> None:
        self.stopped = True


class Aborting(Output):
    """Ends the run at its next tick, as a threshold with `abort` does."""

    name = "aborting"

    def __init__(self) -> None:
        self.now = False

    def tick(self, run: RunView, now: float) -> None:
        if self.now and not run.aborted:
            run.find(ABORT_FIRED, **FIRED)
            run.abort("crossed")


@pytest.fixture
def manual(tmp_path: Path) -> ManualRun:
    return ManualRun(tmp_path / "report").open()


def keys(summary: dict[str, Any]) -> list[str]:
    return [reason["key"] for reason in summary["reasons"]]


def test_a_run_that_goes_to_its_end_passes(manual: ManualRun) -> None:
    summary = manual.end(PLANNED_S)
    assert (summary["verdict"], summary["complete"], manual.run.code) == ("passed", True, ExitCode.PASSED)


def test_a_report_says_what_of_an_mqtt_profile_is_assumed(tmp_path: Path) -> None:
    scenario = "defaults: {broker_type: best-t, mqtt: {qos: 0}}\n"
    summary = ManualRun(tmp_path / "report", scenario=scenario).open().end(PLANNED_S)
    assert summary["verdict"] == "passed"
    assert (
        "of the MQTT profile tencent this is assumed, as nobody has written it down: up, down, keep_alive, "
        "clean_session (docs/mqtt.md)"
    ) in note_lines(summary)


def test_the_platforms_death_ends_the_run_and_is_its_reason(manual: ManualRun) -> None:
    platform = manual.run.platform = Dead()  # type: ignore[assignment]
    manual.tick()
    assert manual.aborts == []
    manual.time.advance(24.0)
    platform.exit_code = -9
    manual.tick()
    manual.tick()
    assert len(manual.aborts) == 1
    summary = manual.end(1.0)
    assert keys(summary) == ["platform_died"]
    assert summary["reasons"][0]["values"]["exit_code"] == -9
    assert "died by itself after 24.0 s (signal SIGKILL)" in manual.aborts[0]
    assert not summary["complete"]
    assert manual.run.code == ExitCode.INVALID


def test_a_platform_that_dies_behind_an_abort_is_told_and_aborts_nothing_more(tmp_path: Path) -> None:
    aborting = Aborting()
    manual = ManualRun(tmp_path / "report", outputs=[aborting, *usual_outputs(tmp_path / "report")]).open()
    platform = manual.run.platform = Dead()  # type: ignore[assignment]
    aborting.now = True
    manual.tick()
    platform.exit_code = -11
    manual.tick()
    assert manual.aborts == ["crossed"]
    assert keys(manual.end(1.0)) == ["platform_died", "abort_fired"]


def test_a_platform_that_dies_while_devices_deliver_their_last_records_is_told_too(manual: ManualRun) -> None:
    platform = manual.run.platform = Dead()  # type: ignore[assignment]
    platform.exit_code = 1
    assert keys(manual.end(PLANNED_S)) == ["platform_died"]
    assert platform.stopped


@pytest.mark.parametrize(("at", "early"), [(8.0, True), (58.5, True), (59.9, True), (60.0, False), (61.0, False)])
def test_a_signal_before_the_planned_end_interrupts(manual: ManualRun, at: float, early: bool) -> None:
    manual.time.advance(at)
    manual.run.interrupt("SIGINT")
    summary = manual.end(0.5)
    assert keys(summary) == (["interrupted"] if early else [])
    assert summary["complete"] is not early
    assert manual.run.code == (ExitCode.INTERRUPTED if early else ExitCode.PASSED)


@pytest.mark.parametrize(("at", "early"), [(994.0, True), (996.0, False)])
def test_the_end_of_a_long_run_is_not_asked_for_to_the_second(tmp_path: Path, at: float, early: bool) -> None:
    manual = ManualRun(tmp_path / "report", planned_s=1000.0).open()
    assert keys(manual.end(at)) == (["ended_early"] if early else [])


def test_a_signal_is_on_disk_before_a_second_one_can_come(manual: ManualRun) -> None:
    manual.time.advance(8.0)
    manual.run.interrupt("SIGTERM")
    told = json.loads((manual.run.directory / "checkpoint.json").read_bytes())["run"]["findings"]
    assert told == [{"key": "interrupted", "values": {"signal": "SIGTERM", "after_s": 8.0, "planned_s": PLANNED_S}}]
    manual.end(0.0)


def test_a_signal_while_the_run_ends_by_itself_interrupts_nothing(manual: ManualRun) -> None:
    manual.time.advance(8.0)
    manual.run.stopping = True
    manual.run.interrupt("SIGINT")
    assert "interrupted" not in keys(manual.end(PLANNED_S - 8.0))


def test_without_a_planned_end_every_end_is_right(tmp_path: Path) -> None:
    manual = ManualRun(tmp_path / "report", planned_s=None).open()
    manual.time.advance(8.0)
    manual.run.interrupt("SIGINT")
    summary = manual.end(0.0)
    assert (summary["verdict"], summary["complete"]) == ("passed", True)


def test_an_end_before_the_plan_that_nobody_asked_for_is_no_pass(manual: ManualRun) -> None:
    summary = manual.end(5.9)
    assert keys(summary) == ["ended_early"]
    assert manual.run.code == ExitCode.INVALID


@pytest.mark.parametrize("key", ["stopped_by_hand", "workers_gone"])
def test_an_early_end_has_one_explanation(manual: ManualRun, key: str) -> None:
    manual.time.advance(5.9)
    manual.run.find_early_end(key)
    assert keys(manual.end(0.0)) == [key]


@pytest.mark.parametrize(
    ("at", "started", "planned_s", "told"),
    [
        (8.0, False, PLANNED_S, ["taken_by_hand"]),
        (8.0, True, PLANNED_S, []),
        (PLANNED_S - 0.5, False, PLANNED_S, []),
        (8.0, False, None, []),
    ],
)
def test_a_fleet_that_was_stopped_by_hand_and_stood_still_to_the_end_is_no_pass(
    tmp_path: Path, at: float, started: bool, planned_s: float | None, told: list[str]
) -> None:
    manual = ManualRun(tmp_path / "report", planned_s=planned_s).open()
    assert manual.run.weather is not None
    manual.run.weather.actions.append(Action(at=at, action=STOP, device="BEST000001"))
    if started:
        manual.run.weather.actions.append(Action(at=at + 1.0, action=START, device="BEST000001"))
    summary = manual.end(PLANNED_S)
    assert keys(summary) == told
    assert summary["verdict"] == ("interrupted" if told else "passed")
    if told:
        assert summary["reasons"][0]["values"] == {"after_s": at, "planned_s": planned_s}


def test_an_error_of_ours_in_the_background_is_counted_and_the_run_is_watched_on(manual: ManualRun) -> None:
    manual.run.internal_error("background.run", "KeyError: 'odd'")
    summary = manual.end(PLANNED_S)
    assert keys(summary) == ["internal_error"]
    assert summary["internal_errors"]["by_rule"]["background.run"]["count"] == 1
    assert manual.run.code == ExitCode.INVALID


# --- Faults ---

RESTART = "faults: [{what: platform_restart, at: 20s, down: 4s}]\n"


@pytest.fixture
def rough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Dead], ManualRun]:
    """A run in which the platform is killed after 20 s; `PlatformStartError` is all that comes of its restart."""

    def open_run(platform: Dead) -> ManualRun:
        monkeypatch.setattr(run_module, "embedded_platform", lambda *_: platform)
        return ManualRun(tmp_path / "report", scenario=RESTART, embedded=True).open()

    return open_run


def test_a_platform_that_does_not_come_back_ends_the_run_and_is_its_first_reason(
    rough: Callable[[Dead], ManualRun],
) -> None:
    platform = Dead()
    manual = rough(platform)
    told: list[tuple[int, bool]] = []
    manual.time.advance(24.5)
    manual.run.begin_weather(lambda number, away: told.append((number, away)))
    until(lambda: manual.aborts)
    manual.tick()
    assert told == [(0, True)]
    assert len(manual.aborts) == 1
    summary = manual.end(1.0)
    assert keys(summary) == ["platform_not_back"]
    assert summary["reasons"][0]["values"]["after_s"] == 24.5
    assert "did not come back from its restart after 24" in manual.aborts[0]
    assert "no room" in manual.aborts[0]
    assert manual.run.code == ExitCode.INVALID
    assert platform.stopped


def test_a_platform_that_died_before_it_was_to_be_killed_died_by_itself(rough: Callable[[Dead], ManualRun]) -> None:
    platform = Dead()
    manual = rough(platform)
    platform.exit_code = -11
    manual.time.advance(24.5)
    told: list[tuple[int, bool]] = []
    manual.run.begin_weather(lambda number, away: told.append((number, away)))
    until(lambda: told)
    manual.tick()
    assert keys(manual.end(1.0)) == ["platform_died"]


def test_what_ends_with_the_embedded_platform_is_no_violation(rough: Callable[[Dead], ManualRun]) -> None:
    """From the run's begin to its summary; that of one which closes connections and lives on stays."""
    platform = Dead()
    manual = rough(platform)
    for _round in range(2):
        events: list[Event] = []
        recorder = QueueRecorder(events.append)
        recorder.violation(SESSION_CLOSED_UNANNOUNCED, "", "no close frame", manual.time.wall(), 0)
        manual.run.measurements.apply(events)
        if platform.whole:
            manual.time.advance(1.0)
            until(lambda: manual.run.measurements.violations.total)
            platform.exit_code = -9
    manual.tick()
    summary = manual.end(1.0)
    assert keys(summary) == ["platform_died"]
    assert summary["violations"]["by_rule"][SESSION_CLOSED_UNANNOUNCED]["count"] == 1


def test_what_ends_before_a_run_stops_its_platform_is_the_platforms(rough: Callable[[Dead], ManualRun]) -> None:
    """Nobody looks for it any more then: it has lived to its end in order."""
    manual = rough(Dead())
    manual.run.measurements.violations.add(SESSION_CLOSED_UNANNOUNCED, "no close frame", manual.time.wall(), 0)
    manual.run.stop_platform()
    assert manual.run.measurements.violations.total == 1


def test_its_schedule_is_in_what_reports_are_told(rough: Callable[[Dead], ManualRun]) -> None:
    manual = rough(Dead())
    (planned,) = manual.run.info(0.0, complete=False).faults
    assert (planned.what, planned.at, planned.lasts, planned.devices) == ("platform_restart", 20.0, 4.0, 1)
    order = manual.run.order
    assert order is not None
    assert (order.begun, order.length) == (manual.run.started, PLANNED_S)
    assert manual.end(PLANNED_S)["faults"][0]["what"] == "platform_restart"


def test_an_error_s_words_are_kept_in_english_and_said_in_chinese(manual: ManualRun) -> None:
    with speaking(CHINESE):
        manual.run.find("worker_refused", worker="w1", problem="/报告: 目录不存在")
        manual.run.find("start_failed", problem=str(Problem(file="x.yaml", message=_("is empty"), line=3)))
        told = [sentence(finding) for finding in manual.run.findings]
    problems = [finding.values["problem"] for finding in manual.run.findings]
    assert problems == ["/报告: 目录不存在", "x.yaml:3: is empty"]
    assert told[1] != sentence(manual.run.findings[1])


@pytest.mark.parametrize(
    ("at", "seconds", "planned_s", "told"),
    [
        (8.0, 3600.0, PLANNED_S, ["taken_by_hand"]),
        (8.0, 1.0, PLANNED_S, []),
        (PLANNED_S - 0.5, 3600.0, PLANNED_S, []),
        (8.0, 3600.0, None, []),
    ],
)
def test_an_outage_by_hand_that_outlasts_the_run_is_no_pass(
    tmp_path: Path, at: float, seconds: float, planned_s: float | None, told: list[str]
) -> None:
    manual = ManualRun(tmp_path / "report", planned_s=planned_s).open()
    assert manual.run.weather is not None
    manual.run.weather.actions.append(Action(at=at, action=OUTAGE, seconds=seconds))
    assert keys(manual.end(PLANNED_S)) == told


def test_a_part_of_the_fleet_that_is_away_by_hand_at_the_end_is_a_remark(tmp_path: Path) -> None:
    manual = ManualRun(tmp_path / "report", planned_s=PLANNED_S).open(total=3)
    assert manual.run.weather is not None
    manual.run.weather.actions.append(Action(at=2.0, action=AWAY, device="BEST000001", seconds=3600.0))
    summary = manual.end(PLANNED_S)
    assert (summary["verdict"], keys(summary)) == ("passed", [])
    assert {"key": "away_by_hand", "values": {"count": 1, "devices": 3}} in summary["notes"]
