"""A device as a whole: it ends once, and the same seed and the same clock give the same bytes on the wire."""

import pytest

from simulator.device.behaviours.arrivals import Wave
from simulator.measurements.names import DeviceState
from tests.device.answers import drops, late, refuse
from tests.device.harness import World, enrolment, verification


async def a_life(seed: int) -> list[tuple[str, bytes]]:
    world = World()
    world.platform.terms["heartbeatInterval"] = "7"
    world.platform.script("dev.data.upload.verifyLog", refuse(), late(1.0), drops)
    await world.online(
        seed=seed,
        users=40,
        behaviours=(
            verification(rate=0.5, photo_share=0.5),
            verification(rate=0.1, wave=Wave(at=30, width=10, peak_rate=2.0)),
            enrolment(rate=0.1),
        ),
    )
    link = world.platform.link
    link.command("cmd.data.update.meetingMember", members=[{"meetingId": "m", "pins": ["1001", "1002", "1003"]}])
    link.command("cmd.data.delete.user", pins=["1002", "1005"])
    link.command("cmd.data.query.user")
    await world.advance(40)
    world.platform.link.command("cmd.control.reboot")
    await world.advance(40)
    await world.close()
    assert len(world.wire) > 100
    return world.wire


async def test_a_device_lives_the_same_life_again() -> None:
    first, second, other = await a_life(1), await a_life(1), await a_life(2)
    assert first == second
    assert first != other


@pytest.mark.parametrize("seed", [0, 1, 2**63])
async def test_any_seed_will_do(seed: int) -> None:
    await a_life(seed)


async def test_it_is_offline_until_it_is_started_and_finishes_once(world: World) -> None:
    device = world.make()
    assert device.state is DeviceState.OFFLINE
    device.start()
    await world.settle()
    assert device.state is DeviceState.ONLINE
    await world.stop(device)
    assert device.state is DeviceState.STOPPED
    device.stop()
    device.abort()
    device.cut_off()
    await world.advance(60)
    assert world.finished[0] == 1


async def test_one_that_was_never_started_can_be_stopped_and_cut_off(world: World) -> None:
    device = world.make()
    device.stop()
    device.cut_off()
    await world.advance(60)
    assert device.state is DeviceState.OFFLINE
    assert world.network.lookups == []
