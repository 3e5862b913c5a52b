"""A device that lives already gets other surroundings: all of its parts, and nobody else's."""

import gc
from dataclasses import replace
from typing import Any

from simulator.device.device import Device
from simulator.device.environment import Environment
from simulator.device.people import People
from simulator.device.rehousing import rehouse
from tests.device.harness import World, enrolment, verification
from tests.device.recording import Recording

SHARED = (Environment, People, World, Recording, type)
LIVELY: dict[str, Any] = {
    "behaviours": [verification(rate=0.1), enrolment(rate=0.1)],
    "keys": {
        "users": 5,
        "heartbeat": "5s",
        "attendance": {},
        "meetings": [{"id": "1", "starts": "1s", "ends": "9min"}],
    },
}


def reached(device: Device, others: tuple[object, ...]) -> list[object]:
    """Everything that hangs on a device and not on what devices share."""
    found: list[object] = []
    seen = {id(each) for each in others}
    left: list[object] = [device]
    while left:
        one = left.pop()
        if id(one) in seen or isinstance(one, SHARED):
            continue
        seen.add(id(one))
        if type(one).__module__.startswith("simulator.device") or isinstance(one, tuple | list | dict):
            found.append(one)
            left += gc.get_referents(one)
    return found


def homes(device: Device, world: World) -> tuple[set[int], set[int]]:
    """The environments and the recorders that its parts hold."""
    environments, recorders = set(), set()
    for part in reached(device, (world.timers, world.env.deadlines, world.network, world.platform)):
        for held in gc.get_referents(part):
            if isinstance(held, Environment):
                environments.add(id(held))
            elif isinstance(held, Recording):
                recorders.add(id(held))
    return environments, recorders


async def test_all_parts_move_and_nothing_of_another_device_does() -> None:
    world = World()
    device, other = await world.online(**LIVELY), await world.online(**LIVELY)
    await world.advance(20.0)
    new = replace(world.env, recorder=Recording())
    assert homes(device, world) == ({id(world.env)}, {id(world.recorder)})
    rehouse(device, world.env, new)
    assert homes(device, world) == ({id(new)}, {id(new.recorder)})
    assert homes(other, world) == ({id(world.env)}, {id(world.recorder)})


async def test_what_happens_from_then_on_is_told_to_the_new_recorder() -> None:
    world = World()
    device = await world.online(**LIVELY)
    recorder = Recording()
    rehouse(device, world.env, replace(world.env, recorder=recorder))
    before = len(world.recorder.requests), len(world.recorder.states)
    world.connections[-1].abort()
    await world.advance(60.0)
    assert (len(world.recorder.requests), len(world.recorder.states)) == before
    assert world.recorder.reasons() == []
    assert len(recorder.reasons()) == 1
    assert recorder.flow_codes("init") == ["00000000"]
    assert recorder.records["generated"] > 0
    assert {"dev.heartbeat", "dev.login"} <= {request[0] for request in recorder.requests}


async def test_a_device_in_the_midst_of_coming_online_moves_as_well() -> None:
    world = World()
    device = world.make(**LIVELY)
    recorder = Recording()
    device.start()
    rehouse(device, world.env, new := replace(world.env, recorder=recorder))
    await world.settle()
    assert recorder.flow_codes("init") == ["00000000"]
    rehouse(device, world.env, new)
    assert homes(device, world) == ({id(new)}, {id(recorder)})
