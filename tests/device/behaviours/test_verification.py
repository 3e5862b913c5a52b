"""What a verification writes down, when people come, and what several streams of them share."""

from dataclasses import replace
from typing import Any

import pytest

from simulator.clock import ManualClock
from simulator.device.behaviours.arrivals import Arrival, Wave
from simulator.device.behaviours.verification import Verifications
from simulator.device.device_clock import DeviceClock
from simulator.device.meetings import parse_meeting
from simulator.device.memory import Memory
from simulator.fields.range import Range
from simulator.measurements.names import DeviceState
from simulator.protocol.times import parse_iso
from tests.device.behaviours.parts import parts
from tests.device.harness import PEOPLE, World, planned_meeting, verification
from tests.device.test_meetings import FULL


async def test_a_wave_that_is_over_does_not_come_back_with_the_connection(world: World) -> None:
    wave = verification(rate=0.0, photo_share=0.0, wave=Wave(at=5.0, width=2.0, peak_rate=10.0))
    await world.online(behaviours=(wave,))
    await world.advance(20)
    generated = world.recorder.records["generated"]
    assert generated > 5
    for _ in range(30):
        world.platform.link.close(1001)
        await world.advance(20)
    assert world.recorder.records["generated"] == generated


async def test_nobody_comes_before_the_device_was_online_and_everybody_afterwards(world: World) -> None:
    world.network.lookup_script += [world.network.fails("refused")] * 5
    device = await world.start(behaviours=(verification(rate=1.0, arrival=Arrival.FIXED),))
    await world.until(lambda: bool(world.platform.links))
    begun = world.clock.monotonic()
    assert world.recorder.records["generated"] == 0
    world.platform.link.close(1001)
    world.network.connect_script += [world.network.fails("refused")] * 3
    await world.advance(30)
    await world.until(lambda: device.state.value == "online")
    assert world.recorder.records["generated"] == pytest.approx(world.clock.monotonic() - begun, abs=1)


async def test_users_come_before_a_device_was_ever_online_and_by_its_own_clock(world: World) -> None:
    world.platform.terms["timezone"] = "-03:30"
    world.network.lookup_script += [world.network.fails("refused")] * 5
    device = await world.start(users=9, behaviours=(verification(rate=1.0, arrival=Arrival.FIXED, photo_share=0.0),))
    await world.advance(5)
    assert not world.platform.links
    assert device.delivery.outbox.pending == world.recorder.records["generated"] == 5
    await world.until(lambda: device.delivery.outbox.pending == 0 and bool(world.platform.records))
    zones = {record["verifyTime"][-6:] for record in world.platform.records.values()}
    assert zones == {"-03:30"}, "nobody has seen them in another zone"
    await world.advance(5)
    assert list(world.platform.records.values())[-1]["verifyTime"][-6:] == "-03:30"


async def test_nobody_verifies_while_a_device_reboots(world: World) -> None:
    device = await world.online(
        users=9,
        reboot=Range(low=20.0, high=20.0),
        behaviours=(verification(rate=1.0, arrival=Arrival.FIXED, photo_share=0.0),),
    )
    await world.advance(5)
    world.platform.link.command("cmd.control.reboot")
    await world.until(lambda: device.state is DeviceState.REBOOTING)
    before = world.recorder.records["generated"]
    await world.advance(19)
    assert device.state is DeviceState.REBOOTING
    assert world.recorder.records["generated"] == before
    await world.until(lambda: device.state is DeviceState.ONLINE)
    await world.advance(10)
    assert world.recorder.records["generated"] == pytest.approx(before + 10, abs=2)


async def test_that_nobody_may_verify_is_told(world: World) -> None:
    await world.online(users=9, behaviours=(verification(rate=1.0, styles=(25,), visitor_share=0.0),))
    await world.advance(20)
    assert world.recorder.records["generated"] == 0
    assert world.recorder.observed()["device.nobody-verifies"] > 5
    [(_, _, text, *_)] = world.recorder.observations[:1]
    assert text == "of 9 users nobody was found who may verify now by verifyStyle 25 (palm)"


def stream(memory: Memory, wall: float, **settings: Any) -> Verifications:
    return Verifications(verification(**settings), parts(memory, ManualClock(wall=wall)))


def memory(users: int = 10) -> Memory:
    return Memory(PEOPLE, 1, users=users, locale="en_US", max_users=99, max_bio_photos=9)


@pytest.mark.parametrize(
    ("clock", "status", "kind"),
    [("08:45:00", "0", "0"), ("10:00:00", "255", "255"), ("11:00:00", "1", "1"), ("23:00:00", "255", "255")],
)
def test_a_record_is_true_to_its_meeting(clock: str, status: str, kind: str) -> None:
    held = memory()
    held.put_meetings([parse_meeting(FULL)])
    held.put_members("1", ["1003"])
    verifications = stream(held, parse_iso(f"2024-06-26T{clock}+08:00") + 0.9)
    record = verifications.make(12.5)
    assert record.verified == 12.5
    assert record.fields["meetCode"] == "1"
    assert (record.fields["status"], record.fields["recodeType"]) == (status, kind)
    assert record.fields["pin"] == "1003"
    assert record.fields["verifyTime"] == f"2024-06-26T{clock}+08:00"
    assert record.fields["logId"] == str(record.log_id)


def test_status_meeting_and_time_come_from_one_reading_of_the_clock() -> None:
    """With a clock that moves on between two readings, as a busy machine's does."""

    class Running(ManualClock):
        def wall(self) -> float:
            self.advance(1.0)
            return super().wall()

    held = memory()
    held.put_meetings([parse_meeting(FULL)])
    meeting = held.meetings["1"]
    clock = DeviceClock(Running(wall=meeting.sign_in_to - 20.5))
    verifications = Verifications(verification(), replace(parts(held, ManualClock()), clock=clock))
    for _ in range(40):
        fields = verifications.make(0.0).fields
        inside = parse_iso(fields["verifyTime"]) <= meeting.sign_in_to
        assert fields["status"] == ("0" if inside else meeting.status_at(parse_iso(fields["verifyTime"])))


def test_an_open_meeting_goes_before_the_others() -> None:
    held = memory()
    other = {name: value.replace("06-26", "06-27") for name, value in FULL.items()} | {"id": "2"}
    held.put_meetings([parse_meeting(other), parse_meeting(FULL)])
    verifications = stream(held, parse_iso("2024-06-26T08:45:00+08:00"))
    assert {verifications.make(0.0).fields["meetCode"] for _ in range(40)} == {"1"}


def test_shares_and_sizes_are_kept() -> None:
    verifications = stream(
        memory(),
        1.7e9,
        photo_share=0.3,
        photo_bytes=Range(low=10_000, high=12_000),
        visitor_share=0.2,
        styles=(15, 4),
    )
    records = [verifications.make(0.0) for _ in range(2000)]
    photos = [record.photo for record in records if record.photo is not None]
    assert len(photos) / len(records) == pytest.approx(0.3, abs=0.04)
    assert 10_000 <= min(photo.size for photo in photos) < max(photo.size for photo in photos) <= 12_000
    assert len({photo.file_id for photo in photos}) == len(photos)
    visitors = sum(record.fields["category"] == "4" for record in records)
    assert visitors / len(records) == pytest.approx(0.2, abs=0.04)
    assert {record.fields["verifyStyle"] for record in records} == {"15", "4"}
    assert {record.fields["meetCode"] for record in records} == {"0"}


def test_without_users_visitors_come() -> None:
    verifications = stream(memory(0), 1.7e9, visitor_share=0.0)
    assert {verifications.make(0.0).fields["category"] for _ in range(20)} == {"4"}


async def test_the_scenarios_own_meetings(world: World) -> None:
    meetings = (planned_meeting(id="own", name="n", starts=10, ends=20, sign_in_opens=0, sign_in_closes=12),)
    await world.online(
        users=5,
        meetings=meetings,
        behaviours=(verification(rate=2.0, arrival=Arrival.FIXED, photo_share=0.0),),
    )
    await world.advance(30)
    records = list(world.platform.records.values())
    assert {record["meetCode"] for record in records} == {"own"}
    assert "".join(dict.fromkeys(record["status"] for record in records)) == "01255"


async def test_several_streams_share_the_log_ids(world: World) -> None:
    streams = tuple(verification(rate=rate, photo_share=0.0) for rate in (1.0, 2.0, 0.5))
    await world.online(behaviours=streams)
    await world.advance(20)
    ids = [int(log_id) for log_id in world.platform.records]
    assert ids == list(range(ids[0], ids[0] + len(ids)))
    assert ids[0] > 1_719_331_200_000  # they grow over restarts
