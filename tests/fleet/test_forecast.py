"""The faults of a run: the same however often they are drawn, and told in the scenario's words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.fleet.forecast import forecast, forecast_of, planned
from simulator.fleet.plan import FleetPlan, interleave, scale_counts
from simulator.scenario.scenario import Scenario, parse_scenario

HEAD = "seed: 7\nduration: 30min\ngroups: [{name: rooms, count: 30}, {name: halls, count: 10}]\n"
WEATHER = """\
faults:
  - {what: outage, at: 2min, for: 90s, share: 40%, how: silent}
  - {what: flapping, at: 5min, for: 2min, groups: [halls], up: 5s..20s, down: 1s..10s}
  - {what: outage, every: 10min, for: 5s..30s, share: 10%, groups: [rooms]}
  - {what: platform_restart, at: 18min, down: 5s}
"""


def scenario(faults: str = WEATHER) -> Scenario:
    return parse_scenario(HEAD + faults)


def test_the_schedule_is_the_fleets() -> None:
    plan = FleetPlan(scenario())
    faults = forecast(plan, 1_800)
    assert [(fault.number, fault.entry, fault.what, fault.at) for fault in faults] == [
        (0, 0, "outage", 120),
        (1, 1, "flapping", 300),
        (2, 2, "outage", 600),
        (3, 3, "platform_restart", 1_080),
        (4, 2, "outage", 1_200),
    ]
    assert [len(fault.devices) for fault in faults] == [16, 10, 3, 40, 3]
    assert {plan.group(index) for index in faults[1].devices} == {1}
    assert {plan.group(index) for index in faults[2].devices} == {0}


def test_a_shorter_run_has_fewer() -> None:
    assert [fault.at for fault in forecast(FleetPlan(scenario()), 301)] == [120, 300]


def test_a_run_without_faults_has_none() -> None:
    plan = FleetPlan(scenario(""))
    assert forecast(plan, 1_800) == ()
    assert planned(plan, ()) == ()


@given(st.integers(0, 2**31), st.integers(2, 200), st.floats(1, 4_000))
def test_every_process_draws_the_same(seed: int, total: int, length: float) -> None:
    text = (HEAD + WEATHER).replace("seed: 7", f"seed: {seed}")
    one, other = (forecast(FleetPlan(parse_scenario(text), total), length) for _ in range(2))
    assert one == other
    scenario = parse_scenario(text)
    counts = scale_counts([group.count for group in scenario.groups], total)
    assert forecast_of(scenario, interleave(counts), length) == one
    assert all(fault.at < length for fault in one)
    assert all(0 <= index < total for fault in one for index in fault.devices)


def test_reports_learn_what_is_planned() -> None:
    plan = FleetPlan(scenario())
    faults = forecast(plan, 1_800)
    told = planned(plan, faults)
    assert [(each.number, each.what, each.at, each.lasts, each.devices) for each in told] == [
        (fault.number, fault.what, fault.at, fault.lasts, len(fault.devices)) for fault in faults
    ]
    assert [each.text for each in told] == [
        "outage (silent), 40% of all",
        "flapping (up 5s..20s, down 1s..10s, reset), halls",
        "outage (reset), 10% of rooms",
        "platform_restart, all",
        "outage (reset), 10% of rooms",
    ]


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ("what: outage, for: 1s, groups: [rooms, halls]", "outage (reset), rooms, halls"),
        ("what: outage, for: 1s, groups: [halls, rooms], share: 5%", "outage (reset), 5% of rooms, halls"),
        ("what: outage, for: 1s, share: 0.5%", "outage (reset), 0.5% of all"),
        ("what: slow_link, for: 1s, latency: 200ms", "slow_link (latency 200ms), all"),
        (
            "what: slow_link, for: 1s, latency: 200ms..800ms, bandwidth: 64KB/s, stall: 2%",
            "slow_link (latency 200ms..800ms, bandwidth 64KB/s, stall 2%), all",
        ),
        ("what: power_cut, back_after: 10s..60s", "power_cut (back after 10s..1min), all"),
        ("what: power_cut, back_after: 1s, store: unsent lost", "power_cut (back after 1s, unsent lost), all"),
        ("what: clock_jump, by: -10min", "clock_jump (-10min), all"),
        ("what: clock_jump, by: 10min", "clock_jump (10min), all"),
        ("what: reboot_wave, over: 5min", "reboot_wave, all"),
        (
            "what: misbehave, for: 1min, rate: 6/min, ways: [bad_sign, oversize]",
            "misbehave (bad_sign, oversize, 6/min), all",
        ),
        (
            "what: misbehave, for: 1min, rate: 6/min, expect: any, ways: [bad_sign, oversize, repeat_mid, offset_gap]",
            "misbehave (4 ways, 6/min, any answer), all",
        ),
    ],
)
def test_each_kind_is_told_in_the_scenarios_words(fault: str, text: str) -> None:
    plan = FleetPlan(scenario(f"faults: [{{at: 1s, {fault}}}]\n"))
    [told] = planned(plan, forecast(plan, 1_800))
    assert told.text == text


def test_reports_learn_until_when_a_power_cut_lasts_and_what_is_to_be_refused() -> None:
    plan = FleetPlan(
        scenario(
            """\
faults:
  - {what: power_cut, at: 1s, back_after: 10s..60s}
  - {what: misbehave, at: 2s, for: 1min, ways: [bad_sign, oversize], rate: 6/min}
  - {what: misbehave, at: 3s, for: 1min, ways: [bad_sign], rate: 6/min, expect: any}
"""
        )
    )
    told = planned(plan, forecast(plan, 1_800))
    assert [(each.lasts, each.refused) for each in told] == [(60.0, ()), (60.0, ("bad_sign", "oversize")), (60.0, ())]
