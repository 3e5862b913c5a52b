"""Each file of a report by itself: one that fails is told, changes the exit code, and takes no other along."""

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

import reports.writer
from reports.rebuild import load_run, rebuild
from reports.run_info import RunInfo
from reports.verdict import exit_code, headline
from reports.writer import (
    ALL_FILES,
    CHECKPOINT,
    HLOG,
    HTML,
    JUNIT,
    MARKDOWN,
    OUTPUT_FAILED,
    SUMMARY,
    failed_files,
    write_reports,
    write_whole,
)
from simulator.exit_codes import ExitCode
from simulator.measurements.events import Event, QueueRecorder
from simulator.measurements.run import RunMeasurements
from tests.reports.kept_run import KeptRun
from tests.test_growing_file import Disk

Info = Callable[..., RunInfo]
FILES = set(ALL_FILES) - {CHECKPOINT}
HOLDS, CROSSED = "dev.heartbeat p50 < 60 s", "dev.heartbeat p50 < 1 us"
ROOT = Path(__file__).resolve().parents[2]


def figures(summary: dict[str, Any]) -> dict[str, Any]:
    return {name: summary[name] for name in ("requests", "flows", "commands", "records", "fleet", "thresholds")}


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir() if path.is_file()}


@pytest.mark.parametrize("broken", sorted(FILES))
def test_a_file_that_fails_takes_no_other_along(busy: RunMeasurements, info: Info, tmp_path: Path, broken: str) -> None:
    # What nothing can be written over, even by an administrator.
    (tmp_path / broken / "in the way").mkdir(parents=True)
    summary = write_reports(tmp_path, busy, info(thresholds=(HOLDS,)))
    assert names(tmp_path) == FILES - {broken}
    assert failed_files(summary, tmp_path) == [broken]
    assert (summary["verdict"], exit_code(summary)) == ("invalid", ExitCode.INVALID)
    assert summary["reasons"][0]["key"] == OUTPUT_FAILED
    assert f"{broken} could not be written: Is a directory" in headline(summary)
    if broken != SUMMARY:
        assert orjson.loads((tmp_path / SUMMARY).read_bytes())["reasons"] == summary["reasons"]
    for name in {MARKDOWN, JUNIT, HTML} - {broken}:
        assert f"{broken} could not be written" in (tmp_path / name).read_text(), name


def test_several_that_fail_are_all_told(busy: RunMeasurements, info: Info, tmp_path: Path) -> None:
    for name in (HTML, SUMMARY):
        (tmp_path / name / "in the way").mkdir(parents=True)
    summary = write_reports(tmp_path, busy, info(thresholds=(HOLDS,)))
    assert set(failed_files(summary, tmp_path)) == {HTML, SUMMARY}
    for name in (MARKDOWN, JUNIT):
        told = (tmp_path / name).read_text()
        assert "report.html could not be written" in told
        assert "summary.json could not be written" in told


def test_a_threshold_that_was_crossed_stays_the_reason(busy: RunMeasurements, info: Info, tmp_path: Path) -> None:
    (tmp_path / HTML).mkdir()
    (tmp_path / HTML / "in the way").touch()
    summary = write_reports(tmp_path, busy, info(thresholds=(CROSSED,)))
    assert (summary["verdict"], exit_code(summary)) == ("failed", ExitCode.THRESHOLD_CROSSED)
    assert [reason["key"] for reason in summary["reasons"]] == ["threshold_crossed", OUTPUT_FAILED]
    assert "report.html could not be written" in (tmp_path / MARKDOWN).read_text()


def test_a_directory_that_cannot_be_made_leaves_the_summary(busy: RunMeasurements, info: Info, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no directory")
    summary = write_reports(tmp_path / "file" / "report", busy, info(thresholds=(HOLDS,)))
    assert set(failed_files(summary, tmp_path / "file" / "report")) == FILES
    assert exit_code(summary) == ExitCode.INVALID
    assert summary["requests"]["dev.heartbeat"]["count"] == 1200


def test_an_error_of_ours_in_one_file(
    busy: RunMeasurements, info: Info, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> str:
        raise KeyError("secretKey=abc")

    monkeypatch.setattr(reports.writer, "render_report", broken)
    summary = write_reports(tmp_path, busy, info(thresholds=(HOLDS,)))
    assert names(tmp_path) == FILES - {HTML}
    assert exit_code(summary) == ExitCode.INVALID
    assert "an error of best-fleet itself, KeyError" in headline(summary)
    assert "abc" not in headline(summary)


def test_what_the_log_could_not_take_stands_in_the_summary(
    busy: RunMeasurements, info: Info, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = info(thresholds=(HOLDS, "dev.heartbeat p50 < 60 s after 20s"))
    kept = KeptRun(tmp_path, busy, run)
    kept.checkpoint(30)
    disk = Disk(monkeypatch, room=5_000)
    summary = write_reports(tmp_path, busy, run)
    assert failed_files(summary, tmp_path) == [HLOG]
    assert names(tmp_path) == set(FILES)
    measurements, _ = load_run(tmp_path)
    for tag, totals in busy.totals.items():
        assert measurements.totals[tag].histogram == totals.histogram
    disk.room = 10**9
    rebuilt = rebuild(tmp_path)
    assert figures(rebuilt) == figures(summary)
    assert exit_code(rebuilt) == ExitCode.PASSED
    assert "unwritten" not in orjson.loads((tmp_path / SUMMARY).read_bytes())["state"]
    assert figures(rebuild(tmp_path)) == figures(summary)


def test_a_disk_that_fills_up_and_has_room_again(
    busy: RunMeasurements,
    make_run: Callable[..., RunMeasurements],
    info: Info,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = info(thresholds=(HOLDS,))
    expected = write_reports(tmp_path / "whole", make_run(), run)
    directory = tmp_path / "report"
    kept = KeptRun(directory, busy, run)
    kept.checkpoint(20)
    before = (directory / CHECKPOINT).read_bytes()
    disk = Disk(monkeypatch, room=2_000)
    for second in (23, 26, 29):
        with pytest.raises(OSError, match="No space left"):
            kept.checkpoint(second)
    assert (directory / CHECKPOINT).read_bytes() == before
    assert load_run(directory)[0].totals["dev.heartbeat"].count > 0
    disk.room = 10**9
    kept.checkpoint(32)
    summary = write_reports(directory, busy, run)
    assert figures(summary) == figures(expected)
    assert exit_code(summary) == ExitCode.PASSED
    assert (directory / HLOG).read_bytes() == (tmp_path / "whole" / HLOG).read_bytes()


def test_a_log_that_a_power_cut_left_short_is_told(busy: RunMeasurements, info: Info, tmp_path: Path) -> None:
    run = info(thresholds=(HOLDS,))
    KeptRun(tmp_path, busy, run).checkpoint(40)
    log = (tmp_path / HLOG).read_bytes().splitlines(keepends=True)
    (tmp_path / HLOG).write_bytes(b"".join(log[: len(log) // 2]))
    summary = rebuild(tmp_path)
    assert {"broken_off", "log_short"} <= {reason["key"] for reason in summary["reasons"]}
    assert 0 < summary["requests"]["dev.heartbeat"]["count"] < 1200


def test_write_whole_leaves_what_was_there_and_nothing_half(tmp_path: Path) -> None:
    program = (
        "import resource; from pathlib import Path; from reports.writer import write_whole\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: write_whole(Path('a'), b'x' * 2000)\n"
        "except OSError as error: print(error.strerror)\n"
    )
    (tmp_path / "a").write_text("before")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "File too large\n"
    assert names(tmp_path) == {"a"}
    assert (tmp_path / "a").read_text() == "before"
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 1000


def test_a_device_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_whole(pipe, b"page")
    assert os.read(reader, 100) == b"page"
    os.close(reader)
    assert pipe.is_fifo()


def test_half_a_character_in_a_path_harms_no_file(busy: RunMeasurements, info: Info, tmp_path: Path) -> None:
    directory = tmp_path / os.fsdecode(b"report-\xff")
    directory.mkdir()
    (directory / HTML / "in the way").mkdir(parents=True)
    run = info(thresholds=(HOLDS,))
    run.target = "half \udc80"
    summary = write_reports(directory, busy, run)
    assert names(directory) == FILES - {HTML}
    assert failed_files(summary, directory) == [HTML]


def test_the_summary_comes_last_and_once(
    busy: RunMeasurements, info: Info, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / HTML / "in the way").mkdir(parents=True)
    order: list[str] = []
    whole = write_whole

    def noted(path: Path, content: bytes) -> None:
        whole(path, content)
        order.append(path.name)

    monkeypatch.setattr(reports.writer, "write_whole", noted)
    write_reports(tmp_path, busy, info(thresholds=(HOLDS,)))
    # the others were written once more, with the verdict that knows of the page
    assert order == [MARKDOWN, JUNIT, MARKDOWN, JUNIT, SUMMARY]


def test_a_file_that_cannot_be_put_right_does_not_stay_wrong(
    busy: RunMeasurements, info: Info, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / HTML / "in the way").mkdir(parents=True)
    whole, seen = write_whole, []

    def full_the_second_time(path: Path, content: bytes) -> None:
        seen.append(path.name)
        if path.name == MARKDOWN and seen.count(MARKDOWN) > 1:
            raise OSError(28, "No space left on device")
        whole(path, content)

    monkeypatch.setattr(reports.writer, "write_whole", full_the_second_time)
    summary = write_reports(tmp_path, busy, info(thresholds=(HOLDS,)))
    assert set(failed_files(summary, tmp_path)) == {HTML, MARKDOWN}
    assert names(tmp_path) == {SUMMARY, JUNIT, HLOG}
    assert "report.md could not be written" in (tmp_path / JUNIT).read_text()


def test_without_a_summary_the_last_checkpoint_stays(busy: RunMeasurements, info: Info, tmp_path: Path) -> None:
    run = info(thresholds=(HOLDS,))
    KeptRun(tmp_path, busy, run).checkpoint(40)
    (tmp_path / SUMMARY / "in the way").mkdir(parents=True)
    write_reports(tmp_path, busy, run)
    assert names(tmp_path) == {MARKDOWN, JUNIT, HTML, HLOG, CHECKPOINT}
    assert load_run(tmp_path)[0].totals["dev.heartbeat"].count > 0


@pytest.mark.parametrize("func_id", ["cmd.a,b", "cmd.a b", "cmd.%2C", "cmd.命令", "cmd.a=1", 'cmd."a"'])
def test_a_command_of_any_name_keeps_its_report(
    busy: RunMeasurements, info: Info, tmp_path: Path, func_id: str
) -> None:
    events: list[Event] = []
    run = info(thresholds=(HOLDS, "dev.heartbeat p50 < 60 s after 20s"))
    QueueRecorder(events.append).command(func_id, run.started + 5, 0.01, "E0000001")
    busy.apply(events)
    summary = write_reports(tmp_path, busy, run)
    assert exit_code(summary) == ExitCode.PASSED
    assert func_id in summary["commands"]
    rebuilt = rebuild(tmp_path)
    assert figures(rebuilt) == figures(summary)
    assert rebuilt["commands"][func_id]["count"] == 1
