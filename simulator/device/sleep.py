"""Sleeping on the clock that a device was handed, which a test moves by hand."""

import asyncio

from simulator.clock import TimerQueue


async def sleep(timers: TimerQueue, seconds: float) -> None:
    """Return after `seconds`."""
    woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    timer = timers.call_later(seconds, _wake, woken)
    try:
        await woken
    finally:
        timer.cancel()


def _wake(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)
