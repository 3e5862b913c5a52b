"""What a device keeps TLS sessions in: for its next connection, until it goes down; and what is told of handshakes."""

from collections import Counter

import pytest

from simulator.device.device import Device
from simulator.measurements.names import DeviceState
from simulator.wire.resumption import Handshake, KeptSession
from tests.device.harness import World
from tests.device.test_reconnecting import transport

OVER = pytest.mark.parametrize("mqtt", [False, True])


def kept(world: World) -> list[KeptSession]:
    """Of each connect."""
    return [each for each in world.network.kept_tls if each is not None]


async def dropped(world: World, device: Device) -> None:
    """Lost its connection, and is back."""
    before = len(world.network.kept_tls)
    world.platform.link.close()
    await world.until(lambda: len(world.network.kept_tls) > before and device.state is DeviceState.ONLINE)


@OVER
async def test_by_default_each_handshake_is_a_full_one(mqtt: bool) -> None:
    world, keys = transport(mqtt)
    await dropped(world, await world.online(**keys))
    assert world.network.kept_tls == [None, None]


@OVER
async def test_a_device_that_comes_back_goes_on_and_each_has_its_own(mqtt: bool) -> None:
    world, keys = transport(mqtt)
    world.env.keeps_tls_sessions = True
    await dropped(world, await world.online(**keys))
    await world.online(**keys)
    first, again, other = kept(world)
    assert first is again is not other


@OVER
@pytest.mark.parametrize("how", ["reboot", "power cut"])
async def test_a_device_that_went_down_has_forgotten_it(mqtt: bool, how: str) -> None:
    world, keys = transport(mqtt)
    world.env.keeps_tls_sessions = True
    device = await world.online(**keys)
    if how == "reboot":
        world.platform.link.command("cmd.control.reboot")
        await world.until(lambda: device.state is DeviceState.REBOOTING)
    else:
        device.lose_power(unsent_lost=False)
        device.power_back()
    await world.until(lambda: device.state is DeviceState.ONLINE)
    first, again = kept(world)
    assert first is not again


async def test_every_handshake_is_told_as_a_flow_with_what_it_was() -> None:
    world, keys = transport(mqtt=False)
    world.env.keeps_tls_sessions = True
    await world.online(**keys)
    world.clock.advance(2.0)
    for handshake in Handshake:
        kept(world)[0]._tell(handshake, 0.5)
    told = [(name, duration, code) for name, _, duration, code in world.recorder.flows if name.startswith("tls_")]
    assert Counter(told) == {
        ("tls_handshake", 0.5, "00000000"): 1,
        ("tls_resumption", 0.5, "00000000"): 1,
        ("tls_resumption", 0.5, "session refused"): 1,
        ("tls_resumption", 0.5, "no session"): 1,
    }
    assert {started for name, started, *_ in world.recorder.flows if name.startswith("tls_")} == {
        world.clock.wall() - 0.5
    }
