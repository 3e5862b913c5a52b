"""What is counted in cells and what is applied one by one gives the same measurements, to the request."""

import random
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from simulator.measurements.counting import CountingRecorder, Counts
from simulator.measurements.events import Event, QueueRecorder, of_group
from simulator.measurements.intervals import MemoryIntervals
from simulator.measurements.merging import merge
from simulator.measurements.recorder import Recorder
from simulator.measurements.run import RunMeasurements
from simulator.measurements.state import dump_state

STARTED = 1_700_000_000.0
NAMES = ("connect", "dev.login", "dev.heartbeat", "dev.verify.log", "made.up")
CODES = ("00000000", "00000000", "00000000", "timeout", "E0000003", "E9999999", "=HYPERLINK")

Happen = Callable[[Recorder, int], None]


def happenings(seed: int, groups: tuple[str, ...] = ("",)) -> list[Happen]:
    """Calls of a recorder, each with the number of its group among `groups`."""
    draw = random.Random(seed)
    calls: list[Happen] = []
    now = STARTED
    for number in range(3_000):
        now += draw.expovariate(400.0)
        latency = draw.choice((0.0005, 0.02, 1.5)) * draw.random()
        started = now - latency * draw.choice((1.0, 1.0, 0.5))
        name, code, late = draw.choice(NAMES), draw.choice(CODES), draw.choice((0.0, 0.0, 0.003))
        kind = draw.random()
        if kind < 0.85:
            given: tuple[Any, ...] = (name, started, latency, code, draw.randrange(500), draw.randrange(900), late)
            calls.append(lambda recorder, _group, given=given: recorder.request(*given))  # type: ignore[misc]
        elif kind < 0.9:
            flow = (draw.choice(("init", "record_delivery")), started, latency, code)
            calls.append(lambda recorder, _group, flow=flow: recorder.flow(*flow))  # type: ignore[misc]
        elif kind < 0.93:
            command = ("cmd.device.reboot", started, latency, code, draw.random() < 0.5)
            calls.append(lambda recorder, _group, command=command: recorder.command(*command))  # type: ignore[misc]
        elif kind < 0.96:
            calls.append(lambda recorder, _group: recorder.record("generated", 1))
        else:
            state = (number % 50, "connecting", draw.choice(("online", "connecting")), now)
            calls.append(lambda recorder, _group, state=state: recorder.state(*state))  # type: ignore[misc]
    return calls


def recorders(whole: Recorder, groups: tuple[str, ...]) -> list[Recorder]:
    return [of_group(whole, group) for group in groups]


def one_by_one(seed: int, groups: tuple[str, ...]) -> RunMeasurements:
    measurements = RunMeasurements(intervals=MemoryIntervals())
    events: list[Event] = []
    into = recorders(QueueRecorder(events.append), groups)
    for number, happen in enumerate(happenings(seed)):
        happen(into[number % len(into)], number)
    measurements.apply(events)
    return measurements


def in_cells(seed: int, groups: tuple[str, ...], *, most: int = 256) -> RunMeasurements:
    """Taken over now and then, wherever the run is just then."""
    measurements = RunMeasurements(intervals=MemoryIntervals())
    draw = random.Random(seed + 1)
    events: list[Event] = []
    counts = Counts()
    into = recorders(CountingRecorder(events.append, counts), groups)

    def take() -> None:
        for cell in counts.take():
            for piece in cell.pieces(most):
                merge(measurements, piece)
        measurements.apply(events)
        events.clear()

    for number, happen in enumerate(happenings(seed)):
        happen(into[number % len(into)], number)
        if draw.random() < 0.01:
            take()
    take()
    return measurements


def ordered(found: Any) -> Any:
    """Plain data, whose rows stand in an order of their own."""
    if isinstance(found, dict):
        return {str(key): ordered(value) for key, value in found.items()}
    if isinstance(found, list | tuple):
        return sorted((ordered(value) for value in found), key=repr) if found and isinstance(found[0], list) else found
    return found


def state(measurements: RunMeasurements) -> Any:
    """With the open histograms sparse: plain ones stand in the order in which buckets were met."""
    found = dump_state(measurements, 0)
    found["open"] = measurements.open_rows()
    found["groups"]["open"] = measurements.groups.rows(sparse=True)
    return ordered(found)


@pytest.mark.parametrize("groups", [("",), ("doors", "meeting rooms")])
@pytest.mark.parametrize("seed", range(4))
def test_the_whole_state_is_the_same(seed: int, groups: tuple[str, ...]) -> None:
    one, many = one_by_one(seed, groups), in_cells(seed, groups)
    assert state(many) == state(one)
    assert sum(totals.count for tag, totals in one.totals.items() if not tag.startswith("failed:")) > 2_700
    for found in (one, many):
        found.seal(float("inf"))
    assert isinstance(one.intervals, MemoryIntervals)
    assert isinstance(many.intervals, MemoryIntervals)
    told = [
        sorted((each.tag, each.start, each.max_us, each.encoded) for each in found.intervals) for found in (one, many)
    ]
    assert told[0] == told[1]


def test_what_a_worker_sends_is_the_same() -> None:
    one, many = (orjson.loads(made.drain_delta()) for made in (one_by_one(7, ("",)), in_cells(7, ("",), most=10)))
    assert ordered(many) == ordered(one)


def test_names_that_a_platform_makes_up_stay_bounded_and_their_counts_exact() -> None:
    counts = Counts()
    recorder = CountingRecorder(lambda _: None, counts)
    for number in range(2_000):
        recorder.request("dev.heartbeat", STARTED, 0.01, f"E{number}", 1, 1, 0.0)
    measurements = RunMeasurements()
    for cell in counts.take():
        merge(measurements, cell)
    measurements.settle()
    totals = measurements.totals["dev.heartbeat"]
    assert (totals.count, totals.failures) == (2_000, 2_000)
    assert len(totals.failed) <= 21
