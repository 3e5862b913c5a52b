"""What a platform says it takes decides what goes up to it."""

import pytest

from simulator.fields.range import Range
from simulator.protocol.times import parse_iso
from tests.device.deliveries import END, LOG, PACKAGE, PHOTO, START, people
from tests.device.harness import World, enrolment

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
