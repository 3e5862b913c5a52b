"""People over real sockets: every record of a run fits the users that the platform gave to the device."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from simulator.clock import RunClock
from simulator.fleet.identities import identities_of
from simulator.fleet.plan import FleetPlan
from simulator.fleet.runtime import FleetRuntime
from simulator.platform.options import PlatformOptions
from simulator.platform.process import run_platform
from simulator.platform.server import ReadyInfo
from simulator.scenario.scenario import parse_scenario
from tests.device.recording import Recording
from tests.platform.parts import ListedDirectory

DEVICES = 4
RECORDS = 400


def user(pin: str, **changes: Any) -> dict[str, Any]:
    return {"pin": pin, "role": "1", "firstName": pin, "funSwitch": "0", "disable": "0"} | changes


def template(kind: str, valid: str = "1") -> dict[str, str]:
    return {"type": kind, "valid": valid, "majorVer": "10", "minorVer": "0", "fmt": "0", "tmp": "AAAA"}


PUSHED = [
    user("501", role="4", bioDatas=[template("1")]),
    user("502", disable="1", bioDatas=[template("1")]),
    user("503", bioDatas=[template("9")], endTime="2020-01-01T00:00:00+08:00"),
    user("504", bioDatas=[template("9"), template("1", valid="0")]),
    user("505", bioDatas=[template("1", valid="0")]),
    user("506"),
]
CARDS = [
    {"pin": "506", "card": "6601", "type": "0", "lossFlag": "1"},
    {"pin": "506", "card": "6602", "type": "1", "lossFlag": "0"},
    {"pin": "505", "card": "6603", "type": "0", "lossFlag": "1"},
    {"pin": "unknown", "card": "6604", "type": "0", "lossFlag": "0"},
]
SCENARIO = f"""
channel: {{suite: plain}}
duration: 60s
groups:
  - name: rooms
    count: {DEVICES}
    users: 0
    options: {{capturePic: "0"}}
    verifications: [{{rate: 20/s, visitor_share: 10%, styles: [15, 1, 4, 16]}}]
platform:
  users: 6
  meetings: {{count: 0}}
  pushes:
    - {{command: cmd.data.update.user, on: online, params: {{users: {json.dumps(PUSHED)}}}}}
    - {{command: cmd.data.update.multiCard, on: online, params: {{multiCards: {json.dumps(CARDS)}}}}}
"""


def all_came(ledger: Path) -> bool:
    """Whether everybody who may verify of those in `PUSHED` has."""
    with closing(sqlite3.connect(ledger)) as database:
        query = "SELECT count(DISTINCT pin) FROM records WHERE pin IN ('501', '504', '506')"
        return list(database.execute(query)) == [(3,)]


async def run(tmp_path: Path) -> Path:
    """The ledger of a run in which the devices got their users and made some hundred records."""
    scenario = parse_scenario(SCENARIO)
    identities = identities_of(scenario)
    ledger, stop = tmp_path / "ledger.db", asyncio.Event()
    started: asyncio.Future[ReadyInfo] = asyncio.get_running_loop().create_future()
    directory = ListedDirectory([identities.at(index) for index in range(DEVICES)])
    options = PlatformOptions(settings=scenario.platform_settings(), directory=directory, ledger=ledger)
    running = asyncio.create_task(run_platform(options, stop=stop, ready=started.set_result))
    recorder = Recording()
    plan = FleetPlan(scenario, DEVICES, dispatch_url=(await started).dispatch)
    runtime = FleetRuntime(plan, recorder, log=lambda level, text: None, clock=RunClock())
    await runtime.open()
    try:
        for index in range(DEVICES):
            runtime.start_device(index, lambda: None)
        async with asyncio.timeout(60):
            while recorder.records["acknowledged"] < RECORDS or not all_came(ledger):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        await runtime.stop_all()
    finally:
        await runtime.close()
        stop.set()
        await running
    assert recorder.broken() == {}
    assert not recorder.failed()
    return ledger


def pushed(database: sqlite3.Connection, func_id: str, name: str) -> Iterator[dict[str, Any]]:
    query = "SELECT DISTINCT params FROM commands JOIN contents ON content = id WHERE func_id = ? AND code = '00000000'"
    for (params,) in database.execute(query, (func_id,)):
        yield from json.loads(params)[name]


async def test_every_record_fits_the_users_that_the_device_has(tmp_path: Path) -> None:
    with closing(sqlite3.connect(await run(tmp_path))) as database:
        users = {each["pin"]: each for each in pushed(database, "cmd.data.update.user", "users")}
        cards = list(pushed(database, "cmd.data.update.multiCard", "multiCards"))
        records = list(database.execute("SELECT pin, verify_style, category FROM records"))
        pictures = database.execute("SELECT count(*) FROM photos").fetchone()
    assert set(users) > {each["pin"] for each in PUSHED}
    assert len(records) >= RECORDS
    assert pictures == (0,)
    with_card = {card["pin"] for card in cards if card["lossFlag"] == "0"}
    seen: dict[str, set[str]] = {}
    for pin, style, category in records:
        seen.setdefault(pin, set()).add(style)
        person = users.get(pin)
        assert category == ("4" if person is None or person["role"] == "4" else "0")
        if person is None:
            assert 9_000_001 <= int(pin) <= 9_009_999
            continue
        assert person["disable"] == "0"
        assert not person.get("endTime", "2099").startswith("2020")
        types = {each["type"] for each in person.get("bioDatas", []) if each.get("valid") != "0"}
        has = ({"1"} if "1" in types else set()) | ({"15"} if "9" in types else set())
        assert style in has | ({"4"} if pin in with_card else set())
    assert seen["501"] == {"1"}
    assert seen["504"] == {"15"}
    assert seen["506"] == {"4"}
    assert not seen.keys() & {"502", "503", "505", "unknown"}
