"""Commands as the platform sees them: every effect, every answer, repeats, order, limits, trouble."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.device.commands.handlers import HANDLERS
from simulator.device.commands.queue import OTHER_COMMAND
from simulator.device.environment import NetworkError
from simulator.device.settings import EnrolmentSettings, Range, VerificationSettings
from simulator.device.state import DeviceState
from simulator.protocol.catalogue import COMMAND_FUNC_IDS
from simulator.protocol.times import parse_iso
from tests.device.fake_platform import drops, garbage, late, ok, refuse, silent
from tests.device.harness import STUDIO, World, alone
from tests.strategies import broken_rules, json_text, json_values, valid_message

DONE = "00000000"
USER = {"pin": "77", "role": "1", "firstName": "伟", "funSwitch": "0", "disable": "0"}
MEETING = {
    "name": "Monday",
    "lastSignOutTime": "2024-06-26T12:00:00+08:00",
    "id": "m1",
    "startTime": "2024-06-26T09:00:00+08:00",
    "endTime": "2024-06-26T11:00:00+08:00",
    "applicant": "Li",
}
TEMPLATE = {"type": "1", "majorVer": "10", "minorVer": "0", "fmt": "0", "tmp": "AAAA"}


async def done(world: World, func_id: str, **params: Any) -> str | None:
    """Send a command; the code of its answer."""
    cmd_id = world.platform.link.command(func_id, **params)
    await world.advance(1)
    answers = world.platform.answers_to(cmd_id)
    assert len(answers) == 1
    return world.platform.code_of(cmd_id)


def test_every_command_of_the_catalogue_has_a_handler() -> None:
    assert set(HANDLERS) == set(COMMAND_FUNC_IDS)


# Effects.


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
    assert list(device.memory.cards[pin]) == ["1"]
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
    assert device.memory.cards["1001"] == {"123": card | {"lossFlag": "1"}, "124": card | {"card": "124"}}
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
    device = await world.online(users=2)
    world.network.files = {"http://p/1.jpg": STUDIO.jpeg(20_000), "http://p/2.jpg": trouble}
    photos = [{"pin": "1001", "type": "9", "url": f"http://p/{number}.jpg"} for number in (1, 2)]
    assert await done(world, "cmd.data.update.bioPhoto", bioPhotos=photos) not in (DONE, None)
    assert device.memory.photo_counts()[9] == 0


async def test_bio_photos_beyond_the_capacity_are_refused_as_a_whole(world: World) -> None:
    device = await world.online(users=9, max_bio_photos=2)
    world.network.files = {"http://p/1.jpg": STUDIO.jpeg(20_000)}
    photos = [{"pin": f"100{number}", "type": "9", "url": "http://p/1.jpg"} for number in (1, 2, 3)]
    assert await done(world, "cmd.data.update.bioPhoto", bioPhotos=photos) not in (DONE, None)
    assert device.memory.photo_counts()[9] == 0
    assert await done(world, "cmd.data.update.bioPhoto", bioPhotos=photos[:2]) == DONE
    assert await done(world, "cmd.data.update.bioPhoto", bioPhotos=photos[1:2]) == DONE  # replaces
    assert device.memory.photo_counts()[9] == 2


async def test_delete_bio_photo_by_user_type_and_number(world: World) -> None:
    device = await world.online(users=3)
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
    device = await world.online(users=3, enrolments=(EnrolmentSettings(rate=1.0),))
    await world.until(lambda: bool(device.memory.user_photos))
    pin = next(iter(device.memory.user_photos))
    assert device.memory.cards[pin]
    await done(world, "cmd.data.update.meetingMember", members=[{"meetingId": "m1", "pins": [pin, "1001"]}])
    assert await done(world, "cmd.data.delete.user", pins=[pin, "nobody"]) == DONE
    assert pin not in device.memory
    assert pin not in device.memory.cards
    assert pin not in device.memory.user_photos
    assert all(key[0] != pin for key in device.memory.bio_photos)
    assert list(device.memory.members["m1"]) == ["1001"]


async def test_delete_user_photo_and_meeting(world: World) -> None:
    device = await world.online(users=3, enrolments=(EnrolmentSettings(rate=0.2),))
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
    device = await world.online(
        users=3, request_timeout=30.0, verifications=(VerificationSettings(rate=1.0, photo_share=0.0),)
    )
    await done(world, "cmd.data.update.meeting", meeting=[MEETING])
    await done(world, "cmd.option.set", option={"meetRoomName": "Red", "meetRoomCapacity": "8"})
    await world.advance(5)
    pending = device.delivery.outbox.pending
    assert pending > 0
    assert await done(world, "cmd.data.clear.all") == DONE
    assert (device.memory.user_count, device.memory.meetings, device.memory.cards) == (0, {}, {})
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
    await world.online(users=8)
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
    assert after["multiBioPhotoCount"] == "0:0:0:0:0:0:0:0:0:1"


# Queries.


@pytest.mark.parametrize("pin", [{}, {"pin": ""}])
async def test_query_all_users_comes_in_pages_below_the_package_size(world: World, pin: dict[str, str]) -> None:
    device = await world.online(users=700)
    world.platform.always("dev.data.upload.user", late(0.05))
    assert await done(world, "cmd.data.query.user", **pin) == DONE
    await world.advance(9)
    pages = world.platform.sent("dev.data.upload.user")
    assert len(pages) > 2
    users = [user for page in pages for user in page.params["users"]]
    assert [user["pin"] for user in users] == [user["pin"] for user in device.memory.users()]
    sizes = [page.size for page in pages]
    assert max(sizes) <= 64 * 1024
    assert min(sizes[:-1]) > 60 * 1024  # no page is sent half empty
    answer = world.platform.sent("dev.cmd.response")[0]
    assert world.platform.seen.index(answer) < world.platform.seen.index(pages[0])


async def test_query_one_user_or_none(world: World) -> None:
    device = await world.online(users=5)
    assert await done(world, "cmd.data.query.user", pin="1003") == DONE
    assert await done(world, "cmd.data.query.user", pin="nobody") == DONE
    await done(world, "cmd.data.clear.user")
    assert await done(world, "cmd.data.query.user") == DONE
    pages = [seen.params["users"] for seen in world.platform.sent("dev.data.upload.user")]
    assert [len(page) for page in pages] == [1, 0, 0]
    assert pages[0][0]["pin"] == "1003"
    assert device.delivery.idle


async def test_query_with_a_small_package(world: World) -> None:
    world.platform.package_bytes = 3 * 1024
    await world.online(users=40, max_package_kb=3)
    assert await done(world, "cmd.data.query.user") == DONE
    pages = [seen.params["users"] for seen in world.platform.sent("dev.data.upload.user")]
    assert sum(map(len, pages)) == 40


async def test_users_asked_for_do_not_wait_behind_a_backlog(world: World) -> None:
    """All users come within 10 s, however many records and pictures wait."""
    platform = world.platform
    for func_id in ("dev.data.upload.verifyLog", "dev.data.upload.verifyPhoto"):
        platform.always(func_id, late(0.3))
    await world.online(users=300, verifications=(VerificationSettings(rate=5.0, photo_share=1.0),))
    await world.advance(60)
    platform.link.command("cmd.data.query.user")
    await world.advance(9.9)
    users = [user for seen in platform.sent("dev.data.upload.user") for user in seen.params["users"]]
    assert len(users) == 300


async def test_a_query_whose_upload_is_refused_is_tried_again(world: World) -> None:
    world.platform.script("dev.data.upload.user", refuse(), refuse())
    await world.online(users=5)
    assert await done(world, "cmd.data.query.user") == DONE
    await world.advance(5)
    assert world.recorder.codes("dev.data.upload.user") == ["E0000006", "E0000006", DONE]


async def test_a_repeated_query_is_answered_and_the_users_come_once(world: World) -> None:
    await world.online(users=5)
    for mid in ("a", "b"):
        world.platform.link.command("cmd.data.query.user", cmd_id="q", mid=mid)
        await world.advance(1)
    assert len(world.platform.answers_to("q")) == 2
    assert len(world.platform.sent("dev.data.upload.user")) == 1


async def test_templates_of_types_that_the_platform_does_not_take_stay_at_home(world: World) -> None:
    world.platform.terms["multiBioDataSupport"] = "0:0:0:0:0:0:0:0:0:1"
    await world.online(users=8, enrolments=(EnrolmentSettings(rate=1.0),))
    await done(world, "cmd.data.query.user")
    await world.advance(5)
    users = [user for seen in world.platform.sent("dev.data.upload.user") for user in seen.params["users"]]
    assert len(users) > 8
    kinds = {template["type"] for user in users for template in user.get("bioDatas", ())}
    assert kinds <= {"9"}


async def test_pushed_users_go_up_again_as_valid_uploads(world: World) -> None:
    """Extra members of any kind in a command must not come back as values that are no strings."""
    await world.online()
    odd = USER | {"extra": 5, "lastName": "", "bioDatas": [TEMPLATE | {"extra": [1, None], "no": ""}]}
    assert await done(world, "cmd.data.update.user", users=[odd]) == DONE
    assert await done(world, "cmd.data.query.user") == DONE
    [page] = world.platform.sent("dev.data.upload.user")
    assert page.params["users"][0]["bioDatas"] == [TEMPLATE]


# Time.


async def test_sync_time_sets_the_clock_of_everything_later(world: World) -> None:
    world.platform.time = "2030-01-01T00:00:00+02:00"
    device = await world.online(verifications=(VerificationSettings(rate=1.0, photo_share=1.0),))
    assert await done(world, "cmd.system.sync.time") == DONE
    [request] = world.platform.sent("dev.system.sync.time")
    assert set(request.message) == {"funcId", "mid"}
    answer = world.platform.sent("dev.cmd.response")[0]
    assert world.platform.seen.index(answer) < world.platform.seen.index(request)
    world.platform.seen.clear()
    await world.advance(20)
    told = parse_iso("2030-01-01T00:00:00+02:00")
    record = world.platform.sent("dev.data.upload.verifyLog")[-1].params["verifyLog"][-1]
    assert told < parse_iso(record["verifyTime"]) < told + 25
    assert record["verifyTime"].endswith("+08:00")
    photo = world.platform.sent("dev.data.upload.verifyPhoto")[-1].params["verifyPhotos"][0]
    assert parse_iso(photo["photoTime"]) > told
    assert world.recorder.kinds()["bad time"] == 0
    device.delivery.outbox.reconnected()


@pytest.mark.parametrize(
    "time",
    ["", "yesterday", "2030-01-01 00:00:00", None, 5, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"],
)
async def test_a_time_that_cannot_be_is_noted_and_ignored(world: World, time: Any) -> None:
    world.platform.always("dev.system.sync.time", ok(time=time))
    await world.online(verifications=(VerificationSettings(rate=1.0, photo_share=0.0),))
    assert await done(world, "cmd.system.sync.time") == DONE
    assert world.recorder.kinds()["bad time"] == 1
    await world.advance(10)
    record = world.platform.sent("dev.data.upload.verifyLog")[-1].params["verifyLog"][-1]
    assert record["verifyTime"].startswith("2024-06-26")


async def test_a_corrected_clock_is_used_for_the_next_look_up(world: World) -> None:
    world.platform.time = "2024-06-26T00:03:00+08:00"
    device = await world.online()
    await done(world, "cmd.system.sync.time")
    world.network.connect_script += [world.network.fails("refused")] * 2
    world.platform.link.close(1001)
    await world.until(lambda: device.state is DeviceState.ONLINE)
    url = world.network.lookups[-1]
    stamp = int(url.partition("timestamp=")[2].partition("&")[0]) / 1000
    offset = stamp - world.clock.wall()
    assert offset == pytest.approx(parse_iso("2024-06-26T00:03:00+08:00") - 1_719_331_200.25, abs=2)


# Reboot.


async def test_reboot_answers_then_closes_then_returns_warm(world: World) -> None:
    device = await world.online(users=4)
    await done(world, "cmd.data.update.user", users=[USER])
    cmd_id = world.platform.link.command("cmd.control.reboot", imme="1", operator="luther")
    await world.settle()
    assert world.platform.code_of(cmd_id) == DONE
    assert world.platform.links[0].close_received == (1000, "")
    assert device.state is DeviceState.REBOOTING
    assert world.recorder.reasons() == ["reboot"]
    since = world.clock.monotonic()
    await world.until(lambda: device.state is DeviceState.ONLINE)
    assert 5.0 <= world.clock.monotonic() - since <= 6.0
    assert world.platform.link.order == ["dev.login", "dev.report"]
    assert world.platform.sent("dev.report")[-1].params["userCount"] == "5"


async def test_reboot_lets_what_is_under_way_be_answered(world: World) -> None:
    world.platform.always("dev.heartbeat", late(1.0))
    await world.online()
    await world.until(lambda: bool(world.platform.sent("dev.heartbeat")))
    world.platform.link.command("cmd.control.reboot")
    await world.advance(1.5)
    assert world.recorder.codes("dev.heartbeat") == [DONE]
    assert world.recorder.reasons() == ["reboot"]


async def test_reboot_does_not_wait_for_ever(world: World) -> None:
    world.platform.always("dev.heartbeat", silent)
    device = await world.online()
    await world.until(lambda: bool(world.platform.sent("dev.heartbeat")))
    world.platform.link.command("cmd.control.reboot")
    await world.advance(2.1)
    assert device.state is DeviceState.REBOOTING
    assert world.recorder.codes("dev.heartbeat") == ["disconnected"]


async def test_a_quick_reboot_happens_once(world: World) -> None:
    """Back online before the grace of the reboot is over: that must not make it go down again."""
    world.platform.script("dev.heartbeat", late(0.1))
    device = await world.online(reboot=Range(low=0.2, high=0.2))
    await world.until(lambda: bool(world.platform.sent("dev.heartbeat")))
    world.platform.link.command("cmd.control.reboot")
    await world.advance(0.5)
    assert device.state is DeviceState.ONLINE
    await world.advance(5)
    assert len(world.platform.links) == 2
    assert world.recorder.reasons() == ["reboot"]


async def test_a_repeated_reboot_is_answered_after_the_return_and_not_done_again(world: World) -> None:
    device = await world.online()
    world.platform.link.command("cmd.control.reboot", cmd_id="r", mid="one")
    await world.until(lambda: device.state is DeviceState.REBOOTING)
    await world.until(lambda: device.state is DeviceState.ONLINE)
    world.platform.link.command("cmd.control.reboot", cmd_id="r", mid="two")
    await world.advance(10)
    assert [answer["mid"] for answer in world.platform.answers_to("r")] == ["one", "two"]
    assert world.recorder.reasons() == ["reboot"]


async def test_records_survive_a_reboot(world: World) -> None:
    device = await world.online(verifications=(VerificationSettings(rate=2.0, photo_share=0.0),))
    await world.advance(5)
    world.platform.always("dev.data.upload.verifyLog", late(0.9))
    world.platform.link.command("cmd.control.reboot")
    await world.until(lambda: device.state is DeviceState.ONLINE and len(world.platform.links) == 2)
    await world.advance(3)
    await world.stop(device, 60)
    counts = world.recorder.records
    assert counts["acknowledged"] == counts["generated"]


# Answers.


async def test_mid_and_cmd_id_are_echoed(world: World) -> None:
    await world.online()
    world.platform.link.command("cmd.data.clear.user", mid="M" * 32, cmd_id="编号 1")
    await world.settle()
    [answer] = world.platform.answers_to("编号 1")
    assert answer["mid"] == "M" * 32
    assert answer["code"] == DONE
    assert answer["funcId"] == "dev.cmd.response"
    assert [entry[0] for entry in world.recorder.commands] == ["cmd.data.clear.user"]


async def test_a_repeat_is_answered_with_the_stored_code_and_not_applied(world: World) -> None:
    device = await world.online(users=3)
    users = {"users": [USER]}
    world.platform.link.command("cmd.data.update.user", cmd_id="u", mid="1", **users)
    await world.settle()
    await done(world, "cmd.data.delete.user", pins=["77"])
    world.platform.link.command("cmd.data.update.user", cmd_id="u", mid="2", **users)
    await world.settle()
    assert "77" not in device.memory
    assert [(answer["mid"], answer["code"]) for answer in world.platform.answers_to("u")] == [("1", DONE), ("2", DONE)]
    world.platform.link.close(1001)
    await world.advance(3)
    world.platform.link.command("cmd.data.update.user", cmd_id="u", mid="3", **users)
    await world.settle()
    assert [answer["mid"] for answer in world.platform.answers_to("u")] == ["1", "2", "3"]
    assert "77" not in device.memory
    assert world.recorder.kinds()["repeated command"] == 2


async def test_a_failure_is_stored_too(world: World) -> None:
    await world.online(max_users=0, users=0)
    for mid in ("1", "2"):
        world.platform.link.command("cmd.data.update.user", cmd_id="u", mid=mid, users=[USER])
        await world.settle()
    codes = {answer["code"] for answer in world.platform.answers_to("u")}
    assert len(codes) == 1
    assert DONE not in codes


async def test_a_repeat_of_a_command_in_hand_is_answered_for_both_mids_and_applied_once(world: World) -> None:
    device = await world.online(handling={"cmd.data.update": Range(low=3.0, high=3.0)})
    for mid in ("1", "2", "3"):
        world.platform.link.command("cmd.data.update.user", cmd_id="u", mid=mid, users=[USER])
        world.platform.link.command("cmd.data.update.user", cmd_id="v", mid=f"{mid}v", users=[USER])
        await world.advance(0.5)
    assert world.platform.sent("dev.cmd.response") == []
    await world.advance(10)
    assert [answer["mid"] for answer in world.platform.answers_to("u")] == ["1", "2", "3"]
    assert [answer["mid"] for answer in world.platform.answers_to("v")] == ["1v", "2v", "3v"]
    assert device.memory.user_count == 1


async def test_an_answer_that_found_no_connection_is_given_at_the_repeat(world: World) -> None:
    device = await world.online(handling={"cmd.data.update": Range(low=3.0, high=3.0)})
    world.platform.link.command("cmd.data.update.user", cmd_id="u", mid="1", users=[USER])
    await world.advance(1)
    world.network.connect_script += [world.network.holds(20)]
    world.platform.link.close(1001)
    await world.advance(5)
    assert "77" in device.memory
    await world.advance(30)
    assert device.state is DeviceState.ONLINE
    world.platform.link.command("cmd.data.update.user", cmd_id="u", mid="2", users=[USER])
    await world.settle()
    assert [answer["mid"] for answer in world.platform.answers_to("u")][-1] == "2"
    assert device.memory.user_count == 1


@pytest.mark.parametrize("suite", ["plain", "rsa-aes"])
async def test_an_answer_never_goes_out_during_the_initial_flow(suite: str) -> None:
    """A command in hand when the connection was lost is done while the next one is only being made."""
    for step in ("device.exchange.publicKey", "dev.login", "dev.report"):
        world = World(suite)
        await world.online(handling={"cmd.data.update": Range(low=3.0, high=3.0)})
        world.platform.script(step, late(5.0))
        world.platform.link.command("cmd.data.update.user", cmd_id="u", mid="1", users=[USER])
        await world.advance(0.5)
        world.platform.link.close(1001)
        await world.advance(20)
        await world.close()  # where an early answer would be a violation


@pytest.mark.parametrize("step", ["dev.register", "dev.accredit", "dev.login", "dev.report"])
async def test_commands_before_the_reports_reply_are_answered_after_it(sealed_world: World, step: str) -> None:
    world = sealed_world

    def early(link, message):  # type: ignore[no-untyped-def]
        link.command("cmd.data.clear.user", cmd_id="good")
        link.command("cmd.data.clear.user", cmd_id="good", mid="again")
        link.command("cmd.no.such", cmd_id="unknown")
        link.command("cmd.data.update.user", cmd_id="bad", users="x")
        link.answer(message)

    world.platform.script(step, early)
    await world.online()
    assert world.platform.code_of("good") == DONE
    assert len(world.platform.answers_to("good")) == 2
    assert world.platform.code_of("unknown") not in (DONE, None)
    assert world.platform.code_of("bad") not in (DONE, None)


async def test_urgent_commands_go_before_waiting_ones(world: World) -> None:
    await world.online(handling={"cmd": Range(low=1.0, high=1.0)})
    link = world.platform.link
    for cmd_id, imme in (("a", None), ("b", "0"), ("c", ""), ("d", "1"), ("e", "2")):
        link.command("cmd.data.clear.user", cmd_id=cmd_id, imme=imme)
    await world.advance(10)
    order = [seen.params["cmdId"] for seen in world.platform.sent("dev.cmd.response")]
    assert order == ["a", "d", "e", "b", "c"]


async def test_beyond_the_pending_limit_the_device_answers_busy(world: World) -> None:
    await world.online(max_pending_commands=3, handling={"cmd": Range(low=5.0, high=5.0)})
    link = world.platform.link
    for number in range(6):
        link.command("cmd.data.clear.user", cmd_id=f"c{number}", mid=f"first{number}")
    await world.settle()
    busy = {seen.params["cmdId"]: seen.message["code"] for seen in world.platform.sent("dev.cmd.response")}
    assert set(busy) == {"c4", "c5"}
    assert DONE not in busy.values()
    await world.advance(21)
    for number in range(4):
        assert world.platform.code_of(f"c{number}") == DONE
    link.command("cmd.data.clear.user", cmd_id="c5", mid="again")  # busy is no stored outcome
    await world.advance(6)
    assert world.platform.code_of("c5") == DONE


async def test_handling_takes_its_time_and_is_free_says_so(world: World) -> None:
    world.platform.terms["heartbeatInterval"] = "1"
    await world.online(handling={"cmd.data.clear": Range(low=5.0, high=5.0)})
    await world.advance(3)
    cmd_id = world.platform.link.command("cmd.data.clear.user")
    await world.advance(4.9)
    assert world.platform.code_of(cmd_id) is None
    await world.advance(3)
    assert world.platform.code_of(cmd_id) == DONE
    free = [seen.params["isFree"] for seen in world.platform.sent("dev.heartbeat")]
    assert "".join(free).strip("1") == "00000"
    assert free[0] == free[-1] == "1"
    [(_, _, handling, _)] = world.recorder.commands
    assert handling == pytest.approx(5.0)


async def test_handling_by_the_longest_prefix(world: World) -> None:
    await world.online(
        handling={
            "cmd": Range(low=1.0, high=1.0),
            "cmd.data.clear": Range(low=0.0, high=0.0),
            "cmd.data.clear.all": Range(low=4.0, high=4.0),
        }
    )
    for func_id, seconds in (("cmd.data.clear.user", 0.0), ("cmd.data.clear.all", 4.0), ("cmd.system.sync.time", 1.0)):
        world.recorder.commands.clear()
        world.platform.link.command(func_id)
        await world.advance(5)
        assert world.recorder.commands[0][2] == pytest.approx(seconds)


async def test_a_connection_lost_with_commands_waiting(world: World) -> None:
    device = await world.online(handling={"cmd": Range(low=1.0, high=1.0)})
    for number in range(4):
        world.platform.link.command("cmd.data.update.user", cmd_id=f"c{number}", users=[USER | {"pin": str(number)}])
    await world.advance(1.5)
    world.platform.link.close(1001)
    await world.advance(3)
    for number in range(4):
        world.platform.link.command(
            "cmd.data.update.user", cmd_id=f"c{number}", mid=f"again{number}", users=[USER | {"pin": str(number)}]
        )
    await world.advance(10)
    for number in range(4):
        assert world.platform.code_of(f"c{number}") == DONE
    assert device.memory.user_count == 4


async def test_a_handler_that_fails_is_answered_and_the_next_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(memory: Any, effects: Any, params: Any) -> Any:
        raise KeyError("oops")

    async def broken_later(memory: Any, effects: Any, params: Any) -> Any:
        raise KeyError("oops")

    patched = dict(HANDLERS) | {"cmd.data.clear.user": broken, "cmd.data.clear.all": broken_later}
    monkeypatch.setattr("simulator.device.commands.queue.HANDLERS", patched)
    await world.online()
    for func_id in ("cmd.data.clear.user", "cmd.data.clear.all"):
        assert await done(world, func_id) == "E0000006"
    assert await done(world, "cmd.data.clear.multiCard") == DONE
    assert world.recorder.kinds()["internal error"] == 2
    world.recorder.anomalies.clear()
    world.logs.clear()


# Anything that a platform may say.


UNKNOWN = ["cmd.no.such", "cmd.data.update", "CMD.DATA.UPDATE.USER", "dev.heartbeat", "x" * 500, "会议"]


@pytest.mark.parametrize("func_id", UNKNOWN)
async def test_unknown_commands_are_answered_non_success(world: World, func_id: str) -> None:
    device = await world.online()
    assert await done(world, func_id) not in (DONE, None)
    assert device.state is DeviceState.ONLINE
    [(counted, *_)] = world.recorder.commands
    assert counted == (func_id if func_id.startswith("cmd.") else OTHER_COMMAND)


@pytest.mark.parametrize(
    "message",
    [
        {"funcId": "cmd.data.clear.user"},
        {"funcId": "cmd.data.clear.user", "mid": "1"},
        {"funcId": "cmd.data.clear.user", "mid": "1", "payload": {}},
        {"funcId": "cmd.data.clear.user", "mid": "1", "payload": {"params": {}}},
        {"funcId": "cmd.data.clear.user", "mid": 5, "payload": {"params": {"cmdId": "x"}}},
        {"funcId": "cmd.data.clear.user", "payload": {"params": {"cmdId": "x"}}},
        {"funcId": "cmd.data.clear.user", "mid": "1", "payload": {"params": {"cmdId": 5}}},
        {"funcId": "cmd.data.clear.user", "mid": "1", "payload": [], "imme": {}},
        {"funcId": 5, "mid": "1", "payload": {"params": {"cmdId": "x"}}},
        {"funcId": [], "mid": "1", "payload": {"params": {"cmdId": "x"}}},
        {"mid": "1", "payload": {"params": {"cmdId": "x"}}},
        {"funcId": "cmd.data.clear.user", "mid": "m" * 33, "payload": {"params": {"cmdId": "x"}}},
        {"funcId": "cmd.data.clear.user", "mid": "1", "imme": "x", "payload": {"params": {"cmdId": "x"}}},
    ],
)
async def test_malformed_commands_are_answered_non_success(world: World, message: dict[str, Any]) -> None:
    world.platform.lenient = True
    device = await world.online()
    world.platform.link.say(message)
    await world.settle()
    [answer] = world.platform.sent("dev.cmd.response")
    assert answer.message["code"] not in (DONE, "")
    mid = message.get("mid")
    assert answer.message["mid"] == (mid if isinstance(mid, str) else "")
    assert device.state is DeviceState.ONLINE


@given(data=st.data())
@settings(max_examples=40)
@alone
async def test_any_valid_command_is_survived_and_answered(data: st.DataObject) -> None:
    world = World()
    world.network.files = {}
    device = await world.online(users=5)
    for _ in range(data.draw(st.integers(1, 4))):
        func_id = data.draw(st.sampled_from(COMMAND_FUNC_IDS))
        message = data.draw(valid_message(func_id))
        cmd_id = message["payload"]["params"]["cmdId"]
        world.platform.commands.append((message["mid"], cmd_id))
        before = len(world.platform.answers_to(cmd_id))
        world.platform.link.say(message)
        await world.advance(8)
        assert len(world.platform.answers_to(cmd_id)) == before + 1
    assert device.state is DeviceState.ONLINE
    # What was pushed goes up again: the strict platform has a look at all of it.
    world.platform.link.command("cmd.data.query.user", cmd_id="at last")
    await world.advance(2)
    assert world.platform.code_of("at last") == DONE
    await world.close()


@given(data=st.data())
@settings(max_examples=40)
@alone
async def test_any_broken_command_is_survived_and_answered_non_success(data: st.DataObject) -> None:
    world = World()
    world.platform.lenient = True
    device = await world.online(users=5)
    func_id = data.draw(st.sampled_from(COMMAND_FUNC_IDS))
    rule = data.draw(st.sampled_from(broken_rules(func_id)))
    world.platform.link.say(rule.broken(data.draw(valid_message(func_id, complete=True))))
    await world.advance(8)
    if "funcId = 'cmd.dev.response'" in str(rule):  # that is a reply by its name
        assert world.recorder.kinds()["unknown reply"] == 1
    else:
        [answer] = world.platform.sent("dev.cmd.response")
        assert answer.message["code"] != DONE
    assert device.state is DeviceState.ONLINE
    assert device.memory.user_count == 5
    await world.close()


@given(message=st.dictionaries(st.sampled_from(["funcId", "mid", "code", "payload", "imme"]) | json_text, json_values))
@settings(max_examples=40)
@alone
async def test_any_json_object_is_survived(message: dict[str, Any]) -> None:
    world = World()
    world.platform.lenient = True
    device = await world.online(users=2)
    world.platform.link.say(message)
    await world.advance(1)
    assert device.state is DeviceState.ONLINE
    assert len(world.platform.sent("dev.cmd.response")) + world.recorder.kinds()["unknown reply"] == 1
    await world.close()


@given(payload=st.binary(max_size=60), binary=st.booleans())
@settings(max_examples=20)
@alone
async def test_any_garbage_frame_closes_with_1008_and_the_device_comes_back(payload: bytes, binary: bool) -> None:
    world = World("rsa-aes")
    device = await world.online()
    world.platform.link.transmit(payload, binary)
    await world.advance(3)
    assert world.platform.links[0].close_received == (1008, "protocol violation")
    assert device.state is DeviceState.ONLINE
    await world.close()


async def test_a_download_that_outlives_its_connection(world: World) -> None:
    device = await world.online(users=2)
    world.network.files = {"http://p/1.jpg": STUDIO.jpeg(20_000)}
    world.network.download_seconds = 3.0
    photo = {"pin": "1001", "type": "9", "url": "http://p/1.jpg"}
    world.platform.link.command("cmd.data.update.bioPhoto", cmd_id="d", mid="1", bioPhotos=[photo])
    await world.advance(1)
    world.platform.link.close(1001)
    await world.advance(5)
    assert device.memory.photo_counts()[9] == 1
    world.platform.link.command("cmd.data.update.bioPhoto", cmd_id="d", mid="2", bioPhotos=[photo])
    await world.advance(5)
    assert [answer["mid"] for answer in world.platform.answers_to("d")][-1] == "2"
    assert len(world.network.downloads) == 1


async def test_a_reboot_during_a_download_forgets_it_and_the_repeat_does_it(world: World) -> None:
    device = await world.online(users=2)
    world.network.files = {"http://p/1.jpg": STUDIO.jpeg(20_000)}
    world.network.download_seconds = 3.0
    photo = {"pin": "1001", "type": "9", "url": "http://p/1.jpg"}
    world.platform.link.command("cmd.control.reboot")
    world.platform.link.command("cmd.data.update.bioPhoto", cmd_id="d", mid="1", bioPhotos=[photo])
    await world.until(lambda: len(world.platform.links) == 2 and device.state is DeviceState.ONLINE)
    if not world.platform.answers_to("d"):
        world.platform.link.command("cmd.data.update.bioPhoto", cmd_id="d", mid="2", bioPhotos=[photo])
        await world.advance(5)
    assert world.platform.code_of("d") == DONE
    assert device.memory.photo_counts()[9] == 1


async def test_the_connection_drops_at_every_answer(world: World) -> None:
    world.platform.script("dev.system.sync.time", drops, garbage())
    device = await world.online()
    world.platform.link.command("cmd.system.sync.time")
    await world.advance(3)
    world.platform.link.command("cmd.system.sync.time")
    await world.advance(5)
    assert device.state is DeviceState.ONLINE
    assert world.recorder.codes("dev.system.sync.time") == ["disconnected", "disconnected"]
