"""Whole runs: real Locust processes, real devices, the embedded platform."""

import csv
import json
import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reports.rebuild import rebuild
from simulator.exit_codes import ExitCode
from tests.ports import free_port
from tests.swarm.processes import SCENARIO, UNTIL_TOLD, LocustProcess, alive, fetch

Start = Callable[..., LocustProcess]


def counts(run: LocustProcess, directory: Path | None = None) -> dict[str, int]:
    return {name: figures["count"] for name, figures in run.summary(directory)["requests"].items()}


def test_a_headless_run_ends_by_itself_and_all_files_agree(locust: Start, tmp_path: Path) -> None:
    scenario = tmp_path / "tiny.yaml"
    scenario.write_text(SCENARIO.format(duration="5s", thresholds='["failures == 0", "came_online >= 100 %"]'))
    run = locust(
        *("--scenario", str(scenario), "--headless", "--report", "report"),
        *("--csv", "files", "--json-file", "files", "--html", "files.html"),
    )
    assert run.end() == 0, run.output
    summary = run.summary()
    assert summary["verdict"] == "passed"
    assert summary["fleet"]["came_online"] == 6
    assert summary["records"]["generated"] == summary["records"]["acknowledged"] > 0
    measured = counts(run)
    # No device goes over MQTT.
    assert "subscribe" not in measured
    assert summary["flows"]["puback"]["count"] == 0
    pages = [run.output, *((run.report / name).read_text() for name in ("report.md", "junit.xml"))]
    assert not [page for page in pages if "puback" in page or "subscribe" in page]
    rows = {row["Name"]: int(row["Request Count"]) for row in csv.DictReader((tmp_path / "files_stats.csv").open())}
    assert rows.pop("Aggregated") == sum(measured.values())
    assert rows == measured
    entries = json.loads((tmp_path / "files.json").read_bytes())
    assert {entry["name"]: entry["num_requests"] for entry in entries} == measured
    html = (tmp_path / "files.html").read_text()
    for name, count in measured.items():
        assert f'"name": "{name}", "num_failures": 0, "num_requests": {count},' in html
    assert not alive(run.platform()["pid"])
    assert "Verdict" in run.output


JUMPING_CLOCK = """\
import time

from simulator.clock import SystemClock

SystemClock.wall = staticmethod(lambda: time.time() - (3_600.0 if FLEET.exists() else 0.0))

from pathlib import Path

from simulator.swarm.hooks import install
from simulator.swarm.locust.users import MeetingDevice

FLEET = Path("report/set the clock")
__all__ = ["MeetingDevice"]
install()
"""


def test_a_wall_clock_that_is_set_during_a_run_is_said_and_moves_no_figure(locust: Start, tmp_path: Path) -> None:
    scenario = tmp_path / "tiny.yaml"
    thresholds = '["dev.heartbeat count > 5 after 2s", "dev.heartbeat rate > 1", "dev.heartbeat rate < 10"]'
    scenario.write_text(SCENARIO.format(duration="8s", thresholds=thresholds))
    locustfile = tmp_path / "jumping_clock.py"
    locustfile.write_text(JUMPING_CLOCK)
    run = locust("--scenario", str(scenario), "--headless", "--report", "report", locustfile=locustfile)
    run.wait_for(lambda: run.ledger()["totals"]["online"] > 0)
    (run.report / "set the clock").touch()
    assert run.end() == ExitCode.PASSED, run.output
    summary = run.summary()
    (note,) = summary["notes"]
    assert (note["key"], note["values"]["process"]) == ("clock_jumped", "local")
    assert note["values"]["seconds"] == pytest.approx(-3_600.0, abs=1.0)
    assert "set back by 1 h 00 min" in " ".join(run.output.split())
    assert 8.0 <= summary["duration_s"] < 60.0
    assert summary["fleet"]["online_ratio"] > 0.5


@pytest.mark.parametrize("arguments", [("-u", "3", "-r", "50", "-t", "0")])
def test_a_run_without_a_planned_end_ends_rightly_by_a_signal(
    locust: Start, scenario: Path, arguments: tuple[str, ...]
) -> None:
    run = locust("--scenario", str(scenario), "--headless", "--report", "report", *arguments)
    assert run.ends_after(lambda: run.totals()["records"] >= 2) == ExitCode.PASSED, run.output
    assert run.summary()["complete"]


def test_processes_share_the_fleet_and_their_samples_are_added_up(locust: Start, scenario: Path) -> None:
    port = str(free_port())
    run = locust(
        *("--scenario", str(scenario), "--headless", "--report", "report", "--json-file", "files"),
        *("-u", "7", "-r", "20", *UNTIL_TOLD, "--processes", "2"),
        *("--master-bind-port", port, "--master-port", port),
    )
    run.wait_for(lambda: run.live(7))
    totals = run.totals()
    assert run.ends_after(lambda: run.answered("dev.heartbeat") >= 7) == ExitCode.PASSED, run.output
    assert totals["doubleLogins"] == 0
    summary = run.summary()
    assert summary["fleet"]["devices"] == summary["fleet"]["came_online"] == 7
    assert summary["generator"]["processes"] == 2
    assert summary["notes"] == []
    assert summary["records"]["generated"] == summary["records"]["acknowledged"] > 0
    entries = json.loads((run.report.with_name("files.json")).read_bytes())
    assert {entry["name"]: entry["num_requests"] for entry in entries} == counts(run)


def test_the_web_ui_runs_fleets_one_after_the_other(locust: Start, scenario: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    run = locust("--scenario", str(scenario), "--web-port", str(port), "--report", "report")
    run.wait_for(lambda: fetch(f"{url}/fleet/data"))
    assert fetch(f"{url}/fleet/data").items() >= {"run": None, "state": "ready", "control": True, "actions": []}.items()

    fetch(f"{url}/swarm", "user_count=6&spawn_rate=50&run_time=60")
    run.wait_for(lambda: fetch(f"{url}/fleet/data")["states"].get("online") == 6)
    run.wait_for(lambda: "dev.heartbeat" in {row["name"] for row in fetch(f"{url}/fleet/data")["requests"]})
    run.wait_for(lambda: fetch(f"{url}/fleet/data")["points"])
    shown = {row["name"] for row in fetch(f"{url}/fleet/data")["requests"]}
    assert shown <= {row["name"] for row in fetch(f"{url}/stats/requests")["stats"]} | {"dev.heartbeat"}
    fetch(f"{url}/stop", "")
    assert run.summary()["fleet"]["came_online"] == 6
    # The form gave it 60 s.
    assert [reason["key"] for reason in run.summary()["reasons"]] == ["stopped_by_hand"]

    fetch(f"{url}/swarm", "user_count=2&spawn_rate=50")
    run.wait_for(lambda: fetch(f"{url}/fleet/data")["states"].get("online") == 2)
    run.process.send_signal(signal.SIGTERM)
    assert run.end() == ExitCode.INTERRUPTED, run.output
    second = run.report.with_name("report-2")
    assert run.summary(second)["fleet"]["devices"] == 2
    assert run.summary(second)["reasons"][0]["values"]["signal"] == "SIGTERM"
    assert run.summary()["fleet"]["devices"] == 6
    assert "Traceback" not in run.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "no scenario is given"),
        (("--scenario", "nowhere.yaml"), "nowhere.yaml: there is no such file"),
        (("--scenario", "wrong.yaml"), "wrong.yaml:1: "),
        (
            ("--scenario", "choice.yaml", "--headless"),
            "choice.yaml:1: workers.processes: '0' must be a whole number from",
        ),
        (("--scenario", "tiny.yaml", "--identities", "few.csv"), "holds 1 identities, but the fleet has 6 devices"),
        (("--scenario", "tiny.yaml", "--web-port", "{port}"), "port {port} is in use"),
        (("--scenario", "tiny.yaml", "--host", "127.0.0.1:18080"), "write http://127.0.0.1:18080"),
        (("--scenario", "tiny.yaml", "--headless", "--host", "ws://127.0.0.1:1"), "--host (or LOCUST_HOST): 'ws://"),
        (("--scenario", "tiny.yaml", "--headless", "--host", ""), "is empty"),
        (("--scenario", "wrong.yaml", "--headless", "--host", "http://"), "names no host"),
    ],
)
def test_wrong_input_is_told_without_a_traceback(
    locust: Start, scenario: Path, tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    (tmp_path / "wrong.yaml").write_text("heartbet: 3s\ngroups: []\n")
    (tmp_path / "choice.yaml").write_text("workers: {processes: 0}\ngroups: [{name: a, count: 6}]\n")
    (tmp_path / "few.csv").write_text("sn,secretKey,productId,devKey\nA,b,c,d\n")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        run = locust(*(argument.replace("{port}", port) for argument in arguments))
        assert run.end() == 2, run.output
    assert told.replace("{port}", port) in run.output
    assert "Traceback" not in run.output


def test_a_platform_that_is_not_there_is_counted_and_nothing_hangs(locust: Start, scenario: Path) -> None:
    dead = f"http://127.0.0.1:{free_port()}"
    run = locust(
        *("--scenario", str(scenario), "--headless", "--report", "report", "--host", dead),
        *("-u", "3", "-r", "50", *UNTIL_TOLD),
    )
    assert run.ends_after(lambda: run.measured("getBrokerServer")) == ExitCode.FAILED, run.output
    summary = run.summary()
    assert summary["verdict"] == "failed"
    assert set(summary["requests"]["getBrokerServer"]["codes"]) == {"refused"}
    assert summary["fleet"]["came_online"] == 0


def test_a_second_signal_ends_at_once_and_leaves_no_platform(locust: Start, scenario: Path) -> None:
    run = locust("--scenario", str(scenario), "--headless", "--report", "report")
    run.wait_for(lambda: run.ledger()["totals"]["online"] == 6)
    platform = run.platform()["pid"]
    # A platform that answers nothing keeps the devices from delivering, so that there is time for a second signal.
    os.kill(platform, signal.SIGSTOP)
    try:
        time.sleep(0.3)
        run.process.send_signal(signal.SIGINT)
        run.wait_for_line("stopping 6 devices")
        run.process.send_signal(signal.SIGINT)
        assert run.end() == ExitCode.INTERRUPTED
    finally:
        os.kill(platform, signal.SIGCONT)
    assert "best-fleet report report makes a report of what was measured until then" in run.output
    assert gone(platform)
    rebuilt = rebuild(run.report)
    assert "interrupted" in [reason["key"] for reason in rebuilt["reasons"]]
    assert not rebuilt["complete"]


def test_a_killed_generator_takes_its_platform_along_and_leaves_a_report(locust: Start, scenario: Path) -> None:
    run = locust("--scenario", str(scenario), "--headless", "--report", "report")
    run.wait_for(lambda: run.ledger()["totals"]["online"] == 6)
    run.wait_for(lambda: (run.report / "checkpoint.json").exists())
    platform = run.platform()["pid"]
    run.process.kill()
    run.process.wait()
    assert gone(platform)
    assert rebuild(run.report)["complete"] is False


def test_a_wrong_host_in_the_form_starts_nothing_and_is_told(locust: Start, scenario: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    run = locust("--scenario", str(scenario), "--web-port", str(port), "--report", "report")
    run.wait_for(lambda: fetch(f"{url}/fleet/data"))
    answer = fetch(f"{url}/swarm", "user_count=6&spawn_rate=50&run_time=60&host=127.0.0.1%3A18080")
    assert answer["success"] is False
    assert answer["message"] == (
        "Host: '127.0.0.1:18080' has no scheme; write http://127.0.0.1:18080 or https://127.0.0.1:18080"
    )
    answer = fetch(f"{url}/swarm", "user_count=99999999999&spawn_rate=nan")
    assert answer["success"] is False
    assert [problem[:3] for problem in answer["message"].split("; ")] == ["-u:", "-r:"]
    assert fetch(f"{url}/fleet/data").items() >= {"run": None, "state": "ready", "control": True, "actions": []}.items()
    # An empty field leaves it to the scenario.
    assert fetch(f"{url}/swarm", "user_count=6&spawn_rate=50&run_time=60&host=+")["success"]
    run.wait_for(lambda: fetch(f"{url}/fleet/data")["states"].get("online") == 6)
    run.process.send_signal(signal.SIGTERM)
    assert run.end() == ExitCode.INTERRUPTED, run.output


def gone(pid: int) -> bool:
    """Whether a process that is told to end does so soon."""
    deadline = time.monotonic() + 30
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not alive(pid)
