"""`best-fleet compare`: exit codes and messages; how differences are judged is tested with the report module."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.run_info import RunInfo
from reports.writer import write_reports
from simulator.cli import main
from simulator.measurements.events import QueueRecorder
from simulator.measurements.run import RunMeasurements

STARTED = 1_700_000_000.0


def leave_run(directory: Path, latency: float) -> str:
    """What a run leaves whose heartbeats all took about `latency` seconds."""
    events: list[tuple[object, ...]] = []
    recorder = QueueRecorder(events.append)
    for number in range(2000):
        took = latency * (1 + number % 7 / 100)
        recorder.request("dev.heartbeat", STARTED + number / 100, took, "00000000", 100, 80, 0.0)
    measurements = RunMeasurements()
    measurements.apply(events)
    write_reports(directory, measurements, RunInfo(scenario="beats", started=STARTED, ended=STARTED + 20, devices=1))
    return str(directory)


def test_a_slowdown_is_exit_code_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base, new = leave_run(tmp_path / "base", 0.020), leave_run(tmp_path / "new", 0.030)
    page = tmp_path / "compare.html"
    assert main(["compare", base, new, "--html", str(page)]) == 3
    assert "dev.heartbeat" in capsys.readouterr().out
    assert page.exists()
    assert main(["compare", base, new, "--fail-on", "p99 +80%"]) == 0


def test_the_same_run_is_no_regression(tmp_path: Path) -> None:
    run = leave_run(tmp_path / "run", 0.020)
    assert main(["compare", run, run, run]) == 0


@pytest.mark.parametrize(
    ("options", "message"), [(["--fail-on", "p99 10"], "p99 10"), (["--html", "/nowhere/page.html"], "/nowhere")]
)
def test_what_a_user_can_mend(
    options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = leave_run(tmp_path / "run", 0.020)
    assert main(["compare", run, run, *options]) == 2
    assert message in capsys.readouterr().err


def test_a_directory_without_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(tmp_path), str(tmp_path)]) == 2
    assert f"compare: {tmp_path}" in capsys.readouterr().err
