"""The rows of `attendance.csv`, as text and back.

Values stand as they were on the wire, but for one thing: a spreadsheet takes a cell that begins with `=`, `+`, `-`,
`@`, a tab or a carriage return for a formula, and pins and meeting codes are the platform's to choose. Such a cell gets
an apostrophe in front, and so does one that begins with an apostrophe itself: who takes one leading apostrophe away
from each cell has the wire's values.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from typing import Final

from simulator.measurements.attendance import Attended

COLUMNS: Final = ("sn", "meetCode", "pin", "what", "verifyTime", "status", "logId", "acknowledged")
_GUARD: Final = "'"
_GUARDED: Final = ("=", "+", "-", "@", "\t", "\r", _GUARD)


class _Line:
    """What csv writes to: hands the line back to who wrote it."""

    def write(self, line: str) -> str:
        return line.removesuffix("\r\n") + "\n"


# With the longer ending it also quotes cells that hold a carriage return alone.
_WRITER: Final = csv.writer(_Line(), lineterminator="\r\n")
HEADER: Final[str] = str(_WRITER.writerow(COLUMNS))
"""The first line, with its newline."""
_PLAIN_CELL: Final = "[0-9A-Za-z][0-9A-Za-z.:_+-]*"
_PLAIN: Final = re.compile(f"{_PLAIN_CELL}(?:,{_PLAIN_CELL}){{{len(COLUMNS) - 2}}}")
"""Cells of usual rows with a comma between: with as many commas as that, none is within a cell."""


class AttendanceRowError(ValueError):
    """A text that is no `attendance.csv`; the message says which line."""


def line_of(row: Attended) -> str:
    """A row with its newline; `acknowledged` is 1 or 0."""
    plain = ",".join(row[:-1])
    if _PLAIN.fullmatch(plain):
        # A fifth of the time, and thousands may come in a second.
        return f"{plain},{'1' if row.acknowledged else '0'}\n"
    cells = [f"{_GUARD}{cell}" if cell.startswith(_GUARDED) else cell for cell in row[:-1]]
    return str(_WRITER.writerow([*cells, "1" if row.acknowledged else "0"]))


def _unguarded(cell: str) -> str:
    return cell.removeprefix(_GUARD)


def rows_of(lines: Iterable[str]) -> Iterator[Attended]:
    """The rows of a whole file, header included.

    Args:
        lines: as of a file opened with `newline=""`.

    Raises:
        AttendanceRowError: If they are none.
    """
    reader = csv.reader(lines, strict=True)
    try:
        if tuple(next(reader, ())) != COLUMNS:
            raise AttendanceRowError(f"line 1: not the header {HEADER.strip()}")
        for cells in reader:
            if len(cells) != len(COLUMNS) or cells[-1] not in ("0", "1"):
                raise AttendanceRowError(f"line {reader.line_num}: no row of {HEADER.strip()}")
            sn, meet_code, pin, what, verify_time, status, log_id, acknowledged = map(_unguarded, cells)
            yield Attended(sn, meet_code, pin, what, verify_time, status, log_id, acknowledged == "1")
    except csv.Error as error:
        raise AttendanceRowError(f"line {reader.line_num}: {error}") from error
