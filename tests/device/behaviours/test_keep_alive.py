"""The device's own pings: which connections they keep, which they find dead, and when there are none."""

import pytest

from simulator.measurements.names import DeviceState
from tests.device.harness import World


async def test_without_heartbeats_a_half_open_connection_is_found_by_a_ping(world: World) -> None:
    world.platform.terms["supportHeartbeat"] = "0"
    device = await world.online()
    await world.advance(600)
    assert device.state is DeviceState.ONLINE
    connection = world.connections[0]
    assert 9 <= connection.pings <= 11
    connection.half_open = True
    await world.advance(71)  # an interval and the request time-out
    assert world.recorder.reasons() == ["no pong"]
    await world.advance(3)
    assert device.state is DeviceState.ONLINE
    assert world.connections[1].pings == 0


@pytest.mark.parametrize(("ping", "heartbeats", "pings"), [(None, True, 0), ("0s", False, 0), ("20s", True, 30)])
async def test_how_often_a_device_pings(world: World, ping: str | None, heartbeats: bool, pings: int) -> None:
    world.platform.terms["supportHeartbeat"] = "1" if heartbeats else "0"
    await world.online(keys={} if ping is None else {"ping": ping})
    await world.advance(600)
    assert world.connections[0].pings == pytest.approx(pings, abs=1)
    assert len(world.connections) == 1
    assert bool(world.platform.sent("dev.heartbeat")) is heartbeats


async def test_whatever_arrives_is_a_sign_of_life(world: World) -> None:
    world.platform.terms["supportHeartbeat"] = "0"
    await world.online(keys={"ping": "10s"}, request_timeout=5.0)
    connection = world.connections[0]
    connection.ping = lambda: None  # type: ignore[method-assign]
    for number in range(60):
        await world.advance(1)
        world.platform.link.command("cmd.system.sync.time", cmd_id=f"c{number}")
    assert world.recorder.reasons() == []
    await world.advance(15)
    assert world.recorder.reasons() == ["no pong"]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (1007, "closed 1007 by the device: text that is not UTF-8"),
        (1009, "closed 1009 by the device: message too large"),
        (1002, "closed 1002 by the device: no proper WebSocket frame"),
    ],
)
async def test_who_ended_a_connection_is_said(world: World, code: int, reason: str) -> None:
    await world.online()
    world.connections[0].fail(code, "what came was wrong")
    await world.advance(5)
    world.platform.link.close(code)
    await world.advance(5)
    assert world.recorder.reasons() == [reason, f"closed {code}"]
