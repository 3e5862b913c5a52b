"""Who is online, on what, and under which terms: one value, that the lifecycle alone holds."""

import dataclasses

import pytest

from simulator.device.online import Online
from simulator.measurements.names import DeviceState
from tests.device.answers import silent
from tests.device.harness import World


async def test_a_device_is_online_from_the_reports_reply_until_the_connection_ends(world: World) -> None:
    device = await world.start()
    first = device.lifecycle.online
    assert first is not None
    assert first.session.usable
    world.platform.link.close(1001)
    await world.settle()
    assert device.lifecycle.online is None
    await world.until(lambda: device.state is DeviceState.ONLINE)
    second = device.lifecycle.online
    assert second is not None
    assert second.session is not first.session
    assert not first.session.usable


async def test_each_stay_has_its_own_terms(world: World) -> None:
    world.platform.terms["heartbeatInterval"] = "17"
    device = await world.online()
    first = device.lifecycle.online
    world.platform.terms |= {"heartbeatInterval": "23", "funcIds": []}
    world.platform.link.close(1001)
    await world.advance(10)
    second = device.lifecycle.online
    assert first is not None
    assert second is not None
    assert [online.terms.heartbeat_interval for online in (first, second)] == [17.0, 23.0]
    assert first.terms.allows("dev.data.upload.verifyLog")
    assert not second.terms.allows("dev.data.upload.verifyLog")


async def test_nobody_changes_it_under_the_hands_of_another(world: World) -> None:
    device = await world.online()
    online = device.lifecycle.online
    assert isinstance(online, Online)
    assert not hasattr(online, "__dict__")
    with pytest.raises(dataclasses.FrozenInstanceError):
        online.terms = online.terms  # type: ignore[misc]


@pytest.mark.parametrize("step", ["dev.register", "dev.login", "dev.report"])
async def test_a_device_that_is_coming_online_is_not(world: World, step: str) -> None:
    world.platform.script(step, silent)
    device = await world.start()
    assert device.lifecycle.online is None
