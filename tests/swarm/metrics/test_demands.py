"""Thresholds are told while a run goes on, and what that costs is bounded."""

import math
from pathlib import Path

from simulator.swarm.metrics.demands import PAUSES, Demand, Demands
from tests.swarm.manual_run import ManualRun
from tests.swarm.metrics.runs import busy_run
from tests.swarm.stepping_clock import SteppingClock


def looked(made: ManualRun, judge: Demands | None = None) -> list[Demand]:
    return (judge or Demands()).look(made.run, made.run.info(made.time.wall(), complete=False))


def test_thresholds_are_judged_on_the_run_so_far_and_those_with_after_at_its_end(tmp_path: Path) -> None:
    made = busy_run(tmp_path)
    assert looked(made) == [
        Demand("dev.heartbeat p99 < 500 ms", 500.0, 4000.0, False),
        Demand("dev.login failures == 0%", 0.0, 100.0, False),
        Demand("dev.heartbeat p99 < 400 ms after 5s", 400.0, None, None),
    ]
    summary = made.end(at=50.0)
    told = looked(made)
    assert [demand.expression for demand in told] == [result["expression"] for result in summary["thresholds"]]
    assert [demand.holds for demand in told] == [False, False, False]
    assert [demand.value for demand in told] == [result["value"] for result in summary["thresholds"]]


def test_a_value_without_an_end_is_infinite_in_the_run_and_after_it(tmp_path: Path) -> None:
    made = busy_run(tmp_path, thresholds="thresholds: [dev.login p50 < 1 s]\n")
    assert [demand.value for demand in looked(made)] == [math.inf]
    made.end(at=50.0)
    assert [(demand.value, demand.holds) for demand in looked(made)] == [(math.inf, False)]


def test_a_look_is_followed_by_a_pause_many_times_its_own_length(tmp_path: Path) -> None:
    made = busy_run(tmp_path, thresholds="thresholds: [dev.heartbeat rate > 0/s]\n")
    clock = SteppingClock()
    clock.step = 0.25
    judge = Demands(clock)
    (first,) = looked(made, judge)
    made.time.advance(10.0)
    assert looked(made, judge) == [first]
    clock.now += PAUSES * clock.step
    (second,) = looked(made, judge)
    assert second.value != first.value
    made.end(at=20.0)
    (last,) = looked(made, judge)
    assert last.value not in (first.value, second.value), "the end is told at once"


def test_another_run_is_judged_at_once(tmp_path: Path) -> None:
    judge = Demands(lambda: 5.0)
    first = busy_run(tmp_path / "first", thresholds="thresholds: [dev.login failures == 0%]\n")
    assert [demand.holds for demand in looked(first, judge)] == [False]
    second = ManualRun(tmp_path / "second").open()
    assert looked(second, judge) == []
