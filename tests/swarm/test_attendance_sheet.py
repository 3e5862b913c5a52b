"""attendance.csv of whole runs: a platform's sheet made from it is what the summary says and what the ledger holds."""

import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest

from reports.writer import ATTENDANCE
from simulator.exit_codes import ExitCode
from simulator.measurements.attendance import Attended
from simulator.measurements.attendance_rows import rows_of
from tests.ports import free_port
from tests.swarm.processes import ROOT, LocustProcess, best_fleet, fetch

Start = Callable[..., LocustProcess]
ROOMS, MEETINGS, MEMBERS = 6, 2, 5
SCENARIO = """\
name: sheet
seed: 11
duration: {duration}
target: {target}
channel: {{suite: plain}}
limits: {{loop_lag: 5s, stall: 20s}}
ramp: {{rate: 50/s}}
report: {{attendance: true}}
defaults: {{users: 0, drain: {drain}, request_timeout: 2s}}
groups:
  - name: rooms
    count: 6
    attendance:
      absent: 20%
      arrive: {{mean: -1s, spread: 1s}}
      late: 20%
      leave: {{mean: 0s, spread: 1s}}
      early_leave: 10%
      forget_sign_out: 15%
      double_tap: 20%
      strangers: 0..2
      photo_share: 0
platform:
  users: 30
  members: 5
  meetings:
    count: 2
    starts_in: 3s
    duration: 4s
    gap: 0s
    sign_in_before: 2s
    sign_in_after: 1s
    sign_out_before: 1s
    sign_out_after: 1s
"""


class Platform:
    """The embedded platform in a process of its own, whose ledger outlives it."""

    def __init__(self, directory: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._ledger = directory / "ledger.sqlite"
        scenario = directory / "platform.yaml"
        scenario.write_text(SCENARIO.format(duration="60s", target=self.url, drain="5s"))
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "simulator.cli", "platform", "--scenario", str(scenario)),
                *("--port", str(port), "--broker-port", str(free_port()), "--ledger", str(self._ledger)),
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert '"dispatch"' in self.process.stdout.readline()

    def records(self) -> list[tuple[str, ...]]:
        """What it holds: (sn, logId, pin, meetCode, verifyTime, status)."""
        return [tuple(row) for row in self._read("SELECT sn, log_id, pin, meet_code, verify_time, status FROM records")]

    def members(self) -> dict[tuple[str, str], set[str]]:
        """Who is expected: by device and meeting, as the platform has told its devices."""
        found: dict[tuple[str, str], set[str]] = {}
        rows = self._read(
            "SELECT sn, params FROM commands JOIN contents ON content = contents.id "
            "WHERE func_id = 'cmd.data.update.meetingMember' AND code = '00000000'"
        )
        for sn, params in rows:
            for of_meeting in orjson.loads(params)["members"]:
                pins = of_meeting["pins"]
                found.setdefault((sn, of_meeting["meetingId"]), set()).update(pins)
        return found

    def _read(self, query: str) -> list[Any]:
        with closing(sqlite3.connect(f"file:{self._ledger}?mode=ro", uri=True)) as ledger:
            return ledger.execute(query).fetchall()


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    one = Platform(tmp_path)
    yield one
    one.process.send_signal(signal.SIGCONT)
    one.process.kill()
    one.process.communicate(timeout=10)


@dataclass
class OfMeeting:
    """A meeting's part of the sheet, made from rows alone."""

    came: set[str] = field(default_factory=set)
    late: set[str] = field(default_factory=set)
    signed_out: set[str] = field(default_factory=set)
    left_early: set[str] = field(default_factory=set)
    strangers: int = 0
    double_taps: int = 0
    unacknowledged: int = 0


def sheet_of(rows: list[Attended]) -> dict[tuple[str, str], OfMeeting]:
    """The sheet of all meetings that anybody came to; nobody signs in or out twice."""
    sheet: dict[tuple[str, str], OfMeeting] = {}
    for row in rows:
        meeting = sheet.setdefault((row.sn, row.meet_code), OfMeeting())
        meeting.unacknowledged += not row.acknowledged
        match row.what:
            case "stranger":
                meeting.strangers += 1
                continue
            case "double-tap":
                meeting.double_taps += 1
                continue
            case "sign-in":
                place = meeting.came
            case "late":
                place = meeting.late
            case "sign-out":
                place = meeting.signed_out
            case _:
                assert row.what == "early-leave"
                place = meeting.left_early
        assert row.pin not in place, row
        place.add(row.pin)
    for meeting in sheet.values():
        assert not meeting.came & meeting.late
        assert not meeting.signed_out & meeting.left_early
        meeting.came |= meeting.late
    return sheet


def rows_in(run: LocustProcess) -> list[Attended]:
    with (run.report / ATTENDANCE).open(encoding="utf-8", newline="") as file:
        return list(rows_of(file))


def start(locust: Start, directory: Path, platform: Platform, *arguments: str, **fields: str) -> LocustProcess:
    path = directory / "sheet.yaml"
    path.write_text(SCENARIO.format(target=platform.url, **fields))
    return locust("--scenario", str(path), "--headless", "--report", "report", *arguments)


def sums_agree(section: dict[str, Any], rows: list[Attended], members: dict[tuple[str, str], set[str]]) -> None:
    """What the summary says is what the rows and the members of all meetings come to."""
    sheet = sheet_of(rows)
    for key, meeting in sheet.items():
        assert meeting.came <= members[key]
        assert meeting.signed_out | meeting.left_early <= meeting.came
    held = [sheet.get(key, OfMeeting()) for key in members]
    came = sum(len(meeting.came) for meeting in held)
    left = sum(len(meeting.signed_out | meeting.left_early) for meeting in held)
    expected = sum(map(len, members.values()))
    assert {name: section[name] for name in section if isinstance(section[name], int)} == {
        "meetings": len(members),
        "deleted": 0,
        "cut": 0,
        "expected": expected,
        "came": came,
        "on_time": came - sum(len(meeting.late) for meeting in held),
        "late": sum(len(meeting.late) for meeting in held),
        "missing": expected - came,
        "absent": section["absent"],
        "turned_away": 0,
        "left_early": sum(len(meeting.left_early) for meeting in held),
        "no_sign_out": came - left,
        "double_taps": sum(meeting.double_taps for meeting in held),
        "strangers": sum(meeting.strangers for meeting in held),
        "records": len(rows),
        "acknowledged": sum(row.acknowledged for row in rows),
        "unacknowledged": sum(not row.acknowledged for row in rows),
        "complete": True,
        "with_missing": sum(meeting.came < members[key] for key, meeting in zip(members, held, strict=True)),
        "with_unacknowledged": sum(meeting.unacknowledged > 0 for meeting in held),
    }
    assert section["by_what"] == dict.fromkeys(section["by_what"], 0) | Counter(row.what for row in rows)
    for remark in section["remarkable"]:
        key = (remark["sn"], remark["meet_code"])
        meeting = sheet.get(key, OfMeeting())
        assert set(remark["missing_pins"]) == members[key] - meeting.came
        assert remark["missing"] == len(remark["missing_pins"])
        assert remark["unacknowledged"] == meeting.unacknowledged
    told = {(remark["sn"], remark["meet_code"]) for remark in section["remarkable"]}
    assert told == {
        key
        for key in members
        if members[key] - sheet.get(key, OfMeeting()).came or sheet.get(key, OfMeeting()).unacknowledged
    }


@pytest.mark.parametrize("processes", [pytest.param(1, marks=pytest.mark.long), 2])
def test_the_sheet_made_from_the_rows_is_the_summarys_and_the_ledgers(
    locust: Start, tmp_path: Path, platform: Platform, processes: int
) -> None:
    arguments: list[str] = []
    if processes > 1:
        port = str(free_port())
        arguments = ["--processes", str(processes), "--master-bind-port", port, "--master-port", port]
    run = start(locust, tmp_path, platform, *arguments, duration="20s", drain="5s")
    assert run.end(90) == ExitCode.PASSED, run.output
    rows, members = rows_in(run), platform.members()
    assert len(members) == ROOMS * MEETINGS
    assert {len(pins) for pins in members.values()} == {MEMBERS}
    assert all(row.acknowledged for row in rows)
    told = [(row.sn, row.log_id, row.pin, row.meet_code, row.verify_time, row.status) for row in rows]
    assert len(told) > 70
    assert sorted(told) == sorted(platform.records())
    summary = run.summary()
    assert summary["generator"]["processes"] == processes
    sums_agree(summary["attendance"], rows, members)
    assert "Attendance  12 meetings over: 60 expected" in run.output

    rebuilt = best_fleet(tmp_path, "report", "report")
    assert rebuilt.returncode == 0, rebuilt.stderr
    assert run.summary()["attendance"] == summary["attendance"]
    assert rows_in(run) == rows


def test_rows_that_the_platform_never_acknowledged_say_so(locust: Start, tmp_path: Path, platform: Platform) -> None:
    run = start(locust, tmp_path, platform, duration="20s", drain="1s")
    run.wait_for(lambda: fetch(f"{platform.url}/ledger")["totals"]["records"] >= 30)
    platform.process.send_signal(signal.SIGSTOP)
    run.end(90)
    platform.process.send_signal(signal.SIGCONT)
    rows, summary = rows_in(run), run.summary()
    sums_agree(summary["attendance"], rows, platform.members())
    assert summary["attendance"]["unacknowledged"] > 20
    assert summary["records"]["acknowledged"] == summary["attendance"]["acknowledged"]
    assert summary["attendance"]["remarkable"][0]["unacknowledged"] > 0
    held = set(platform.records())
    for row in rows:
        # What was not acknowledged may be there all the same: the reply came too late.
        known = (row.sn, row.log_id, row.pin, row.meet_code, row.verify_time, row.status) in held
        assert known or not row.acknowledged
