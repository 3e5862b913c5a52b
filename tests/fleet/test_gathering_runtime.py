"""Which fleets gather by themselves, and which for as long as they are told."""

import pytest

from simulator.gathering import Gathering, GatheringWhenBusy
from simulator.scenario.scenario import parse_scenario
from tests.fleet.test_runtime import SCENARIO, Fleet, scenario_of


@pytest.mark.parametrize(("mqtt", "allowed"), [(False, True), (True, False)], ids=["ws", "mqtt"])
async def test_a_fleet_gathers_by_itself_only_where_the_kernel_tells_all_times(mqtt: bool, allowed: bool) -> None:
    text = SCENARIO.format(count=1, suite="plain", more="")
    if mqtt:
        text = text.replace("defaults:\n", "defaults:\n  broker_type: best-m\n")
    runtime = Fleet(parse_scenario(text, "test.yaml"), "http://127.0.0.1:1").runtime
    await runtime.open()
    gathering, network = runtime._gathering, runtime._network
    assert isinstance(gathering, GatheringWhenBusy)
    assert network is not None
    assert network._times is not None
    assert network._begins == gathering.disturb
    assert not gathering._allowed()
    network._times.told = True
    assert gathering._allowed() is allowed
    await runtime.close()


async def test_a_fleet_that_is_told_how_long_gathers_for_that() -> None:
    runtime = Fleet(scenario_of(more="workers: {gather: 7ms}"), "http://127.0.0.1:1").runtime
    await runtime.open()
    assert isinstance(runtime._gathering, Gathering)
    assert runtime._gathering.interval_s == 0.007
    await runtime.close()
