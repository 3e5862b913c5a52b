"""The weather of a run that goes on, and the progress line that names it."""

import io
from collections.abc import Callable

import pytest

from reports.progress import ProgressLine
from reports.run_info import RunInfo
from reports.weather_now import weather_now
from simulator.measurements.run import RunMeasurements
from tests.reports.conftest import STARTED
from tests.reports.stormy import planned, strike

Info = Callable[..., RunInfo]
FAULTS = (
    planned(0, at=10.0, lasts=5.0, what="outage"),
    planned(1, at=12.0, lasts=20.0, what="slow_link"),
    planned(2, at=50.0, lasts=0.0, what="clock_jump"),
)


@pytest.fixture
def stormy() -> RunMeasurements:
    """The first fault has hit four devices, of which one is back; of the second nobody knows yet."""
    measurements = RunMeasurements()
    strike(measurements, FAULTS[0], (0.5,))
    return measurements


def at(measurements: RunMeasurements, info: Info, second: float) -> tuple[list[int], list[int], int | None]:
    """Numbers of the faults under way, of those not recovered from, and of the next."""
    found = weather_now(measurements, info(faults=FAULTS), STARTED + second)
    following = None if found.next is None else found.next.number
    return (
        [each.planned.number for each in found.under_way],
        [each.planned.number for each in found.recovering],
        following,
    )


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (9.9, ([], [], 0)),
        (10.0, ([0], [], 1)),
        (14.9, ([0, 1], [], 2)),
        (15.0, ([1], [0], 2)),
        (40.0, ([], [0], 2)),
        (50.0, ([], [0], None)),
    ],
)
def test_each_fault_has_its_time(
    stormy: RunMeasurements, info: Info, second: float, expected: tuple[list[int], list[int], int | None]
) -> None:
    assert at(stormy, info, second) == expected


def test_who_is_back_or_another_faults_is_not_waited_for(info: Info) -> None:
    measurements = RunMeasurements()
    strike(measurements, FAULTS[0], (0.5,), overtaken=2, ended=1)
    assert at(measurements, info, 20.0) == ([1], [], 2)


@pytest.mark.parametrize(
    ("second", "told"),
    [
        (5.0, "online  1"),
        (12.0, "online  outage 0:03 left, slow_link 0:20 left  1"),
        (20.0, "online  slow_link 0:12 left  1"),
        (40.0, "online  outage over, 3 not back  1"),
    ],
)
def test_the_progress_line_names_what_explains_where_devices_are(
    stormy: RunMeasurements, info: Info, second: float, told: str
) -> None:
    line = ProgressLine(stormy, info(faults=FAULTS), None, file=io.StringIO()).line(STARTED + second)
    assert told.removesuffix("  1") in line
    assert ("left" in line or "not back" in line) is (second != 5.0)
