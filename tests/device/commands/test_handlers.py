"""What each command does to the device's memory, and its answer."""

from typing import Any

import pytest

from simulator.device.commands.handlers import HANDLERS
from simulator.device.environment import NetworkError
from simulator.protocol.catalogue import COMMAND_FUNC_IDS
from simulator.protocol.times import parse_iso
from tests.device.answers import silent
from tests.device.command_messages import DONE, MEETING, TEMPLATE, USER, done
from tests.device.harness import STUDIO, World, enrolment, verification


def test_every_command_of_the_catalogue_has_a_handler() -> None:
    assert set(HANDLERS) == set(COMMAND_FUNC_IDS)


async def test_update_user(world: World) -> None:
    device = await world.online(users=3)
    full = USER | {
        "password": "ab" * 32,
        "passwordSalt": "cd" * 16,
        "startTime": "2020-01-01T00:00:00+08:00",
        "endTime": "2030-01-01T00:00:00+08:00",
        "lastName": "王",
        "bioDatas": [TEMPLATE],
        "ruleType": "2",
    }
    assert await done(world, "cmd.data.update.user", users=[full, USER | {"pin": "78"}]) == DONE
    assert device.memory.user_count == 5
    assert device.memory.user("77") == {name: value for name, value in full.items() if name not in ("role", "ruleType")}
    assert await done(world, "cmd.data.update.user", users=[USER]) == DONE
    assert device.memory.user("77") == {"pin": "77", "firstName": "伟", "funSwitch": "0", "disable": "0"}
    assert device.memory.user_count == 5


async def test_users_go_up_in_the_devices_time_zone(world: World) -> None:
    world.platform.terms["timezone"] = "-03:30"
    await world.online(users=1)
    await done(world, "cmd.data.delete.user", pins=["1001"])
    times = {"startTime": "2024-01-01T00:00:00+08:00", "endTime": "9999-12-31T23:59:59-12:00"}
    await done(world, "cmd.data.update.user", users=[USER | times, USER | {"pin": "78"}])
    await done(world, "cmd.data.query.user")
    [upload] = world.platform.sent("dev.data.upload.user")
    first, second = upload.params["users"]
    assert (first["startTime"], first["endTime"]) == ("2023-12-31T12:30:00-03:30", times["endTime"])
    assert "startTime" not in second


async def test_update_user_replaces_a_user_it_began_with_and_keeps_what_is_theirs(world: World) -> None:
    device = await world.online(users=3)
    pin = next(iter(device.memory.users()))["pin"]
    await done(world, "cmd.data.update.multiCard", multiCards=[{"pin": pin, "card": "1", "type": "0", "lossFlag": "0"}])
    await done(world, "cmd.data.update.meetingMember", members=[{"meetingId": "m1", "pins": [pin]}])
    assert await done(world, "cmd.data.update.user", users=[USER | {"pin": pin}]) == DONE
    assert device.memory.user_count == 3
    assert device.memory.user(pin)["firstName"] == "伟"  # type: ignore[index]
    assert [card["card"] for card in device.memory.cards.of(pin)] == ["1"]
    assert list(device.memory.members["m1"]) == [pin]


async def test_update_user_beyond_the_capacity_is_answered_non_success_and_stores_none(world: World) -> None:
    device = await world.online(users=3, max_users=4)
    assert await done(world, "cmd.data.update.user", users=[USER, USER | {"pin": "78"}]) not in (DONE, None)
    assert device.memory.user_count == 3
    assert await done(world, "cmd.data.update.user", users=[USER]) == DONE
    assert await done(world, "cmd.data.update.user", users=[USER | {"pin": "78"}]) not in (DONE, None)
    assert await done(world, "cmd.data.update.user", users=[USER | {"firstName": "again"}]) == DONE


async def test_update_meeting(world: World) -> None:
    device = await world.online()
    assert await done(world, "cmd.data.update.meeting", meeting=[MEETING, MEETING | {"id": "m2"}]) == DONE
    assert set(device.memory.meetings) == {"m1", "m2"}
    assert device.memory.meetings["m1"].start == parse_iso("2024-06-26T09:00:00+08:00")
    assert device.memory.meetings["m1"].sign_out_to == parse_iso("2024-06-26T12:00:00+08:00")
    assert await done(world, "cmd.data.update.meeting", meeting=[MEETING | {"name": "Tuesday"}]) == DONE
    assert device.memory.meetings["m1"].name == "Tuesday"


async def test_update_meeting_that_ends_before_it_starts(world: World) -> None:
    device = await world.online()
    backwards = MEETING | {"id": "m2", "endTime": "2024-06-26T08:00:00+08:00"}
    assert await done(world, "cmd.data.update.meeting", meeting=[MEETING, backwards]) not in (DONE, None)
    assert device.memory.meetings == {}


async def test_update_and_delete_members(world: World) -> None:
    device = await world.online()
    members = [{"meetingId": "m1", "pins": ["1", "2"]}, {"meetingId": "m2", "pins": ["3"]}]
    assert await done(world, "cmd.data.update.meetingMember", members=members) == DONE
    assert await done(world, "cmd.data.update.meetingMember", members=[{"meetingId": "m1", "pins": ["4"]}]) == DONE
    assert list(device.memory.members["m1"]) == ["1", "2", "4"]
    assert await done(world, "cmd.data.delete.meetingMember", meetingId="m1", pins=["2", "9"]) == DONE
    assert list(device.memory.members["m1"]) == ["1", "4"]
    assert await done(world, "cmd.data.delete.meetingMember", meetingId="no", pins=["2"]) == DONE


async def test_update_and_delete_cards(world: World) -> None:
    device = await world.online(users=2)
    card = {"pin": "1001", "card": "123", "type": "0", "lossFlag": "0"}
    assert await done(world, "cmd.data.update.multiCard", multiCards=[card, card | {"card": "124"}]) == DONE
    assert await done(world, "cmd.data.update.multiCard", multiCards=[card | {"lossFlag": "1"}]) == DONE
    assert device.memory.cards.of("1001") == [card | {"lossFlag": "1"}, card | {"card": "124"}]
    assert await done(world, "cmd.data.delete.multiCard", pins=["1001", "x"]) == DONE
    assert "1001" not in device.memory.cards
    await done(world, "cmd.data.update.multiCard", multiCards=[card])
    assert await done(world, "cmd.data.clear.multiCard") == DONE
    assert not device.memory.cards


async def test_update_bio_photo_downloads_each_url(world: World) -> None:
    device = await world.online(users=2)
    world.network.files = {"http://p/1.jpg": STUDIO.jpeg(20_000), "http://p/2.jpg": STUDIO.jpeg(30_000)}
    photos = [
        {"pin": "1001", "no": "0", "index": "0", "type": "9", "url": "http://p/1.jpg"},
        {"pin": "1002", "type": "9", "url": "http://p/2.jpg"},
    ]
    assert await done(world, "cmd.data.update.bioPhoto", bioPhotos=photos) == DONE
    assert world.network.downloads == ["http://p/1.jpg", "http://p/2.jpg"]
    assert device.memory.photo_counts()[9] == 2


@pytest.mark.parametrize(
    "trouble", [NetworkError("http 404", "not there"), NetworkError("timeout", "slow"), b"<html>", b"", b"x" * 300_000]
)
async def test_update_bio_photo_in_trouble_is_answered_with_a_failure_code(world: World, trouble: Any) -> None:
    device = await world.online(users=0)
    world.network.files = {"http://p/1.jpg": STUDIO.jpeg(20_000), "http://p/2.jpg": trouble}
    photos = [{"pin": "1001", "type": "9", "url": f"http://p/{number}.jpg"} for number in (1, 2)]
    assert await done(world, "cmd.data.update.bioPhoto", bioPhotos=photos) not in (DONE, None)
    assert device.memory.photo_counts()[9] == 0


@pytest.mark.parametrize(
    ("kind", "counted", "answered"),
    [
        ("not allowed", "download.refused", "not reached"),
        ("dns", "command.url", "not reached"),
        ("refused", "command.url", "not reached"),
        ("http 404", "command.url", "http 404"),
    ],
)
async def test_a_failed_download_is_counted_with_its_reason_and_tells_the_platform_little(
    world: World, kind: str, counted: str, answered: str
) -> None:
    await world.online(users=1)
    world.network.files = {"http://10.0.0.1/": NetworkError(kind, "10.0.0.1 is a private address")}
    photos = [{"pin": "1001", "type": "9", "url": "http://10.0.0.1/"}]
    assert await done(world, "cmd.data.update.bioPhoto", bioPhotos=photos) == "E0000008"
    told = [*world.recorder.violations, *world.recorder.observations]
    assert [(rule, text) for rule, _, text, *_ in told] == [(counted, "10.0.0.1 is a private address")]
    [answer] = world.platform.sent("dev.cmd.response")
    assert answered in answer.message["message"]
    assert "private" not in str(answer.message)


async def test_bio_photos_beyond_the_capacity_are_refused_as_a_whole(world: World) -> None:
    device = await world.online(users=0, max_bio_photos=2)
    world.network.files = {"http://p/1.jpg": STUDIO.jpeg(20_000)}
    photos = [{"pin": f"100{number}", "type": "9", "url": "http://p/1.jpg"} for number in (1, 2, 3)]
    assert await done(world, "cmd.data.update.bioPhoto", bioPhotos=photos) not in (DONE, None)
    assert device.memory.photo_counts()[9] == 0
    assert await done(world, "cmd.data.update.bioPhoto", bioPhotos=photos[:2]) == DONE
    assert await done(world, "cmd.data.update.bioPhoto", bioPhotos=photos[1:2]) == DONE  # replaces
    assert device.memory.photo_counts()[9] == 2


async def test_delete_bio_photo_by_user_type_and_number(world: World) -> None:
    device = await world.online(users=0, options={"multiBioPhotoSupport": "0:0:0:0:0:0:0:0:1:1"})
    world.network.files = {"http://p/1.jpg": STUDIO.jpeg(20_000)}
    photos = [
        {"pin": pin, "type": kind, "no": no, "url": "http://p/1.jpg"}
        for pin in ("1001", "1002")
        for kind in ("8", "9")
        for no in ("0", "1")
    ]
    await done(world, "cmd.data.update.bioPhoto", bioPhotos=photos)
    assert device.memory.photo_counts()[8:] == [4, 4]
    assert await done(world, "cmd.data.delete.bioPhoto", bioPhotos=[{"pin": "1001", "type": "9", "no": "1"}]) == DONE
    assert device.memory.photo_counts()[8:] == [4, 3]
    assert await done(world, "cmd.data.delete.bioPhoto", bioPhotos=[{"type": "8"}]) == DONE  # number 0 of everybody
    assert device.memory.photo_counts()[8:] == [2, 3]
    assert await done(world, "cmd.data.delete.bioPhoto", bioPhotos=[{}]) == DONE
    assert device.memory.photo_counts()[8:] == [2, 1]


async def test_delete_user_takes_everything_along(world: World) -> None:
    device = await world.online(users=3, behaviours=(enrolment(rate=0.05),))
    await world.until(lambda: bool(device.memory.user_photos))
    pin = next(iter(device.memory.user_photos))
    assert device.memory.cards.of(pin)
    await done(world, "cmd.data.update.meetingMember", members=[{"meetingId": "m1", "pins": [pin, "1001"]}])
    assert await done(world, "cmd.data.delete.user", pins=[pin, "nobody"]) == DONE
    assert pin not in device.memory
    assert pin not in device.memory.cards
    assert pin not in device.memory.user_photos
    assert all(key[0] != pin for key in device.memory.bio_photos)
    assert list(device.memory.members["m1"]) == ["1001"]


async def test_delete_user_photo_and_meeting(world: World) -> None:
    device = await world.online(users=3, behaviours=(enrolment(rate=0.2),))
    await world.until(lambda: bool(device.memory.user_photos))
    assert await done(world, "cmd.data.delete.userPhoto", pins=list(device.memory.user_photos)) == DONE
    await done(world, "cmd.data.update.meeting", meeting=[MEETING, MEETING | {"id": "m2"}])
    await done(world, "cmd.data.update.meetingMember", members=[{"meetingId": "m1", "pins": ["1"]}])
    assert await done(world, "cmd.data.delete.meeting", meetings=["m1", "no"]) == DONE
    assert list(device.memory.meetings) == ["m2"]
    assert "m1" not in device.memory.members


async def test_clear_user_keeps_meetings(world: World) -> None:
    device = await world.online(users=3)
    await done(world, "cmd.data.update.meeting", meeting=[MEETING])
    await done(world, "cmd.data.update.multiCard", multiCards=[{"pin": "1", "card": "1", "type": "0", "lossFlag": "0"}])
    assert await done(world, "cmd.data.clear.user") == DONE
    assert device.memory.user_count == 0
    assert not device.memory.cards
    assert list(device.memory.meetings) == ["m1"]


async def test_clear_all_keeps_credentials_options_and_pending_records(world: World) -> None:
    world.platform.always("dev.data.upload.verifyLog", silent)
    device = await world.online(users=3, request_timeout=30.0, behaviours=(verification(rate=1.0, photo_share=0.0),))
    await done(world, "cmd.data.update.meeting", meeting=[MEETING])
    await done(world, "cmd.option.set", option={"meetRoomName": "Red", "meetRoomCapacity": "8"})
    await world.advance(5)
    pending = device.delivery.outbox.pending
    assert pending > 0
    assert await done(world, "cmd.data.clear.all") == DONE
    assert (device.memory.user_count, device.memory.meetings, len(device.memory.cards)) == (0, {}, 0)
    assert device.delivery.outbox.pending >= pending
    world.platform.always("dev.data.upload.verifyLog", lambda link, message: link.answer(message))
    world.platform.link.close(1001)
    await world.advance(3)
    assert world.platform.link.order[:2] == ["dev.login", "dev.report"]
    report = world.platform.sent("dev.report")[-1].params
    assert report["userCount"] == "0"
    assert report["meetRoomName"] == "Red"
    await world.advance(5)
    assert world.recorder.records["acknowledged"] >= pending


async def test_option_set_is_shown_in_the_next_report(world: World) -> None:
    await world.online()
    option = {"meetRoomName": "红厅", "meetRoomManager": "Li", "meetRoomCapacity": "8", "meetRoomManagerPin": "1"}
    assert await done(world, "cmd.option.set", option=option | {"unheardOf": {"x": [1]}}) == DONE
    assert await done(world, "cmd.option.set", option={"meetRoomName": "Blue", "meetRoomCapacity": "9"}) == DONE
    world.platform.link.close(1001)
    await world.advance(3)
    report = world.platform.sent("dev.report")[-1].params
    shown = {name: report.get(name) for name in option}
    assert shown == option | {"meetRoomName": "Blue", "meetRoomCapacity": "9"}
    assert "unheardOf" not in report


async def test_report_counts_follow_the_memory(world: World) -> None:
    await world.online(users=8, max_bio_photos=4)
    world.network.files = {"http://p/1.jpg": STUDIO.jpeg(20_000)}
    before = world.platform.sent("dev.report")[-1].params
    assert (before["userCount"], before["multiBioDataCount"]) == ("8", "0:2:0:0:0:0:0:0:0:0")
    photo = {"pin": "77", "type": "9", "url": "http://p/1.jpg"}
    await done(world, "cmd.data.update.user", users=[USER | {"bioDatas": [TEMPLATE, TEMPLATE | {"type": "9"}]}])
    await done(world, "cmd.data.update.bioPhoto", bioPhotos=[photo])
    world.platform.link.close(1001)
    await world.advance(3)
    after = world.platform.sent("dev.report")[-1].params
    assert after["userCount"] == "9"
    assert after["multiBioDataCount"] == "0:3:0:0:0:0:0:0:0:1"
    assert before["multiBioPhotoCount"] == "0:0:0:0:0:0:0:0:0:2"
    assert after["multiBioPhotoCount"] == "0:0:0:0:0:0:0:0:0:3"


CARD = {"pin": "nobody", "card": "5", "type": "0", "lossFlag": "0"}


@pytest.mark.parametrize(
    ("answer", "code", "kept"), [("keep", DONE, {"5", "6"}), ("refuse", "E0000004", set()), ("ignore", DONE, {"6"})]
)
async def test_what_belongs_to_nobody_known(world: World, answer: str, code: str, kept: set[str]) -> None:
    device = await world.online(keys={"unknown": {"persons": answer, "meetings": answer}, "users": 1})
    cards = [CARD, CARD | {"pin": "1001", "card": "6"}]
    assert await done(world, "cmd.data.update.multiCard", multiCards=cards) == code
    assert {card["card"] for card in device.memory.cards} == kept
    members = [{"meetingId": "none", "pins": ["1001"]}]
    assert await done(world, "cmd.data.update.meetingMember", members=members) == code
    assert ("none" in device.memory.members) == (answer == "keep")
    world.network.files = {"http://p/1.jpg": STUDIO.jpeg(20_000)}
    photo = {"pin": "nobody", "type": "9", "url": "http://p/1.jpg"}
    assert await done(world, "cmd.data.update.bioPhoto", bioPhotos=[photo]) == code
    assert bool(device.memory.bio_photos) == (answer == "keep")
    assert bool(world.network.downloads) == (answer == "keep")
