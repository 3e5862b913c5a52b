"""`best-fleet device`: one device against the embedded platform, its trace, and what a user can get wrong."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.cli import main

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
        [*command, "--trace", str(trace), "--duration", "3s"], capture_output=True, text=True, timeout=60, check=False
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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sn", "STRANGER", "--host", "http://127.0.0.1:9"], "has no device STRANGER"),
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
