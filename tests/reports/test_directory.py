"""A run's directory: one writer at a time, nothing of an earlier run lost."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reports import directory as module
from reports.directory import LOCK, DirectoryBusyError, ReportDirectory, keep_aside, new_directory, write_page
from reports.rebuild import merge, rebuild
from reports.run_info import RunInfo
from reports.writer import CHECKPOINT, RUN_FILES, SUMMARY, write_reports
from simulator.measurements.run import RunMeasurements

ROOT = Path(__file__).resolve().parents[2]
HOLDER = """
import sys, time
from pathlib import Path
from reports.directory import ReportDirectory
taken = ReportDirectory(Path(sys.argv[1]))
print("taken", flush=True)
sys.stdin.read()
"""


def holder(path: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "taken\n"
    return process


def test_one_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "a"
    with ReportDirectory(path):
        with pytest.raises(DirectoryBusyError, match=f"{path}: process {os.getpid()} on .* writes its report there"):
            ReportDirectory(path)
        assert (path / LOCK).exists()
    assert list(path.iterdir()) == []
    ReportDirectory(path).release()


@pytest.mark.parametrize("below", ["", "runs/a"])
def test_a_file_in_the_place_of_the_directory_is_named(tmp_path: Path, below: str) -> None:
    file = tmp_path / "report.txt"
    file.write_text("mine")
    with pytest.raises(NotADirectoryError) as refused:
        ReportDirectory(file / below)
    assert str(refused.value) == f"{file} is a file; a report needs a directory, name another"
    assert file.read_text() == "mine"


def test_a_killed_holder_blocks_nobody(tmp_path: Path) -> None:
    process = holder(tmp_path)
    try:
        with pytest.raises(DirectoryBusyError, match=f"process {process.pid} "):
            ReportDirectory(tmp_path)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert (tmp_path / LOCK).exists()
    with ReportDirectory(tmp_path):
        assert f"process {os.getpid()} " in (tmp_path / LOCK).read_text()
    assert not (tmp_path / LOCK).exists()


def test_a_lock_that_its_holder_removes_at_that_moment_is_taken_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ReportDirectory(tmp_path)
    flock = module.fcntl.flock

    def late(descriptor: int, operation: int) -> None:
        # Between opening and locking: the file that was opened is gone.
        monkeypatch.setattr(module.fcntl, "flock", flock)
        first.release()
        flock(descriptor, operation)

    monkeypatch.setattr(module.fcntl, "flock", late)
    with ReportDirectory(tmp_path), pytest.raises(DirectoryBusyError):
        ReportDirectory(tmp_path)


def test_a_file_system_without_locks_is_used_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(module.errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr(module.fcntl, "flock", refuse)
    with ReportDirectory(tmp_path):
        assert (tmp_path / LOCK).exists()


def test_an_earlier_report_is_kept_aside_with_all_that_belongs_to_it(tmp_path: Path) -> None:
    for name in (*RUN_FILES, "platform.log", "mine.txt"):
        (tmp_path / name).write_text(f"first {name}")
        os.utime(tmp_path / name, (1_700_000_000, 1_700_000_000))
    with ReportDirectory(tmp_path) as taken:
        aside = taken.clear(beside=("platform.log",))
        assert aside == tmp_path / "earlier-20231114T221320Z"
        assert {path.name for path in aside.iterdir()} == {*RUN_FILES, "platform.log"}
        assert (aside / SUMMARY).read_text() == f"first {SUMMARY}"
        assert {path.name for path in tmp_path.iterdir()} == {LOCK, aside.name, "mine.txt"}
        assert taken.clear() is None
        (tmp_path / SUMMARY).write_text("second")
        os.utime(tmp_path / SUMMARY, (1_700_000_000, 1_700_000_000))
        assert taken.clear() == tmp_path / "earlier-20231114T221320Z-2"


def test_overwriting_removes_an_earlier_report_alone(tmp_path: Path) -> None:
    for name in (CHECKPOINT, "platform.log", "mine.txt"):
        (tmp_path / name).write_text("first")
    with ReportDirectory(tmp_path) as taken:
        assert taken.clear(overwrite=True, beside=("platform.log",)) is None
    assert {path.name for path in tmp_path.iterdir()} == {"mine.txt"}


def test_a_run_that_still_writes_is_not_rebuilt_over(
    busy: RunMeasurements, info: Callable[..., RunInfo], tmp_path: Path
) -> None:
    write_reports(tmp_path, busy, info())
    other = tmp_path.with_name(f"{tmp_path.name}-other")
    write_reports(other, busy, info())
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with ReportDirectory(tmp_path):
        with pytest.raises(DirectoryBusyError):
            rebuild(tmp_path)
        with pytest.raises(DirectoryBusyError):
            merge([other], tmp_path)
        assert {name: (tmp_path / name).read_bytes() for name in before} == before


def test_a_merged_report_keeps_the_earlier_one(
    busy: RunMeasurements, info: Callable[..., RunInfo], tmp_path: Path
) -> None:
    one, both = tmp_path / "one", tmp_path / "both"
    write_reports(one, busy, info())
    both.mkdir()
    (both / SUMMARY).write_text("earlier")
    merge([one], both)
    (aside,) = [path for path in both.iterdir() if path.is_dir()]
    assert (aside / SUMMARY).read_text() == "earlier"
    merge([one], both, overwrite=True)
    assert [path for path in both.iterdir() if path.is_dir()] == [aside]


def test_a_page_is_kept_aside(tmp_path: Path) -> None:
    page = tmp_path / "compare.html"
    write_page(page, "first")
    os.utime(page, (1_700_000_000, 1_700_000_000))
    write_page(page, "second")
    os.utime(page, (1_700_000_000, 1_700_000_000))
    write_page(page, "third")
    write_page(page, "fourth", overwrite=True)
    found = {path.name: path.read_text() for path in tmp_path.iterdir()}
    start = "compare.earlier-20231114T221320Z"
    assert found == {"compare.html": "fourth", f"{start}.html": "first", f"{start}-2.html": "second"}
    assert keep_aside(Path("/dev/null")) is None
    assert keep_aside(tmp_path / "nothing") is None


def test_directories_that_nobody_named_are_never_shared(tmp_path: Path) -> None:
    base = tmp_path / "runs" / "smoke-20231114T221320Z"
    made = [new_directory(base) for _ in range(3)]
    assert [path.name for path in made] == [base.name, f"{base.name}-2", f"{base.name}-3"]
    assert new_directory(base, 2).name == f"{base.name}-4"


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_conformance_report_makes_room_as_any_other(tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "lookup.url.jsonl").write_text("{}\n")
    (tmp_path / "conformance.json").write_text("{}")
    with ReportDirectory(tmp_path) as taken:
        aside = taken.clear(overwrite=overwrite)
    assert not (tmp_path / "conformance.json").exists()
    assert not (tmp_path / "cases").exists()
    assert (aside is None) is overwrite
    if aside is not None:
        assert (aside / "cases" / "lookup.url.jsonl").read_text() == "{}\n"
