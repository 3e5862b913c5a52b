from collections.abc import Callable

import pytest

from reports.charts import chart_data
from reports.fault_windows import MOST_AFTER_S, FaultWindows, look
from reports.faults import came_of, outcomes
from reports.run_info import RunInfo
from simulator.measurements import weather
from simulator.measurements.events import Event, QueueRecorder
from simulator.measurements.run import RunMeasurements
from simulator.measurements.weather import PlannedFault
from tests.reports.conftest import STARTED
from tests.reports.stormy import planned, strike

Info = Callable[..., RunInfo]
SECONDS = 2000


@pytest.fixture
def slower() -> RunMeasurements:
    """A request a second that takes as many ms as seconds have gone by, and from second 100 to 109 two connects."""
    events: list[Event] = []
    recorder = QueueRecorder(events.append)
    for second in range(SECONDS):
        took = second / 1000.0
        recorder.request("dev.heartbeat", STARTED + second + 0.5 - took, took, "00000000", 1, 1, 0.0)
        recorder.flow("init", STARTED + second, 0.0001, "00000000")
        for _ in range(2 if 100 <= second < 110 else 0):
            recorder.request("connect", STARTED + second, 0.0, "00000000", 1, 1, 0.0)
    measurements = RunMeasurements()
    measurements.apply(events)
    measurements.seal(STARTED + SECONDS - 100)
    return measurements


def windows(
    slower: RunMeasurements, info: Info, *faults: PlannedFault, back: float | None = 10.0, seconds: float = SECONDS
) -> FaultWindows:
    slower.weather.clear()
    for fault in faults:
        strike(slower, fault, () if back is None else (back,), hit=1)
    found = came_of(outcomes(slower, info(seconds, faults=faults)))
    return look(slower, STARTED, found)


def spans(found: FaultWindows, number: int = 0) -> list[int]:
    """First and last second before the fault and during it, since the run's begin."""
    before, during = found.before[number], found.during[number]
    return [second - int(STARTED) for second in (before.first, before.last, during.first, during.last)]


def test_a_fault_is_compared_with_as_many_seconds_before_it(slower: RunMeasurements, info: Info) -> None:
    found = windows(slower, info, planned(0, 300.0, 20.0))
    assert spans(found) == [269, 299, 300, 330]
    assert found.before[0].p99_ms() == pytest.approx(299, rel=0.002)
    assert found.during[0].p99_ms() == pytest.approx(330, rel=0.002)


def test_but_a_minute_at_most(slower: RunMeasurements, info: Info) -> None:
    assert spans(windows(slower, info, planned(0, 300.0, 200.0)))[:2] == [240, 299]


def test_and_not_with_another_fault(slower: RunMeasurements, info: Info) -> None:
    faults = planned(0, 300.0, 20.0), planned(1, 315.0, 20.0), planned(2, 350.0, 20.0)
    found = windows(slower, info, *faults)
    assert spans(found, 1)[:2] == [269, 299]
    assert spans(found, 2)[:2] == [346, 349]


def test_a_fault_at_the_very_begin_has_nothing_before_it(slower: RunMeasurements, info: Info) -> None:
    found = windows(slower, info, planned(0, 0.0, 20.0))
    assert found.before[0].p99_ms() is None
    assert found.during[0].p99_ms() == pytest.approx(30, rel=0.002)


def test_a_storm_without_an_end_is_cut_off(slower: RunMeasurements, info: Info) -> None:
    found = windows(slower, info, planned(0, 300.0, 20.0), back=None)
    assert spans(found)[2:] == [300, 320 + MOST_AFTER_S]
    assert spans(windows(slower, info, planned(0, 300.0, 20.0), back=None, seconds=400))[2:] == [300, 400]


def test_what_is_not_in_the_log_yet_counts_too(slower: RunMeasurements, info: Info) -> None:
    found = windows(slower, info, planned(0, SECONDS - 40.0, 20.0))
    assert found.during[0].p99_ms() == pytest.approx(SECONDS - 10, rel=0.002)


def test_connects_are_counted_by_second(slower: RunMeasurements, info: Info) -> None:
    found = windows(slower, info, planned(0, 90.0, 5.0), planned(1, 300.0, 5.0))
    assert found.peak_connects() == 3
    assert found.peak_connects(0) == 3
    # The return of its own device.
    assert found.peak_connects(1) == 1
    assert look(RunMeasurements(), STARTED, []).peak_connects() == 0


def test_connections_that_a_fault_held_up_are_the_storm_after_it(slower: RunMeasurements, info: Info) -> None:
    fault = planned(0, 300.0, 5.0)
    for _ in range(9):
        slower.weather.faults[0].add(weather.DELAYED, STARTED + 306, "connect", "", 3.0)
        slower.weather.faults[0].add(weather.CUT, STARTED + 306, "connect", "refused", 1.0)
    strike(slower, fault, (10.0,), hit=1)
    found = look(slower, STARTED, came_of(outcomes(slower, info(SECONDS, faults=(fault,)))))
    assert found.peak_connects() == found.peak_connects(0) == 9
    assert max(chart_data(slower, info(SECONDS))["connects"]["busiest second"]) == 9
