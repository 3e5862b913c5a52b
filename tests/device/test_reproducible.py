"""The same seed and the same clock give the same bytes on the wire, another seed gives others."""

import pytest

from simulator.device.behaviours.arrivals import Wave
from tests.device.fake_platform import drops, late, refuse
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
