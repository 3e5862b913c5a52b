"""Questions about the devices of one process: rows and single devices, alive, not started yet, and over."""

from typing import Any

import orjson
import pytest

from simulator.fleet.desk import Desk, ask_act, ask_device, ask_messages, ask_outage, ask_rows
from simulator.fleet.device_notes import DeviceNotes, NotingRecorder
from simulator.fleet.device_rows import Query
from simulator.fleet.plan import FleetPlan
from simulator.fleet.watching import Watching
from simulator.scenario.scenario import parse_scenario
from simulator.weather.kinds import How, Outage
from simulator.weather.schedule import Fault
from tests.device.harness import World

SCENARIO = """
identities: {sn: "SN{index:04d}", first: 0}
groups:
  - {name: halls, count: 2}
  - {name: rooms, count: 2}
"""


class Office:
    """A desk over the devices of a world."""

    def __init__(self) -> None:
        self.world = world = World()
        self.notes = DeviceNotes(world.clock.wall())
        world.env.recorder = NotingRecorder(world.recorder, self.notes)
        plan = FleetPlan(parse_scenario(SCENARIO, "test.yaml"), dispatch_url="http://127.0.0.1:9")
        watching = Watching(world.env.traces, world.timers, self.device)
        self.faults: list[Fault] = []
        known = plan, self.notes, self.device, watching
        self.desk = Desk(*known, clock=world.clock, improvise=self.faults.append)
        self.over: set[int] = set()

    def device(self, index: int) -> Any:
        return None if index in self.over else dict(enumerate(self.world.devices)).get(index)

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        parts = self.desk.answer(orjson.loads(orjson.dumps(question)))
        while True:
            try:
                next(parts)
            except StopIteration as over:
                answer: dict[str, Any] = orjson.loads(orjson.dumps(over.value))
                return answer

    def rows(self, **query: Any) -> list[dict[str, Any]]:
        answer = self.ask(ask_rows(Query(**query), [[0, 4]]))
        assert answer["matching"] == len(answer["rows"])
        found: list[dict[str, Any]] = answer["rows"]
        return found


@pytest.fixture
def office() -> Office:
    return Office()


async def test_rows_show_who_lives_who_is_over_and_who_was_never_started(office: Office) -> None:
    world = office.world
    await world.online(keys={"heartbeat": "10s"})
    device = await world.online()
    await world.advance(25.0)
    device.stop()
    await world.advance(6.0)
    office.over.add(1)
    rows = office.rows()
    assert [(row["sn"], row["group"], row["state"]) for row in rows] == [
        ("SN0000", "halls", "online"),
        ("SN0001", "rooms", "stopped"),
        ("SN0002", "halls", "offline"),
        ("SN0003", "rooms", "offline"),
    ]
    assert rows[0]["since"] < rows[1]["since"] <= world.clock.wall()
    assert rows[2]["since"] is None
    assert world.clock.wall() - 10.1 <= rows[0]["heartbeat"] <= world.clock.wall()
    assert rows[1]["heartbeat"] is None
    assert [row["index"] for row in office.rows(state="offline", group="rooms")] == [3]
    assert [row["index"] for row in office.rows(search="sn0002")] == [2]


async def test_the_last_heartbeat_is_known_also_when_the_connection_is_gone(office: Office) -> None:
    world = office.world
    await world.online(keys={"heartbeat": "2s", "reconnect": {"first": "60s", "max": "60s"}})
    assert office.rows()[0]["heartbeat"] is None
    await world.advance(5.0)
    sent = office.rows()[0]["heartbeat"]
    world.connections[-1].abort()
    await world.advance(20.0)
    row = office.rows()[0]
    assert (row["state"], row["heartbeat"]) == ("waiting", sent)


async def test_one_device_is_told_in_numbers(office: Office) -> None:
    world = office.world
    await world.online(keys={"users": 5})
    world.connections[-1].abort()
    await world.advance(20.0)
    found = office.ask(ask_device("SN0000"))
    assert (found["sn"], found["index"], found["group"], found["state"]) == ("SN0000", 0, "halls", "online")
    assert [state for _, state in found["history"]].count("online") == 2
    assert found["history"][-1] == [found["since"], "online"]
    assert found["memory"]["users"] == 5
    assert found["outbox"] == {"waiting": 0, "in_flight": 0, "photos": 0, "uploads": 0, "stored": 0, "rejected": 0}
    assert found["figures"]["reconnects"] == 1
    assert found["figures"]["violations"] == 1
    numbers = [*found["memory"].values(), *found["outbox"].values(), *found["figures"].values()]
    assert all(value is None or isinstance(value, int | float) for value in numbers)


async def test_a_device_that_is_over_keeps_its_history_and_one_that_never_was_has_none(office: Office) -> None:
    world = office.world
    device = await world.online()
    device.abort()
    await world.advance(1.0)
    office.over.add(0)
    found = office.ask(ask_device("SN0000"))
    assert (found["state"], found["history"][-1][1], found["memory"]) == ("stopped", "stopped", {})
    never = office.ask(ask_device("SN0003"))
    assert (never["state"], never["since"], never["history"]) == ("offline", None, [])


@pytest.mark.parametrize("sn", ["SN0004", "SN9999", "sn0001", "", "SN"])
def test_whom_the_fleet_does_not_have_is_no_device(office: Office, sn: str) -> None:
    assert office.ask(ask_device(sn)) == office.ask(ask_messages(sn, 0)) == {}


async def test_messages_are_asked_for_by_serial_number(office: Office) -> None:
    await office.world.online(keys={"heartbeat": "1s"})
    assert office.ask(ask_messages("SN0000", 0))["watching"]
    await office.world.advance(3.0)
    assert office.ask(ask_messages("SN0000", 0))["messages"]


def test_what_is_no_question_is_an_error(office: Office) -> None:
    with pytest.raises(ValueError, match="unknown question"):
        office.ask({"what": "secrets", "sn": "SN0000"})


async def test_a_device_does_what_it_is_asked_and_says_why_it_does_not(office: Office) -> None:
    world = office.world
    device = await world.online(keys={"users": 3})
    assert office.ask(ask_act("SN0000", "verify")) == {"done": True, "problem": ""}
    await world.settle()
    assert world.recorder.records["generated"] == 1
    assert office.ask(ask_act("SN0003", "verify")) == {"done": False, "problem": "not_on"}
    assert office.ask(ask_act("SN9999", "verify")) == {}
    device.stop()
    assert office.ask(ask_act("SN0000", "offline", 5.0, 2))["problem"] in ("not_on", "stopping")
    await world.advance(10.0)
    assert office.ask(ask_act("SN0000", "reboot")) == {"done": False, "problem": "not_on"}


async def test_offline_is_an_outage_of_one_device_and_an_outage_one_of_a_group_or_of_all(office: Office) -> None:
    await office.world.online()
    assert office.ask(ask_act("SN0000", "offline", 5.0, 4))["done"]
    assert office.ask(ask_outage(How.SILENT, 9.0, 5, "rooms"))["done"]
    assert office.ask(ask_outage(How.CLOSE, 9.0, 6, None))["done"]
    one, group, fleet = office.faults
    assert (one.number, list(one.devices), one.lasts, one.kind) == (4, [0], 5.0, Outage(how=How.RESET))
    assert (group.number, list(group.devices), group.kind) == (5, [1, 3], Outage(how=How.SILENT))
    assert list(fleet.devices) == [0, 1, 2, 3]
