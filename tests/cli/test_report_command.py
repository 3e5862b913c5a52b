"""`best-fleet report`: a run's files are built anew, and runs of several machines become one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from reports.run_info import RunInfo
from reports.writer import write_reports
from simulator.cli import main
from simulator.measurements.events import QueueRecorder
from simulator.measurements.run import RunMeasurements

STARTED = 1_700_000_000.0


def leave_run(
    directory: Path, *, beats: int, threshold: str = "dev.heartbeat p99 < 500 ms", scenario: str = "beats"
) -> Path:
    """What a run of one device that only beat leaves."""
    events: list[tuple[object, ...]] = []
    recorder = QueueRecorder(events.append)
    for number in range(beats):
        recorder.request("dev.heartbeat", STARTED + number, 0.002, "00000000", 100, 80, 0.0)
    measurements = RunMeasurements()
    measurements.apply(events)
    info = RunInfo(
        scenario=scenario,
        started=STARTED,
        ended=STARTED + beats,
        devices=1,
        thresholds=(threshold,),
        run_ids=(str(directory),),
    )
    write_reports(directory, measurements, info)
    return directory


def summary_in(directory: Path) -> dict[str, object]:
    return json.loads((directory / "summary.json").read_text())


def test_builds_the_files_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = leave_run(tmp_path / "run", beats=5)
    before = summary_in(run)
    (run / "report.md").unlink()
    assert main(["report", str(run)]) == 0
    assert "dev.heartbeat" in capsys.readouterr().out
    assert (run / "report.md").exists()
    assert summary_in(run)["requests"] == before["requests"]


def test_merges_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [str(leave_run(tmp_path / name, beats=beats)) for name, beats in (("a", 3), ("b", 4))]
    assert main(["report", "--merge", *runs, "--out", str(tmp_path / "both"), "--quiet"]) == 0
    requests = summary_in(tmp_path / "both")["requests"]
    assert requests["dev.heartbeat"]["count"] == 7  # type: ignore[index]
    assert "dev.heartbeat" not in capsys.readouterr().out


@pytest.mark.parametrize("spelling", ["{run}", "{run}/", "{run}/../a", "{link}", "{copy}"])
def test_a_run_is_not_counted_twice(spelling: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, other = leave_run(tmp_path / "a", beats=3), leave_run(tmp_path / "b", beats=4)
    (tmp_path / "link").symlink_to("a")
    shutil.copytree(run, tmp_path / "copy")
    again = spelling.format(run=run, link=tmp_path / "link", copy=tmp_path / "copy")
    out = tmp_path / "both"
    assert main(["report", "--merge", str(run), str(other), again, "--out", str(out), "--quiet"]) == 2
    assert str(run) in capsys.readouterr().err
    assert not out.exists()


def test_a_merged_run_holds_its_parts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [str(leave_run(tmp_path / name, beats=beats)) for name, beats in (("a", 3), ("b", 4))]
    both = str(tmp_path / "both")
    assert main(["report", "--merge", *runs, "--out", both, "--quiet"]) == 0
    assert main(["report", "--merge", both, runs[1], "--out", str(tmp_path / "more"), "--quiet"]) == 2
    assert main(["report", "--merge", *runs, "--out", runs[0], "--quiet"]) == 2
    assert summary_in(tmp_path / "a")["requests"]["dev.heartbeat"]["count"] == 3  # type: ignore[index]
    assert "is one of the runs" in capsys.readouterr().err


def test_the_thresholds_of_every_merged_run_are_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loose = leave_run(tmp_path / "a", beats=3)
    strict = leave_run(tmp_path / "b", beats=4, threshold="dev.heartbeat p99 < 1 ms", scenario="strict")
    both = tmp_path / "both"
    assert main(["report", "--merge", str(loose), str(strict), "--out", str(both), "--verdict"]) == 3
    assert "the merged runs are of different scenarios: beats, strict" in capsys.readouterr().out


def test_verdict_is_the_exit_code_on_request(tmp_path: Path) -> None:
    run = leave_run(tmp_path / "run", beats=2, threshold="dev.heartbeat p99 < 1 ms")
    assert main(["report", str(run), "--quiet"]) == 0
    assert main(["report", str(run), "--quiet", "--verdict"]) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "nowhere"),
        (["a", "b"], "one DIR"),
        (["--merge", "a", "b"], "go together"),
        (["a", "--out", "b"], "go together"),
    ],
)
def test_what_a_user_can_mend(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_directory_without_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    leave_run(run, beats=5)
    (run / "report.html").unlink()
    (run / "report.html" / "in the way").mkdir(parents=True)
    assert main(["report", str(run), "--quiet"]) == 4
    assert capsys.readouterr().out == f"{run}: written, but for report.html\n"
    assert main(["report", str(run), "--quiet", "--overwrite"]) == 2
    assert "--overwrite goes with --out" in capsys.readouterr().err
