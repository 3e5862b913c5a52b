"""Tests of `simulator.device.zones`: the zone in which records go up that were made before it was known."""

import pytest

from simulator.clock import ManualClock
from simulator.device.device_clock import DeviceClock
from simulator.device.outbox import Record
from simulator.device.zones import write_in_known_zone
from simulator.measurements.names import DeviceState
from tests.device.harness import World, verification

EARLY = "2024-06-26T00:00:05+08:00"


@pytest.mark.parametrize(("sent", "restored"), [(False, False), (True, False), (False, True)])
def test_only_what_nobody_has_seen_is_written_anew(sent: bool, restored: bool) -> None:
    record = Record(1, {"verifyTime": EARLY}, 0.0)
    record.sent, record.restored = sent, restored
    clock = DeviceClock(ManualClock())
    clock.offset_minutes = -90
    write_in_known_zone([record], clock)
    assert record.fields["verifyTime"] == (EARLY if sent or restored else "2024-06-25T14:30:05-01:30")


async def test_records_of_before_the_first_time_online_go_up_in_the_platforms_zone(world: World) -> None:
    world.network.lookup_script += [world.network.fails("refused")] * 2
    world.platform.terms["timezone"] = "+02:00"
    device = await world.start(behaviours=(verification(rate=1.0, photo_share=1.0),), users=5)
    await world.until(lambda: device.state is DeviceState.ONLINE)
    await world.advance(10)
    made = list(world.platform.records.values())
    assert len(made) > 10
    assert {record["verifyTime"][-6:] for record in made} == {"+02:00"}
    assert min(record["verifyTime"] for record in made) < "2024-06-25T18:01", "the moments are those of the door"
    times = {item["photoTime"][-6:] for func_id, item, _ in world.platform.pictures if "photoTime" in item}
    assert times == {"+02:00"}
