"""The faults of a run: how long they go on, and what reports are told of them."""

import logging

import pytest

from simulator.fleet.identities import parse_identities
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import Scenario, parse_scenario
from simulator.swarm.run.weather import UNPLANNED_S, RunWeather
from simulator.weather.kinds import How, Outage

SCENARIO = """\
name: rough
seed: 3
duration: 10min
groups: [{name: rooms, count: 8}, {name: halls, count: 4}]
faults:
  - {what: outage, every: 2min, for: 5s, share: 50%, groups: [rooms]}
  - {what: platform_restart, at: 5min, down: 4s}
"""


def rough(text: str = SCENARIO) -> Scenario:
    return parse_scenario(text, "rough.yaml")


def shown(weather: RunWeather) -> list[tuple[str, float, int]]:
    return [(fault.what, fault.at, fault.devices) for fault in weather.planned]


def test_the_schedule_is_that_of_the_runs_own_length_and_size() -> None:
    as_the_scenario = RunWeather(rough(), 12, planned_s=600.0)
    assert shown(as_the_scenario) == [
        ("outage", 120.0, 4),
        ("outage", 240.0, 4),
        ("platform_restart", 300.0, 12),
        ("outage", 360.0, 4),
        ("outage", 480.0, 4),
    ]
    # `-t 250s -u 6`
    smaller = RunWeather(rough(), 6, planned_s=250.0)
    assert (smaller.length, shown(smaller)) == (250.0, [("outage", 120.0, 2), ("outage", 240.0, 2)])


def test_until_it_is_stopped_what_recurs_goes_on_for_a_day() -> None:
    weather = RunWeather(rough(), 12)
    assert weather.length == UNPLANNED_S
    assert len(weather.planned) == UNPLANNED_S // 120
    assert shown(weather)[2] == ("platform_restart", 300.0, 12)


def test_no_more_faults_than_fit_and_that_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        weather = RunWeather(rough(SCENARIO.replace("2min, for: 5s", "2s, for: 1s")), 12, planned_s=86_400.0)
    assert len(weather.planned) == 1000
    # 999 outages, the last at 1998 s, and the restart.
    assert weather.length == 2000.0
    assert "faults begin in the first 33min20s of this run only: those are 1000" in caplog.text


def test_a_run_without_faults_needs_nothing_for_them() -> None:
    weather = RunWeather(rough(SCENARIO.partition("faults:")[0]), 12, planned_s=60.0)
    assert (weather.planned, weather.length, weather.away) == ((), 60.0, ())
    weather.clear_up()
    weather.stop()


def test_a_fleet_of_the_command_lines_devices_has_its_own() -> None:
    devices = parse_identities("sn,secretKey,productId,devKey\nA,k,p,d\nB,k,p,d\n", "devices.csv")
    assert [fault.devices for fault in RunWeather(rough(), 2, devices, planned_s=310.0).planned] == [1, 1, 2]
    with pytest.raises(ScenarioError):
        RunWeather(rough(), 3, devices, planned_s=310.0)


def test_a_fault_by_hand_stands_among_the_others_in_order_of_time_with_a_number_of_its_own() -> None:
    weather = RunWeather(rough(), 12, planned_s=600.0)
    number = weather.improvise(Outage(how=How.SILENT), at=250.0, lasts=30.0, devices=1, whom="BEST000007")
    assert number == 5
    assert shown(weather)[2] == ("outage", 250.0, 1)
    assert weather.planned[2].text == "outage (silent), BEST000007, by hand"
    weather.withdraw(number)
    assert number not in [fault.number for fault in weather.planned]
    assert len(weather.planned) == 5


def test_in_a_run_without_faults_the_first_by_hand_is_the_first_of_all() -> None:
    weather = RunWeather(parse_scenario("groups: [{name: rooms, count: 2}]\n", "calm.yaml"), 2, planned_s=60.0)
    assert weather.improvise(Outage(), at=1.0, lasts=2.0, devices=2, whom="all") == 0
    assert weather.told() == {"faults": weather.planned, "actions": (), "actions_refused": 0}
