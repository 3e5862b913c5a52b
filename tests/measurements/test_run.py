import random
from collections import deque

import pytest

from simulator.measurements.events import Event, QueueRecorder
from simulator.measurements.recorder import Recorder
from simulator.measurements.run import RunMeasurements

T0 = 1_700_000_000.0


def events_of(seed: int, count: int = 500, first_device: int = 0) -> list[Event]:
    rng = random.Random(seed)
    queue: deque[Event] = deque()
    recorder: Recorder = QueueRecorder(queue.append)
    for number in range(count):
        at = T0 + number / 50
        code = "00000000" if rng.random() > 0.05 else "timeout"
        recorder.request("dev.heartbeat", at, rng.uniform(0.001, 0.2), code, 100, 80, rng.choice((0.0, 0.002)))
        recorder.flow("init", at, 0.5, "00000000")
        recorder.command("cmd.data.update.user", at, 0.01, "00000000")
        recorder.record("generated", 1)
        recorder.state(first_device + number % 10, "connecting", ("online", "waiting")[number // 10 % 2], at)
        recorder.disconnect("closed 1006", at)
        recorder.violation("reply.code", "dev.heartbeat", f"mid {number}", at, first_device + number % 10)
        recorder.observation("upload.held-back", "dev.data.upload.bioPhoto", "no", at, number % 3, 2)
    return list(queue)


def same_figures(one: RunMeasurements, two: RunMeasurements) -> None:
    one.settle()
    two.settle()
    assert one.totals.keys() == two.totals.keys()
    for tag, totals in one.totals.items():
        other = two.totals[tag]
        assert totals.histogram == other.histogram
        assert totals.codes == other.codes
        assert (totals.bytes_out, totals.bytes_in) == (other.bytes_out, other.bytes_in)
    assert one.intended == two.intended
    assert one.records == two.records
    assert one.disconnects == two.disconnects
    assert one.failures_over_time == two.failures_over_time
    assert one.devices.came_online.ranges() == two.devices.came_online.ranges()
    assert one.devices.online_ratio(T0 + 20) == pytest.approx(two.devices.online_ratio(T0 + 20), abs=1e-12)
    for mine, others in ((one.violations, two.violations), (one.observations, two.observations)):
        assert mine.by_rule.keys() == others.by_rule.keys()
        for rule, found in mine.by_rule.items():
            other_rule = others.by_rule[rule]
            assert (found.tally, found.func_ids) == (other_rule.tally, other_rule.func_ids)
            assert found.devices.ranges() == other_rule.devices.ranges()


def test_counts_everything_once() -> None:
    measurements = RunMeasurements()
    measurements.apply(events_of(1))
    measurements.settle()
    heartbeat = measurements.totals["dev.heartbeat"]
    assert heartbeat.count == 500
    assert sum(heartbeat.codes.values()) == 500
    assert heartbeat.codes["timeout"] == heartbeat.failures > 0
    assert heartbeat.bytes_out == 50_000
    assert measurements.totals["flow:init"].count == 500
    assert measurements.totals["cmd.data.update.user"].count == 500
    assert 0 < measurements.intended["dev.heartbeat"].count < 500
    assert measurements.records["generated"] == 500
    assert measurements.violations.total == 500
    assert measurements.observations.by_rule["upload.held-back"].func_ids == {"dev.data.upload.bioPhoto": 1_000}


@pytest.mark.parametrize("pieces", [1, 7, 100])
def test_two_workers_merge_exactly(pieces: int) -> None:
    alone, master = RunMeasurements(), RunMeasurements("master")
    workers = [RunMeasurements("w1"), RunMeasurements("w2")]
    feeds = [events_of(1), events_of(2, first_device=10)]
    for pair in zip(*feeds, strict=True):
        alone.apply(pair)
    for piece in range(pieces):
        for worker, feed in zip(workers, feeds, strict=True):
            length = len(feed) / pieces
            worker.apply(feed[round(piece * length) : round((piece + 1) * length)])
            assert master.merge_delta(worker.drain_delta())
        master.seal(T0 + piece)
    same_figures(alone, master)
    assert master.missing_deltas() == {}
    assert master.devices.peak() == alone.devices.peak() == 20


def test_one_workers_peak_is_exact() -> None:
    worker, master = RunMeasurements("w1"), RunMeasurements("master")
    queue: list[Event] = []
    recorder = QueueRecorder(queue.append)
    recorder.state(1, "report", "online", T0)
    recorder.state(2, "report", "online", T0 + 0.1)
    recorder.state(1, "online", "waiting", T0 + 0.2)
    worker.apply(queue)
    master.merge_delta(worker.drain_delta())
    assert master.devices.peak() == 2
    assert master.devices.gauge["online"] == 1


def test_repeated_delta_counts_once_and_a_lost_one_is_noticed() -> None:
    worker, master = RunMeasurements("w1"), RunMeasurements("master")
    deltas = []
    for seed in range(3):
        worker.apply(events_of(seed))
        deltas.append(worker.drain_delta())
    assert master.merge_delta(deltas[0])
    assert not master.merge_delta(deltas[0])
    assert master.merge_delta(deltas[2])
    assert master.totals["dev.heartbeat"].count == 1000
    assert master.missing_deltas() == {"w1": 1}
    assert master.merge_delta(deltas[1])
    assert master.missing_deltas() == {}


def test_delta_of_another_run_is_refused() -> None:
    worker = RunMeasurements("w1", run_id="monday")
    worker.apply(events_of(1))
    master = RunMeasurements("master", run_id="tuesday")
    assert not master.merge_delta(worker.drain_delta())
    assert not master.totals


def test_lost_workers_devices_are_no_longer_online() -> None:
    worker, master = RunMeasurements("w1"), RunMeasurements("master")
    queue: list[Event] = []
    QueueRecorder(queue.append).state(1, "report", "online", T0)
    worker.apply(queue)
    master.merge_delta(worker.drain_delta())
    master.worker_lost("w1", T0 + 10)
    assert master.devices.gauge["online"] == 0
    assert master.devices.seconds("online", T0 + 100) == 10.0


def test_seals_seconds_only_when_they_are_over() -> None:
    measurements = RunMeasurements()
    measurements.apply(events_of(1))
    measurements.seal(T0 + 6.0)
    sealed = list(measurements.intervals)
    assert {interval.start for interval in sealed} == {T0, T0 + 1, T0 + 2}
    measurements.seal(float("inf"))
    assert sum(1 for interval in measurements.intervals if interval.tag == "dev.heartbeat") == 11
    assert not measurements.slots


def test_online_ratio_counts_from_start_to_stop() -> None:
    measurements = RunMeasurements()
    queue: list[Event] = []
    recorder = QueueRecorder(queue.append)
    recorder.state(0, "", "offline", T0)
    recorder.state(0, "offline", "lookup", T0 + 100)
    recorder.state(0, "lookup", "online", T0 + 101)
    recorder.state(0, "online", "stopped", T0 + 110)
    measurements.apply(queue)
    assert measurements.devices.online_ratio(T0 + 500) == pytest.approx(0.9)
    assert RunMeasurements().devices.online_ratio(T0) is None


def test_unknown_event_is_an_error() -> None:
    with pytest.raises(ValueError, match="unknown kind"):
        RunMeasurements().apply([(99,)])
