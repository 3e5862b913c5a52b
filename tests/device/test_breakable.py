"""What a device waits for is broken off when it is to leave, and by nobody else."""

import asyncio

import pytest

from simulator.device.breakable import Breakable, BrokenOff


async def test_waiting_ends_when_the_device_is_to_leave() -> None:
    waits = Breakable(lambda: False)

    async def wait() -> None:
        with waits.wait():
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    waits.break_off()
    with pytest.raises(BrokenOff):
        await task
    assert task.cancelling() == 0


async def test_a_device_that_is_to_leave_begins_to_wait_for_nothing() -> None:
    with pytest.raises(BrokenOff), Breakable(lambda: True).wait():
        pytest.fail("it waited")


async def test_somebody_elses_cancelling_stays_a_cancelling() -> None:
    waits = Breakable(lambda: False)

    async def wait() -> None:
        with waits.wait():
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_breaking_off_when_nothing_is_waited_for_is_harmless() -> None:
    waits = Breakable(lambda: False)
    waits.break_off()
    with waits.wait():
        await asyncio.sleep(0)
    waits.break_off()
    await asyncio.sleep(0)
