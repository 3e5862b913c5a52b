"""The pace at which devices start."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.swarm.generator.start_queue import CATCH_UP_S, GAP_S, SPREAD_S, StartQueue


def starts(queue: StartQueue, now: float) -> list[tuple[float, int]]:
    """Ask whenever something is due, until nothing waits: (moment, index)."""
    made = []
    while (at := queue.next_at()) is not None:
        now = max(now, at)
        made += [(now, index) for index in queue.due(now)]
    return made


def test_an_empty_queue_has_nothing_due() -> None:
    queue = StartQueue()
    assert queue.next_at() is None
    assert queue.due(1e9) == []


def test_a_single_device_starts_at_once() -> None:
    queue = StartQueue()
    queue.add([7], 100.0)
    assert queue.due(100.0) == [7]
    assert queue.next_at() is None


def test_a_few_devices_do_not_take_the_whole_second() -> None:
    queue = StartQueue()
    queue.add(range(5), 100.0)
    made = starts(queue, 100.0)
    assert made[-1][0] == pytest.approx(100.0 + 4 * GAP_S)


@pytest.mark.parametrize("piece", [1, 7, 250])
def test_a_second_s_devices_are_spread_evenly_over_it_whatever_the_pieces(piece: int) -> None:
    queue = StartQueue()
    for first in range(0, 250, piece):
        queue.add(range(first, min(first + piece, 250)), 100.0)
    made = starts(queue, 100.0)
    assert [index for _, index in made] == list(range(250))
    assert 100.0 + 0.9 * SPREAD_S < made[-1][0] <= 100.0 + SPREAD_S
    halfway = sum(at < 100.0 + SPREAD_S / 2 for at, _ in made)
    assert halfway == pytest.approx(125, abs=2)


def test_pieces_that_trickle_in_reach_the_pace_of_the_whole() -> None:
    queue = StartQueue()
    made: list[tuple[float, int]] = []
    # As Locust's thread and ours take turns: five devices every millisecond.
    for turn in range(50):
        now = 100.0 + turn / 1000
        queue.add(range(5 * turn, 5 * turn + 5), now)
        made += [(now, index) for index in queue.due(now)]
    made += starts(queue, 100.05)
    assert len(made) == 250
    assert made[-1][0] < 101.0


def test_second_after_second_no_queue_builds_up() -> None:
    queue = StartQueue()
    for second in range(20):
        now = 100.0 + second
        assert len(queue) == 0
        queue.add(range(1000 * second, 1000 * second + 300), now)
        while (at := queue.next_at()) is not None and at < now + 1:
            queue.due(at)


def test_who_asks_a_little_late_gets_what_was_missed() -> None:
    queue = StartQueue()
    queue.add(range(250), 100.0)
    assert len(queue.due(100.0 + CATCH_UP_S)) == pytest.approx(250 * CATCH_UP_S / SPREAD_S, abs=1)


def test_a_stall_of_seconds_makes_no_burst() -> None:
    queue = StartQueue()
    queue.add(range(250), 100.0)
    assert len(queue.due(103.0)) == pytest.approx(250 * CATCH_UP_S / SPREAD_S, abs=1)
    assert starts(queue, 103.0)[-1][0] > 103.0 + SPREAD_S / 2


def test_the_next_crowd_after_a_pause_is_spread_again() -> None:
    queue = StartQueue()
    queue.add(range(1000), 100.0)
    starts(queue, 100.0)
    queue.add(range(5), 200.0)
    assert starts(queue, 200.0)[-1][0] == pytest.approx(200.0 + 4 * GAP_S)


def test_who_is_discarded_does_not_start() -> None:
    queue = StartQueue()
    queue.add(range(3), 100.0)
    assert queue.discard(1)
    assert not queue.discard(1)
    assert [index for _, index in starts(queue, 100.0)] == [0, 2]


def test_clear_gives_back_who_waits() -> None:
    queue = StartQueue()
    queue.add(range(3), 100.0)
    queue.due(100.0)
    assert queue.clear() == [1, 2]
    assert len(queue) == 0


@given(st.lists(st.tuples(st.integers(0, 40), st.floats(0, 2)), max_size=30))
def test_everyone_starts_once_and_in_order(pieces: list[tuple[int, float]]) -> None:
    queue = StartQueue()
    now = 100.0
    made: list[int] = []
    total = 0
    for count, wait in pieces:
        queue.add(range(total, total + count), now)
        total += count
        made += queue.due(now)
        now += wait
        made += queue.due(now)
    made += [index for _, index in starts(queue, now)]
    assert made == list(range(total))
