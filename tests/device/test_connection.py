"""A connection in trouble: what is recorded, what closes with 1008, and that the device comes back."""

import pytest

from simulator.device.settings import OnTimeout
from simulator.measurements.names import DeviceState
from tests.device.answers import late, silent
from tests.device.harness import World


async def test_timeout_ends_the_connection_and_the_device_comes_back(world: World) -> None:
    device = await world.online()
    world.platform.script("dev.heartbeat", silent)
    await world.until(lambda: bool(world.platform.sent("dev.heartbeat")))
    await world.advance(10.1)
    assert world.recorder.codes("dev.heartbeat") == ["timeout"]
    assert world.recorder.reasons() == ["timeout"]
    assert device.state is DeviceState.WAITING
    await world.advance(2)
    assert device.state is DeviceState.ONLINE


async def test_other_requests_of_a_dead_connection_count_as_disconnected(world: World) -> None:
    await world.online()
    link = world.platform.link
    world.platform.always("dev.system.sync.time", silent)
    world.platform.always("dev.heartbeat", silent)
    await world.until(lambda: bool(world.platform.sent("dev.heartbeat")))
    await world.advance(4)
    link.command("cmd.system.sync.time")
    await world.advance(6.1)
    assert world.recorder.codes("dev.heartbeat") == ["timeout"]
    assert world.recorder.codes("dev.system.sync.time") == ["disconnected"]


@pytest.mark.parametrize("payload", [b"", b"{", b"null", b'"x"', b"[]", b"\xff\xfe", b"1", b"{}x", b'{"a":NaN}'])
@pytest.mark.parametrize("binary", [False, True])
async def test_a_garbage_frame_closes_with_1008_and_the_device_comes_back(payload: bytes, binary: bool) -> None:
    for suite in ("plain", "rsa-aes"):
        world = World(suite)
        device = await world.online()
        world.platform.link.transmit(payload, binary)
        await world.settle()
        assert world.platform.links[0].close_received is not None
        assert world.platform.links[0].close_received[0] == 1008
        assert world.recorder.reasons() == ["protocol violation"]
        [rule] = world.recorder.broken()
        assert rule == (
            "channel.plain-after-exchange"
            if not binary and suite == "rsa-aes"
            else "channel.frame"
            if binary
            else "reply.not-json"
        )
        await world.advance(2)
        assert device.state is DeviceState.ONLINE
        await world.close()


async def test_a_valid_message_in_the_wrong_kind_of_frame_closes_with_1008(world: World) -> None:
    await world.online()
    world.platform.link.transmit(b'{"code":"00000000","mid":"x"}', True)
    await world.settle()
    assert world.platform.links[0].close_received == (1008, "protocol violation")


async def test_replayed_sealed_frames_close_with_1008(sealed_world: World) -> None:
    world = sealed_world
    await world.online()
    frame = [payload for direction, payload in world.wire if direction == "<"][-1]
    world.platform.link.transmit(frame, True)
    await world.settle()
    assert world.platform.links[0].close_received == (1008, "protocol violation")


async def test_a_platform_that_never_closes_does_not_hold_the_device(world: World) -> None:
    device = await world.online()
    world.network.answers_close = False
    world.platform.link.transmit(b"?")
    await world.advance(7)
    assert device.state is DeviceState.ONLINE
    assert len(world.platform.links) == 2


@pytest.mark.parametrize("on_timeout", [OnTimeout.RECONNECT, OnTimeout.RETRY])
async def test_a_reply_after_the_deadline_is_none_though_no_sweep_has_come_by(
    world: World, on_timeout: OnTimeout
) -> None:
    """All devices share the sweeps, of which the next comes 50 ms after the one that found the first device's."""
    devices = [await world.online(request_timeout=2.0, on_timeout=on_timeout) for _ in range(2)]
    world.platform.script("dev.system.sync.time", silent, late(2.02), late(1.99))
    device = devices[1]
    for each in devices:
        each.ask_for_time()
        await world.advance(0.01)
    await world.advance(2.03)
    assert world.recorder.codes("dev.system.sync.time") == ["timeout", "timeout"]
    assert [round(entry[2], 6) for entry in world.recorder.requests if entry[3] == "timeout"] == [2.0, 2.0]
    assert world.recorder.broken()["reply.late"] == 1
    assert world.recorder.reasons() == ["timeout"] * (2 if on_timeout is OnTimeout.RECONNECT else 0)
    await world.until(lambda: device.state is DeviceState.ONLINE)
    device.ask_for_time()
    await world.advance(2.1)
    assert world.recorder.codes("dev.system.sync.time")[2:] == ["00000000"]
