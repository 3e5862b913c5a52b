"""The network goes by hand in a run that has no faults: whom it hits, what it costs, and who notices nothing."""

import time
from typing import Any

import pytest

from simulator.fleet.desk import ask_act, ask_outage
from simulator.fleet.network import FleetNetwork
from simulator.measurements.weather import BACK, BEGUN, CUT, ENDED, HIT
from simulator.scenario.scenario import parse_scenario
from simulator.weather.kinds import How
from tests.fleet.test_runtime import SCENARIO, Fleet, fleet_of, scenario_of, within


def ask(fleet: Fleet, question: dict[str, Any]) -> dict[str, Any]:
    parts = fleet.runtime.answer(question)
    while True:
        try:
            next(parts)
        except StopIteration as over:
            answer: dict[str, Any] = over.value
            return answer


def events(fleet: Fleet, event: str, number: int = 0) -> int:
    return sum(told[:2] == (number, event) for told in fleet.recorder.faults)


def failed(fleet: Fleet) -> list[tuple[str, str]]:
    return [(name, code) for name, _, _, code, *_ in fleet.recorder.requests if code != "00000000"]


def network_of(fleet: Fleet, index: int) -> object:
    device = fleet.runtime.device(index)
    assert device is not None
    return device._env.network


@pytest.mark.parametrize("suite", ["plain", "rsa-aes"])
async def test_one_device_goes_offline_and_comes_back_and_no_other_notices(suite: str) -> None:
    async with fleet_of(scenario_of(3, suite)) as fleet:
        fleet.start(0, 1, 2)
        await fleet.online(3)
        sn = fleet.plan.sn(1)
        assert ask(fleet, ask_act(sn, "offline", 0.6, 0)) == {"done": True, "problem": ""}
        await fleet.until(lambda: fleet.runtime.states() == {"online": 2, "waiting": 1})
        assert isinstance(network_of(fleet, 0), FleetNetwork)
        assert not isinstance(network_of(fleet, 1), FleetNetwork)
        await fleet.online(3)
        assert (events(fleet, BEGUN), events(fleet, HIT), events(fleet, BACK)) == (1, 1, 1)
        # What it cut off is its doing, and stands in none of the platform's figures.
        assert (failed(fleet), fleet.recorder.reasons()) == ([], [])
        await within(fleet.runtime.stop_all())
        fleet.check(3)


@pytest.mark.parametrize("transport", ["best-w", "best-m"])
@pytest.mark.parametrize("how", [How.SILENT, How.RESET])
async def test_a_group_is_without_network_also_over_connections_that_are_open(how: How, transport: str) -> None:
    text = SCENARIO.format(count=2, suite="plain", more="")
    scenario = parse_scenario(text.replace("defaults:\n", f"defaults:\n  broker_type: {transport}\n"), "test.yaml")
    async with fleet_of(scenario) as fleet:
        fleet.start(0, 1)
        await fleet.online(2)
        assert ask(fleet, ask_outage(how, 1.0, 7, "rooms"))["done"]
        await fleet.until(lambda: events(fleet, HIT, 7) == 2)
        noticed = time.time()
        await fleet.until(lambda: events(fleet, BACK, 7) == 2)
        answered = [started + latency for _, started, latency, *_ in fleet.recorder.requests]
        assert [at for at in answered if at < noticed], "those of before"
        assert not [at for at in answered if noticed < at < noticed + 0.5], "nothing is answered meanwhile"
        await fleet.online(2)
        assert failed(fleet) == []
        assert (events(fleet, CUT, 7) > 0) == (how is How.RESET)
        await within(fleet.runtime.stop_all())
        fleet.check(2)


async def test_who_is_switched_on_or_comes_online_meanwhile_is_hit_as_well() -> None:
    async with fleet_of(scenario_of(3)) as fleet:
        fleet.start(0, 1)
        ask(fleet, ask_outage(How.REFUSED, 1.0, 0, None))
        fleet.start(2)
        await fleet.until(lambda: events(fleet, HIT) == 3)
        await fleet.until(lambda: fleet.runtime.states().get("waiting", 0) > 0)
        assert "online" not in fleet.recorder.way(2)
        await fleet.online(3)
        assert (failed(fleet), fleet.recorder.reasons()) == ([], [])
        await within(fleet.runtime.stop_all())
        fleet.check(3)


async def test_who_was_told_to_stop_just_before_is_hit_and_not_waited_for() -> None:
    async with fleet_of(scenario_of(2)) as fleet:
        fleet.start(0, 1)
        await fleet.online(2)
        fleet.runtime.stop_device(1)
        ask(fleet, ask_outage(How.REFUSED, 0.3, 0, None))
        await fleet.until(lambda: fleet.finished[1] == 1 and events(fleet, BACK) == 1)
        assert (events(fleet, HIT), events(fleet, BACK), events(fleet, ENDED)) == (2, 1, 1)
        await within(fleet.runtime.stop_all())
        fleet.check(2)
