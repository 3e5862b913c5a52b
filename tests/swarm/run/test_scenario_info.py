"""What a scenario and an order tell of a run."""

from dataclasses import replace

from simulator.scenario.scenario import parse_scenario
from simulator.swarm.run.order import RunOrder
from simulator.swarm.run.scenario_info import scenario_info

TEXT = "name: two\ntarget: embedded\ngroups: [{name: rooms, count: 6}, {name: 'doors: left', count: 3}]\n"


def order(total: int) -> RunOrder:
    return RunOrder(
        run_id="1",
        scenario_file="two.yaml",
        scenario_text=TEXT,
        total=total,
        dispatch_urls=("http://a.test", "http://b.test"),
        share=total,
        drain_s=1.0,
    )


def test_groups_are_those_of_the_fleet_that_was_ordered() -> None:
    scenario = parse_scenario(TEXT)
    info = scenario_info(scenario, order(30), 10.0, 20.0)
    assert (info.scenario, info.started, info.ended, info.devices) == ("two", 10.0, 20.0, 30)
    assert info.groups == {"rooms": 20, "doors: left": 10}
    assert info.target == "http://a.test, http://b.test"
    assert scenario_info(scenario, replace(order(30), embedded=True), 10.0, 20.0).target == "embedded"


def test_without_an_order_the_fleet_is_the_scenarios() -> None:
    info = scenario_info(parse_scenario(TEXT), None, 10.0, 20.0)
    assert (info.devices, info.groups, info.target) == (9, {"rooms": 6, "doors: left": 3}, "embedded")
    assert info.transports == ("best-w",)
