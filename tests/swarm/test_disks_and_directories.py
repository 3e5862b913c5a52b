"""What whole runs leave on narrow terminals, full disks and in directories that others use."""

import json
import os
import resource
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from reports.directory import LOCK, ReportDirectory
from reports.hlog import read_hlog
from simulator.exit_codes import ExitCode
from simulator.measurements.histogram import Histogram
from tests.swarm.processes import SCENARIO, UNTIL_TOLD, LocustProcess, best_fleet

Start = Callable[..., LocustProcess]


def scenario(tmp_path: Path, duration: str, thresholds: str = '["failures == 0"]') -> Path:
    path = tmp_path / "short.yaml"
    path.write_text(SCENARIO.format(duration=duration, thresholds=thresholds))
    return path


def limit_files(pid: int, size: int) -> None:
    """From now on no file of the process may grow beyond `size` bytes, as on a disk that is full; -1 takes it back."""
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, -1))


def test_a_directory_that_another_run_writes_to_and_one_with_an_earlier_report(
    locust: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    arguments = ["--scenario", str(scenario(tmp_path, "60s")), "--headless", "--only-summary", "--report", "report"]
    arguments += UNTIL_TOLD
    with ReportDirectory(tmp_path / "report"):
        refused = locust(*arguments, name="refused")
        assert refused.end() == ExitCode.USAGE, refused.output
        assert f"report: process {os.getpid()} on" in refused.output
        assert "Traceback" not in refused.output
        rebuilt = best_fleet(tmp_path, "report", "report")
        assert rebuilt.returncode == ExitCode.USAGE
        assert "writes its report there" in rebuilt.stderr
        assert {path.name for path in (tmp_path / "report").iterdir()} == {LOCK}
    first = locust(*arguments)
    assert first.ends_after(lambda: first.live(6)) == ExitCode.PASSED, first.output
    assert "Verdict     PASSED" in first.output
    assert first.output.isascii()
    summary = (first.report / "summary.json").read_bytes()

    third = locust(*arguments, name="third")
    assert third.ends_after(lambda: first.live(6)) == ExitCode.PASSED, third.output
    (aside,) = [path for path in first.report.iterdir() if path.is_dir()]
    assert (aside / "summary.json").read_bytes() == summary
    assert {path.name for path in aside.iterdir()} == {path.name for path in first.report.iterdir()} - {aside.name}
    assert f"is kept in {Path('report') / aside.name}" in third.output

    fourth = locust(*arguments, "--overwrite", name="fourth")
    assert fourth.ends_after(lambda: first.live(6)) == ExitCode.PASSED, fourth.output
    assert [path for path in first.report.iterdir() if path.is_dir()] == [aside]


def test_a_disk_that_fills_up_during_a_run(locust: Start, tmp_path: Path) -> None:
    arguments = ["--scenario", str(scenario(tmp_path, "60s")), "--headless", "--only-summary", "--report", "report"]
    run = locust(*arguments, *UNTIL_TOLD, "--html", "page.html", "--json-file", "figures", "--csv", "files")
    run.wait_for(lambda: run.ledger()["totals"]["records"] >= 5)
    run.wait_for(lambda: (run.report / "checkpoint.json").exists())
    limit_files(run.process.pid, 3_000)
    run.wait_for(lambda: (tmp_path / "files_stats_history.csv").stat().st_size > 0)
    run.wait_for_line("cannot be kept in report: File too large")
    run.process.send_signal(signal.SIGTERM)
    assert run.end() == ExitCode.INVALID, run.output
    assert "Traceback" not in run.output
    # Terminal and disk share the limit here: what is measured is seen where there is room again.
    assert not (run.report / "summary.json").exists()
    assert not (tmp_path / "page.html").exists()
    assert not list(run.report.glob("*.tmp"))
    kept = best_fleet(tmp_path, "report", "report")
    assert kept.returncode == 0, kept.stderr
    assert "the run broke off" in kept.stdout


def test_a_disk_that_has_room_again_before_the_end(locust: Start, tmp_path: Path) -> None:
    arguments = ["--scenario", str(scenario(tmp_path, "60s")), "--headless", "--only-summary", "--report", "report"]
    run = locust(*arguments, *UNTIL_TOLD)
    run.wait_for(lambda: (run.report / "checkpoint.json").exists())
    limit_files(run.process.pid, 2_500)
    run.wait_for_line("cannot be kept in report: File too large")
    limit_files(run.process.pid, -1)
    assert run.ends_after(lambda: "is kept in report again" in run.output) == ExitCode.PASSED, run.output
    summary = run.summary()
    in_log: dict[str, int] = {}
    for interval in read_hlog(run.report / "latency.hlog"):
        in_log[interval.tag] = in_log.get(interval.tag, 0) + Histogram.decode(interval.encoded).count
    for name, figures in summary["requests"].items():
        assert in_log[name] == figures["count"], name


def test_a_report_without_room_for_its_page(locust: Start, tmp_path: Path) -> None:
    path = scenario(tmp_path, "60s", '["failures == 0", "init p95 < 60 s"]')
    run = locust("--scenario", str(path), "--headless", "--only-summary", "--report", "report", *UNTIL_TOLD)
    run.wait_for(lambda: run.live(6) and run.answered("dev.heartbeat"))
    limit_files(run.process.pid, 60_000)
    run.process.send_signal(signal.SIGTERM)
    assert run.end() == ExitCode.INVALID, run.output
    assert "Verdict     INVALID" in run.output
    # Beside the log's line.
    reasons = [line for line in run.output.splitlines() if not line.startswith("[")]
    assert any("report.html could not be written: File too large" in line for line in reasons)
    assert "dev.heartbeat" in run.output
    assert "kept of this run in report: summary.json, latency.hlog, report.md, junit.xml" in run.output
    summary = json.loads((tmp_path / "report" / "summary.json").read_bytes())
    assert summary["verdict"] == "invalid"
    assert all(threshold["passed"] for threshold in summary["thresholds"])
    rebuilt = best_fleet(tmp_path, "report", "report", "--verdict")
    assert rebuilt.returncode == ExitCode.PASSED, rebuilt.stderr
    assert (tmp_path / "report" / "report.html").exists()
