"""The one timer of the loop that drives a whole queue of them."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from simulator.clock import SystemClock, TimerQueue
from simulator.loop_timers import BURST, LoopTimers


@contextmanager
def running(queue: TimerQueue) -> Iterator[LoopTimers]:
    timers = LoopTimers(queue)
    timers.start(asyncio.get_running_loop())
    try:
        yield timers
    finally:
        timers.stop()


async def test_calls_are_made_in_order_of_time_and_never_early() -> None:
    queue = TimerQueue(SystemClock())
    made: list[tuple[float, float]] = []
    done = asyncio.Event()
    start = queue.clock.monotonic()

    def call(when: float) -> None:
        made.append((when, queue.clock.monotonic()))
        if len(made) == 5:
            done.set()

    with running(queue):
        for wait in (0.004, 0.001, 0.0, 0.002, 0.003):
            queue.call_at(start + wait, call, start + wait)
        await done.wait()
    assert [when for when, _ in made] == sorted(when for when, _ in made)
    assert all(at >= when for when, at in made)


async def test_what_was_queued_before_the_start_is_made_as_well() -> None:
    queue = TimerQueue(SystemClock())
    done = asyncio.Event()
    queue.call_later(0.0, done.set)
    with running(queue):
        await done.wait()


async def test_a_crowd_lets_others_through_between_its_bursts() -> None:
    queue = TimerQueue(SystemClock())
    order: list[str] = []
    done = asyncio.Event()
    loop = asyncio.get_running_loop()

    def first() -> None:
        order.append("call")
        # As a socket that becomes readable while the calls are made.
        loop.call_soon(order.append, "other")

    now = queue.clock.monotonic()
    queue.call_at(now, first)
    for _ in range(3 * BURST):
        queue.call_at(now, order.append, "call")
    queue.call_at(now, done.set)
    with running(queue):
        await done.wait()
    assert order.count("call") == 3 * BURST + 1
    assert order.index("other") <= 2 * BURST


class ClockByHand:
    """Stands still but for `take`."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now

    def take(self, seconds: float) -> None:
        self.now += seconds


async def test_calls_get_as_much_time_as_busy_sockets_take() -> None:
    clock = ClockByHand()
    queue = TimerQueue(clock)
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    turns = 0

    def sockets() -> None:
        nonlocal turns
        turns += 1
        clock.take(0.005)
        if not done.is_set():
            loop.call_soon(sockets)

    def begin() -> None:
        nonlocal turns
        turns = 0

    queue.call_at(clock.now, begin)
    for _ in range(1000):
        queue.call_at(clock.now, clock.take, 0.0001)
    queue.call_at(clock.now, done.set)
    sockets()
    with running(queue):
        await done.wait()
    # 1,000 calls of 0.1 ms beside turns of 5 ms: some 20 turns, and not one for each burst of eight.
    assert turns < 40


async def test_a_call_that_raises_is_reported_and_keeps_no_other_from_being_made() -> None:
    queue = TimerQueue(SystemClock())
    reported: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: reported.append(context))
    done = asyncio.Event()

    def fail() -> None:
        raise RuntimeError("broken")

    with running(queue):
        queue.call_later(0.0, fail)
        queue.call_later(0.0, done.set)
        await done.wait()
    assert [str(context["exception"]) for context in reported] == ["broken"]


async def test_an_earlier_call_does_not_wait_for_a_later_one() -> None:
    queue = TimerQueue(SystemClock())
    done = asyncio.Event()
    with running(queue):
        queue.call_later(3600, pytest.fail, "an hour has not passed")
        queue.call_later(0.0, done.set)
        await done.wait()


async def test_no_call_is_made_after_the_stop() -> None:
    queue = TimerQueue(SystemClock())
    made: list[str] = []
    with running(queue) as timers:
        queue.call_later(0.0, made.append, "late")
        timers.stop()
    queue.call_later(0.0, made.append, "later")
    await asyncio.sleep(0.01)
    assert made == []
