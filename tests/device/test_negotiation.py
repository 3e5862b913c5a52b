"""Enrolled people on their way up, and what the platform does not want to have."""

import pytest

from simulator.device.behaviours.arrivals import Arrival
from simulator.fields.range import Range
from simulator.measurements.names import DeviceState
from simulator.protocol.times import parse_iso
from tests.device.deliveries import END, LOG, PACKAGE, PHOTO, START, people
from tests.device.harness import World, enrolment


async def test_an_enrolment_brings_user_portrait_bio_photo_and_card(world: World) -> None:
    device = await world.online(users=10, behaviours=(enrolment(rate=0.02, arrival=Arrival.FIXED),))
    await world.until(lambda: bool(world.platform.sent("dev.data.upload.multiCard")))
    business = [seen.func_id for seen in world.platform.link.seen[4:] if seen.func_id != "dev.heartbeat"]
    assert business == [
        "dev.data.upload.user",
        "dev.data.upload.userPhoto",
        START,
        PACKAGE,
        PACKAGE,
        END,
        "dev.data.upload.bioPhoto",
        "dev.data.upload.multiCard",
    ]
    [user] = world.platform.sent("dev.data.upload.user")[0].params["users"]
    pin = user["pin"]
    assert pin not in [f"{1001 + number}" for number in range(10)]
    assert len(user["password"]) == 64
    assert user["bioDatas"][0]["type"] == "1"
    portraits, bio_photos = ((item, data) for _, item, data in world.platform.pictures)
    assert portraits[0]["pin"] == bio_photos[0]["pin"] == pin
    assert 15_000 <= len(portraits[1]) <= 19_000
    assert 66_000 <= len(bio_photos[1]) <= 76_000
    assert bio_photos[0]["type"] == "9"
    [card] = world.platform.sent("dev.data.upload.multiCard")[0].params["multiCards"]
    assert card["pin"] == pin
    assert card["card"].isdigit()
    await world.settle()
    assert world.recorder.flow_codes("enrolment_delivery") == ["00000000"]
    assert device.memory.user_count == 11
    assert pin in device.memory.user_photos
    assert list(device.memory.cards[pin]) == [card["card"]]


async def test_nobody_is_enrolled_in_a_full_store(world: World) -> None:
    device = await world.online(users=9, max_users=10, behaviours=(enrolment(rate=1.0),))
    await world.advance(20)
    assert device.memory.user_count == 10
    assert len(world.platform.sent("dev.data.upload.user")) == 1
    assert world.recorder.kinds()["store full"] > 5


async def test_enrolments_of_a_long_absence_all_arrive(world: World) -> None:
    device = await world.online(behaviours=(enrolment(rate=0.5),))
    world.network.connect_script += [world.network.fails("refused")] * 5
    world.platform.link.close(1001)
    await world.until(lambda: len(world.platform.links) == 2 and device.state is DeviceState.ONLINE)
    await world.stop(device, 60)
    assert len(world.platform.sent("dev.data.upload.multiCard")) == device.memory.user_count > 10
    assert world.recorder.flow_codes("enrolment_delivery") == ["00000000"] * device.memory.user_count


ALL_BUSINESS = {
    "behaviours": (
        *people(photos=1.0, size=Range(low=60_000, high=60_000))["behaviours"],
        enrolment(rate=0.2),
    ),
    "users": 5,
}


async def test_an_empty_list_leaves_the_six_and_the_heartbeat(world: World) -> None:
    world.platform.terms["funcIds"] = []
    await world.online(**ALL_BUSINESS)
    world.platform.link.command("cmd.data.query.user")
    world.platform.link.command("cmd.system.sync.time")
    await world.advance(130)
    assert {seen.func_id for seen in world.platform.seen} == {
        "dev.register", "dev.accredit", "dev.login", "dev.report", "dev.heartbeat", "dev.cmd.response"
    }  # fmt: skip


@pytest.mark.parametrize(
    "missing",
    [
        {LOG},
        {PHOTO},
        {START},
        {PACKAGE},
        {END},
        {"dev.data.upload.bioPhoto"},
        {"dev.data.upload.user", "dev.data.upload.multiCard"},
        {"dev.system.sync.time", "dev.heartbeat"},
    ],
)
async def test_what_the_platform_does_not_list_is_not_sent(world: World, missing: set[str]) -> None:
    everything = {
        LOG, PHOTO, START, PACKAGE, END, "dev.data.upload.user", "dev.data.upload.userPhoto", "dev.heartbeat",
        "dev.data.upload.bioPhoto", "dev.data.upload.multiCard", "dev.system.sync.time",
    }  # fmt: skip
    world.platform.terms["funcIds"] = sorted(everything - missing)
    device = await world.online(**ALL_BUSINESS)
    world.platform.link.command("cmd.data.query.user")
    world.platform.link.command("cmd.system.sync.time")
    await world.advance(65)
    sent = {seen.func_id for seen in world.platform.seen}
    assert not sent & missing - {"dev.heartbeat"}
    assert "dev.data.upload.userPhoto" in sent
    # A platform that learned more gets what waited.
    world.platform.terms["funcIds"] = sorted(everything)
    world.platform.link.close(1001)
    await world.advance(10)
    await world.stop(device, 60)
    counts = world.recorder.records
    if missing != {LOG}:
        assert counts["photo_acknowledged"] == counts["photo_generated"] - counts["photo_refused"]
    assert counts["acknowledged"] == counts["generated"]


async def test_no_list_means_everything(world: World) -> None:
    await world.online(**ALL_BUSINESS)
    world.platform.link.command("cmd.data.query.user")
    world.platform.link.command("cmd.system.sync.time")
    await world.advance(65)
    assert {LOG, PHOTO, START, "dev.data.upload.bioPhoto", "dev.system.sync.time", "dev.heartbeat"} <= {
        seen.func_id for seen in world.platform.seen
    }


async def test_photos_of_types_that_the_platform_does_not_take_wait(world: World) -> None:
    world.platform.terms["multiBioPhotoSupport"] = "0:1:1:0:0:0:0:0:0:0"
    device = await world.online(**ALL_BUSINESS)
    await world.advance(30)
    assert world.platform.sent("dev.data.upload.bioPhoto") == []
    assert world.platform.sent("dev.data.upload.multiCard") != []
    assert device.delivery.idle


async def test_the_time_zone_of_records(world: World) -> None:
    world.platform.terms["timezone"] = "-03:30"
    await world.online(**people(photos=1.0))
    await world.advance(5)
    for seen in world.platform.sent(LOG):
        text = seen.params["verifyLog"][0]["verifyTime"]
        assert text.endswith("-03:30")
        assert parse_iso(text) == pytest.approx(world.clock.wall(), abs=6)
