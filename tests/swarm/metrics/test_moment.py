"""A run at the moment of a scrape: who of its processes is alive, and its faults by kind."""

import math
from pathlib import Path

from simulator.measurements.health import HealthSample
from simulator.swarm.metrics.demands import Demands
from simulator.swarm.metrics.moment import FRESH_S, Moment
from tests.swarm.manual_run import STARTED
from tests.swarm.metrics.runs import busy_run


def test_a_process_that_fell_silent_counts_no_more(tmp_path: Path) -> None:
    made = busy_run(tmp_path)
    health = made.run.measurements.health
    health.add(
        "other", HealthSample(at=STARTED + 9, cpu_percent=50.0, rss_mb=1.0, waiting_samples=0, waiting_connects=0)
    )
    assert [latest.cpu_percent for latest, _ in Moment(made.run, Demands()).health] == [12.5, 50.0]
    made.time.advance(FRESH_S - 5)
    assert [latest.cpu_percent for latest, _ in Moment(made.run, Demands()).health] == [50.0]


def test_what_is_told_after_the_end_is_of_the_end(tmp_path: Path) -> None:
    made = busy_run(tmp_path)
    made.end(at=50.0)
    ended = Moment(made.run, Demands()).now
    made.time.advance(100.0)
    assert Moment(made.run, Demands()).now == ended == STARTED + 60.0
    assert [outcome.figures.hit for outcome in Moment(made.run, Demands()).faults["outage"]] == [1]
    assert math.isclose(Moment(made.run, Demands()).info.duration_s, 60.0)
