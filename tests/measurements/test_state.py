"""A long run's series over time: as short in memory as in its state, and the same in both."""

from __future__ import annotations

import pytest

from simulator.measurements.events import QueueRecorder
from simulator.measurements.run import RunMeasurements
from simulator.measurements.state import MOST_POINTS, absorb_state, dump_state, resolution_of, shorten_series

T0 = 1_700_000_000


def run_of(hours: float, *, shortened: bool) -> RunMeasurements:
    """Two devices that come and go, records, failures, disconnects and what was missed, a bit of each every second."""
    measurements = RunMeasurements("local", "run")
    for second in range(int(hours * 3600)):
        events: list[tuple[object, ...]] = []
        recorder = QueueRecorder(events.append)
        at = T0 + second + 0.5
        state, previous = ("online", "waiting") if second % 2 else ("waiting", "online")
        recorder.state(second % 3, previous, state, at)
        recorder.request("dev.heartbeat", at, 0.1, "timeout", 10, 0, 0.0)
        recorder.record("generated", 1 + second % 5)
        recorder.disconnect(f"closed {second % 2}", at)
        recorder.missed("dev.heartbeat", 1, at)
        measurements.apply(events)
        if second % 60 == 0:
            measurements.seal(at)
            if shortened:
                shorten_series(measurements)
    measurements.settle()
    return measurements


def test_memory_is_bounded_and_the_state_is_that_of_a_run_that_kept_every_second() -> None:
    kept, short = run_of(4.1, shortened=False), run_of(4.1, shortened=True)
    for series in (short.disconnects, short.missed, short.records_over_time, short.failures_over_time):
        assert len(series) <= 2 * MOST_POINTS + 60
    assert len(short.devices.changes) <= 2 * MOST_POINTS + 60
    assert len(kept.disconnects) > 4 * MOST_POINTS
    expected, found = dump_state(kept, 0), dump_state(short, 0)
    assert expected["resolution_s"] == found["resolution_s"] == 8
    for name in ("disconnects", "missed", "records_over_time", "failures_over_time", "devices", "records"):
        assert found[name] == expected[name], name
    again = RunMeasurements()
    absorb_state(again, found, [])
    assert again.devices.peak() == short.devices.peak() == kept.devices.peak()


def test_a_run_of_two_hours_is_left_as_it_is() -> None:
    measurements = run_of(1.9, shortened=True)
    assert len(measurements.disconnects) == int(1.9 * 3600)


@pytest.mark.parametrize(
    ("hours", "resolution"), [(0.5, 1), (1.0, 1), (1.01, 2), (1.99, 2), (2.01, 4), (3.99, 4), (4.01, 8), (24.0, 32)]
)
def test_the_resolution_keeps_the_points_few(hours: float, resolution: int) -> None:
    measurements = RunMeasurements()
    measurements.series("dev.heartbeat").add_span(T0, T0 + 1)
    measurements.latest = T0 + hours * 3600
    assert resolution_of(measurements) == resolution
    assert hours * 3600 / resolution <= MOST_POINTS


def test_the_peak_of_several_processes_is_not_lost_between_two_points() -> None:
    master = RunMeasurements("master", "run")
    for number, process in enumerate(("w1", "w2")):
        worker = RunMeasurements(process, "run")
        events: list[tuple[object, ...]] = []
        recorder = QueueRecorder(events.append)
        recorder.state(number, "offline", "online", T0 + 9.5)
        recorder.state(number, "online", "waiting", T0 + 10.5)
        worker.apply(events)
        master.merge_delta(worker.drain_delta())
    assert master.devices.peak() == 2
    master.devices.shorten(16)
    assert master.devices.peak() == 2
