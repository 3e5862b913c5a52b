"""What came of faults: counted by number, and the same whether one process counted it or several told each other."""

from __future__ import annotations

import orjson
from hypothesis import given
from hypothesis import strategies as st

from simulator.measurements import weather
from simulator.measurements.events import QueueRecorder
from simulator.measurements.run import RunMeasurements
from simulator.measurements.state import absorb_state, dump_state
from simulator.measurements.weather import FaultFigures, Weather

EVENTS = st.tuples(
    st.sampled_from(
        (
            *(weather.BEGUN, weather.HIT, weather.BACK, weather.OVERTAKEN, weather.ENDED, weather.CUT),
            *(weather.DELAYED, weather.REFUSED, weather.DISCONNECTED, weather.BACKLOG, weather.DELIVERED),
            weather.UNSENT_LOST,
        )
    ),
    st.floats(1e9, 1e9 + 100),
    st.sampled_from(("dev.heartbeat", "flow:init")),
    st.sampled_from(("timeout", "disconnected")),
    st.integers(0, 500).map(float),
)


def figures(*events: tuple[str, float]) -> FaultFigures:
    made = FaultFigures()
    for event, amount in events:
        made.add(event, 100.0, "dev.heartbeat", "timeout", amount)
    return made


def test_who_is_neither_back_nor_somebody_elses_never_came_back() -> None:
    hits = [(weather.HIT, 1.0)] * 5
    made = figures(*hits, (weather.BACK, 2.0), (weather.OVERTAKEN, 1.0), (weather.ENDED, 1.0))
    assert made.never_back == 2


def test_requests_and_flows_that_were_cut_are_told_apart() -> None:
    made = FaultFigures()
    for name in ("dev.heartbeat", "dev.heartbeat", "connect", "flow:init"):
        made.add(weather.CUT, 100.0, name, "timeout", 1.0)
    assert made.requests_cut == 3
    assert made.cut["flow:init"] == {"timeout": 1}


def test_requests_and_flows_that_were_held_up_are_told_apart() -> None:
    made = FaultFigures()
    for name in ("dev.heartbeat", "connect", "flow:record_delivery"):
        made.add(weather.DELAYED, 100.0, name, "", 2.0)
    assert made.requests_delayed == 2


def test_the_backlog_is_summed_up_over_time_whatever_order_it_is_told_in() -> None:
    made = FaultFigures()
    for at, change in ((103.0, -4.0), (100.2, 3.0), (101.0, 2.0), (100.9, -1.0)):
        made.add(weather.BACKLOG, at, "", "", change)
    assert made.peak_backlog == 4


@given(st.lists(st.tuples(st.integers(0, 3), EVENTS), max_size=30), st.integers(0, 30))
def test_two_processes_count_as_one_does(
    events: list[tuple[int, tuple[str, float, str, str, float]]], cut: int
) -> None:
    whole, first, second = Weather(), Weather(), Weather()
    for place, (number, (event, at, name, code, amount)) in enumerate(events):
        for target in (whole, first if place < cut else second):
            target.faults[number].add(event, at, name, code, amount)
            target.misbehaved("oversize", "sent", 1)
    merged = Weather()
    for part in (first, second):
        merged.merge(orjson.loads(orjson.dumps(part.dump())))
    assert orjson.dumps(merged.dump(), option=orjson.OPT_SORT_KEYS) == orjson.dumps(
        whole.dump(), option=orjson.OPT_SORT_KEYS
    )


def told() -> RunMeasurements:
    measured = RunMeasurements("worker", "run")
    events: list[tuple[object, ...]] = []
    recorder = QueueRecorder(events.append)
    recorder.fault(2, weather.HIT, 100.0)
    recorder.fault(2, weather.CUT, 101.0, name="dev.heartbeat", code="timeout")
    recorder.fault(2, weather.BACK, 105.0, amount=3.5)
    recorder.misbehaved("garbage_frame", "sent")
    measured.apply(events)
    return measured


def test_a_run_keeps_it_over_deltas_and_states() -> None:
    worker, master = told(), RunMeasurements("master", "run")
    master.merge_delta(worker.drain_delta())
    assert worker.weather.dump() == {"faults": {}, "misbehaviour": {}}
    rebuilt = RunMeasurements("rebuilt")
    absorb_state(rebuilt, orjson.loads(orjson.dumps(dump_state(master, 0))), ())
    found = rebuilt.weather.faults[2]
    assert (found.hit, found.never_back, found.requests_cut, found.back.max_us) == (1, 0, 1, 3_500_000)
    assert rebuilt.weather.misbehaviour == {"garbage_frame": {"sent": 1}}
