"""A run at the moment of a scrape: who of its processes is alive, its faults by kind, and its thresholds."""

import math
from pathlib import Path

from simulator.measurements.health import HealthSample
from simulator.swarm.metrics.moment import FRESH_S, Demand, Moment
from tests.swarm.manual_run import STARTED
from tests.swarm.metrics.runs import busy_run


def test_thresholds_are_judged_on_the_run_so_far_and_those_with_after_at_its_end(tmp_path: Path) -> None:
    made = busy_run(tmp_path)
    assert Moment(made.run).demands == [
        Demand("dev.heartbeat p99 < 500 ms", 500.0, 4000.0, False),
        Demand("dev.login failures == 0%", 0.0, 100.0, False),
        Demand("dev.heartbeat p99 < 400 ms after 5s", 400.0, None, None),
    ]
    summary = made.end(at=50.0)
    told = Moment(made.run).demands
    assert [demand.expression for demand in told] == [result["expression"] for result in summary["thresholds"]]
    assert [demand.holds for demand in told] == [False, False, False]
    assert [demand.value for demand in told] == [result["value"] for result in summary["thresholds"]]


def test_a_value_without_an_end_is_infinite_in_the_run_and_after_it(tmp_path: Path) -> None:
    made = busy_run(tmp_path, thresholds="thresholds: [dev.login p50 < 1 s]\n")
    assert [demand.value for demand in Moment(made.run).demands] == [math.inf]
    made.end(at=50.0)
    assert [(demand.value, demand.holds) for demand in Moment(made.run).demands] == [(math.inf, False)]


def test_a_process_that_fell_silent_counts_no_more(tmp_path: Path) -> None:
    made = busy_run(tmp_path)
    health = made.run.measurements.health
    health.add(
        "other", HealthSample(at=STARTED + 9, cpu_percent=50.0, rss_mb=1.0, waiting_samples=0, waiting_connects=0)
    )
    assert [latest.cpu_percent for latest, _ in Moment(made.run).health] == [12.5, 50.0]
    made.time.advance(FRESH_S - 5)
    assert [latest.cpu_percent for latest, _ in Moment(made.run).health] == [50.0]


def test_what_is_told_after_the_end_is_of_the_end(tmp_path: Path) -> None:
    made = busy_run(tmp_path)
    made.end(at=50.0)
    ended = Moment(made.run).now
    made.time.advance(100.0)
    assert Moment(made.run).now == ended == STARTED + 60.0
    assert [outcome.figures.hit for outcome in Moment(made.run).faults["outage"]] == [1]
    assert math.isclose(Moment(made.run).info.duration_s, 60.0)
