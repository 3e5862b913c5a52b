"""What a device keeps does not grow with its connections: objects and entries are counted, not bytes."""

from __future__ import annotations

import gc
from collections import Counter, deque
from collections.abc import Callable, Iterable
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

import pytest

from simulator.device.device import Device
from simulator.measurements.names import DeviceState
from tests.device.answers import drops
from tests.device.harness import World, verification
from tests.device.test_mqtt import URL, over_mqtt

WARM = 90
"""Connections until everything that is bounded is full: of the newest 512 messages a device knows the ids."""
MORE = 60
SLACK = 20
"""Entries that differ by chance: a timer more, a record on its way. One kept a connection would be sixty."""

_ENDS = (type, ModuleType, FunctionType, BuiltinFunctionType, CodeType)


def kept(roots: Iterable[object], harness: Iterable[object]) -> Counter[str]:
    """Objects and containers' entries that can be reached from `roots` without going through the test's own things."""
    seen = {id(each) for each in harness}
    found: Counter[str] = Counter()
    waiting = deque(roots)
    while waiting:
        each = waiting.popleft()
        if id(each) in seen or isinstance(each, _ENDS):
            continue
        seen.add(id(each))
        found[type(each).__qualname__] += 1
        if isinstance(each, (dict, list, set, deque)):
            found[f"{type(each).__name__} entries"] += len(each)
        waiting.extend(gc.get_referents(each))
    return found


def kept_by(world: World) -> Counter[str]:
    platform, recorder, network = world.platform, world.recorder, world.network
    harness = (world, platform, recorder, network, world.logs, world.wire, world.connections, world.logins, vars(world))
    # What a platform saw on the latest connection is more where more people came.
    harness += tuple(platform.links)
    gc.collect()
    return kept([*world.devices, world.timers, world.env.deadlines], harness)


def grown(before: Counter[str], after: Counter[str]) -> dict[str, int]:
    return {name: after[name] - before[name] for name in after if after[name] - before[name] > SLACK}


async def again_online(world: World, lose: Callable[[World, Device], None]) -> None:
    device = world.devices[0]
    lose(world, device)
    await world.settle()
    assert device.state is not DeviceState.ONLINE
    await world.until(lambda: device.state is DeviceState.ONLINE, limit=120)
    # Long enough for a heartbeat and a record, and for the back-off to begin anew.
    await world.advance(40)


def dropped(world: World, device: Device) -> None:
    drops(world.platform.link, {})


def rebooted(world: World, device: Device) -> None:
    device.reboot()


@pytest.mark.parametrize("mqtt", [False, True], ids=["websocket", "mqtt"])
async def test_what_a_device_keeps_does_not_grow_with_its_connections(world: World, mqtt: bool) -> None:
    more: dict[str, Any] = over_mqtt() if mqtt else {}
    if mqtt:
        world.network.broker_url = URL
    device = await world.online(behaviours=[verification(rate=0.05)], keys={"users": 3}, **more)
    for number in range(WARM):
        await again_online(world, (dropped, rebooted)[number % 2])
    before = kept_by(world)
    assert before["Device"] == 1
    for number in range(MORE):
        await again_online(world, (dropped, rebooted)[number % 2])
    assert grown(before, kept_by(world)) == {}
    assert len(world.platform.links) > WARM + MORE
    assert device.state is DeviceState.ONLINE
    await world.stop(device)
