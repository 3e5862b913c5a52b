"""Which rules of commands are counted, with which example, and what the device does all the same."""

from typing import Any

import pytest

from simulator.device.environment import NetworkError
from simulator.measurements.names import DeviceState
from tests.device.command_messages import DONE, USER, done
from tests.device.harness import World

DELETE = "cmd.data.delete.user"


def found(world: World) -> list[tuple[str, str]]:
    """Rule and funcId of every violation."""
    return [(rule, func_id) for rule, func_id, *_ in world.recorder.violations]


# --- One command by itself ---


@pytest.mark.parametrize(
    ("func_id", "params", "rule"),
    [
        ("cmd.data.update.user", {"users": [USER | {"password": None}]}, "command.field-type"),
        ("cmd.data.update.user", {"users": [USER | {"lastName": 5}]}, "command.field-type"),
        ("cmd.data.update.user", {"users": USER}, "command.field-type"),
        (DELETE, {"pins": [77]}, "command.field-type"),
        ("cmd.data.update.multiCard", {"multiCards": [{"pin": "77", "card": "ABC12", "type": "0", "lossFlag": "0"}]},
         "command.field-format"),
    ],
)  # fmt: skip
async def test_what_departs_with_a_plain_meaning_is_applied(
    world: World, func_id: str, params: dict[str, Any], rule: str
) -> None:
    await world.online()
    assert await done(world, func_id, **params) == DONE
    assert found(world) == [(rule, func_id)]


async def test_a_user_with_null_and_numbers_is_stored_as_it_is_meant(world: World) -> None:
    device = await world.online()
    assert await done(world, "cmd.data.update.user", users=[USER | {"pin": 77, "password": None}]) == DONE
    user = device.memory.user("77")
    assert user is not None
    assert "password" not in user


@pytest.mark.parametrize(
    ("func_id", "params", "rule", "code"),
    [
        ("cmd.nonsense", {}, "command.unknown", "E0000001"),
        (DELETE, {}, "command.field-missing", "E0000002"),
        (DELETE, {"pins": [["77"]]}, "command.field-type", "E0000002"),
        (
            "cmd.data.update.user",
            {"users": [USER | {"bioDatas": [{}]}]},
            "command.field-missing",
            "E0000002",
        ),
    ],
)
async def test_what_has_no_plain_meaning_is_refused(
    world: World, func_id: str, params: dict[str, Any], rule: str, code: str
) -> None:
    device = await world.online(users=2)
    assert await done(world, func_id, **params) == code
    assert (rule, func_id) in found(world)
    assert device.memory.user_count == 2


async def test_what_the_scenario_wants_to_be_unknown_is_refused_as_expected_and_nothing_else_is(world: World) -> None:
    await world.online(refused_commands=frozenset({"cmd.firmware.upgrade"}), strict=True)
    for _ in range(2):
        world.platform.link.command("cmd.firmware.upgrade", cmd_id="a")
    world.platform.link.command("cmd.nonsense")
    await world.settle()
    assert world.platform.code_of("a") == "E0000001"
    assert world.recorder.expected == [("cmd.firmware.upgrade", "E0000001")] * 2
    others = [code for name, _, _, code in world.recorder.commands if name != "cmd.firmware.upgrade"]
    assert others == ["E0000001"]
    assert len(world.recorder.commands) == 3
    assert world.recorder.broken()["command.unknown"] == 3, "the platform departed from the document all the same"


async def test_a_command_larger_than_the_package(world: World) -> None:
    await world.online(max_package_kb=4)
    assert await done(world, DELETE, pins=["77" * 3000]) == "E0000002"
    assert found(world) == [("command.too-large", DELETE)]


async def test_a_mid_that_is_a_number_is_sent_back_as_text(world: World) -> None:
    await world.online()
    world.platform.commands.append(("5", "c"))
    world.platform.link.say({"funcId": "cmd.data.clear.user", "mid": 5, "payload": {"params": {"cmdId": "c"}}})
    await world.settle()
    [answer] = world.platform.answers_to("c")
    assert (answer["mid"], answer["code"]) == ("5", DONE)
    assert found(world) == [("command.mid", "cmd.data.clear.user")]


# --- mid ---


async def test_a_mid_of_another_command_on_the_connection(world: World) -> None:
    await world.online()
    for cmd_id in "ab":
        world.platform.link.command(DELETE, mid="same", cmd_id=cmd_id, pins=[cmd_id])
    await world.settle()
    assert [world.platform.code_of(each) for each in "ab"] == [DONE, DONE]
    assert world.recorder.violations == [
        ("command.mid", DELETE, f"{DELETE}: mid was given to another command on this connection", 0)
    ]


async def test_a_mid_may_come_again_on_another_connection_and_with_the_same_command(world: World) -> None:
    device = await world.online()
    world.platform.link.command(DELETE, mid="m", cmd_id="a", pins=["1"])
    world.platform.link.command(DELETE, mid="m", cmd_id="a", pins=["1"])
    await world.settle()
    world.platform.link.close(1001)
    await world.until(lambda: len(world.platform.links) == 2 and device.state is DeviceState.ONLINE)
    world.platform.link.command(DELETE, mid="m", cmd_id="b", pins=["1"])
    await world.settle()
    assert world.recorder.violations == []
    assert world.recorder.observed() == {"command.repeated": 1}


async def test_mids_of_devices_do_not_meet(world: World) -> None:
    for _ in range(2):
        await world.online()
        world.platform.link.command(DELETE, mid="m", pins=["1"])
        await world.settle()
    assert world.recorder.violations == []


# --- cmdId ---


@pytest.mark.parametrize("other", [(DELETE, {"pins": ["2"]}), ("cmd.data.clear.user", {})])
async def test_a_cmd_id_of_another_command(world: World, other: tuple[str, dict[str, Any]]) -> None:
    device = await world.online(users=3)
    func_id, params = other
    world.platform.link.command(DELETE, cmd_id="c", pins=["1001"])
    await world.settle()
    world.platform.link.command(func_id, cmd_id="c", **params)
    await world.settle()
    assert found(world) == [("command.cmd-id", func_id)]
    assert world.recorder.observations == []
    assert device.memory.user_count == 2


async def test_a_cmd_id_of_a_command_that_still_waits(world: World) -> None:
    await world.online(users=3, keys={"handling": {DELETE: "2s"}})
    world.platform.link.command(DELETE, cmd_id="c", pins=["1001"])
    world.platform.link.command(DELETE, cmd_id="c", pins=["1002"])
    world.platform.link.command(DELETE, cmd_id="c", pins=["1001"])
    await world.advance(5)
    assert found(world) == [("command.cmd-id", DELETE)]
    assert world.recorder.observed() == {"command.repeated": 1}
    assert len(world.platform.answers_to("c")) == 1


async def test_a_command_without_cmd_id_is_refused_each_time(world: World) -> None:
    world.platform.lenient = True
    await world.online()
    for mid in "ab":
        world.platform.link.say({"funcId": "cmd.data.clear.user", "mid": mid, "payload": {"params": {}}})
    await world.settle()
    assert found(world) == [("command.cmd-id", "cmd.data.clear.user")] * 2
    assert [seen.message["code"] for seen in world.platform.sent("dev.cmd.response")] == ["E0000002"] * 2


# --- How many, and when ---


async def test_as_many_as_the_device_takes_and_one_more(world: World) -> None:
    await world.online(max_pending_commands=3, keys={"handling": {DELETE: "2s"}})
    for number in range(3):
        world.platform.link.command(DELETE, pins=[str(number)])
    await world.settle()
    assert world.recorder.violations == []
    world.platform.link.command(DELETE, pins=["9"])
    await world.settle()
    assert found(world) == [("command.too-many", DELETE)]
    await world.advance(10)
    assert {world.platform.code_of(f"c{number}") for number in range(1, 5)} == {DONE}


async def test_what_waits_from_a_lost_connection_is_not_held_against_the_platform(world: World) -> None:
    device = await world.online(max_pending_commands=3, keys={"handling": {DELETE: "9s"}})
    for number in range(3):
        world.platform.link.command(DELETE, cmd_id=f"old{number}", pins=[str(number)])
    await world.settle()
    world.platform.link.close(1001)
    await world.until(lambda: len(world.platform.links) == 2 and device.state is DeviceState.ONLINE)
    world.platform.link.command(DELETE, cmd_id="new", pins=["9"])
    await world.settle()
    assert world.recorder.violations == []
    for number in range(3):
        world.platform.link.command(DELETE, cmd_id=f"old{number}", pins=[str(number)])
    world.platform.link.command(DELETE, cmd_id="one more", pins=["9"])
    await world.settle()
    assert found(world) == [("command.too-many", DELETE)]
    assert world.recorder.observed() == {"command.repeated": 3}


async def test_a_command_before_the_reports_reply_is_kept_and_counted(world: World) -> None:
    def hurry(link: Any, message: dict[str, Any]) -> None:
        link.command("cmd.data.clear.user", cmd_id="early")
        link.answer(message)
        link.command("cmd.data.clear.user", cmd_id="in time")

    world.platform.script("dev.report", hurry)
    await world.online()
    assert world.platform.code_of("early") == world.platform.code_of("in time") == DONE
    assert found(world) == [("command.before-online", "cmd.data.clear.user")]


# --- Pictures ---


@pytest.mark.parametrize(
    ("there", "rule"),
    [
        (b"<html>", "command.url"),
        (NetworkError("http 404", "http://p/1: http 404"), "command.url"),
        (NetworkError("not allowed", "http://p/1: a private address"), "download.refused"),
        (NetworkError("too large", "http://p/1: larger than 261120 bytes"), "download.refused"),
    ],
)
async def test_pictures_that_cannot_be_had(world: World, there: bytes | NetworkError, rule: str) -> None:
    await world.online(users=1)
    world.network.files = {"http://p/1": there}
    photos = [{"pin": "1001", "type": "9", "url": "http://p/1"}]
    assert await done(world, "cmd.data.update.bioPhoto", bioPhotos=photos) == "E0000008"
    [(name, func_id, example, *_)] = [*world.recorder.violations, *world.recorder.observations]
    assert (name, func_id) == (rule, "cmd.data.update.bioPhoto")
    assert "http://p/1" in example
