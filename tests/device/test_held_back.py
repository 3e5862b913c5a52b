"""Uploads that the platform negotiated away: each is told of once, with its funcId and why."""

from dataclasses import replace
from typing import Any

import pytest

from simulator.device.held_back import why_held_back
from simulator.device.terms import Terms
from simulator.device.uploads import Upload
from simulator.measurements.names import DeviceState
from tests.device.harness import World, enrolment, verification

TERMS = Terms()
PACKAGE = 64 * 1024
NO_FACES = "1:1:1:1:1:1:1:1:1:0"


def bio_photo(size: int = 0) -> Upload:
    return Upload("dev.data.upload.bioPhoto", "bioPhotos", [{"pin": "1", "type": "9"}], created=0.0, size=size)


@pytest.mark.parametrize(
    ("terms", "size", "reason"),
    [
        (TERMS, 70_000, ""),
        (replace(TERMS, photo_types=frozenset({1})), 0, "switches type 9 off"),
        (replace(TERMS, func_ids=frozenset()), 0, "does not list dev.data.upload.bioPhoto"),
        (replace(TERMS, func_ids=frozenset({"dev.data.upload.bioPhoto"})), 70_000, "dev.file.upload"),
        (replace(TERMS, func_ids=frozenset({"dev.data.upload.bioPhoto"})), 30_000, ""),
    ],
)
def test_why(terms: Terms, size: int, reason: str) -> None:
    told = why_held_back(bio_photo(size), terms, PACKAGE)
    assert (reason in told) if reason else told == ""


async def test_pictures_of_a_type_that_is_switched_off(world: World) -> None:
    world.platform.terms["multiBioPhotoSupport"] = NO_FACES
    device = await world.online(behaviours=(enrolment(rate=0.1),))
    await world.advance(100)
    enrolled = len(world.platform.sent("dev.data.upload.userPhoto"))
    assert enrolled > 3
    assert world.recorder.held_back() == {"dev.data.upload.bioPhoto": enrolled}
    await world.stop(device)
    assert world.recorder.held_back() == {"dev.data.upload.bioPhoto": enrolled}
    assert world.recorder.violations == []


async def test_nine_positions_hold_faces_back_and_are_told_as_well(world: World) -> None:
    world.platform.terms["multiBioPhotoSupport"] = "1:1:1:1:1:1:1:1:1"
    await world.online(behaviours=(enrolment(rate=0.1),))
    await world.advance(60)
    assert world.recorder.observed()["reply.nine-positions"] == 1
    assert world.recorder.held_back()["dev.data.upload.bioPhoto"] > 0
    assert world.recorder.violations == []


async def test_an_empty_list_holds_back_records_pictures_and_people(world: World) -> None:
    world.platform.terms["funcIds"] = []
    device = await world.online(behaviours=(verification(rate=1.0, photo_share=1.0), enrolment(rate=0.1)))
    await world.advance(50)
    device.stop(0.0)
    await world.advance(1)
    held = world.recorder.held_back()
    assert held["dev.data.upload.verifyLog"] == world.recorder.records["generated"] > 20
    assert held["dev.data.upload.verifyPhoto"] == world.recorder.records["photo_generated"]
    enrolled = held["dev.data.upload.user"]
    assert enrolled > 0
    for name in ("userPhoto", "bioPhoto", "multiCard"):
        assert held[f"dev.data.upload.{name}"] == enrolled


async def test_each_is_told_of_once_over_connections(world: World) -> None:
    world.platform.terms["funcIds"] = []
    device = await world.online(behaviours=(verification(rate=1.0, photo_share=0.0),))
    await world.advance(10)
    for _ in range(3):
        world.platform.link.close(1001)
        await world.advance(20)
        assert device.state is DeviceState.ONLINE
    assert world.recorder.held_back() == {"dev.data.upload.verifyLog": world.recorder.records["generated"]}


async def test_what_waits_at_the_end_of_a_life_offline_is_told(world: World) -> None:
    world.platform.terms["funcIds"] = []
    device = await world.online(
        behaviours=(verification(rate=1.0, photo_share=0.0),), keys={"reconnect": {"first": "60s"}}
    )
    world.platform.link.close(1001)
    await world.advance(20)
    assert device.state is DeviceState.WAITING
    assert world.recorder.held_back() == {}
    device.abort()
    await world.advance(1)
    assert world.recorder.held_back() == {"dev.data.upload.verifyLog": world.recorder.records["generated"]}


async def test_templates_of_a_type_that_is_switched_off(world: World) -> None:
    world.platform.terms["multiBioDataSupport"] = "0:0:1:1:1:1:1:1:1:1"
    device = await world.online(users=8)
    world.platform.script("dev.data.upload.user", lambda link, message: link.reply(message, "E0000006"))
    world.platform.link.command("cmd.data.query.user")
    await world.advance(60)
    assert len(world.platform.sent("dev.data.upload.user")) == 2
    assert world.recorder.held_back() == {"dev.data.upload.user": 2}  # every fourth user has one
    assert device.delivery.idle


async def test_a_question_for_the_time(world: World) -> None:
    world.platform.terms["funcIds"] = ["dev.data.upload.verifyLog"]
    device: Any = await world.online()
    device.ask_for_time()
    await world.settle()
    assert world.recorder.held_back() == {"dev.system.sync.time": 1}


async def test_a_platform_that_takes_everything_holds_nothing_back(world: World) -> None:
    device = await world.online(users=4, behaviours=(verification(rate=1.0, photo_share=1.0), enrolment(rate=0.1)))
    world.platform.link.command("cmd.data.query.user")
    await world.advance(50)
    await world.stop(device)
    assert world.recorder.observations == []
    assert world.recorder.violations == []
