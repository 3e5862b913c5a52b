"""attendance.csv: whole rows while the run goes on, each once, whatever becomes of the disk."""

import logging
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reports.writer import ATTENDANCE, OUTPUT_FAILED
from simulator.measurements.attendance import Attended
from simulator.measurements.attendance_rows import HEADER, rows_of
from simulator.measurements.events import Event, QueueRecorder
from tests.swarm.manual_run import PLANNED_S, ManualRun
from tests.swarm.processes import ROOT
from tests.test_growing_file import Disk

WANTED = "report: {attendance: true}\ndefaults: {attendance: {}}\n"


def row(number: int) -> Attended:
    return Attended(
        "SN1", "7", "=1+1", "sign-in", "2026-03-02T08:56:11+08:00", "0", str(number), acknowledged=number % 2 == 0
    )


def attend(manual: ManualRun, first: int, count: int) -> None:
    events: list[Event] = []
    recorder = QueueRecorder(events.append)
    for number in range(first, first + count):
        recorder.attended(row(number))
    manual.run.measurements.apply(events)


def held(directory: Path) -> list[Attended]:
    with (directory / ATTENDANCE).open(encoding="utf-8", newline="") as file:
        return list(rows_of(file))


def failed(summary: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (Path(reason["values"]["file"]).name, reason["values"]["problem"])
        for reason in summary["reasons"]
        if reason["key"] == OUTPUT_FAILED
    ]


@pytest.fixture
def manual(tmp_path: Path) -> ManualRun:
    return ManualRun(tmp_path, scenario=WANTED).open()


def test_rows_are_in_the_file_a_second_later_and_not_in_memory(manual: ManualRun, tmp_path: Path) -> None:
    assert (tmp_path / ATTENDANCE).read_text() == HEADER
    attend(manual, 0, 1_200)
    manual.tick(1.0)
    assert held(tmp_path) == [row(number) for number in range(1_200)]
    assert manual.run.measurements.attendance.take_lines() == []
    attend(manual, 1_200, 3)
    summary = manual.end(PLANNED_S)
    assert held(tmp_path) == [row(number) for number in range(1_203)]
    assert failed(summary) == []


def test_a_run_that_was_not_asked_for_it_leaves_none(tmp_path: Path) -> None:
    manual = ManualRun(tmp_path).open()
    attend(manual, 0, 3)
    manual.tick(1.0)
    manual.end(PLANNED_S)
    assert not (tmp_path / ATTENDANCE).exists()
    assert manual.run.measurements.attendance.counts()["records"] == 3


def test_what_came_last_is_written_at_once_when_the_process_may_end(manual: ManualRun, tmp_path: Path) -> None:
    attend(manual, 0, 5)
    manual.run.interrupt("SIGTERM")
    assert len(held(tmp_path)) == 5


def test_that_of_an_earlier_run_is_kept_aside(tmp_path: Path) -> None:
    (tmp_path / ATTENDANCE).write_text("of an earlier run")
    manual = ManualRun(tmp_path).open()
    manual.end(PLANNED_S)
    assert not (tmp_path / ATTENDANCE).exists()
    assert [path.read_text() for path in tmp_path.glob(f"earlier-*/{ATTENDANCE}")] == ["of an earlier run"]


def test_a_full_disk_holds_whole_rows_and_all_of_them_once_it_has_room(
    manual: ManualRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "simulator.swarm")
    disk = Disk(monkeypatch, room=20_000)
    attend(manual, 0, 2_000)
    for _ in range(3):
        manual.tick(1.0)
    assert held(tmp_path) == []
    disk.room = 10**9
    manual.tick(1.0)
    assert held(tmp_path) == [row(number) for number in range(2_000)]
    told = [record.getMessage() for record in caplog.records if ATTENDANCE in record.getMessage()]
    assert [message.partition(ATTENDANCE)[2].partition(",")[0] for message in told] == [
        " cannot be written: No space left on device; its rows wait",
        " is written again",
    ]
    assert failed(manual.end(PLANNED_S)) == []


def test_rows_that_never_found_room_make_the_run_invalid(
    manual: ManualRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attend(manual, 0, 10)
    manual.tick(1.0)
    Disk(monkeypatch, room=0)
    attend(manual, 10, 10)
    summary = manual.end(PLANNED_S)
    assert summary["verdict"] == "invalid"
    assert (ATTENDANCE, "10 of its rows found no room") in failed(summary)
    assert len(held(tmp_path)) == 10


def test_a_directory_that_is_gone_makes_the_run_invalid(manual: ManualRun, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path)
    attend(manual, 0, 10)
    manual.tick(1.0)
    summary = manual.end(PLANNED_S)
    assert (ATTENDANCE, "No such file or directory") in failed(summary)


def test_a_file_that_cannot_be_begun_is_tried_again(tmp_path: Path) -> None:
    manual = ManualRun(tmp_path, scenario=WANTED)
    manual.run.prepare(None, None)
    (tmp_path / ATTENDANCE).mkdir()
    manual.open()
    attend(manual, 0, 4)
    manual.tick(1.0)
    (tmp_path / ATTENDANCE).rmdir()
    manual.tick(1.0)
    assert len(held(tmp_path)) == 4
    assert failed(manual.end(PLANNED_S)) == []


GENERATOR = """
import sys
from pathlib import Path
from tests.swarm.manual_run import ManualRun
from tests.swarm.run.test_attendance_file import WANTED, attend

manual, number = ManualRun(Path(sys.argv[1]), planned_s=None, scenario=WANTED).open(), 0
while True:
    attend(manual, number, 700)
    number += 700
    manual.tick(0.1)
    print(number, flush=True)
"""


def test_a_killed_run_leaves_whole_rows(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", GENERATOR, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) > 20_000:
            break
    os.kill(process.pid, signal.SIGKILL)
    told = [int(line) for line in process.stdout.read().split("\n")[:-1] if line]
    process.wait(10)
    rows = held(tmp_path)
    assert len(rows) >= max(told, default=20_000)
    assert [int(one.log_id) for one in rows] == list(range(len(rows)))
