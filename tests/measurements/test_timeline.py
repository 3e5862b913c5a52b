"""What requests did second by second: the same whether one process counts it, or several whose deltas are merged."""

from simulator.measurements.events import Event, QueueRecorder
from simulator.measurements.run import RunMeasurements
from simulator.measurements.state import absorb_state, dump_state
from simulator.measurements.timeline import Timeline

T0 = 1_700_000_000


def events(offset: int = 0) -> list[Event]:
    queued: list[Event] = []
    tell = QueueRecorder(queued.append)
    for second in range(5):
        at = T0 + offset + second + 0.25
        tell.request("dev.heartbeat", at, 0.01, "00000000", 100, 60, 0.0)
        tell.request("dev.heartbeat", at, 0.01, "timeout", 100, 0, 0.0)
        tell.request("connect", at, 0.01, "refused", 0, 0, 0.0)
        tell.command("cmd.data.update.user", at, 0.01, "E0000005")
        tell.flow("init", at, 0.01, "timeout")
    return queued


def counted(timeline: Timeline) -> dict[str, object]:
    return timeline.dump(1)


def test_codes_and_bytes_are_those_of_requests() -> None:
    run = RunMeasurements()
    run.apply(events())
    run.settle()
    assert {second: dict(codes) for second, codes in run.timeline.codes.items()} == {
        T0 + second: {"timeout": 1, "refused": 1} for second in range(5)
    }
    assert {second: dict(moved) for second, moved in run.timeline.bytes.items()} == {
        T0 + second: {"out": 200, "in": 60} for second in range(5)
    }


def test_workers_deltas_add_up_to_the_same() -> None:
    alone = RunMeasurements()
    alone.apply([*events(), *events(2)])
    alone.settle()
    master = RunMeasurements("master", "run")
    for name, offset in (("one", 0), ("two", 2)):
        worker = RunMeasurements(name, "run")
        for part in (slice(None, 11), slice(11, None)):
            worker.apply(events(offset)[part])
            delta = worker.drain_delta()
            assert master.merge_delta(delta)
            assert not master.merge_delta(delta)
        assert worker.timeline.longest() == 0
    master.settle()
    assert counted(master.timeline) == counted(alone.timeline)


def test_a_state_brings_it_back_and_one_of_an_earlier_version_has_none() -> None:
    run = RunMeasurements()
    run.apply(events())
    state = dump_state(run, 0)
    again = RunMeasurements()
    absorb_state(again, state, run.intervals)
    assert counted(again.timeline) == counted(run.timeline)
    for name in ("codes_over_time", "bytes_over_time", "expected_over_time"):
        del state[name]
    former = RunMeasurements()
    absorb_state(former, state, run.intervals)
    assert former.timeline.longest() == 0


def test_a_long_run_is_summed_up() -> None:
    timeline = Timeline()
    for second in range(10):
        timeline.failed(T0 + second, "dev.heartbeat", "timeout")
    told = timeline.dump(8)
    timeline.shorten(8)
    assert timeline.longest() <= 3
    assert timeline.dump(8) == told
