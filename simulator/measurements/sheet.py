"""A run's attendance, summed up: what came of all meetings, and of which something remarkable is to be told.

A run may hold any number of meetings, so only sums and a bounded number of meetings are kept: the latest ones, to know
what to call them, those that missed the most members, and how many records without an acknowledgement each has.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from simulator.measurements.attendance import CUT, DELETED, OVER, WHAT, Attended, MeetingHeld
from simulator.measurements.attendance_rows import line_of
from simulator.shown import detail

ENDINGS: Final = (OVER, DELETED, CUT)
MEETING_SUMS: Final = (
    *("expected", "came", "late", "missing", "absent", "turned_away", "left_early", "no_sign_out"),
    *("double_taps", "strangers", "with_missing"),
)
"""Of meetings that were over, for nobody missed anything at others; `with_missing` counts these, the others people."""
_SUMMED: Final = tuple(name for name in MEETING_SUMS if name not in ("missing", "with_missing"))
ROW_SUMS: Final = ("records", "acknowledged", "unacknowledged")
WITH_UNACKNOWLEDGED: Final = "with_unacknowledged"
"""Meetings that have records without an acknowledgement."""
ROWS: Final = {what: f"{what} rows" for what in WHAT}
"""What records are counted under, by what they say."""
SUMS: Final = (*ENDINGS, *MEETING_SUMS, *ROW_SUMS, WITH_UNACKNOWLEDGED, *ROWS.values())

MOST_LISTED: Final = 100
MOST_PINS: Final = 20
"""Of the missing members of a meeting that are named."""
MOST_NAMED: Final = 4_000
"""Meetings whose names are known, the latest ones: they cost every run some memory, 1 KB each."""
MOST_KEPT: Final = 20_000
"""Meetings whose unacknowledged records are counted one by one."""
MOST_ROWS_AT_ONCE: Final = 20_000
"""In one delta, some 2 MB: when a run ends with nothing acknowledged, all rows become known at once."""
_TEXT_CHARS: Final = 80


class Remark(NamedTuple):
    """A meeting of which something is to be told. Times are epoch seconds."""

    sn: str
    meet_code: str
    name: str
    start: float | None
    """None, like what follows, where only records without an acknowledgement are known of the meeting."""
    end: float | None
    ended: str
    expected: int | None
    came: int | None
    late: int | None
    missing: int | None
    """None as well where the meeting was deleted or cut off: who had not come could have come later."""
    missing_pins: tuple[str, ...]
    """The first ones."""
    unacknowledged: int


_Key = tuple[str, str]


class Attendance:
    """What was told of attendance, in this process or merged from several."""

    __slots__ = ("_counts", "_lines", "_listed", "_most", "_named", "_unacknowledged", "keeps_rows")

    def __init__(self) -> None:
        self.keeps_rows = False
        """Whether rows are kept for `attendance.csv` until somebody takes them; else they are counted alone."""
        self._lines: list[str] = []
        self._clear()

    def _clear(self) -> None:
        self._counts: dict[str, int] = {}
        self._most: list[Remark] = []
        self._named: dict[_Key, Remark | None] = {}
        self._unacknowledged: dict[_Key, int] = {}
        self._listed: list[Remark] = []
        """Of earlier looks at a run, complete as they are."""

    def attended(self, row: Attended) -> None:
        """The fate of a record is known."""
        self._add("records", 1)
        self._add(ROWS[row.what], 1)
        self._add("acknowledged" if row.acknowledged else "unacknowledged", 1)
        if not row.acknowledged:
            self._count_unacknowledged((_short(row.sn), _short(row.meet_code)), 1)
        if self.keeps_rows:
            self._lines.append(line_of(row))

    def meeting_held(self, meeting: MeetingHeld) -> None:
        """A meeting is over, was deleted or cut off."""
        over = meeting.ended == OVER
        missing = meeting.missing if over else ()
        self._add(meeting.ended, 1)
        if over:
            self._add("missing", len(missing))
            self._add("with_missing", 1 if missing else 0)
            for name in _SUMMED:
                self._add(name, getattr(meeting, name))
        remark = Remark(
            _short(meeting.sn),
            _short(meeting.meet_code),
            detail(meeting.name, _TEXT_CHARS),
            meeting.start,
            meeting.end,
            meeting.ended,
            meeting.expected,
            meeting.came,
            meeting.late,
            len(missing) if over else None,
            tuple(map(_short, missing[:MOST_PINS])),
            0,
        )
        self._name((remark.sn, remark.meet_code), remark)
        if missing:
            self._keep([remark])

    def take_lines(self) -> list[str]:
        """The rows that came since the last call, each a line of `attendance.csv` with its newline."""
        lines, self._lines = self._lines, []
        return lines

    @property
    def drains_due(self) -> int:
        """How often `drain` has to be called until no row waits."""
        return -(-len(self._lines) // MOST_ROWS_AT_ONCE)

    def counts(self) -> dict[str, int]:
        """All of `SUMS`; empty where nothing was told of attendance."""
        if not self._counts and not self._unacknowledged:
            return {}
        found = {name: self._counts.get(name, 0) for name in SUMS}
        found[WITH_UNACKNOWLEDGED] += len(self._unacknowledged)
        return found

    def remarkable(self) -> list[Remark]:
        """The meetings with records without an acknowledgement, and those with missing members, the worst first.

        `MOST_LISTED` at most. A meeting that is not named any more, or whose code another meeting of the device has as
        well, is told with nothing but its code.
        """
        found = {(remark.sn, remark.meet_code, remark.start): remark for remark in self._most}
        for (sn, meet_code), count in self._unacknowledged.items():
            named = self._named.get((sn, meet_code))
            if named is None:
                named = Remark(sn, meet_code, "", None, None, "", None, None, None, None, (), 0)
            found[sn, meet_code, named.start] = named._replace(unacknowledged=count)
        return _worst([*found.values(), *self._listed])

    # --- From process to process, and from run to report ---

    def drain(self) -> dict[str, Any]:
        """What came since the last call, for `merge_drained`; of rows `MOST_ROWS_AT_ONCE`, the others wait."""
        rows, self._lines = self._lines[:MOST_ROWS_AT_ONCE], self._lines[MOST_ROWS_AT_ONCE:]
        data = {
            "counts": self._counts,
            "most": [list(remark) for remark in self._most],
            "named": [[*key, None if remark is None else list(remark)] for key, remark in self._named.items()],
            "unacknowledged": [[*key, count] for key, count in self._unacknowledged.items()],
            "rows": rows,
        }
        self._clear()
        return data if any(data.values()) else {}

    def merge_drained(self, data: Mapping[str, Any]) -> None:
        """Add what another process drained."""
        if not data:
            return
        for name, count in data["counts"].items():
            self._add(name, count)
        for sn, meet_code, fields in data["named"]:
            self._name((sn, meet_code), None if fields is None else _remark(fields))
        self._keep(map(_remark, data["most"]))
        for sn, meet_code, count in data["unacknowledged"]:
            self._count_unacknowledged((sn, meet_code), count)
        if self.keeps_rows:
            self._lines += data["rows"]

    def dump(self) -> dict[str, Any]:
        """All but the rows, which are in their file; empty where nothing was told."""
        counts = self.counts()
        return {"counts": counts, "remarkable": [list(remark) for remark in self.remarkable()]} if counts else {}

    def merge(self, data: Mapping[str, Any]) -> None:
        """Add what a run dumped."""
        for name, count in data.get("counts", {}).items():
            self._add(name, count)
        self._listed = _worst([*self._listed, *map(_remark, data.get("remarkable", ()))])

    def _add(self, name: str, count: int) -> None:
        self._counts[name] = self._counts.get(name, 0) + count

    def _keep(self, remarks: Iterable[Remark]) -> None:
        self._most += remarks
        if len(self._most) > 10 * MOST_LISTED:
            self._most = _worst(self._most)

    def _name(self, key: _Key, remark: Remark | None) -> None:
        self._named[key] = None if key in self._named else remark
        if len(self._named) > MOST_NAMED:
            del self._named[next(iter(self._named))]

    def _count_unacknowledged(self, key: _Key, count: int) -> None:
        known = self._unacknowledged
        if key in known or len(known) < MOST_KEPT:
            known[key] = known.get(key, 0) + count


def _worst(remarks: Iterable[Remark]) -> list[Remark]:
    return sorted(remarks, key=_rank)[:MOST_LISTED]


def _rank(remark: Remark) -> tuple[int, int, float, str, str]:
    return -remark.unacknowledged, -(remark.missing or 0), remark.start or 0.0, remark.sn, remark.meet_code


def _remark(fields: Iterable[Any]) -> Remark:
    remark = Remark(*fields)
    return remark._replace(missing_pins=tuple(remark.missing_pins))


def _short(text: str) -> str:
    return text if len(text) <= _TEXT_CHARS else detail(text, _TEXT_CHARS)
