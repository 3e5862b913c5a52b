"""Groups of the fleet: they add up to the whole run exactly, whoever counted, however it was kept."""

import random
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.measurements.events import Event, QueueRecorder, of_group
from simulator.measurements.groups import (
    MOST_GROUPS,
    SPAN_S,
    Groups,
    group_labels,
    group_tag,
    is_grouped,
    split_tag,
)
from simulator.measurements.histogram import Histogram
from simulator.measurements.intervals import MemoryIntervals
from simulator.measurements.names import FAILED_PREFIX, is_series
from simulator.measurements.run import COUNTED_AT_ONCE, RunMeasurements
from simulator.measurements.series import Totals, add_tallies
from simulator.measurements.state import absorb_state, dump_state
from tests.device.recording import Recording

T0 = 1_700_000_000.0
NAMES = ("rooms", "doors: left", "100 % 门/é")


def events(seed: int = 1, count: int = 400, foreign: int = 60) -> list[Event]:
    """Requests and flows of three groups over two minutes, with failures, foreign codes and foreign funcIds."""
    rng = random.Random(seed)
    queued: list[Event] = []
    recorder = QueueRecorder(queued.append)
    groups = [recorder.of_group(name) for name in NAMES]
    for number in range(count):
        told = rng.choice(groups)
        at = T0 + 120 * number / count
        code = rng.choice(("00000000", "00000000", "timeout", f"X{rng.randrange(foreign)}"))
        name = rng.choice(("dev.heartbeat", "connect", f"dev.made.up.{rng.randrange(foreign)}"))
        told.request(
            name, at, rng.lognormvariate(-5, 2), code, rng.randrange(500), rng.randrange(300), rng.choice((0.0, 0.1))
        )
        told.flow("init", at, rng.uniform(0, 3), rng.choice(("00000000", "refused")))
        told.command("cmd.data.update.user", at, 0.1, "E0000005")
    return queued


def added_up(measurements: RunMeasurements) -> dict[str, Totals]:
    found: dict[str, Totals] = {}
    for series in measurements.groups.totals.values():
        for tag, totals in series.items():
            target = found.setdefault(tag, Totals())
            target.histogram.add(totals.histogram)
            add_tallies(target.failed, totals.failed)
            target.bytes_out += totals.bytes_out
            target.bytes_in += totals.bytes_in
    return found


def assert_groups_are_the_whole(measurements: RunMeasurements) -> None:
    measurements.settle()
    groups = added_up(measurements)
    whole = {tag: totals for tag, totals in measurements.totals.items() if is_grouped(tag) and totals.count}
    assert groups.keys() == whole.keys()
    for tag, totals in whole.items():
        other = groups[tag]
        assert other.histogram == totals.histogram, tag
        assert other.codes == totals.codes
        assert other.failed == totals.failed
        assert (other.bytes_out, other.bytes_in) == (totals.bytes_out, totals.bytes_in)


def same_groups(one: RunMeasurements, two: RunMeasurements) -> None:
    one.settle()
    two.settle()
    assert one.groups.totals.keys() == two.groups.totals.keys()
    for name, series in one.groups.totals.items():
        others = two.groups.totals[name]
        assert {tag for tag in series if series[tag].count} == {tag for tag in others if others[tag].count}
        for tag, totals in series.items():
            assert totals.histogram == others[tag].histogram
            assert totals.failed == others[tag].failed
            assert (totals.bytes_out, totals.bytes_in) == (others[tag].bytes_out, others[tag].bytes_in)


def counted(queued: Sequence[Event], seals: Iterable[float] = ()) -> RunMeasurements:
    measurements = RunMeasurements()
    parts = [*seals, float("inf")]
    left = list(queued)
    for now in parts:
        measurements.apply([event for event in left if event[2] <= now])
        left = [event for event in left if event[2] > now]
        if now != float("inf"):
            measurements.seal(now)
    return measurements


# --- Totals ---


@given(seed=st.integers(0, 10_000), count=st.integers(0, 120), seals=st.lists(st.floats(T0, T0 + 130), max_size=3))
def test_groups_add_up_to_the_run_exactly(seed: int, count: int, seals: list[float]) -> None:
    assert_groups_are_the_whole(counted(events(seed, count), sorted(seals)))


def test_commands_belong_to_no_group_and_nothing_is_counted_without_groups() -> None:
    measurements = counted(events())
    assert not any(tag.startswith("cmd.") for series in measurements.groups.totals.values() for tag in series)
    queued: list[Event] = []
    QueueRecorder(queued.append).request("dev.heartbeat", T0, 0.1, "timeout", 1, 1, 0.0)
    alone = counted(queued)
    assert not alone.groups.totals
    alone.seal(float("inf"))
    assert not [interval for interval in alone.intervals if split_tag(interval.tag)]


def test_many_requests_within_a_span_are_counted_a_few_at_a_time() -> None:
    queued: list[Event] = []
    recorder = QueueRecorder(queued.append).of_group("rooms")
    for number in range(3 * COUNTED_AT_ONCE + 7):
        recorder.request("dev.heartbeat", T0 + number / 100, 0.01, "00000000", 1, 2, 0.0)
    measurements = RunMeasurements()
    measurements.apply(queued)
    assert all(
        len(slot.durations) < COUNTED_AT_ONCE
        for slots in measurements.groups._spans.values()
        for slot in slots.values()
    )
    assert_groups_are_the_whole(measurements)


# --- Workers, states, merged runs ---


def test_workers_and_master_count_as_one_process_does() -> None:
    master = RunMeasurements("master", "run")
    both = []
    for name, seed in (("one", 1), ("two", 2)):
        worker = RunMeasurements(name, "run")
        told = events(seed, foreign=8)
        both += told
        for part in (told[:137], told[137:500], told[500:]):
            worker.apply(part)
            delta = worker.drain_delta()
            assert master.merge_delta(delta)
            assert not master.merge_delta(delta)
            master.seal(T0 + 50)
    assert_groups_are_the_whole(master)
    alone = RunMeasurements()
    alone.apply(both)
    same_groups(alone, master)


@pytest.mark.parametrize("sealed_until", [T0 - 1, T0 + 61, float("inf")])
def test_a_state_and_its_log_bring_them_back(sealed_until: float) -> None:
    measurements = counted(events())
    measurements.seal(sealed_until)
    state = orjson.loads(
        orjson.dumps(dump_state(measurements, len(measurements.intervals)), option=orjson.OPT_NON_STR_KEYS)
    )
    again = RunMeasurements(intervals=measurements.intervals)
    absorb_state(again, state, measurements.intervals)
    same_groups(measurements, again)
    assert_groups_are_the_whole(again)


def test_a_state_of_an_earlier_version_has_no_groups() -> None:
    measurements = counted(events())
    measurements.seal(float("inf"))
    state = dump_state(measurements, len(measurements.intervals))
    del state["groups"]
    again = RunMeasurements()
    absorb_state(again, state, [interval for interval in measurements.intervals if not split_tag(interval.tag)])
    assert not again.groups.totals
    assert again.totals["connect"].histogram == measurements.totals["connect"].histogram


@pytest.mark.parametrize("seal", [False, True])
def test_a_run_of_one_group_joins_one_that_tells_groups_apart(seal: bool) -> None:
    merged = RunMeasurements()
    single = [(*event[:-1], "") if event[0] in (0, 1) else event for event in events(3)]
    for number, (queued, group) in enumerate(((events(1), ""), (single, "rooms"))):
        measurements = counted(queued)
        if seal:
            measurements.seal(float("inf"))
        state = dump_state(measurements, len(measurements.intervals))
        absorb_state(merged, state, measurements.intervals, f"run {number}", group=group)
    assert_groups_are_the_whole(merged)
    merged.intervals = MemoryIntervals(sorted(merged.intervals, key=lambda interval: interval.start))
    again = RunMeasurements()
    absorb_state(again, dump_state(merged, len(merged.intervals)), merged.intervals)
    same_groups(merged, again)


# --- Over time ---


def test_the_log_holds_a_groups_spans_and_they_are_the_whole() -> None:
    measurements = counted(events(), [T0 + 30, T0 + 90])
    measurements.seal(float("inf"))
    sums: dict[str, Histogram] = {}
    for interval in measurements.intervals:
        if (told := split_tag(interval.tag)) is not None:
            assert interval.start % SPAN_S == 0
            assert interval.length_s == SPAN_S
            assert not is_series(interval.tag)
            assert told[0] in NAMES
            sums.setdefault(told[1], Histogram()).add(Histogram.decode(interval.encoded))
    for tag, histogram in sums.items():
        assert histogram.counts == measurements.totals[tag].histogram.counts
    assert FAILED_PREFIX + "connect" in sums


def test_spans_stay_open_as_long_as_something_may_come() -> None:
    measurements = counted(events())
    measurements.seal(T0 + 45)
    ends = {interval.start + SPAN_S for interval in measurements.intervals if split_tag(interval.tag)}
    assert max(ends) <= T0 + 45
    assert max(ends) > T0 + 25


@given(
    group=st.text(min_size=1, max_size=40).filter(lambda text: text.isprintable()),
    tag=st.sampled_from(("connect", "flow:init", "failed:flow:init", "dev.a:b%")),
)
def test_a_tag_names_group_and_series(group: str, tag: str) -> None:
    assert split_tag(group_tag(group, tag)) == (group, tag)
    assert split_tag(tag) is None


# --- Names ---


def test_of_very_many_groups_the_rest_is_counted_together() -> None:
    names = [f"g{number}" for number in range(MOST_GROUPS + 30)]
    assert group_labels(names[:MOST_GROUPS]) == tuple(names[:MOST_GROUPS])
    labels = group_labels(names)
    assert len(labels) == len(names)
    assert len(set(labels)) == MOST_GROUPS
    assert labels[: MOST_GROUPS - 1] == tuple(names[: MOST_GROUPS - 1])


def test_a_recorder_that_tells_no_groups_apart_is_everybodys() -> None:
    recording: Any = Recording()
    assert of_group(recording, "rooms") is recording


def test_the_first_failure_of_a_kind_is_told_once_for_all_groups() -> None:
    queued: list[Event] = []
    recorder = QueueRecorder(queued.append)
    for name in NAMES:
        recorder.of_group(name).detail("connect", "refused", "no", T0)
    assert len(queued) == 1


def test_nothing_was_measured() -> None:
    groups = Groups()
    groups.settle()
    groups.seal(float("inf"), MemoryIntervals())
    assert groups.rows(sparse=True) == {}
