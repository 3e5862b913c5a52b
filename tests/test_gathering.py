"""A loop that gathers: it waits when there is nothing to do, never before that, and not after its end."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest
import uvloop

from simulator.gathering import QUIET_S, QUIET_TURNS, Gathering

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
