"""Who was back when: percentiles over all that were hit, not over those who came back."""

import math
from collections.abc import Callable

import pytest

from reports.faults import FaultOutcome, Known, came_of, outcomes, under_way, worst
from reports.run_info import RunInfo
from simulator.measurements import weather
from simulator.measurements.run import RunMeasurements
from simulator.measurements.weather import FaultFigures
from tests.reports.conftest import STARTED
from tests.reports.stormy import planned, strike

Info = Callable[..., RunInfo]


def outcome(
    back: tuple[float, ...] = (), hit: int = 0, left: float = 100.0, overtaken: int = 0, **told: float
) -> FaultOutcome:
    figures = FaultFigures(begun=1, hit=hit or len(back), overtaken=overtaken, ended=int(told.get("ended", 0)))
    figures.back.record_seconds(list(back))
    return FaultOutcome(planned(0), figures, left)


TEN = tuple(float(number) for number in range(1, 11))


@pytest.mark.parametrize(
    ("found", "percent", "expected"),
    [
        (outcome(TEN), 50.0, Known(5000.0)),
        (outcome(TEN), 99.0, Known(10_000.0)),
        (outcome(TEN), 100.0, Known(10_000.0)),
        # One of eleven never came back: the median knows, 99 % were never online.
        (outcome(TEN, hit=11), 50.0, Known(6000.0)),
        (outcome(TEN, hit=11), 99.0, Known(math.inf)),
        (outcome(TEN, hit=11), 100.0, Known(math.inf)),
        # Told to stop while the run went on: nobody can wait for it.
        (outcome(TEN, hit=11, ended=1), 100.0, Known(10_000.0)),
        # The run ended 20 s after the fault: all that is known of it is that.
        (outcome(TEN, hit=11, left=20.0), 100.0, Known(20_000.0, at_least=True)),
        (outcome(TEN, hit=11, left=20.0), 50.0, Known(6000.0)),
        (outcome((), hit=3, left=-5.0), 50.0, Known(0.0, at_least=True)),
        # Under way at the end: who is back may be hit again, and the others were not let go of.
        (outcome((0.0,) * 3, hit=3, left=-5.0), 50.0, Known(0.0, at_least=True)),
        (outcome(TEN, hit=10, left=-5.0), 100.0, Known(10_000.0, at_least=True)),
        (outcome(TEN, hit=12, left=-5.0), 100.0, Known(10_000.0, at_least=True)),
        (outcome(TEN, hit=12, left=-5.0), 50.0, Known(4000.0, at_least=True)),
        # Another fault took them over: their return is its business.
        (outcome(TEN, hit=12, overtaken=2), 100.0, Known(10_000.0)),
        (outcome((), hit=2, overtaken=2), 50.0, None),
        (outcome(), 50.0, None),
        # Longer than a histogram tells apart: never told shorter than the longest.
        (outcome((*TEN, 1500.0)), 100.0, Known(1_500_000.0)),
        (outcome((1200.0, 1500.0)), 50.0, Known(1_500_000.0)),
    ],
)
def test_recovery(found: FaultOutcome, percent: float, expected: Known | None) -> None:
    known = found.recovery(percent)
    if expected is None or math.isinf(expected.ms):
        assert known == expected
    else:
        assert known is not None
        assert known.ms == pytest.approx(expected.ms, rel=0.002)
        assert known.at_least is expected.at_least


@pytest.mark.parametrize(("left", "never", "undecided"), [(60.0, 2, 0), (59.0, 0, 2), (-1.0, 0, 2)])
def test_who_had_too_little_time_is_undecided(left: float, never: int, undecided: int) -> None:
    found = outcome(TEN, hit=14, overtaken=1, left=left, ended=1)
    assert (found.never_back, found.undecided) == (never, undecided)


def test_a_fault_is_over_when_it_came_and_ended_within_the_run() -> None:
    assert outcome(TEN).over
    assert not outcome(TEN, left=-1.0).over
    assert not FaultOutcome(planned(0), FaultFigures(), 100.0).over


# --- The backlog ---


def piled(*delivered: float, left: float = 100.0, left_behind: int = 0) -> FaultOutcome:
    found = outcome(TEN[:3], left=left)
    found.figures.delivered.record_seconds(list(delivered))
    found.figures.add(weather.BACKLOG, 100.0, "", "", 9)
    for _ in range(left_behind):
        found.figures.add(weather.BACKLOG_LEFT, 130.0, "", "", 1)
    return found


def test_the_backlog_is_delivered_when_all_of_it_is() -> None:
    known = piled(2.0, 8.0, left_behind=1).delivered()
    assert known is not None
    assert known.ms == pytest.approx(8000.0, rel=0.002)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (piled(1.0, 2.0), Known(math.inf)),
        (piled(left_behind=3), None),
        (piled(1.0, 2.0, left=30.0), Known(30_000.0, at_least=True)),
        (piled(1.0, 2.0, left=-3.0), Known(0.0, at_least=True)),
        (outcome(), None),
    ],
)
def test_a_backlog_that_is_not_delivered_has_no_duration(found: FaultOutcome, expected: Known | None) -> None:
    assert found.delivered() == expected


# --- Several ---


def test_worst_is_the_longest_and_a_bound_counts_where_it_is_longer() -> None:
    assert worst([]) is None
    assert worst([None, Known(5.0), Known(3.0, at_least=True)]) == Known(5.0)
    assert worst([Known(5.0), Known(8.0, at_least=True)]) == Known(8.0, at_least=True)
    assert worst([Known(5.0, at_least=True), Known(5.0)]) == Known(5.0)
    assert worst([Known(math.inf), Known(8.0)]) == Known(math.inf)


def test_every_fault_of_the_schedule_has_an_outcome(info: Info) -> None:
    measurements = RunMeasurements()
    measurements.weather.faults[7].add(weather.BEGUN, 1.0, "", "", 1.0)
    found = outcomes(measurements, info(60.0, faults=(planned(3), planned(7, 40.0, 5.0))))
    assert [(one.planned.number, one.came, one.left_s) for one in found] == [(3, False, 30.0), (7, True, 15.0)]
    assert came_of(found) == []
    assert 3 not in measurements.weather.faults


# --- While the run goes on ---


@pytest.mark.parametrize(
    ("now", "found"),
    [
        (19.0, False),
        (21.0, True),
        (31.0, True),
        # The last device was back at 33.
        (42.0, True),
        (44.0, False),
    ],
)
def test_a_fault_is_under_way_until_all_are_back_and_the_window_is_over(info: Info, now: float, found: bool) -> None:
    measurements = RunMeasurements()
    fault = planned(0)
    if now > 20:
        strike(measurements, fault, (0.5, 1.0, 2.0, 3.0))
    assert under_way(measurements, info(faults=(fault,)), STARTED + now, 10.0) is found


def test_who_does_not_come_back_keeps_it_under_way_for_a_minute(info: Info) -> None:
    measurements = RunMeasurements()
    strike(measurements, planned(0), ())
    run = info(faults=(planned(0),))
    assert [under_way(measurements, run, STARTED + now, 10.0) for now in (89.0, 91.0)] == [True, False]


def test_whom_the_fault_held_until_the_run_ended_is_undecided_however_long_the_rest_took() -> None:
    found = FaultOutcome(planned(0), FaultFigures(begun=1, hit=3, held=2), 100.0)
    assert (found.undecided, found.never_back) == (2, 1)
