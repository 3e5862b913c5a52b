"""Firmware of several ages in one fleet over real sockets: the scenario that is shipped, and a careless platform."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from simulator.clock import RunClock
from simulator.device.functions import Functions
from simulator.fleet.identities import identities_of
from simulator.fleet.plan import FleetPlan
from simulator.fleet.runtime import FleetRuntime
from simulator.platform.options import PlatformOptions
from simulator.platform.process import run_platform
from simulator.platform.server import ReadyInfo
from simulator.platform.settings import PushMoment
from simulator.scenario.scenario import Scenario, load_scenario, parse_scenario
from tests.device.recording import Recording
from tests.platform.parts import ListedDirectory

SHIPPED = Path(__file__).parents[2] / "scenarios" / "mixed-firmware.yaml"
DEVICES = 5
FIRST = {f"cmd.data.update.{what}" for what in ("user", "multiCard", "meeting", "meetingMember")}


@dataclass
class Fleet:
    """A run of a few devices, all online."""

    plan: FleetPlan
    runtime: FleetRuntime
    recorder: Recording
    ledger: Path
    group: dict[str, str] = field(default_factory=dict)
    functions: dict[str, Functions] = field(default_factory=dict)

    async def until(self, condition: Any) -> None:
        async with asyncio.timeout(30):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.ledger)) as database:
            return list(database.execute(query))


@asynccontextmanager
async def fleet_of(
    scenario: Scenario, tmp_path: Path, *, wrong: tuple[str, ...] = (), **platform: Any
) -> AsyncIterator[Fleet]:
    identities = identities_of(scenario)
    ledger, stop = tmp_path / "ledger.db", asyncio.Event()
    started: asyncio.Future[ReadyInfo] = asyncio.get_running_loop().create_future()
    options = PlatformOptions(
        settings=replace(scenario.platform_settings(), wrong=wrong, **platform),
        directory=ListedDirectory([identities.at(index) for index in range(DEVICES)]),
        ledger=ledger,
    )
    running = asyncio.create_task(run_platform(options, stop=stop, ready=started.set_result))
    recorder = Recording()
    plan = FleetPlan(scenario, DEVICES, dispatch_url=(await started).dispatch)
    runtime = FleetRuntime(plan, recorder, log=lambda level, text: None, clock=RunClock())
    fleet = Fleet(plan, runtime, recorder, ledger)
    for index in range(DEVICES):
        settings = plan.spec(index).settings
        fleet.group[plan.sn(index)] = settings.group
        fleet.functions[plan.sn(index)] = settings.functions
    await runtime.open()
    try:
        for index in range(DEVICES):
            runtime.start_device(index, lambda: None)
        yield fleet
    finally:
        await runtime.close()
        stop.set()
        await running


def sooner(scenario: Scenario) -> tuple[Any, ...]:
    """The scenario's pushes, to each device within a second of its coming online."""
    pushes = scenario.platform_settings().pushes
    return tuple(
        replace(push, moment=PushMoment.ONLINE, seconds=0.3 + 0.1 * place, times=1) for place, push in enumerate(pushes)
    )


async def test_each_generation_is_sent_what_it_lists_and_nothing_else(tmp_path: Path) -> None:
    scenario = load_scenario(SHIPPED)
    async with fleet_of(scenario, tmp_path, pushes=sooner(scenario)) as fleet:
        assert set(fleet.group.values()) == {"today", "before-photos", "first"}
        pushed = {push.command for push in scenario.platform_settings().pushes} | FIRST
        wanted = {(sn, name) for sn, functions in fleet.functions.items() for name in pushed & set(functions.listed)}
        answered = "SELECT DISTINCT sn, func_id FROM commands WHERE code IS NOT NULL"
        await fleet.until(lambda: wanted <= set(fleet.rows(answered)))
        await fleet.runtime.stop_all()
    commands = fleet.rows("SELECT sn, func_id, code FROM commands")
    assert {code for _, _, code in commands} == {"00000000"}
    assert {(sn, func_id) for sn, func_id, _ in commands} == wanted
    assert len(wanted) < DEVICES * len(pushed)
    first = {sn for sn, group in fleet.group.items() if group == "first"}
    users = Counter(sn for sn, func_id, _ in commands if func_id == "cmd.data.update.user")
    assert min(users[sn] for sn in first) > 1, "a hundred users are more than its package of 16 KB"
    assert fleet.recorder.broken() == {}
    assert not fleet.recorder.failed()
    assert fleet.recorder.observed() == {}
    assert not {sn for (sn,) in fleet.rows("SELECT DISTINCT sn FROM photos")} & first


async def test_a_platform_that_does_not_look_at_the_list_is_counted(tmp_path: Path) -> None:
    scenario = load_scenario(SHIPPED)
    async with fleet_of(scenario, tmp_path, wrong=("command.not-negotiated",), pushes=()) as fleet:
        lacking = sum(bool(functions.without) for functions in fleet.functions.values())
        await fleet.until(lambda: fleet.recorder.broken()["command.not-negotiated"] == lacking)
        await fleet.runtime.stop_all()
    assert fleet.recorder.broken() == {"command.not-negotiated": lacking}


SMALL = """
channel: {suite: plain}
groups:
  - name: rooms
    count: 5
    users: 60
    verifications: [{rate: 5/s, photo_size: 20KB}]
platform:
  max_package: 8KB
  users: 50
  members: 50
  meetings: {count: 1}
  pushes: [{command: cmd.data.query.user, after: 500ms, times: 1}]
"""


async def test_a_platform_that_takes_less_gets_all_the_same(tmp_path: Path) -> None:
    async with fleet_of(parse_scenario(SMALL), tmp_path) as fleet:
        await fleet.until(lambda: fleet.recorder.records["photo_acknowledged"] > 20)
        await fleet.until(lambda: len(fleet.rows("SELECT 1 FROM users WHERE pin <= '1060'")) >= DEVICES * 60)
        await fleet.runtime.stop_all()
    recorder = fleet.recorder
    assert recorder.records["rejected"] == recorder.records["photo_rejected"] == 0
    assert recorder.records["acknowledged"] == recorder.records["generated"]
    assert recorder.broken() == {}
    # Each device tried once, or twice, before it knew.
    assert DEVICES <= recorder.observed()["package.smaller"] <= 5 * DEVICES
    assert {code for _, code in recorder.failed()} == {"E0000002"}
    assert set(recorder.reasons()) == {"stopped"}
    assert fleet.rows("SELECT MAX(LENGTH(params)) FROM contents") < [(8 * 1024,)]
