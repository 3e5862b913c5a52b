"""Ends without a word are the platform's where it lived on, and nobody's where it died; all others count at once."""

import math
from collections import deque

import pytest

from simulator.measurements.events import Event, QueueRecorder
from simulator.measurements.held_violations import HeldViolations
from simulator.measurements.run import RunMeasurements
from simulator.measurements.state import dump_state
from simulator.measurements.violation_rules import REPLY_CODE, SESSION_CLOSED_UNANNOUNCED

T0 = 1_700_000_000.0
END, TEXT = SESSION_CLOSED_UNANNOUNCED, "the connection ended without a close frame"


@pytest.fixture
def held() -> HeldViolations:
    violations = HeldViolations()
    violations.hold()
    return violations


def test_where_nobody_watches_the_platform_all_counts_at_once() -> None:
    violations = HeldViolations()
    violations.add(END, TEXT, T0, 3)
    assert violations.counts() == {END: 1}
    assert violations.open_since == math.inf


def test_an_end_counts_when_the_platform_is_known_to_have_lived_on(held: HeldViolations) -> None:
    held.add(END, TEXT, T0, 3)
    held.add(REPLY_CODE, "no code", T0, 3, "dev.login")
    assert held.counts() == {REPLY_CODE: 1}
    held.lived(T0)
    assert (held.counts(), held.open_since) == ({REPLY_CODE: 1}, T0)
    held.lived(T0 + 0.1)
    assert held.counts() == {REPLY_CODE: 1, END: 1}
    found = held.by_rule[END]
    assert (found.example, found.tally.first, len(found.devices), found.func_ids) == (TEXT, T0, 1, {})


def test_nothing_before_the_death_is_forgiven_and_nothing_after_it_is_blamed(held: HeldViolations) -> None:
    held.lived(T0 + 1.0)
    for at in (T0 + 0.99, T0 + 1.0, T0 + 1.2):
        held.add(END, TEXT, at, 0)
    assert held.died() == T0 + 1.0
    # What other processes tell later.
    held.add(END, TEXT, T0 + 0.5, 1)
    held.add(END, TEXT, T0 + 1.5, 2)
    held.add(REPLY_CODE, "no code", T0 + 1.5, 2)
    assert held.counts() == {END: 2, REPLY_CODE: 1}
    assert held.open_since == math.inf


def worker() -> RunMeasurements:
    events: deque[Event] = deque()
    recorder = QueueRecorder(events.append)
    recorder.violation(END, "", TEXT, T0 + 1.0, 4)
    recorder.violation(END, "", TEXT, T0 + 2.0, 5)
    measurements = RunMeasurements("w1", "run")
    measurements.violations.hold()
    measurements.apply(events)
    return measurements


@pytest.mark.parametrize("told_before", [True, False])
def test_a_workers_travel_to_where_the_platform_is_watched(told_before: bool) -> None:
    part, master = worker(), RunMeasurements("master", "run")
    master.violations.hold()
    if told_before:
        master.merge_delta(part.drain_delta())
    master.violations.lived(T0 + 1.5)
    master.violations.died()
    if not told_before:
        master.merge_delta(part.drain_delta())
    found = master.violations.by_rule[END]
    assert (found.tally.count, found.tally.first, found.devices.ranges()) == (1, T0 + 1.0, [[4, 4]])
    assert b"closed-unannounced" not in part.drain_delta()


def test_in_the_state_of_a_run_that_may_break_off_what_waits_counts() -> None:
    measurements = worker()
    assert dump_state(measurements, 0)["violations"][END][1] == 2
    assert measurements.violations.total == 0
    measurements.violations.died()
    assert dump_state(measurements, 0)["violations"] == {}
