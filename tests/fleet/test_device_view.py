"""One device in numbers: how much of what it has, without any of it."""

from simulator.fleet.device_notes import DeviceNotes
from simulator.fleet.device_view import figures_of, last_heartbeat, memory_of, outbox_of
from tests.device.harness import World, verification


async def test_a_devices_memory_grows_in_numbers() -> None:
    world = World()
    device = await world.online(keys={"users": 3})
    before = memory_of(device)
    device.memory.put_users([{"pin": "900001", "name": "Zhang San"}])
    device.memory.put_card({"pin": "900001", "card": "77", "type": "0", "lost": "0"})
    after = memory_of(device)
    assert after["users"] == before["users"] + 1 == 4
    assert after["cards"] == before["cards"] + 1
    assert all(isinstance(number, int) for number in after.values())
    assert "Zhang" not in repr(after)


async def test_records_that_wait_are_counted() -> None:
    world = World()
    device = await world.start(
        behaviours=[verification(rate=1.0)], keys={"users": 3, "reconnect": {"first": "90s", "max": "90s"}}
    )
    await world.advance(1.0)
    world.connections[-1].abort()
    await world.advance(10.0)
    assert outbox_of(device)["waiting"] == device.delivery.outbox.pending > 0
    assert outbox_of(device)["in_flight"] == 0


async def test_figures_of_who_is_gone_are_those_that_were_noted() -> None:
    notes = DeviceNotes(0.0)
    notes.violated(4, 2)
    assert figures_of(None, notes, 4) == {"reconnects": 0, "violations": 2}
    world = World()
    device = await world.online()
    assert figures_of(device, notes, 4)["bytes_in"] > 0
    assert last_heartbeat(device) is None
