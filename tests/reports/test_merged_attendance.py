"""Rows of several runs in one file: none lost unsaid."""

from collections.abc import Callable
from pathlib import Path

import pytest

from reports.compare import compared_run
from reports.comparison import attendance_rows
from reports.rebuild import load_run, merge, rebuild
from reports.run_info import RunInfo
from reports.writer import ATTENDANCE, OUTPUT_FAILED, write_reports
from simulator.measurements.attendance import Attended
from simulator.measurements.attendance_rows import HEADER, line_of, rows_of
from simulator.measurements.run import RunMeasurements

Info = Callable[..., RunInfo]
MakeRun = Callable[..., RunMeasurements]


def row(run: str, number: int) -> Attended:
    return Attended(run, "7", "p\n1", "sign-in", "2026-03-02T08:56:11+08:00", "0", str(number), acknowledged=True)


@pytest.fixture
def runs(tmp_path: Path, info: Info, make_run: MakeRun) -> list[Path]:
    """Two runs that were asked for their rows and one that was not."""
    found = []
    for seed, name in enumerate(("a", "b", "c")):
        path = tmp_path / name
        write_reports(path, make_run(seed=seed), info(attendance=name != "c"))
        if name != "c":
            rows = "".join(line_of(row(name, number)) for number in range(3))
            (path / ATTENDANCE).write_text(HEADER + rows, newline="")
        found.append(path)
    return found


def held(directory: Path) -> list[tuple[str, str]]:
    with (directory / ATTENDANCE).open(newline="") as file:
        return [(one.sn, one.log_id) for one in rows_of(file)]


def failed(summary: dict[str, object]) -> list[str]:
    reasons = summary["reasons"]
    assert isinstance(reasons, list)
    return [reason["values"]["problem"] for reason in reasons if reason["key"] == OUTPUT_FAILED]


def test_sums_add_up_and_rows_stand_one_after_the_other(runs: list[Path], tmp_path: Path) -> None:
    merged = merge(runs, tmp_path / "all")
    assert held(tmp_path / "all") == [(name, str(number)) for name in "ab" for number in range(3)]
    assert merged["attendance"]["records"] == 60
    assert merged["attendance"]["missing"] == 12
    assert len(merged["attendance"]["remarkable"]) == 12
    assert failed(merged) == []
    assert merged["run"]["attendance"]
    again = rebuild(tmp_path / "all")
    assert again["attendance"] == merged["attendance"]
    assert len(held(tmp_path / "all")) == 6


def test_what_a_killed_run_left_half_written_is_no_row(runs: list[Path], tmp_path: Path) -> None:
    path = runs[0] / ATTENDANCE
    path.write_bytes(path.read_bytes()[:-4])
    merge(runs, tmp_path / "all")
    assert held(tmp_path / "all") == [("a", "0"), ("a", "1"), *(("b", str(number)) for number in range(3))]


def test_rows_that_are_gone_are_told_of(runs: list[Path], tmp_path: Path) -> None:
    (runs[0] / ATTENDANCE).unlink()
    merged = merge(runs, tmp_path / "all")
    assert failed(merged) == [f"there is no {runs[0] / ATTENDANCE}, so that its rows are missing"]
    assert merged["verdict"] == "invalid"
    assert len(held(tmp_path / "all")) == 3


def test_a_file_of_another_kind_is_told_of(runs: list[Path], tmp_path: Path) -> None:
    (runs[1] / ATTENDANCE).write_text("sn,name\n")
    merged = merge(runs, tmp_path / "all")
    (problem,) = failed(merged)
    assert problem.startswith(f"{runs[1] / ATTENDANCE} does not begin with sn,meetCode,pin,what,")
    assert not (tmp_path / "all" / ATTENDANCE).exists()


def test_runs_without_rows_leave_none(runs: list[Path], tmp_path: Path, info: Info, make_run: MakeRun) -> None:
    write_reports(tmp_path / "d", make_run(seed=9), info())
    merge([runs[2], tmp_path / "d"], tmp_path / "all")
    assert not (tmp_path / "all" / ATTENDANCE).exists()


def test_rows_of_an_earlier_merge_are_kept_aside(runs: list[Path], tmp_path: Path) -> None:
    merge(runs, tmp_path / "all")
    merge(runs[:1], tmp_path / "all")
    assert len(held(tmp_path / "all")) == 3
    assert [len(held(path)) for path in (tmp_path / "all").glob("earlier-*")] == [6]


def test_a_comparison_shows_the_sums(runs: list[Path], tmp_path: Path, info: Info) -> None:
    write_reports(tmp_path / "none", RunMeasurements(), info())
    one, two, none = (compared_run(path.name, *load_run(path)) for path in (*runs[:2], tmp_path / "none"))
    found = {item.name: item for item in attendance_rows([one, none], two)}
    assert (found["attendance.missing"].before, found["attendance.missing"].after) == ("4, –", "4")
    assert found["attendance.missing"].differs
    assert not any(item.differs for item in attendance_rows([one], two))
    assert attendance_rows([none], none) == []
