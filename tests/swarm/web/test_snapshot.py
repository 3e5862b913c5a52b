"""What the page is told of a run."""

import json
from pathlib import Path

import pytest

from reports.verdict import exit_code
from simulator.measurements.attendance import MeetingHeld
from simulator.measurements.events import Event, QueueRecorder
from simulator.measurements.health import HealthSample
from simulator.swarm.web.demands import LiveDemands
from simulator.swarm.web.snapshot import snapshot
from tests.swarm.manual_run import PLANNED_S, STARTED, ManualRun


@pytest.fixture
def manual(tmp_path: Path) -> ManualRun:
    manual = ManualRun(tmp_path / "report").open()
    manual.tick(5.0)
    manual.tick(1.0)
    return manual


def test_without_a_run_there_is_the_state_alone(tmp_path: Path) -> None:
    assert snapshot(None, "ready", 0, 0) == {"state": "ready", "run": None, "alarms": []}
    assert snapshot(ManualRun(tmp_path).run, "spawning", 1, 0)["run"] is None


def test_a_run_that_goes_on_is_shown_with_its_devices_and_requests(manual: ManualRun) -> None:
    shown = snapshot(manual.run, "running", 1, 0)
    assert shown["state"] == "running"
    assert shown["run"] == {
        "id": manual.run.run_id,
        "scenario": "tiny",
        "target": "http://127.0.0.1:9",
        "seconds": 6,
        "started": STARTED,
        "planned_s": PLANNED_S,
        "devices": 1,
        "wanted": 1,
        "users": 1,
        "over": False,
        "lag_limit_ms": 50.0,
        "verdict": None,
        "headline": "",
        "reasons": [],
        "notes": [],
        "report": None,
        "files": [],
    }
    assert shown["states"] == {"online": 1}
    assert (shown["came_online"], shown["disconnects"]) == (1, 0)
    assert [(row["name"], row["count"], row["failures"]) for row in shown["requests"]] == [("dev.heartbeat", 1, 0)]
    assert (shown["flows"], shown["lost_by"], shown["notes"]) == ([], "", [])
    assert len(shown["points"]) == 2
    assert json.dumps(shown)


def test_over_mqtt_flows_reasons_of_lost_connections_and_what_is_assumed_are_shown(tmp_path: Path) -> None:
    lines = "defaults: {broker_type: best-m}\nmqtt: {qos: 1}\n"
    manual = ManualRun(tmp_path / "report", scenario=lines).open()
    events: list[Event] = []
    recorder = QueueRecorder(events.append)
    recorder.flow("puback", manual.time.wall(), 0.02, "00000000")
    recorder.flow("puback", manual.time.wall(), 0.03, "disconnected")
    recorder.disconnect("taken over", manual.time.wall())
    recorder.disconnect("closed by the broker", manual.time.wall())
    recorder.disconnect("stopped", manual.time.wall())
    manual.run.measurements.apply(events)
    manual.tick(5.0)
    shown = snapshot(manual.run, "running", 1, 0)
    (flow,) = shown["flows"]
    assert (flow["name"], flow["count"], flow["failures"]) == ("puback", 2, 1)
    assert flow["codes"] == {"00000000": 1, "disconnected": 1}
    assert {row["name"] for row in shown["requests"]} == {"dev.heartbeat"}
    assert shown["disconnects"] == 2
    assert "taken over" in shown["lost_by"]
    assert "closed by the broker" in shown["lost_by"]
    (note,) = shown["notes"]
    assert "profile best-m" in note
    assert "client_id" in note
    assert manual.run.info(manual.time.wall(), complete=False).transports == ("best-m",)


def test_the_meetings_are_shown_once_there_are_any(manual: ManualRun) -> None:
    assert snapshot(manual.run, "running", 1, 0)["attendance"] == {}
    held = MeetingHeld("SN1", "7", "Weekly", STARTED, STARTED + 9, 4, 3, 1, ("20004",), 1, 0, 0, 0, 0, 0, "over")
    manual.run.measurements.attendance.meeting_held(held)
    shown = snapshot(manual.run, "running", 1, 0)["attendance"]
    assert (shown["meetings"], shown["expected"], shown["came"], shown["unacknowledged"]) == (1, 4, 3, 0)


def test_only_what_is_new_is_sent_again(manual: ManualRun) -> None:
    first, second = snapshot(manual.run, "running", 1, 0)["points"]
    assert snapshot(manual.run, "running", 1, first["at"])["points"] == [second]
    assert snapshot(manual.run, "running", 1, second["at"])["points"] == []


def test_the_health_is_that_of_all_processes(manual: ManualRun) -> None:
    assert snapshot(manual.run, "running", 1, 0)["health"] == {
        "lag_p99_ms": None,
        "cpu_percent": None,
        "rss_mb": None,
    }
    health = manual.run.measurements.health
    for process, percent in (("w1", 10.0), ("w2", 30.0), ("w1", 20.0)):
        health.add(process, HealthSample(STARTED, percent, 100.0, 5, 0))
    assert snapshot(manual.run, "running", 1, 0)["health"] == {
        "lag_p99_ms": None,
        "cpu_percent": 30.0,
        "rss_mb": 200.0,
    }


def test_a_run_that_is_over_is_shown_with_its_verdict_and_its_report(manual: ManualRun) -> None:
    summary = manual.end(PLANNED_S)
    assert exit_code(summary) == 0
    run = snapshot(manual.run, "stopped", 0, 0)["run"]
    assert (run["verdict"], run["report"]) == ("passed", str(manual.run.directory))
    assert run["seconds"] == 66
    assert run["over"]
    assert run["headline"].startswith("PASSED after ")
    assert run["files"][0] == "report.html"


def test_the_last_seconds_are_in_the_charts_once_the_run_is_over(manual: ManualRun) -> None:
    before = snapshot(manual.run, "running", 1, 0)["points"][-1]["at"]
    manual.end(4.0)
    shown = snapshot(manual.run, "stopped", 0, 0)
    assert [point["at"] for point in shown["points"] if point["at"] > before] == list(range(before + 1, before + 8))
    assert shown["health"]["cpu_percent"] is None


def test_as_many_devices_are_wanted_as_locust_was_asked_for_and_no_more_than_there_are(manual: ManualRun) -> None:
    def wanted(users: int) -> object:
        return snapshot(manual.run, "running", 1, 0, wanted=users)["run"]["wanted"]

    assert (wanted(0), wanted(1), wanted(9)) == (1, 1, 1)


def test_what_decides_about_the_verdict_is_an_alarm_at_once(manual: ManualRun) -> None:
    assert snapshot(manual.run, "running", 1, 0)["alarms"] == []
    manual.run.find("worker_lost", worker="w1", at=STARTED)
    manual.run.find("mqtt_assumed", profile="best-m", keys="qos")
    (told,) = snapshot(manual.run, "running", 1, 0)["alarms"]
    assert told.startswith("worker w1 was lost")


def test_commands_have_a_table_of_their_own(manual: ManualRun) -> None:
    events: list[Event] = []
    QueueRecorder(events.append).command("cmd.data.update.user", manual.time.wall(), 0.02, "00000000")
    manual.run.measurements.apply(events)
    shown = snapshot(manual.run, "running", 1, 0)
    assert [row["name"] for row in shown["commands"]] == ["cmd.data.update.user"]
    assert "cmd.data.update.user" not in [row["name"] for row in shown["requests"]]


def test_thresholds_are_judged_for_whoever_looks(tmp_path: Path) -> None:
    manual = ManualRun(tmp_path / "report", scenario="thresholds: [dev.heartbeat p99 < 500 ms]\n").open()
    (row,) = snapshot(manual.run, "running", 1, 0, demands=LiveDemands())["thresholds"]
    assert (row["expression"], row["limit"], row["passed"]) == ("dev.heartbeat p99 < 500 ms", "< 500 ms", True)
    assert snapshot(manual.run, "running", 1, 0)["thresholds"] == []


def test_violations_and_observations_are_shown_by_rule_the_most_frequent_first(manual: ManualRun) -> None:
    nothing = {"total": 0, "rules": [], "left": [0, 0]}
    shown = snapshot(manual.run, "running", 1, 0)
    assert (shown["violations"], shown["observations"]) == (nothing, nothing)
    found = manual.run.measurements.violations
    found.add("reply.code", "code is the number 0", STARTED, 0, "dev.heartbeat")
    found.add("reply.message", "<script>alert(1)</script> devKey=hush-hush", STARTED, 0, "dev.login", 3)
    manual.run.measurements.observations.add("command.repeated", "cmdId 4", STARTED, 0, "cmd.reboot")
    shown = snapshot(manual.run, "running", 1, 0)
    assert shown["violations"]["total"] == 4
    assert shown["violations"]["rules"] == [
        {
            "rule": "reply.message",
            "count": 3,
            "devices": 1,
            "messages": "dev.login 3",
            "example": "<script>alert(1)</script> devKey=***",
        },
        {
            "rule": "reply.code",
            "count": 1,
            "devices": 1,
            "messages": "dev.heartbeat 1",
            "example": "code is the number 0",
        },
    ]
    assert [row["rule"] for row in shown["observations"]["rules"]] == ["command.repeated"]


def test_of_many_rules_the_worst_are_sent_and_the_others_counted(manual: ManualRun) -> None:
    for number in range(150):
        manual.run.measurements.violations.add(f"reply.{number}", "x" * 1_000, STARTED, number, f"dev.{number}", 200)
    manual.run.measurements.violations.add("reply.code", "x", STARTED, 0, "", 1_000)
    shown = snapshot(manual.run, "running", 1, 0)["violations"]
    assert shown["total"] == 31_000
    assert shown["rules"][0]["rule"] == "reply.code"
    assert shown["left"] == [131, 26_200]
    assert sum(row["count"] for row in shown["rules"]) + 26_200 == 31_000
    assert len(json.dumps(shown)) < 20_000
