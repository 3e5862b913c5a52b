import csv
import io
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.measurements import attendance_rows
from simulator.measurements.attendance import LATE, SIGN_IN, STRANGER, WHAT, Attended
from simulator.measurements.attendance_rows import COLUMNS, HEADER, AttendanceRowError, line_of, rows_of

ROW = Attended("BEST000001", "1001", "20001", "sign-in", "2026-03-02T08:56:11+08:00", "0", "17", True)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
ROWS = st.builds(Attended, TEXTS, TEXTS, TEXTS, st.sampled_from(WHAT), TEXTS, TEXTS, TEXTS, st.booleans())


def lines(text: str) -> io.StringIO:
    return io.StringIO(text, newline="")


def test_a_row_stands_as_it_was_on_the_wire() -> None:
    assert HEADER == "sn,meetCode,pin,what,verifyTime,status,logId,acknowledged\n"
    assert line_of(ROW) == "BEST000001,1001,20001,sign-in,2026-03-02T08:56:11+08:00,0,17,1\n"
    assert line_of(ROW._replace(acknowledged=False)).endswith(",17,0\n")


@given(st.lists(ROWS, max_size=5))
def test_what_was_written_is_read_back_whatever_the_platform_chose(rows: list[Attended]) -> None:
    assert list(rows_of(lines(HEADER + "".join(map(line_of, rows))))) == rows


@pytest.mark.parametrize("pin", ['=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'1"])
def test_no_cell_is_a_formula(pin: str) -> None:
    (cells,) = csv.reader(lines(line_of(ROW._replace(pin=pin, meet_code=pin))))
    assert cells[1] == cells[2] == f"'{pin}"


@given(ROWS | st.builds(Attended, *[st.text('1a,+."', max_size=3)] * 7, st.booleans()))
def test_the_short_way_writes_what_the_library_writes(row: Attended) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attendance_rows, "_PLAIN", re.compile("nothing"))
        expected = line_of(row)
    assert line_of(row) == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1: not the header"),
        ("sn,pin\n", "line 1: not the header"),
        (f"{HEADER}a,b,c\n", "line 2: no row"),
        (f"{HEADER}{line_of(ROW)}a,b,c,d,e,f,g,yes\n", "line 3: no row"),
        (f'{HEADER}"torn', "line 2"),
    ],
)
def test_what_is_no_attendance_is_told_with_its_line(text: str, told: str) -> None:
    with pytest.raises(AttendanceRowError, match=told):
        list(rows_of(lines(text)))


def test_the_columns_are_the_values_of_a_row() -> None:
    assert len(COLUMNS) == len(Attended._fields)


def test_the_readmes_sheet_counts_nobody_twice_where_an_earlier_runs_rows_came_later() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    query = readme[readme.index("SELECT sn, meetCode,") :].partition('"')[0]
    rows = [("S1", "7", pin, what, "t", "0", "1", "1") for pin, what in (("1", SIGN_IN), ("2", LATE), ("9", STRANGER))]
    rows.append(("S1", "7", "3", SIGN_IN, "t", "0", "4", "0"))
    with closing(sqlite3.connect(":memory:")) as base:
        base.execute(f"CREATE TABLE rows ({', '.join(COLUMNS)})")
        base.executemany(f"INSERT INTO rows VALUES ({', '.join('?' * len(COLUMNS))})", rows + rows)
        assert base.execute(query).fetchall() == [("S1", "7", 2, 1, 1)]
