"""Sleep on a clock that a test moves."""

import asyncio

import pytest

from simulator.clock import ManualClock, TimerQueue
from simulator.device.sleep import sleep


async def test_it_ends_when_the_time_is_over_and_not_before() -> None:
    clock = ManualClock()
    timers = TimerQueue(clock)
    sleeper = asyncio.ensure_future(sleep(timers, 5.0))
    await asyncio.sleep(0)
    clock.advance(4.9)
    timers.run_due()
    await asyncio.sleep(0)
    assert not sleeper.done()
    clock.advance(0.1)
    timers.run_due()
    await asyncio.wait_for(sleeper, 1.0)


async def test_one_that_is_cancelled_leaves_no_timer_behind() -> None:
    timers = TimerQueue(ManualClock())
    sleeper = asyncio.ensure_future(sleep(timers, 5.0))
    await asyncio.sleep(0)
    assert timers.next_due() is not None
    sleeper.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeper
    assert timers.next_due() is None


async def test_a_timer_that_is_due_in_the_moment_of_the_cancellation_does_no_harm() -> None:
    clock = ManualClock()
    timers = TimerQueue(clock)
    sleeper = asyncio.ensure_future(sleep(timers, 5.0))
    await asyncio.sleep(0)
    sleeper.cancel()
    clock.advance(5.0)
    timers.run_due()
    with pytest.raises(asyncio.CancelledError):
        await sleeper
