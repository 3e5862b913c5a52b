"""A loop that gathers: it waits when there is nothing to do, never before that, and not after its end.

One that gathers when it is busy does so only then, and not while something is under way that must not be late.
"""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest
import uvloop

from simulator.gathering import (
    BUSY,
    LONGEST_S,
    LOOK_S,
    QUIET_S,
    QUIET_TURNS,
    SHORTEST_S,
    TOGETHER,
    Gathering,
    GatheringWhenBusy,
)

INTERVAL_S = 0.04


class Turns:
    """A loop whose turns the test makes, and how long it has slept."""

    def __init__(self, interval_s: float = INTERVAL_S) -> None:
        self.now = 100.0
        self.slept: list[float] = []
        self._due: list[tuple[asyncio.Handle, Callable[[], None]]] = []
        self.gathering = Gathering(cast("asyncio.AbstractEventLoop", self), interval_s, self._sleep, lambda: self.now)
        self.gathering.begin()

    def call_soon(self, callback: Callable[[], None]) -> asyncio.Handle:
        handle = asyncio.Handle(callback, (), cast("asyncio.AbstractEventLoop", self))
        self._due.append((handle, callback))
        return handle

    def get_debug(self) -> bool:
        return False

    def turn(self, work_s: float = 0.0) -> None:
        """A turn that has other work for so long."""
        self.now += work_s
        due, self._due = self._due, []
        for handle, callback in due:
            if not handle.cancelled():
                callback()

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_it_waits_once_nothing_was_to_do_for_some_turns() -> None:
    turns = Turns()
    for _ in range(QUIET_TURNS - 1):
        turns.turn()
    assert turns.slept == []
    turns.turn()
    assert turns.slept == [INTERVAL_S]
    # What came meanwhile has as many turns again.
    for _ in range(QUIET_TURNS):
        turns.turn()
    assert turns.slept == [INTERVAL_S] * 2


def test_a_loop_that_is_busy_is_never_held_up() -> None:
    turns = Turns()
    for _ in range(1000):
        turns.turn(QUIET_S)
        turns.turn()
    assert turns.slept == []


def test_the_wait_itself_is_no_work() -> None:
    turns = Turns()
    for _ in range(QUIET_TURNS * 5):
        turns.turn()
    assert len(turns.slept) == 5


@pytest.mark.parametrize("interval_s", [0.0, INTERVAL_S])
def test_who_was_not_told_to_and_who_has_ended_waits_for_nothing(interval_s: float) -> None:
    turns = Turns(interval_s)
    turns.gathering.end()
    turns.gathering.end()
    for _ in range(10):
        turns.turn()
    assert turns.slept == []


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_all_that_is_ready_is_done_before_a_real_loop_waits(new_loop: Callable[[], Any]) -> None:
    loop, waits = new_loop(), 0
    left = 500
    seen: list[int] = []

    def sleep(_seconds: float) -> None:
        nonlocal waits
        waits += 1
        seen.append(left)
        if waits == 3:
            loop.stop()

    def work() -> None:
        nonlocal left
        began = loop.time()
        # Longer than what counts as nothing.
        while loop.time() < began + 2 * QUIET_S:
            pass
        left -= 1
        if left:
            loop.call_soon(work)

    loop.call_soon(work)
    Gathering(loop, INTERVAL_S, sleep).begin()
    try:
        loop.run_forever()
    finally:
        loop.close()
    assert seen == [0, 0, 0]


# --- While it is busy ---


class Seconds:
    """Calls and disturbances of one second after the other, on a loop whose time the test moves."""

    def __init__(self, most_s: float = LONGEST_S) -> None:
        self.now = 50.0
        self.calls = 0
        self.switch = _Switch()
        self.allowed = True
        self._due: tuple[asyncio.Handle, float, Callable[[], None]] | None = None
        self.gathering = GatheringWhenBusy(
            cast("asyncio.AbstractEventLoop", self),
            cast("Gathering", self.switch),
            lambda: self.calls,
            lambda: self.allowed,
            most_s,
        )
        self.gathering.begin()

    def time(self) -> float:
        return self.now

    def get_debug(self) -> bool:
        return False

    def call_later(self, delay: float, callback: Callable[[], None]) -> asyncio.Handle:
        handle = asyncio.Handle(callback, (), cast("asyncio.AbstractEventLoop", self))
        self._due = (handle, self.now + delay, callback)
        return handle

    def second(self, calls: float, *, late_s: float = 0.0) -> bool:
        """A second in which so many calls are asked for; whether it gathers at its end."""
        self.calls += round(calls)
        assert self._due is not None
        handle, due, callback = self._due
        self.now = due + late_s
        if not handle.cancelled():
            callback()
        return self.switch.gathers


class _Switch:
    def __init__(self) -> None:
        self.interval_s = 0.0
        self.gathers = False

    def begin(self) -> None:
        self.gathers = True

    def end(self) -> None:
        self.gathers = False


def test_a_busy_loop_gathers_and_neither_a_quiet_nor_a_full_one_does() -> None:
    seconds = Seconds()
    assert not seconds.second(BUSY * LOOK_S - 1)
    assert seconds.second(BUSY * LOOK_S)
    assert not seconds.second(0)
    assert seconds.second(TOGETHER / SHORTEST_S * LOOK_S)
    assert not seconds.second(TOGETHER / SHORTEST_S * LOOK_S + 1)


@pytest.mark.parametrize(
    ("rate", "wait_s"), [(1_000, 0.004), (4_000, 0.004), (5_000, 0.0032), (8_000, 0.002)], ids=lambda each: f"{each:g}"
)
def test_it_waits_for_no_more_than_some_calls(rate: int, wait_s: float) -> None:
    seconds = Seconds()
    assert seconds.second(rate * LOOK_S)
    assert seconds.switch.interval_s == pytest.approx(wait_s)


def test_it_waits_no_longer_than_it_may() -> None:
    seconds = Seconds(0.003)
    assert seconds.second(2 * BUSY * LOOK_S)
    assert seconds.switch.interval_s == 0.003
    assert not Seconds(SHORTEST_S * 0.99).second(2 * BUSY * LOOK_S)


def test_calls_are_counted_by_the_second_however_late_the_look_is() -> None:
    assert not Seconds().second(BUSY * 2.9 * LOOK_S, late_s=2 * LOOK_S)
    assert Seconds().second(BUSY * 3.1 * LOOK_S, late_s=2 * LOOK_S)
    assert Seconds().second(TOGETHER / SHORTEST_S * 2.9 * LOOK_S, late_s=2 * LOOK_S)


def test_what_must_not_be_late_ends_it_at_once_and_has_more_than_a_second() -> None:
    seconds, busy = Seconds(), BUSY * LOOK_S * 4
    assert seconds.second(busy)
    seconds.gathering.disturb()
    assert not seconds.switch.gathers
    assert not seconds.second(busy), "it began just now"
    assert seconds.second(busy)


def test_it_gathers_only_where_it_may() -> None:
    seconds, busy = Seconds(), BUSY * LOOK_S * 4
    seconds.allowed = False
    assert not seconds.second(busy)
    seconds.allowed = True
    assert seconds.second(busy)
    seconds.allowed = False
    assert not seconds.second(busy)


def test_a_fleet_that_comes_online_never_gathers() -> None:
    seconds = Seconds()
    for _ in range(20):
        seconds.gathering.disturb()
        assert not seconds.second(BUSY * LOOK_S * 4)


def test_after_its_end_it_looks_no_more() -> None:
    seconds = Seconds()
    seconds.second(BUSY * LOOK_S)
    seconds.gathering.end()
    assert not seconds.switch.gathers
    assert not seconds.second(BUSY * LOOK_S)


def test_to_begin_twice_is_to_gather_once() -> None:
    turns = Turns()
    turns.gathering.begin()
    for _ in range(QUIET_TURNS):
        turns.turn()
    assert turns.slept == [INTERVAL_S]
