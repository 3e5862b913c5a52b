"""What a killed run leaves, and what is told while nothing can be kept."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reports.hlog import read_hlog
from reports.rebuild import rebuild
from reports.writer import CHECKPOINT, HLOG, SUMMARY
from simulator.swarm.run.checkpoints import EVERY_S
from tests.swarm.manual_run import PLANNED_S, STARTED, ManualRun
from tests.swarm.processes import ROOT
from tests.test_growing_file import Disk


@pytest.fixture
def manual(tmp_path: Path) -> ManualRun:
    return ManualRun(tmp_path).open()


def kept_at(directory: Path) -> float:
    """How many seconds after its start the run was kept last."""
    return float(json.loads((directory / CHECKPOINT).read_bytes())["run"]["ended"]) - STARTED


def test_a_checkpoint_is_written_every_three_seconds(manual: ManualRun, tmp_path: Path) -> None:
    kept = []
    for _ in range(7):
        manual.tick(1.0)
        kept.append(kept_at(tmp_path))
    assert kept == [1.0, 1.0, 1.0, 4.0, 4.0, 4.0, 7.0]
    assert EVERY_S == 3.0


def test_what_waits_is_brought_to_disk_at_once_when_it_is_asked_for(manual: ManualRun, tmp_path: Path) -> None:
    manual.tick(30.0)
    manual.time.advance(0.5)
    manual.run.interrupt("SIGTERM")
    assert kept_at(tmp_path) == 30.5
    assert [interval.tag for interval in read_hlog(tmp_path / HLOG)] == ["dev.heartbeat"]


def test_a_run_that_ends_well_leaves_no_checkpoint(manual: ManualRun, tmp_path: Path) -> None:
    manual.tick(1.0)
    manual.end(PLANNED_S)
    assert not (tmp_path / CHECKPOINT).exists()


def test_files_of_an_earlier_run_are_not_taken_for_this_ones(tmp_path: Path) -> None:
    (tmp_path / SUMMARY).write_text("of an earlier run")
    ManualRun(tmp_path).open().tick(1.0)
    assert not (tmp_path / SUMMARY).exists()
    assert kept_at(tmp_path) == 1.0
    assert [path.read_text() for path in tmp_path.glob(f"earlier-*/{SUMMARY}")] == ["of an earlier run"]


def test_a_full_disk_is_told_once_and_once_more_when_it_has_room(
    manual: ManualRun, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "simulator.swarm")
    disk = Disk(monkeypatch, room=0)
    for _ in range(4):
        manual.tick(4.0)
    disk.room = 10**9
    for _ in range(2):
        manual.tick(4.0)
    told = [record.getMessage().partition(" in ")[0] for record in caplog.records]
    assert told == ["the run cannot be kept", "the run is kept"]
    assert manual.end(PLANNED_S - 24.0)["verdict"] == "passed"


GENERATOR = """
import sys
from pathlib import Path
from simulator.measurements.events import QueueRecorder
from tests.swarm.manual_run import ManualRun

manual, events = ManualRun(Path(sys.argv[1]), planned_s=None).open(), []
recorder = QueueRecorder(events.append)
while True:
    now = manual.time.wall()
    recorder.request("dev.heartbeat", now, 0.01, "00000000", 1, 1, 0.0)
    manual.run.measurements.apply(events)
    events.clear()
    manual.tick(0.1)
    print(manual.run.elapsed_s, flush=True)
"""


def test_a_killed_generator_loses_five_seconds_at_most(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", GENERATOR, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    deadline = time.monotonic() + 60
    for line in process.stdout:
        if float(line) > 40 or time.monotonic() > deadline:
            break
    os.kill(process.pid, signal.SIGKILL)
    reached = [float(line) for line in process.stdout.read().split("\n")[:-1] if line]
    process.wait(10)
    seconds = reached[-1] if reached else 40.0
    summary = rebuild(tmp_path)
    assert not summary["complete"]
    assert summary["duration_s"] > seconds - 5.0
    assert summary["requests"]["dev.heartbeat"]["count"] >= (seconds - 5.0) * 10
    assert json.loads((tmp_path / SUMMARY).read_text())["complete"] is False
