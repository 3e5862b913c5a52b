"""Thresholds while a run goes on: how they would come out, and that looking at them stays cheap."""

from pathlib import Path

import pytest

from simulator.measurements.events import Event, QueueRecorder
from simulator.swarm.web.demands import LEAST_PAUSE_S, MOST_S, LiveDemands
from simulator.texts.language import CHINESE, speaking
from tests.swarm.manual_run import PLANNED_S, ManualRun
from tests.swarm.stepping_clock import SteppingClock

THRESHOLDS = "thresholds: [dev.heartbeat p99 < 500 ms, failures == 0, dev.login p50 < 2 s]\n"


@pytest.fixture
def manual(tmp_path: Path) -> ManualRun:
    return ManualRun(tmp_path / "report", scenario=THRESHOLDS).open()


def fail(manual: ManualRun) -> None:
    events: list[Event] = []
    QueueRecorder(events.append).request("dev.heartbeat", manual.time.wall(), 0.1, "timeout", 1, 1, 0.0)
    manual.run.measurements.apply(events)


def test_each_threshold_has_its_value_and_limit(manual: ManualRun) -> None:
    rows = LiveDemands(SteppingClock()).look(manual.run, manual.time.wall())
    told = [(row["value"], row["limit"], row["passed"], row["judged"]) for row in rows]
    assert told[1] == ("0", "== 0", True, True)
    assert told[2][1:] == ("< 2.0 s", False, False)
    assert rows[0]["value"].endswith(" ms")
    assert "never occurred" in rows[2]["remark"]


def test_they_are_judged_once_a_second_at_most_and_seldom_where_it_takes_long(manual: ManualRun) -> None:
    clock = SteppingClock()
    demands = LiveDemands(clock)
    clock.step = 0.5
    assert demands.look(manual.run, manual.time.wall())[1]["passed"]
    clock.step = 0.0
    fail(manual)
    for later, passed in ((LEAST_PAUSE_S, True), (20.0, True), (6.0, False)):
        clock.now += later
        assert demands.look(manual.run, manual.time.wall())[1]["passed"] is passed


def test_what_reads_the_log_for_too_long_stays_as_it_is_until_the_end(tmp_path: Path) -> None:
    late = "thresholds: ['failures == 0 after 1s', failures == 0]\n"
    manual = ManualRun(tmp_path / "report", scenario=late).open()
    manual.time.advance(5.0)
    clock = SteppingClock()
    clock.step = 1.5 * MOST_S
    demands = LiveDemands(clock)
    assert [row["passed"] for row in demands.look(manual.run, manual.time.wall())] == [True, True]
    fail(manual)
    clock.now += 1e6
    first, second = demands.look(manual.run, manual.time.wall())
    assert (first["passed"], second["passed"]) == (True, False)
    assert first["remark"].startswith("as it was after 5.0 s")
    with speaking(CHINESE):
        assert len(demands.look(manual.run, manual.time.wall())) == 2


def test_another_language_is_not_answered_from_the_first_one_s_rows(manual: ManualRun) -> None:
    demands = LiveDemands(SteppingClock())
    before = demands.look(manual.run, manual.time.wall())
    assert demands.look(manual.run, manual.time.wall())[0] is before[0]
    with speaking(CHINESE):
        assert demands.look(manual.run, manual.time.wall())[0] is not before[0]


def test_of_a_run_that_is_over_they_are_those_of_its_report(manual: ManualRun) -> None:
    demands = LiveDemands(SteppingClock())
    demands.look(manual.run, manual.time.wall())
    fail(manual)
    summary = manual.end(PLANNED_S)
    told = [row["passed"] for row in demands.look(manual.run, manual.time.wall())]
    assert told == [result["passed"] for result in summary["thresholds"]] == [False, False, False]
    with speaking(CHINESE):
        assert "从未发生" in demands.look(manual.run, manual.time.wall())[2]["remark"]
