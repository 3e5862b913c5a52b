"""Uploads of options over real sockets: a fleet of two groups, of which one was told to, and the platform's ledger."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from simulator.clock import RunClock
from simulator.device.behaviours.option_upload import FUNC_ID
from simulator.fleet.identities import identities_of
from simulator.fleet.plan import FleetPlan
from simulator.fleet.runtime import FleetRuntime
from simulator.platform.options import PlatformOptions
from simulator.platform.process import run_platform
from simulator.platform.server import ReadyInfo
from simulator.scenario.scenario import parse_scenario
from tests.device.recording import Recording
from tests.platform.parts import ListedDirectory

SCENARIO = """
channel: {suite: plain}
defaults: {verifications: [], users: 0}
groups:
  - {name: told, count: 1, option_upload: {interval: 1d}}
  - {name: silent, count: 1}
platform:
  users: 0
  meetings: {count: 0}
  pushes:
    - command: cmd.option.set
      params: {option: {meetRoomName: 大会议室, meetRoomCapacity: '12'}}
      after: 0s
"""


async def test_the_platform_keeps_what_a_device_uploads_after_its_options_were_set(tmp_path: Path) -> None:
    scenario = parse_scenario(SCENARIO)
    identities = identities_of(scenario)
    ledger, stop = tmp_path / "ledger.db", asyncio.Event()
    started: asyncio.Future[ReadyInfo] = asyncio.get_running_loop().create_future()
    options = PlatformOptions(
        settings=scenario.platform_settings(),
        directory=ListedDirectory([identities.at(index) for index in range(2)]),
        ledger=ledger,
    )
    platform = asyncio.create_task(run_platform(options, stop=stop, ready=started.set_result))
    recorder, ended = Recording(), asyncio.Event()
    plan = FleetPlan(scenario, dispatch_url=(await started).dispatch)
    runtime = FleetRuntime(plan, recorder, log=lambda level, text: None, clock=RunClock())
    await runtime.open()
    try:
        for index in range(2):
            runtime.start_device(index, ended.set)
        async with asyncio.timeout(30):
            while len(recorder.commands) < 2 or not recorder.codes(FUNC_ID):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await runtime.stop_all()
    finally:
        await runtime.close()
        stop.set()
        await platform
    assert recorder.codes(FUNC_ID) == ["00000000"]
    [told] = [plan.sn(index) for index in range(2) if plan.settings[plan.group(index)].group == "told"]
    with closing(sqlite3.connect(ledger)) as database:
        rows = database.execute("SELECT sn, name, value, received FROM options WHERE name LIKE 'meetRoom%'").fetchall()
    assert sorted(rows) == [(told, "meetRoomCapacity", "12", 1), (told, "meetRoomName", "大会议室", 1)]
