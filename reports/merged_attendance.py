"""The `attendance.csv` of several runs as one: their rows one after the other, each as it stands."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from reports.writer import ATTENDANCE, OUTPUT_FAILED, tried, whole_or_not
from simulator.measurements.attendance_rows import HEADER
from simulator.measurements.findings import Finding
from simulator.shown import printable

_HEADER: Final = HEADER.encode()


def merge_attendance(directories: Sequence[Path], asked: Sequence[bool], target: Path) -> list[Finding]:
    """Write the rows of all runs into `target`, where there are any; returns what of them is not there.

    Args:
        asked: of each run, whether it was to leave rows.
        target: the merged report's directory.
    """
    sources = [directory / ATTENDANCE for directory in directories]
    present = [path for path in sources if path.exists()]
    lacking = [path for path, wanted in zip(sources, asked, strict=True) if wanted and path not in present]
    path = target / ATTENDANCE
    found = [_failed(path, f"there is no {lost}, so that its rows are missing") for lost in lacking]
    if present and (finding := tried(path, lambda: _write(path, present))) is not None:
        found.append(finding)
    return found


def _write(path: Path, sources: Sequence[Path]) -> None:
    with whole_or_not(path) as temporary:
        with temporary.open("wb") as merged:
            merged.write(_HEADER)
            for source in sources:
                with source.open("rb") as lines:
                    if lines.readline() != _HEADER:
                        raise OSError(None, f"{source} does not begin with {HEADER.strip()}")
                    merged.writelines(_whole_rows(lines))
        temporary.replace(path)


def _whole_rows(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The rows without the beginning of one that a killed run has left at the end."""
    row = b""
    for line in lines:
        row += line
        # A line that ends within quotes is not the end of its row.
        if row.endswith(b"\n") and row.count(b'"') % 2 == 0:
            yield row
            row = b""


def _failed(path: Path, problem: str) -> Finding:
    return Finding(OUTPUT_FAILED, {"file": printable(str(path)), "problem": problem})
