"""The weather on our page: plain values for what is under way, over, and next, and the charts' bands."""

from typing import Any

import pytest

from reports.run_info import RunInfo
from simulator.measurements.run import RunMeasurements
from simulator.swarm.run.page_history import KEPT_S
from simulator.swarm.web.weather import shown_weather
from tests.reports.conftest import STARTED
from tests.reports.stormy import planned, strike

FAULTS = (planned(0, at=10.0, lasts=5.0), planned(1, at=50.0, lasts=20.0, what="slow_link", devices=7))
OUTAGE, SLOW = (fault.text for fault in FAULTS)


def shown(second: float, faults: tuple[Any, ...] = FAULTS) -> dict[str, Any] | None:
    measurements = RunMeasurements()
    if second >= 10.0:
        strike(measurements, FAULTS[0], (0.5,), overtaken=1)
    run = RunInfo(scenario="rough", started=STARTED, ended=STARTED + second, devices=20, faults=faults)
    return shown_weather(measurements, run, STARTED + second)


def test_a_run_without_faults_has_no_weather() -> None:
    assert shown(20.0, ()) is None


def test_before_the_first_fault_there_is_the_next() -> None:
    following = {"text": OUTAGE, "in_s": 3, "for_s": 5, "devices": 4}
    assert shown(7.0) == {"now": [], "recovering": [], "over": [], "next": following, "bands": []}


def test_a_fault_under_way_is_told_with_whom_it_hit_and_what_it_cost() -> None:
    found = shown(13.0)
    assert found is not None
    assert found["now"] == [{"text": OUTAGE, "hit": 4, "back": 1, "gone": 1, "cut": 4, "left_s": 2}]
    # As wide as it has lasted so far.
    assert found["bands"] == [[STARTED + 10.0, STARTED + 13.0, OUTAGE]]
    assert found["next"]["text"] == SLOW


def test_a_fault_that_is_over_stays_until_all_are_back_and_its_band_as_long_as_the_charts() -> None:
    found = shown(30.0)
    assert found is not None
    assert (found["now"], [each["text"] for each in found["recovering"]]) == ([], [OUTAGE])
    first = {"text": OUTAGE, "hit": 4, "back": 1, "gone": 1, "cut": 4, "at": 10, "for_s": 5}
    assert found["over"][-1] == first, "the newest comes first"
    found = shown(60.0)
    assert found is not None
    assert found["next"] is None
    assert [band[2] for band in found["bands"]] == [OUTAGE, SLOW]


@pytest.mark.parametrize(("later", "bands"), [(0.0, 1), (1.0, 0)])
def test_bands_leave_with_their_points(later: float, bands: int) -> None:
    found = shown(15.0 + KEPT_S + later, FAULTS[:1])
    assert found is not None
    assert len(found["bands"]) == bands
