"""The last seconds added up: open and sealed ones, by intended time only where that is asked for."""

from simulator.measurements.events import Event, QueueRecorder
from simulator.measurements.run import RunMeasurements
from simulator.measurements.windows import window

T0 = 1_700_000_000


def measured() -> RunMeasurements:
    """A heartbeat every 100 ms for ten seconds, each sent 1 ms late."""
    measurements = RunMeasurements()
    queue: list[Event] = []
    recorder = QueueRecorder(queue.append)
    for number in range(100):
        recorder.request("dev.heartbeat", T0 + number / 10, 0.01 + number / 1e4, "00000000", 10, 20, 0.001)
    measurements.apply(queue)
    return measurements


def test_open_and_sealed_seconds_are_seen() -> None:
    measurements = measured()
    before = window(measurements, T0 + 2, T0 + 5, intended=True)["dev.heartbeat"]
    measurements.seal(T0 + 7.0)
    after = window(measurements, T0 + 2, T0 + 5, intended=True)["dev.heartbeat"]
    assert before.histogram == after.histogram
    assert before.histogram.count == 40
    assert before.bytes_in == after.bytes_in == 800
    assert before.intended_histogram == after.intended_histogram
    assert before.intended_histogram.sum_us == before.histogram.sum_us + 40_000


def test_intended_times_are_added_only_where_they_are_asked_for() -> None:
    measurements = measured()
    without = window(measurements, T0 + 2, T0 + 5, intended=False)["dev.heartbeat"]
    assert without.intended_histogram.count == 0
    assert without.histogram == window(measurements, T0 + 2, T0 + 5, intended=True)["dev.heartbeat"].histogram


def test_looking_changes_nothing() -> None:
    measurements = measured()
    for _ in range(2):
        assert window(measurements, T0, T0, intended=True)["dev.heartbeat"].histogram.count == 10
    assert measurements.totals["dev.heartbeat"].count == 100
