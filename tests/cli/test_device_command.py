"""`best-fleet device`: one device against the embedded platform, its trace, and what a user can get wrong."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import psutil
import pytest

from reports.verdict import code_of
from simulator.cli import device_command, main
from simulator.exit_codes import ExitCode
from simulator.fleet.plan import FleetPlan
from simulator.fleet.single import SingleResult, UnknownDevice, first_of
from simulator.scenario.scenario import parse_scenario

SCENARIO = """\
groups:
  - {name: doors, count: 3, users: 5, verifications: [{rate: 2/s, photo_share: 0}]}
platform: {users: 2}
"""


@pytest.fixture
def scenario(tmp_path: Path) -> str:
    path = tmp_path / "scenario.yaml"
    path.write_text(SCENARIO)
    return str(path)


def test_runs_against_the_embedded_platform(scenario: str, tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    # A process of its own: the embedded platform, uvloop and the signal handlers are not for pytest's.
    command = [sys.executable, "-m", "simulator.cli", "device", "--scenario", scenario, "--sn", "BEST000002"]
    process = subprocess.run(
        [*command, "--trace", str(trace), "--duration", "6s"], capture_output=True, text=True, timeout=60, check=False
    )
    assert process.returncode == 0, process.stderr
    assert "BEST000002 came online" in process.stderr
    lines = [json.loads(line) for line in trace.read_text().splitlines()]
    messages = [line["message"] for line in lines if "message" in line]
    sent = [line["message"].get("funcId") for line in lines if line.get("direction") == "sent"]
    for func_id in ("device.exchange.factor", "dev.register", "dev.login", "dev.report", "dev.data.upload.verifyLog"):
        assert func_id in sent
    assert any(message.get("funcId") == "cmd.data.update.user" for message in messages)
    assert all(later["t_ms"] >= earlier["t_ms"] for earlier, later in itertools.pairwise(lines))
    assert trace.stat().st_mode & 0o777 == 0o600


def started(scenario: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "simulator.cli", "device", "--scenario", scenario, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def online(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if "→ online" in line:
            return
    raise AssertionError("it never came online")


def test_what_the_platform_does_wrong_is_told_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(SCENARIO.replace("{users: 2}", "{users: 2, wrong: [reply.code-number]}"))
    process = subprocess.run(
        [sys.executable, "-m", "simulator.cli", "device", "--scenario", str(path), "--duration", "5s"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    assert "violation   reply.code " in process.stderr
    assert "code is the number 0" in process.stderr


def test_a_signal_before_its_time_is_over_is_no_pass(scenario: str) -> None:
    process = started(scenario, "--trace", "--duration", "60s")
    online(process)
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=60)
    assert process.returncode == ExitCode.INTERRUPTED, told
    assert "stopped by SIGTERM after" in told


def test_a_second_signal_does_not_wait_for_records(tmp_path: Path) -> None:
    path = tmp_path / "patient.yaml"
    path.write_text(SCENARIO + "defaults: {drain: 10min}\n")
    process = started(str(path), "--trace", "--duration", "60s")
    online(process)
    (platform,) = psutil.Process(process.pid).children()
    # It answers nothing any more, so that records wait.
    platform.suspend()
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    for line in process.stdout:
        if "timeout after" in line or "requests" in line:
            break
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=100)
    assert process.returncode in (ExitCode.INTERRUPTED, ExitCode.FAILED), told
    assert "stopped by SIGINT" in told


def test_the_embedded_platforms_death_is_told(scenario: str) -> None:
    process = started(scenario, "--trace", "--duration", "8s")
    online(process)
    (platform,) = psutil.Process(process.pid).children()
    platform.kill()
    _, told = process.communicate(timeout=60)
    assert process.returncode == ExitCode.INVALID, told
    assert "the embedded platform died by itself (signal SIGKILL)" in told


def test_a_device_that_never_comes_online_fails(scenario: str) -> None:
    process = started(scenario, "--host", "http://127.0.0.1:9", "--duration", "1s")
    _, told = process.communicate(timeout=60)
    assert process.returncode == ExitCode.FAILED
    assert "no device came online (0 of 1)" in told
    # What helps stands in the last line as well.
    assert "nothing listens at 127.0.0.1:9" in told.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (SingleResult(came_online=True), 0),
        (SingleResult(came_online=True, internal_errors=["odd"]), 4),
        (SingleResult(came_online=True, records=Counter(generated=2, acknowledged=1)), 1),
        (SingleResult(came_online=True, records=Counter(generated=2, acknowledged=1, refused=1)), 1),
        (SingleResult(came_online=True, records=Counter(generated=2, acknowledged=1, rejected=1)), 0),
        (SingleResult(came_online=True, requests=Counter({("dev.login", "timeout"): 1})), 1),
        (SingleResult(came_online=True, requests=Counter({("dev.login", "00000000"): 1})), 0),
        (SingleResult(), 1),
        (SingleResult(came_online=True, stopped_by="SIGINT", seconds=9.9), 5),
        (SingleResult(came_online=True, stopped_by="SIGINT", seconds=10.0), 0),
    ],
)
def test_what_decides(result: SingleResult, code: int) -> None:
    assert code_of(device_command._findings(result, 10.0)) == code


def test_the_first_device_of_a_group() -> None:
    text = "groups: [{name: a, count: 3}, {name: none, count: 0}, {name: m, count: 2, broker_type: best-m}]\n"
    scenario = parse_scenario(text, "s.yaml")
    plan, groups = FleetPlan(scenario), [group.name for group in scenario.groups]
    index = first_of(plan, groups, "m")
    assert plan.spec(index).settings.mqtt is not None
    assert [plan.group(earlier) for earlier in range(index)] == [0] * index
    assert first_of(plan, groups, "a") == 0
    with pytest.raises(UnknownDevice, match="group none has no devices"):
        first_of(plan, groups, "none")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sn", "STRANGER", "--host", "http://127.0.0.1:9"], "has no device STRANGER"),
        (["--group", "rooms", "--host", "http://127.0.0.1:9"], "has no group rooms, only doors"),
        (["--group", "doors", "--sn", "BEST000001"], "not allowed with argument"),
        (["--duration", "10", "--host", "http://127.0.0.1:9"], "--duration"),
        (["--trace", "/nowhere/trace.jsonl", "--host", "http://127.0.0.1:9"], "--trace"),
        (["--identities", "/nowhere.csv"], "/nowhere.csv"),
    ],
)
def test_what_a_user_can_mend(
    arguments: list[str], message: str, scenario: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["device", "--scenario", scenario, *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_scenario_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["device"]) == 2
    assert "--scenario" in capsys.readouterr().err


@pytest.mark.parametrize(("options", "code"), [(["/dev/full"], 4), ([], 0)], ids=["full disk", "ascii terminal"])
def test_a_trace_that_cannot_be_shown_ends_no_device(scenario: str, options: list[str], code: int) -> None:
    command = [sys.executable, "-m", "simulator.cli", "device", "--scenario", scenario, "--duration", "5s", "--trace"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [*command, *options], capture_output=True, text=True, env=environment, timeout=60, check=False
    )
    assert done.returncode == code, done.stderr
    assert "BEST000001 came online" in done.stderr
    assert "dev.data.upload.verifyLog" in done.stderr
    assert "Traceback" not in done.stderr
    if options:
        assert "/dev/full could not be written: No space left on device (" in done.stderr
    else:
        assert "state: offline -> lookup" in done.stdout


def test_an_earlier_trace_is_kept_aside(scenario: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trace = tmp_path / "trace.jsonl"
    trace.write_text("earlier")
    # The device is not found, after the file was made.
    arguments = ["device", "--scenario", scenario, "--sn", "STRANGER", "--host", "http://127.0.0.1:9"]
    assert main([*arguments, "--trace", str(trace)]) == 2
    (aside,) = tmp_path.glob("trace.earlier-*.jsonl")
    assert aside.read_text() == "earlier"
    assert f"{trace}: an earlier one is kept as {aside}" in capsys.readouterr().err
    assert main([*arguments, "--trace", str(trace), "--overwrite"]) == 2
    assert list(tmp_path.glob("trace.earlier-*.jsonl")) == [aside]
