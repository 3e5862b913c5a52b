"""How many devices run at a moment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.scenario.ramp import RampPlan, RampStep, RampTarget
from simulator.scenario.scenario import parse_scenario


def plan(ramp: str, count: int = 100) -> RampPlan:
    return parse_scenario(f"groups: [{{name: a, count: {count}}}]\n{ramp}").ramp_plan()


def test_all_devices_at_a_rate() -> None:
    ramp = plan("duration: 60s\nramp: {rate: 10/s}\n")
    assert ramp.duration == 60
    assert ramp.target_at(0) == RampTarget(100, pytest.approx(10))
    assert ramp.target_at(59.9) == ramp.target_at(0)
    assert ramp.target_at(60) is None


def test_without_a_ramp_twenty_a_second_or_all_within_a_third_of_the_run() -> None:
    assert plan("duration: 60s\n").target_at(0) == RampTarget(100, pytest.approx(20))
    assert plan("duration: 60s\n", count=2000).target_at(0) == RampTarget(2000, pytest.approx(100))


def test_steps_up_hold_and_down() -> None:
    ramp = plan("ramp: {steps: [{devices: 20, over: 10s, hold: 30s}, {devices: 100, over: 20s}], down: 5s}\n")
    assert ramp.duration == 65
    assert ramp.peak == 100
    assert [ramp.target_at(t) for t in (0, 39, 40, 59, 60, 64, 65)] == [
        RampTarget(20, 2),
        RampTarget(20, 2),
        RampTarget(100, 4),
        RampTarget(100, 4),
        RampTarget(0, 20),
        RampTarget(0, 20),
        None,
    ]


def test_the_last_step_is_held_until_the_duration_is_over() -> None:
    ramp = plan("duration: 2min\nramp: {steps: [{devices: 100, over: 10s}], down: 10s}\n")
    assert ramp.duration == 120
    assert ramp.target_at(109) == RampTarget(100, 10)
    assert ramp.target_at(110) == RampTarget(0, 10)


def test_down_at_the_end_of_a_rate() -> None:
    ramp = plan("duration: 60s\nramp: {rate: 10/s, down: 20s}\n")
    assert ramp.target_at(41) == RampTarget(0, 5)
    assert ramp.duration == 60


def test_an_immediate_step_takes_the_spawners_one_second() -> None:
    assert plan("ramp: {steps: [{devices: 100, hold: 10s}]}\n").target_at(0) == RampTarget(100, 100)


def test_a_step_without_a_change_has_a_rate_all_the_same() -> None:
    ramp = plan("ramp: {steps: [{devices: 100, over: 10s}, {devices: 100, hold: 10s}]}\n")
    assert ramp.target_at(15) == RampTarget(100, 1)


def test_scaling_keeps_the_times() -> None:
    scenario = parse_scenario(
        "groups: [{name: a, count: 100}]\n"
        "ramp: {steps: [{devices: 20, over: 10s, hold: 5s}, {devices: 100, over: 5s}]}\n"
    )
    ramp = scenario.ramp_plan(1000)
    assert ramp.total == 1000
    assert ramp.duration == 20
    assert ramp.target_at(0) == RampTarget(200, 20)
    assert ramp.target_at(15) == RampTarget(1000, 160)


@given(
    st.integers(1, 10_000),
    st.lists(st.tuples(st.integers(0, 100), st.integers(0, 50), st.integers(1, 50)), min_size=1, max_size=5),
    st.floats(0, 600),
)
def test_every_moment_before_the_end_has_a_target_within_the_fleet(
    total: int, steps: list[tuple[int, int, int]], moment: float
) -> None:
    ramp = RampPlan.stepped(100, [RampStep(devices=d, over=o, hold=h) for d, o, h in steps], 5.0).scaled(total)
    target = ramp.target_at(moment)
    assert (target is None) == (moment >= ramp.duration)
    if target is not None:
        assert 0 <= target.devices <= total
        assert target.rate > 0
