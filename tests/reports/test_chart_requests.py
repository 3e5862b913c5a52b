"""The charts of all requests together: each request once, what is not there is null."""

from collections.abc import Callable
from typing import Any

import pytest

from reports.chart_requests import MOST_CODES, Bins, backlog, most_first
from reports.charts import chart_data
from reports.run_info import RunInfo
from simulator.measurements.events import Event, QueueRecorder
from simulator.measurements.names import is_request
from simulator.measurements.run import RunMeasurements
from simulator.measurements.state import absorb_state, dump_state
from tests.reports.conftest import STARTED

T0 = int(STARTED)
Info = Callable[..., RunInfo]


def drawn(measurements: RunMeasurements, run: RunInfo) -> dict[str, Any]:
    measurements.seal(float("inf"))
    return chart_data(measurements, run)


def test_every_request_is_one_of_the_heat_map(busy: RunMeasurements, info: Info) -> None:
    data = drawn(busy, info())
    heat = data["heat"]
    count = sum(totals.count for tag, totals in busy.totals.items() if is_request(tag))
    assert sum(cell[2] for cell in heat["cells"]) == count
    bounds = heat["bounds_ms"]
    rows = {cell[1] for cell in heat["cells"]}
    assert rows <= set(range(len(bounds) - 1))
    assert {0, len(bounds) - 2} <= rows


def test_rows_of_the_heat_map_hold_what_lies_between_their_bounds(info: Info) -> None:
    measurements = RunMeasurements()
    events: list[Event] = []
    recorder = QueueRecorder(events.append)
    for latency in (0.0009, 0.0011, 0.09, 70.0):
        recorder.request("dev.heartbeat", STARTED, latency, "00000000", 1, 1, 0.0)
    measurements.apply(events)
    heat = drawn(measurements, info(1.0))["heat"]
    bounds = heat["bounds_ms"]
    told = [(bounds[row], bounds[row + 1], count) for _, row, count in heat["cells"]]
    assert sorted(told, key=lambda each: each[0]) == [
        *[(0.7, 1.0, 1), (1.0, 1.5, 1), (70.0, 100.0, 1), (60_000.0, None, 1)],
    ]


def test_load_is_null_where_nothing_was_asked(info: Info) -> None:
    measurements = RunMeasurements()
    events: list[Event] = []
    recorder = QueueRecorder(events.append)
    for second in (0, 1, 5):
        for number in range(4):
            recorder.request("dev.heartbeat", STARTED + second, 0.01 + number / 1000, "00000000", 100, 50, 0.0)
    measurements.apply(events)
    data = drawn(measurements, info(8.0))
    load = data["load"]
    assert [point is None for point in load] == [False, False, True, True, True, False, True, True]
    assert load[0][0] == 4
    assert 11.0 <= load[0][1] <= 11.1
    assert 13.0 <= load[0][2] <= 13.1
    assert data["bytes"] == {"out": [400.0, 400.0, 0, 0, 0, 400.0, 0, 0], "in": [200.0, 200.0, 0, 0, 0, 200.0, 0, 0]}


def test_codes_over_time_are_those_of_failed_requests(busy: RunMeasurements, info: Info) -> None:
    data = drawn(busy, info())
    codes = data["codes"]
    assert {name: sum(values) for name, values in codes.items()} == {"timeout": 6, "E0000004": 6}
    assert data["labels"]["codes"]["timeout"] == "timeout (no reply before the deadline)"


def test_of_many_codes_the_rest_is_one() -> None:
    series = {f"E{number:07d}": [number, 0] for number in range(1, 21)} | {"others": [0, 100]}
    shown = most_first(series)
    assert len(shown) == MOST_CODES + 1
    assert next(iter(shown)) == "E0000020"
    assert shown["others"] == [sum(range(1, 9)), 100]


def test_backlog_is_what_waits_and_null_before_the_first_record() -> None:
    events = {
        T0 + 2: {"generated": 5, "resent": 3},
        T0 + 3: {"acknowledged": 2, "photo_generated": 4},
        T0 + 6: {"acknowledged": 1, "rejected": 1, "refused": 0, "lost": 1},
    }
    assert backlog(events, Bins(T0, 1, 8)) == [None, None, 5, 5, 3, 3, 3, 0]
    assert backlog(events, Bins(T0, 4, 2)) == [5, 3]
    assert backlog({}, Bins(T0, 1, 2)) == [None, None]


def test_a_run_of_one_second_has_a_point(info: Info) -> None:
    measurements = RunMeasurements()
    QueueRecorder(lambda event: measurements.apply([event])).request("connect", STARTED, 0.1, "00000000", 1, 1, 0.0)
    data = drawn(measurements, info(0.6))
    assert data["times"] == [0]
    assert data["latency"]["connect"]["p50"] == [pytest.approx(100, rel=0.01)]


def test_the_start_is_told_and_labels_are_words(busy: RunMeasurements, info: Info) -> None:
    data = drawn(busy, info())
    assert data["started"] == STARTED
    labels = data["labels"]
    assert set(labels["records"]) == set(data["records"])
    assert set(labels["states"]) == set(data["devices"])
    assert not any("_" in label for kind in ("records", "states") for label in labels[kind].values())


def test_a_rebuilt_run_draws_the_same(busy: RunMeasurements, info: Info) -> None:
    told = drawn(busy, info())
    state = dump_state(busy, len(busy.intervals))
    again = RunMeasurements()
    absorb_state(again, state, busy.intervals)
    assert drawn(again, info()) == told
