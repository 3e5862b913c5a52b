"""Actions by hand: a device does them as it would by itself, and whatever keeps it from that is said."""

import pytest

from simulator.fleet.device_actions import enrol, reboot, verify
from simulator.measurements.names import DeviceState
from tests.device.harness import World, verification


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("streams", [0, 1])
async def test_somebody_verifies_whatever_the_device_does_by_itself(world: World, streams: int) -> None:
    device = await world.online(behaviours=[verification(rate=0.0001)] * streams, keys={"users": 3})
    assert verify(device, world.clock.monotonic()) == ""
    await world.advance(5.0)
    assert world.recorder.records["acknowledged"] == world.recorder.records["generated"] == 1
    assert world.recorder.internal_errors == []


async def test_a_record_of_a_device_without_a_connection_waits(world: World) -> None:
    device = await world.online(keys={"users": 3, "reconnect": {"first": "60s", "max": "60s"}})
    world.connections[-1].abort()
    await world.advance(1.0)
    assert verify(device, world.clock.monotonic()) == ""
    await world.advance(5.0)
    assert device.delivery.outbox.pending == 1


async def test_somebody_is_enrolled_with_all_that_is_theirs(world: World) -> None:
    device = await world.online()
    assert enrol(device, world.clock.monotonic()) == ""
    await world.advance(10.0)
    assert device.memory.user_count == 1
    assert world.recorder.flow_codes("enrolment_delivery") == ["00000000"]


async def test_a_full_store_and_firmware_without_the_upload_are_said(world: World) -> None:
    full = await world.online(max_users=2, keys={"users": 2})
    assert enrol(full, world.clock.monotonic()) == "store_full"
    old = await world.online(keys={"functions": {"without": ["dev.data.upload.user"]}})
    assert enrol(old, world.clock.monotonic()) == "not_listed"
    assert old.memory.user_count == 0


async def test_a_device_reboots_once_it_is_online_and_comes_back(world: World) -> None:
    device = await world.online()
    assert reboot(device, 0.0) == ""
    await world.advance(1.0)
    assert device.state is DeviceState.REBOOTING
    assert reboot(device, 0.0) == "not_online"
    assert verify(device, world.clock.monotonic()) == enrol(device, world.clock.monotonic()) == "not_up"
    await world.advance(10.0)
    assert device.state is DeviceState.ONLINE
    assert world.recorder.reasons() == ["reboot"]


async def test_a_device_that_is_told_to_stop_does_nothing_more(world: World) -> None:
    device = await world.online(keys={"users": 3})
    device.stop()
    now = world.clock.monotonic()
    assert [verify(device, now), enrol(device, now), reboot(device, now)] == ["not_on", "not_on", "not_online"]
