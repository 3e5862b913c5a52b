"""When the generator itself was the bottleneck: CPU, lag weighed by time, stalls; each process by itself."""

from itertools import pairwise

import pytest

from simulator.measurements.events import LATENESS, Event
from simulator.measurements.findings import Finding
from simulator.measurements.health import LAG_PROBE_S, MOST_SAMPLES, MOST_UNDRAINED, HealthSample, late_probes
from simulator.measurements.names import LOOP_LAG_TAG
from simulator.measurements.run import RunMeasurements
from simulator.measurements.state import absorb_state, dump_state

T0 = 1_700_000_000.0
LIMITS = (50.0, 1_000.0)


def probes(seconds: float, *stalls: tuple[float, float], lag: float = 0.001) -> list[Event]:
    """What the engine's probe tells in a run of `seconds`; each of `stalls` is (when it begins, how long it lasts)."""
    events: list[Event] = []
    now, left = 0.0, sorted(stalls)
    while now < seconds:
        due = now + LAG_PROBE_S
        now = due + lag
        if left and left[0][0] <= due:
            begins, lasts = left.pop(0)
            now = max(now, begins + lasts)
        events.append((LATENESS, LOOP_LAG_TAG, late_probes(now - due), T0 + now))
    return events


def run_of(events: list[Event], process: str = "local") -> RunMeasurements:
    measurements = RunMeasurements(process, "run")
    measurements.apply(events)
    measurements.settle()
    return measurements


def keys(measurements: RunMeasurements, *limits: float) -> list[str]:
    return [finding.key for finding in measurements.health.reasons(*(limits or LIMITS))]


def test_overload_needs_ten_seconds() -> None:
    measurements = RunMeasurements()
    for second in range(10):
        measurements.sample_health(HealthSample(T0 + second, 95.0, 100.0, 0, 0))
    assert measurements.health.reasons(50.0, 1_000.0) == []
    measurements.sample_health(HealthSample(T0 + 10, 95.0, 100.0, 0, 0))
    (busy,) = measurements.health.reasons(50.0, 1_000.0)
    assert busy == Finding("cpu_busy", {"process": "local", "limit_percent": 90.0, "seconds": 10.0})


def test_the_cpu_limit_is_the_scenarios() -> None:
    measurements = RunMeasurements()
    measurements.health.cpu_limit_percent = 50.0
    for second in range(11):
        measurements.sample_health(HealthSample(T0 + second, 60.0, 100.0, 0, 0))
    assert measurements.health.reasons(50.0, 1_000.0)[0].values["limit_percent"] == 50.0


def test_a_fault_that_an_older_report_tells_in_words_survives_a_dump() -> None:
    measurements = RunMeasurements()
    measurements.health.faults.append("worker w1 was lost")
    again = RunMeasurements()
    again.health.load(measurements.health.dump())
    assert again.health.reasons(50.0, 1_000.0) == [Finding("fault", {"text": "worker w1 was lost"})]


@pytest.mark.parametrize(
    ("lag", "expected"),
    [
        (0.0, [0.0]),
        (0.02, [0.02]),
        (0.06, [0.06, 0.01]),
        (0.26, [0.26, 0.21, 0.16, 0.11, 0.06, 0.01]),
    ],
)
def test_a_late_probe_stands_for_all_that_could_not_run(lag: float, expected: list[float]) -> None:
    assert late_probes(lag) == pytest.approx(expected)


@pytest.mark.parametrize("begins", [0.3, 20.0, 34.9])
def test_six_seconds_of_standing_still_in_forty_one_are_not_healthy(begins: float) -> None:
    measurements = run_of(probes(41.0, (begins, 6.0)))
    (frozen,) = measurements.health.reasons(*LIMITS)
    assert frozen.key == "frozen"
    assert frozen.values["process"] == "local"
    assert frozen.values["seconds"] == pytest.approx(6.0, abs=0.1)
    assert frozen.values["limit_s"] == 1.0
    # The share of time: some 14 % of it was late, and by up to six seconds.
    lag = measurements.totals[LOOP_LAG_TAG].histogram
    assert lag.percentile(80.0) < 5_000
    assert lag.percentile(99.0) > 5_000_000


def test_lag_is_a_share_of_time() -> None:
    # Ten times 0.3 s in 60 s: one probe in a hundred is late, but the loop was late for more than 4 % of the time.
    often = [(6.0 * number, 0.3) for number in range(10)]
    assert keys(run_of(probes(60.0, *often))) == ["loop_lag"]
    # The same three stalls are much for half a minute and little for ten.
    few = often[:3]
    assert keys(run_of(probes(30.0, *few))) == ["loop_lag"]
    assert keys(run_of(probes(600.0, *few))) == []


def test_the_lag_of_a_stall_is_counted_where_it_was() -> None:
    measurements = run_of(probes(20.0, (5.0, 4.0)))
    per_second = {
        int(second - T0): slots[LOOP_LAG_TAG].histogram.count
        for second, slots in measurements.slots.items()
        if LOOP_LAG_TAG in slots
    }
    assert all(18 <= per_second[second] <= 21 for second in range(1, 19)), per_second


def test_short_stalls_of_a_busy_machine_are_no_fault() -> None:
    assert keys(run_of(probes(60.0, (10.0, 0.5)))) == []
    assert keys(run_of(probes(60.0, (10.0, 0.9), (20.0, 0.9))), 2_000.0, 1_000.0) == []
    assert keys(run_of(probes(60.0, (10.0, 1.1))), 2_000.0, 1_000.0) == ["frozen"]


def test_a_loop_that_is_always_late_is_overloaded_and_may_be_frozen_besides() -> None:
    assert keys(run_of(probes(60.0, lag=0.08))) == ["loop_lag"]
    assert keys(run_of(probes(60.0, (20.0, 3.0), lag=0.08))) == ["frozen", "loop_lag"]


def test_each_worker_is_judged_by_itself() -> None:
    master = RunMeasurements("master", "run")
    for number in range(10):
        stalls = [(30.0, 15.0)] if number == 7 else []
        worker = run_of(probes(600.0, *stalls), f"w{number}")
        assert master.merge_delta(worker.drain_delta())
    frozen = master.health.reasons(*LIMITS)
    assert [(finding.key, finding.values["process"]) for finding in frozen] == [("frozen", "w7")]
    assert frozen[0].values["seconds"] == pytest.approx(15.0, abs=0.1)
    master = RunMeasurements("master", "run")
    for number in range(10):
        worker = run_of(probes(600.0, lag=0.07 if number == 3 else 0.001), f"w{number}")
        master.merge_delta(worker.drain_delta())
    assert [finding.values["process"] for finding in master.health.reasons(*LIMITS)] == ["w3"]


def test_a_master_that_stood_still_is_told_of_and_is_no_process_that_was_looked_at() -> None:
    measurements = RunMeasurements("master")
    measurements.health.stalled("master", 0.2)
    measurements.health.stalled("master", 6.0)
    measurements.health.stalled("master", 0.1)
    assert measurements.health.reasons(*LIMITS) == [
        Finding("frozen", {"process": "master", "seconds": 6.0, "limit_s": 1.0})
    ]
    assert measurements.health.cpu_percent() is None
    assert measurements.health.rss_mb() is None


def test_a_rebuilt_report_judges_alike() -> None:
    measurements = run_of([*probes(41.0, (20.0, 6.0)), (9, "dev.heartbeat", 3, T0 + 26.0)])
    measurements.health.stalled("master", 2.0)
    again = RunMeasurements()
    absorb_state(again, dump_state(measurements, 0), [], "a")
    found = {str(item.values["process"]): item.values["seconds"] for item in again.health.reasons(*LIMITS)}
    assert found == {"a/local": pytest.approx(6.0, abs=0.1), "a/master": 2.0}
    assert again.missed == {int(T0) + 26: {"dev.heartbeat": 3}}


def test_a_report_of_an_earlier_version_can_be_read() -> None:
    data = RunMeasurements().health.dump() | {"processes": {"w1": [3, 90.0, 40.0, 100.0, 0.0]}}
    again = RunMeasurements()
    again.health.load(data)
    assert again.health.cpu_percent() == 30.0
    assert again.health.reasons(*LIMITS) == []


def test_what_was_missed_reaches_the_master_once() -> None:
    worker, master = RunMeasurements("w1", "run"), RunMeasurements("master", "run")
    worker.apply([(9, "dev.heartbeat", 2, T0), (9, "dev.heartbeat", 1, T0 + 0.5)])
    master.merge_delta(worker.drain_delta())
    master.merge_delta(worker.drain_delta())
    assert master.missed == {int(T0): {"dev.heartbeat": 3}}


# --- Hours of a run ---


def test_looks_of_many_hours_and_processes_stay_few_and_none_of_the_processes_vanishes() -> None:
    measurements = RunMeasurements("w1", "run")
    health = measurements.health
    for second in range(4 * 3600):
        for process in ("w1", "w2"):
            health.add(process, HealthSample(T0 + second, 20.0, 100.0, 0, 0))
    assert MOST_SAMPLES / 4 < len(health.samples) <= MOST_SAMPLES
    for process in ("w1", "w2"):
        looks = [sample.at for name, sample in health.samples if name == process]
        apart = [after - before for before, after in pairwise(looks)]
        assert len(looks) > MOST_SAMPLES / 8
        assert max(apart) <= 20
        assert looks[-1] > T0 + 4 * 3600 - 20
    assert health.processes["w1"].samples == 4 * 3600
    assert len(health.drain()) == MOST_UNDRAINED
    assert health.drain() == []


def test_up_to_an_hour_every_look_of_a_process_is_kept() -> None:
    measurements = RunMeasurements()
    for second in range(3600):
        measurements.sample_health(HealthSample(T0 + second, 20.0, 100.0, 0, 0))
    assert len(measurements.health.samples) == 3600
