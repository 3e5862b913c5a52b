"""Our page in Locust's web UI: what it shows of a run, and a form with wrong values that starts nothing."""

import json
from importlib import resources
from pathlib import Path

import pytest

from reports.verdict import exit_code
from simulator.measurements.attendance import MeetingHeld
from simulator.measurements.events import Event, QueueRecorder
from simulator.measurements.health import HealthSample
from simulator.measurements.weather import PlannedFault
from simulator.swarm.web.page import PAGE, snapshot
from tests.swarm.browser import CHROMIUM, DRIVER, Browser
from tests.swarm.manual_run import PLANNED_S, STARTED, ManualRun
from tests.swarm.web_ui import HERE, Ui

RESTART = "faults: [{what: platform_restart, at: 20s, down: 4s}]\n"
pytestmark = pytest.mark.usefixtures("no_command_line")


@pytest.fixture
def manual(tmp_path: Path) -> ManualRun:
    manual = ManualRun(tmp_path / "report").open()
    manual.tick(5.0)
    manual.tick(1.0)
    return manual


def test_without_a_run_there_is_the_state_alone(tmp_path: Path) -> None:
    assert snapshot(None, "ready", 0, 0) == {"state": "ready", "run": None}
    assert snapshot(ManualRun(tmp_path).run, "spawning", 1, 0) == {"state": "spawning", "run": None}


def test_a_run_that_goes_on_is_shown_with_its_devices_and_requests(manual: ManualRun) -> None:
    shown = snapshot(manual.run, "running", 1, 0)
    assert shown["state"] == "running"
    assert shown["run"] == {
        "id": manual.run.run_id,
        "scenario": "tiny",
        "target": "http://127.0.0.1:9",
        "seconds": 6,
        "started": STARTED,
        "devices": 1,
        "users": 1,
        "verdict": None,
        "report": None,
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
        "cpu_percent": None,
        "rss_mb": None,
        "waiting_samples": None,
    }
    health = manual.run.measurements.health
    for process, percent in (("w1", 10.0), ("w2", 30.0), ("w1", 20.0)):
        health.add(process, HealthSample(STARTED, percent, 100.0, 5, 0))
    assert snapshot(manual.run, "running", 1, 0)["health"] == {
        "cpu_percent": 30.0,
        "rss_mb": 200.0,
        "waiting_samples": 10,
    }


def test_a_run_that_is_over_is_shown_with_its_verdict_and_its_report(manual: ManualRun) -> None:
    summary = manual.end(PLANNED_S)
    assert exit_code(summary) == 0
    run = snapshot(manual.run, "stopped", 0, 0)["run"]
    assert (run["verdict"], run["report"]) == ("passed", str(manual.run.directory))
    assert run["seconds"] == 66


@pytest.mark.parametrize(("since", "points"), [("0", 2), ("", 2), ("-1", 2), ("x", 2), ("9" * 30, 2), ("²", 2)])
def test_the_data_route_takes_whatever_is_asked_for(manual: ManualRun, since: str, points: int) -> None:
    ui = Ui(run=manual.run)
    answer = ui.client.get("/fleet/data", query_string={"since": since}, headers={"Host": HERE})
    assert answer.status_code == 200
    assert len(answer.get_json()["points"]) == points


def test_the_page_needs_nothing_from_the_network_and_locusts_own_links_to_it(prefix: str) -> None:
    ui = Ui(prefix)
    page = ui.ask("GET", f"{prefix}/fleet")
    assert page.mimetype == "text/html"
    text = page.get_data(as_text=True)
    assert 'src="http' not in text
    assert 'href="http' not in text
    assert f'href="{prefix}/fleet"' in ui.ask("GET", f"{prefix}/").get_data(as_text=True)
    assert 'href="/fleet"' not in ui.ask("GET", f"{prefix}/stats/requests").get_data(as_text=True)


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"user_count": "0", "spawn_rate": "1"}, ["-u: "]),
        ({"user_count": "1", "spawn_rate": "1", "host": "ftp://platform.example"}, ["Host: "]),
        ({"user_count": "-5", "spawn_rate": "0", "host": "nowhere"}, ["-u: ", "-r: ", "Host: "]),
    ],
)
def test_a_wrong_form_starts_nothing_and_is_answered_as_locust_answers(
    prefix: str, form: dict[str, str], says: list[str]
) -> None:
    ui = Ui(prefix)
    answer = ui.client.post(f"{prefix}/swarm", data=form, headers={"Host": HERE}).get_json()
    assert answer["success"] is False
    told = answer["message"].split("; ")
    assert [text.startswith(start) for text, start in zip(told, says, strict=True)] == [True] * len(says)
    assert ui.environment.runner is not None
    assert ui.environment.runner.state == "ready"
    assert ui.environment.host is None


def test_a_form_with_a_platform_of_ones_own_does_not_go_with_one_that_is_to_be_restarted(tmp_path: Path) -> None:
    run = ManualRun(tmp_path / "report", scenario=RESTART, embedded=True).run
    form = {"user_count": "1", "spawn_rate": "1", "host": "http://platform.example"}
    answer = Ui(run=run).client.post("/swarm", data=form, headers={"Host": HERE}).get_json()
    assert answer["success"] is False
    assert answer["message"].startswith("Host: faults[0] (platform_restart) ")


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


@pytest.mark.skipif(DRIVER is None or CHROMIUM is None, reason="no Chromium is installed")
def test_the_page_shows_what_the_platform_wrote_as_text_alone(manual: ManualRun, tmp_path: Path) -> None:
    evil = "<img src=x onerror=\"document.title='owned'\">"
    manual.run.measurements.violations.add("reply.code", evil, STARTED, 0, evil, 3)
    assert manual.run.weather is not None
    manual.run.weather.planned = (PlannedFault(number=0, what="outage", at=2.0, lasts=75.0, devices=1, text=evil),)
    told = json.dumps(snapshot(manual.run, "running", 1, 0)).replace("<", "\\u003c")
    page = resources.files("simulator.swarm.web").joinpath("assets", PAGE).read_text("utf-8")
    stand_in = f"<script>window.fetch = async () => ({{ json: async () => ({told}) }});</script>"
    (tmp_path / "page.html").write_text(page.replace("<script>", f"{stand_in}<script>", 1))
    with Browser(tmp_path) as browser:
        browser.open((tmp_path / "page.html").as_uri())
        shown = "return [document.title, document.querySelectorAll('img').length, {}]"
        text = "document.getElementById('violations').innerText"
        title, images, violations = browser.run(shown.format(text))
        _, _, observations = browser.run(shown.format(text.replace("violations", "observations")))
        _, _, weather = browser.run(shown.format(text.replace("violations", "weather")))
        bands = browser.run(
            "return [...document.querySelectorAll('svg rect.band title')].map((one) => one.textContent)"
        )
    assert (title, images) == ("Fleet", 0)
    assert violations.startswith("Violations: 3")
    assert f"{evil} 3" in violations
    assert "Nothing unusual was seen." in observations
    assert weather == f"Fault under way: {evil}, 1:11 left, 0 devices hit, 0 requests cut off"
    assert bands == [evil] * 3


def test_who_came_is_told_of_meetings_that_are_over() -> None:
    page = resources.files("simulator.swarm.web").joinpath("assets", PAGE).read_text("utf-8")
    assert '["members who came to meetings that are over", `${number(held.came)} / ${number(held.expected)}`]' in page
