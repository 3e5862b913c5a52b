"""The reports at a run's end: whole, once more when something was found since, and told of where they fail."""

import json
import logging
from pathlib import Path

import pytest

from reports.writer import ALL_FILES, CHECKPOINT, HTML, OUTPUT_FAILED, SUMMARY
from simulator.exit_codes import ExitCode
from simulator.swarm.run import report_files
from tests.swarm.manual_run import PLANNED_S, ManualRun


def test_all_files_are_written_and_the_summary_is_the_runs(tmp_path: Path) -> None:
    manual = ManualRun(tmp_path).open()
    assert manual.run.summary is None
    summary = manual.end(PLANNED_S)
    assert {path.name for path in tmp_path.iterdir()} == set(ALL_FILES) - {CHECKPOINT}
    assert json.loads((tmp_path / SUMMARY).read_bytes())["verdict"] == summary["verdict"] == "passed"


def test_what_is_found_after_the_end_is_written_too(tmp_path: Path) -> None:
    manual = ManualRun(tmp_path).open()
    manual.end(PLANNED_S)
    manual.run.find("code_set_elsewhere", code=7)
    manual.run.write_again()
    told = json.loads((tmp_path / SUMMARY).read_bytes())
    assert (told["verdict"], [reason["key"] for reason in told["reasons"]]) == ("failed", ["code_set_elsewhere"])
    assert told["requests"]["dev.heartbeat"]["count"] == 1


def test_a_page_that_cannot_be_written_is_told_with_what_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "simulator.swarm")
    manual = ManualRun(tmp_path).open()
    (tmp_path / HTML / "in the way").mkdir(parents=True)
    summary = manual.end(PLANNED_S)
    assert [reason["key"] for reason in summary["reasons"]] == [OUTPUT_FAILED]
    told = [record.getMessage() for record in caplog.records]
    assert f"{tmp_path / HTML} could not be written: Is a directory" in told
    assert f"kept of this run in {tmp_path}: summary.json, latency.hlog, report.md, junit.xml" in told
    assert not any("reports are in" in line for line in told)


def test_without_a_summary_the_way_to_one_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    manual = ManualRun(tmp_path).open()
    manual.tick(1.0)
    (tmp_path / SUMMARY / "in the way").mkdir(parents=True)
    manual.end(PLANNED_S)
    assert f"best-fleet report {tmp_path} makes a report of the run until its last checkpoint" in caplog.text


def test_an_error_of_ours_leaves_no_summary_and_is_the_runs_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("odd")

    monkeypatch.setattr(report_files, "write_reports", broken)
    manual = ManualRun(tmp_path).open()
    manual.time.advance(PLANNED_S)
    manual.run.close()
    assert manual.run.summary is None
    assert [finding.values["problem"] for finding in manual.run.findings] == ["an error of best-fleet itself, KeyError"]
    assert manual.run.code == ExitCode.INVALID
