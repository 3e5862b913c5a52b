"""What is remembered of how long data was held: little, and enough to judge a time-out by."""

from __future__ import annotations

import pytest

from simulator.fleet.faults.holds import GRAIN, Holds, both_ways
from simulator.fleet.faults.windows import Window


def holds(*held: tuple[float, float]) -> Holds:
    made = Holds()
    for begin, end in held:
        made.add(begin, end)
    return made


@pytest.mark.parametrize(
    ("begin", "end", "longest"),
    [(0, 20, 6), (12, 20, 4), (0, 14, 4), (11, 13, 2), (16, 30, 0), (0, 10, 0), (20, 31, 1)],
)
def test_the_longest_counts_as_far_as_it_lies_in_the_time(begin: float, end: float, longest: float) -> None:
    assert holds((1, 1), (10, 16), (30, 32)).longest(begin, end) == longest


def test_many_short_ones_are_no_long_one() -> None:
    chatter = holds(*((at / 10, at / 10 + 0.4) for at in range(200)))
    assert chatter.longest(0, 10) == pytest.approx(0.4)


def test_a_queue_that_grows_is_remembered_from_its_beginning() -> None:
    queue = holds(*((at / 100, at / 100 + at / 200) for at in range(2_000)))
    for at in (5.0, 10.0, 15.0):
        # What set out after two thirds of the time has just arrived.
        assert queue.longest(0, at) == pytest.approx(at / 3, abs=GRAIN)
    assert len(queue) <= 20 / GRAIN


def test_hours_are_not_remembered() -> None:
    long = holds(*((at, at + 0.5) for at in range(10_000)))
    assert 500 <= len(long) <= 1_024
    assert long.longest(8_000, 8_900) == 0
    assert long.longest(9_900, 9_910) == 0.5


def test_what_was_dropped_is_held_no_longer() -> None:
    dropped = holds((0, 1), (2, 12), (3, 13))
    dropped.cut(5)
    assert dropped.longest(0, 20) == 3
    assert dropped.longest(5, 20) == 0


def test_nothing_held_is_nothing() -> None:
    assert not holds((4, 4), (5, 4))
    assert holds().longest(0, 9) == 0


def test_request_and_reply_are_held_one_after_the_other() -> None:
    assert both_ways((holds((0, 3), (4, 5)), holds((6, 8))), 0, 10) == 5


# --- What they explain ---


@pytest.mark.parametrize(
    ("there", "back", "explained"),
    [
        pytest.param((0, 6), (6, 12), True, id="six seconds each way of a time-out of ten"),
        pytest.param((0, 6), None, True, id="the platform had no half of the time"),
        pytest.param((0, 0.4), None, False, id="a heartbeat, and a platform that hangs"),
        pytest.param((0, 3), (7.5, 10.5), True, id="an answer after four seconds and a half, on its way"),
        pytest.param((0, 1), (10, 11), False, id="an answer after nine seconds over a link that takes two"),
        pytest.param((0, 11.25), None, True, id="a picture of 90 KB at 8 KB a second"),
    ],
)
def test_a_time_out_of_ten_seconds(
    there: tuple[float, float], back: tuple[float, float] | None, explained: bool
) -> None:
    ways = holds(there), holds(*() if back is None else (back,))
    window = Window(
        0, -50.0, delays=True, held=lambda begin, end, *, opening: both_ways(ways, begin, end), blocks=False
    )
    assert window.explains("timeout", 0.0, 10.0, opening=False) is explained
