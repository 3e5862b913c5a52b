"""A device that may send so many messages a second sends no more in any second, and loses nothing by that."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.clock import ManualClock, TimerQueue
from simulator.device.pace import Pace
from simulator.measurements.names import DeviceState
from simulator.pubsub.profile import Password
from tests.device.answers import drops
from tests.device.deliveries import LOG, people
from tests.device.harness import World, alone
from tests.device.test_mqtt import URL, over_mqtt


@given(most=st.integers(1, 10), pauses=st.lists(st.floats(0, 1.5), max_size=40))
@alone
async def test_no_second_holds_more(most: int, pauses: list[float]) -> None:
    clock = ManualClock()
    timers = TimerQueue(clock)
    pace = Pace(most, timers)
    sent: list[float] = []
    for pause in pauses:
        clock.advance(pause)
        turn = asyncio.ensure_future(pace.turn())
        await asyncio.sleep(0)
        while not turn.done():
            due = timers.next_due()
            assert due is not None
            clock.advance(max(0.0, due - clock.monotonic()))
            timers.run_due()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        pace.sent()
        sent.append(clock.monotonic())
    for first, last in zip(sent, sent[most:], strict=False):
        assert last - first >= 1.0 - 1e-6


async def test_nobody_waits_below_the_limit() -> None:
    timers = TimerQueue(ManualClock())
    pace = Pace(3, timers)
    for _ in range(3):
        await pace.turn()
        pace.sent()
    assert timers.next_due() is None


async def test_a_backlog_over_tencents_broker_goes_up_at_its_pace(world: World) -> None:
    world.network.broker_url = URL
    settings = over_mqtt("best-t", {"password": Password()}, **people(rate=200.0))
    device = await world.online(**settings)
    await world.advance(4.0)
    uploads = [seen.at for seen in world.platform.sent(LOG)]
    assert len(uploads) > 90
    for first, last in zip(uploads, uploads[30:], strict=False):
        assert last - first >= 1.0 - 1e-6
    assert device.delivery.outbox.pending > 500
    assert world.recorder.failed() == {}


@pytest.mark.parametrize(("broker_type", "least"), [("best-t", 5.0), ("best-m", 1.0)])
async def test_a_device_connects_no_more_often_than_its_broker_takes(
    world: World, broker_type: str, least: float
) -> None:
    world.network.broker_url = URL
    device = await world.online(**over_mqtt(broker_type, {"password": Password()}))
    began = world.clock.monotonic()
    drops(world.platform.link, {})
    await world.until(lambda: len(world.platform.links) == 2 and device.state is DeviceState.ONLINE)
    assert least - 0.5 <= world.clock.monotonic() - began <= least + 1.5
    # The wait is nobody's slowness.
    assert max(entry[2] for entry in world.recorder.flows if entry[0] == "init") < 0.5


async def test_a_device_that_waits_to_connect_can_be_stopped(world: World) -> None:
    world.network.broker_url = URL
    device = await world.online(**over_mqtt("best-t", {"password": Password()}))
    drops(world.platform.link, {})
    await world.advance(2.5)
    assert device.state is not DeviceState.ONLINE
    await world.stop(device)
    assert device.state is DeviceState.STOPPED
