"""Locust's own files are whole at the end, and one that fails is told and takes no other along."""

import csv
import json
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
from locust import stats
from locust.env import Environment
from locust.event import Events

from reports.writer import OUTPUT_FAILED
from simulator.exit_codes import ExitCode
from simulator.swarm.locust import locust_files
from simulator.swarm.locust.locust_files import GuardedCsv, LocustFiles
from tests.swarm.manual_run import ManualRun


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locust_files, "CSV_SETTLE_S", 0.0)
    monkeypatch.setattr(GuardedCsv, "current", None)


def environment(**options: Any) -> Environment:
    """Locust's, which has counted three requests, one of them failed."""
    said = {"csv_prefix": None, "html_file": None, "json_file": None, "headless": True}
    said |= {"num_users": 1, "spawn_rate": 1.0, "run_time": 60}
    made = Environment(events=Events(), user_classes=[], parsed_options=Namespace(**said | options))
    made.create_local_runner()
    for error in (None, None, "timeout"):
        made.stats.log_request("BEST", "dev.heartbeat", 12, 100)
        if error:
            made.stats.log_error("BEST", "dev.heartbeat", error)
    return made


def findings(files: LocustFiles, directory: Path) -> list[dict[str, Any]]:
    run = ManualRun(directory / "report").run
    files.finish(run, 0.0)
    assert {finding.key for finding in run.findings} <= {OUTPUT_FAILED}
    return [dict(finding.values) for finding in run.findings]


def test_page_and_json_hold_what_was_counted(tmp_path: Path) -> None:
    options = {"html_file": str(tmp_path / "new" / "page.html"), "json_file": str(tmp_path / "figures")}
    made = environment(**options)
    files = LocustFiles(made)
    assert made.parsed_options.html_file is None, "Locust would write it once more, too early"
    assert findings(files, tmp_path) == []
    (entry,) = json.loads((tmp_path / "figures.json").read_text())
    assert (entry["name"], entry["num_requests"], entry["num_failures"]) == ("dev.heartbeat", 3, 1)
    assert "dev.heartbeat" in (tmp_path / "new" / "page.html").read_text()


def test_a_file_that_cannot_be_written_takes_no_other_along(tmp_path: Path) -> None:
    (tmp_path / "page.html" / "in the way").mkdir(parents=True)
    files = LocustFiles(environment(html_file=str(tmp_path / "page.html"), json_file=str(tmp_path / "figures")))
    assert findings(files, tmp_path) == [{"file": str(tmp_path / "page.html"), "problem": "Is a directory"}]
    assert (tmp_path / "figures.json").exists()


def test_nothing_is_written_that_was_not_asked_for(tmp_path: Path) -> None:
    assert findings(LocustFiles(environment()), tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_the_web_ui_writes_its_page_itself(tmp_path: Path) -> None:
    made = environment(headless=False, html_file=str(tmp_path / "page.html"), json_file=str(tmp_path / "figures"))
    assert findings(LocustFiles(made), tmp_path) == []
    assert made.parsed_options.html_file is not None
    assert list(tmp_path.iterdir()) == []


def test_csv_files_are_brought_up_to_date(tmp_path: Path) -> None:
    made = environment(csv_prefix=str(tmp_path / "files"))
    writer = GuardedCsv(made, [0.5, 0.95], str(tmp_path / "files"))
    writer.requests_csv_writer.writerow(["Name", "Request Count"])
    writer.requests_csv_writer.writerow(["dev.heartbeat", 3])
    assert findings(LocustFiles(made), tmp_path) == []
    with (tmp_path / "files_stats.csv").open() as file:
        assert list(csv.DictReader(file)) == [{"Name": "dev.heartbeat", "Request Count": "3"}]
    writer.close_files()


def test_csv_files_that_could_not_be_written_on_are_told_with_the_first_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made = environment(csv_prefix=str(tmp_path / "files"))
    writer = GuardedCsv(made, [0.5], str(tmp_path / "files"))

    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(stats.StatsCSVFileWriter, "stats_writer", full)
    writer.stats_writer()
    writer.close_files()
    writer.stats_writer()
    pattern = f"{tmp_path / 'files'}_*.csv"
    assert [record.getMessage() for record in caplog.records] == [
        f"the CSV files {pattern} cannot be written on: No space left on device"
    ]
    assert findings(LocustFiles(made), tmp_path) == [{"file": pattern, "problem": "No space left on device"}]


def test_csv_files_that_cannot_be_made_end_the_process_before_it_begins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit) as caught:
        GuardedCsv(environment(), [0.5], str(tmp_path / "file" / "files"))
    assert caught.value.code == ExitCode.USAGE
    assert f"--csv {tmp_path / 'file' / 'files'}" in capsys.readouterr().err


def test_locust_uses_these(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(stats, "StatsCSVFileWriter", stats.StatsCSVFileWriter)
    monkeypatch.setattr(stats, "save_stats_json", stats.save_stats_json)
    locust_files.install()
    locust_files.install()
    assert stats.StatsCSVFileWriter is GuardedCsv
    stats.save_stats_json(environment().stats, str(tmp_path / "figures"))
    assert json.loads((tmp_path / "figures.json").read_text())[0]["num_requests"] == 3
