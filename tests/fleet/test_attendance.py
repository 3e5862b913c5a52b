"""Attendance over real sockets: a building of a few rooms, and what the platform's ledger holds of it."""

import asyncio
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

from simulator.clock import RunClock
from simulator.fleet.identities import identities_of
from simulator.fleet.plan import FleetPlan
from simulator.fleet.runtime import FleetRuntime
from simulator.measurements.attendance import DOUBLE_TAP, LATE, SIGN_IN, SIGN_OUT, STRANGER
from simulator.platform.options import PlatformOptions
from simulator.platform.process import run_platform
from simulator.platform.server import ReadyInfo
from simulator.scenario.scenario import parse_scenario
from tests.device.recording import Recording
from tests.platform.parts import ListedDirectory

ROOMS = 6
SCENARIO = f"""
channel: {{suite: plain}}
duration: 30s
groups:
  - name: rooms
    count: {ROOMS}
    users: 0
    attendance:
      absent: 10%
      arrive: {{mean: -1s, spread: 1s}}
      late: 20%
      leave: {{mean: 0s, spread: 1s}}
      double_tap: 20%
      photo_share: 0
platform:
  users: 30
  members: 5
  meetings:
    count: 4
    starts_in: 3s
    duration: 4s
    gap: 0s
    sign_in_before: 2s
    sign_in_after: 0s
    sign_out_before: 1s
    sign_out_after: 1s
  pushes:
    - {{command: cmd.data.delete.meeting, meeting: 2, at: 6s}}          # while people come to it
    - {{command: cmd.data.update.meeting, meeting: 4, moved: -4s, at: 7s}}  # to the time of the one before
"""


async def test_the_rows_are_what_the_ledger_holds(tmp_path: Path) -> None:
    scenario = parse_scenario(SCENARIO)
    identities = identities_of(scenario)
    ledger, stop = tmp_path / "ledger.db", asyncio.Event()
    started: asyncio.Future[ReadyInfo] = asyncio.get_running_loop().create_future()
    options = PlatformOptions(
        settings=scenario.platform_settings(),
        directory=ListedDirectory([identities.at(index) for index in range(ROOMS)]),
        ledger=ledger,
    )
    platform = asyncio.create_task(run_platform(options, stop=stop, ready=started.set_result))
    recorder = Recording()
    plan = FleetPlan(scenario, dispatch_url=(await started).dispatch)
    runtime = FleetRuntime(plan, recorder, log=lambda level, text: None, clock=RunClock())
    await runtime.open()
    try:
        for index in range(ROOMS):
            runtime.start_device(index, lambda: None)
        async with asyncio.timeout(60):
            while len(recorder.meetings) < 4 * ROOMS:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await runtime.stop_all()
    finally:
        await runtime.close()
        stop.set()
        await platform
    with closing(sqlite3.connect(ledger)) as database:
        stored = database.execute(
            "SELECT sn, log_id, pin, meet_code, verify_time, status FROM records ORDER BY sn, log_id"
        ).fetchall()
    rows = recorder.attendance
    assert all(row.acknowledged for row in rows)
    told = [(row.sn, row.log_id, row.pin, row.meet_code, row.verify_time, row.status) for row in rows]
    assert sorted(told) == stored

    once = Counter((row.meet_code, row.pin, row.what) for row in rows if row.what not in (DOUBLE_TAP, STRANGER))
    assert set(once.values()) == {1}
    came = Counter(row.meet_code for row in rows if row.what in (SIGN_IN, LATE))
    for meeting in recorder.meetings:
        assert meeting.meet_code.startswith(f"{meeting.sn}-")
        assert meeting.came == came[meeting.meet_code]
        assert len(meeting.missing) == meeting.expected - meeting.came
        assert meeting.ended == ("deleted" if meeting.meet_code.endswith("-2") else "over")
    assert len({meeting.meet_code for meeting in recorder.meetings}) == 4 * ROOMS
    over = [meeting for meeting in recorder.meetings if meeting.ended == "over"]
    assert sum(meeting.came for meeting in over) > 0.7 * sum(meeting.expected for meeting in over)
    whats = Counter(row.what for row in rows)
    assert whats[SIGN_IN] > whats[LATE] > 0
    assert whats[SIGN_OUT] > 0
    assert not [row for row in rows if row.what == SIGN_OUT and row.meet_code.endswith("-2")]
