"""Time that is virtual: it jumps to the next timer, and calls of one moment come in order."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from simulator.simulation import loop as module
from simulator.simulation.loop import TimeStandsStillError, VirtualClock, VirtualLoop


def new_loop(errors: list[Any] | None = None) -> VirtualLoop:
    told = [] if errors is None else errors
    return VirtualLoop(lambda where, error: told.append((where, error)))  # type: ignore[abstract]


def test_timers_of_one_moment_come_in_order_and_time_jumps() -> None:
    loop, seen = new_loop(), []
    for number in range(20):
        loop.call_later(5, lambda number=number: seen.append((loop.time(), number)))  # type: ignore[misc]
    loop.call_later(3, seen.append, "before")
    loop.call_later(5, seen.append, "cancelled").cancel()
    loop.run_until(4)
    assert (seen, loop.time()) == (["before"], 4)
    loop.run_until(1_000_000)
    assert seen[1:] == [(5.0, number) for number in range(20)]
    assert loop.time() == 1_000_000


def test_asyncio_lives_on_it() -> None:
    loop, seen = new_loop(), []

    async def life() -> None:
        await asyncio.sleep(10)
        seen.append(loop.time())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3):
                await loop.create_future()
        seen.append(loop.time())
        await asyncio.gather(asyncio.sleep(1), asyncio.sleep(7))
        seen.append(loop.time())
        assert asyncio.get_running_loop() is loop

    loop.call_soon(lambda: seen.append(loop.create_task(life())))
    loop.run_until(100)
    task, *times = seen
    assert times == [10, 13, 20]
    task.result()


def test_an_exception_is_told_and_the_others_are_still_called() -> None:
    errors: list[Any] = []
    loop, seen = new_loop(errors), []
    loop.call_soon(lambda: 1 / 0)
    loop.call_soon(seen.append, 1)
    loop.run_until(0)
    assert seen == [1]
    assert isinstance(errors[0][1], ZeroDivisionError)


def test_a_moment_without_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_AT_ONCE", 1_000)
    loop = new_loop()

    def again() -> None:
        loop.call_soon(again)

    loop.call_soon(again)
    with pytest.raises(TimeStandsStillError):
        loop.run_until(1)


def test_a_clock_that_is_set_moves_the_wall_alone() -> None:
    loop = new_loop()
    clock = VirtualClock(loop, 1_000.0)
    loop.run_until(5)
    clock.ahead = -600
    assert (clock.monotonic(), clock.wall()) == (5, 405)
