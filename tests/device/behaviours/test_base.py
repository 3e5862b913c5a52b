"""What every behaviour is told, and what it may use of its device."""

import pytest

from simulator.clock import ManualClock
from simulator.device.behaviours.base import Behaviour, DeviceParts
from simulator.device.memory import Memory
from simulator.device.online import Online
from simulator.measurements.names import DeviceState
from tests.device.behaviours.parts import parts
from tests.device.harness import PEOPLE, World


class Notes(Behaviour):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def went_online(self, online: Online) -> None:
        assert online.session.usable
        self.told.append("online")

    def went_offline(self) -> None:
        self.told.append("offline")

    def fall_silent(self) -> None:
        self.told.append("silent")

    def stop(self) -> None:
        self.told.append("stop")


async def with_notes(world: World) -> Notes:
    """The notes of a behaviour that device 0, which is switched on, has beside its others."""
    device = world.make()
    notes = Notes()
    device.behaviours = device._stopping._behaviours = (*device.behaviours, notes)
    device.start()
    await world.settle()
    assert device.state is DeviceState.ONLINE
    return notes


async def test_it_is_told_of_every_connection_and_of_the_end(world: World) -> None:
    notes = await with_notes(world)
    assert notes.told == ["online"]
    world.platform.link.close(1001)
    await world.advance(5)
    assert notes.told == ["online", "offline", "online"]
    await world.stop(world.devices[0])
    assert notes.told[3] == "stop"
    assert "offline" in notes.told[4:]
    assert "online" not in notes.told[3:]


async def test_it_is_told_to_fall_silent_before_a_reboot_and_is_online_again_after_it(world: World) -> None:
    notes = await with_notes(world)
    world.platform.link.command("cmd.control.reboot")
    await world.advance(10)
    assert notes.told == ["online", "silent", "offline", "online"]


async def test_a_stop_and_an_abort_tell_it_that_nothing_is_to_begin(world: World) -> None:
    notes = await with_notes(world)
    world.devices[0].abort()
    await world.settle()
    assert "stop" in notes.told


def device_parts(clock: ManualClock) -> DeviceParts:
    return parts(Memory(PEOPLE, 1, users=0, locale="en_US", max_users=9, max_bio_photos=9), clock)


@pytest.mark.parametrize("told", ["went_offline", "fall_silent", "stop"])
def test_what_does_not_concern_it_needs_no_method(told: str) -> None:
    getattr(Behaviour(None, device_parts(ManualClock())), told)()
