"""Uploads of options: off unless asked for, after a command, at their interval, and through all trouble."""

from itertools import pairwise
from typing import Any

import pytest

from simulator.device.behaviours.option_upload import FUNC_ID
from simulator.measurements.names import DeviceState
from simulator.protocol.catalogue import NEGOTIATED_FUNC_IDS
from tests.device.answers import drops, refuse, silent
from tests.device.command_messages import DONE, done
from tests.device.harness import World

DAY = 86_400
ROOM = {"meetRoomName": "大会议室", "meetRoomCapacity": "12"}
DAILY: dict[str, Any] = {"option_upload": {}}


def values(world: World) -> list[dict[str, str]]:
    """The options of each upload, by name."""
    return [{item["name"]: item["value"] for item in seen.params["options"]} for seen in world.platform.sent(FUNC_ID)]


def reported(world: World) -> list[str]:
    listed: list[str] = world.platform.sent("dev.report")[-1].params["funcIds"]
    return listed


async def set_room(world: World, **options: str) -> None:
    assert await done(world, "cmd.option.set", option=ROOM | options) == DONE


async def test_off_unless_a_group_asks_for_it(world: World) -> None:
    await world.online()
    await set_room(world)
    await world.advance(60)
    assert values(world) == []
    assert reported(world) == list(NEGOTIATED_FUNC_IDS)
    assert FUNC_ID not in NEGOTIATED_FUNC_IDS


async def test_after_the_answer_to_the_command_that_set_them(world: World) -> None:
    await world.online(keys=DAILY, options={"volume": "80", "adOn": ""})
    assert reported(world) == [*NEGOTIATED_FUNC_IDS, FUNC_ID]
    await set_room(world, meetRoomManager="")
    [options] = values(world)
    assert options.items() >= {**ROOM, "volume": "80", "cameraOn": "1"}.items()
    assert all(options.values())
    order = [seen.func_id for seen in world.platform.seen if seen.func_id in (FUNC_ID, "dev.cmd.response")]
    assert order == ["dev.cmd.response", FUNC_ID]


async def test_not_after_other_commands_or_refused_ones(world: World) -> None:
    await world.online(keys=DAILY)
    assert await done(world, "cmd.option.set", option={"meetRoomName": "no capacity"}) != DONE
    assert await done(world, "cmd.data.clear.user") == DONE
    assert values(world) == []


@pytest.mark.parametrize(("interval", "seconds"), [("1h", 3600), ("1d", DAY)])
async def test_once_per_interval(world: World, interval: str, seconds: int) -> None:
    world.platform.terms["supportHeartbeat"] = "0"
    await world.online(keys={"option_upload": {"interval": interval}, "ping": "0s"})
    await world.advance(3 * seconds)
    moments = [seen.at for seen in world.platform.sent(FUNC_ID)]
    assert len(moments) == 3
    assert [after - before for before, after in pairwise(moments)] == [pytest.approx(seconds)] * 2


async def test_only_where_the_platform_lists_it(world: World) -> None:
    world.platform.terms["funcIds"] = list(NEGOTIATED_FUNC_IDS)
    device = await world.online(keys=DAILY)
    await set_room(world)
    await set_room(world, meetRoomName="later")
    await set_room(world, meetRoomName="last")
    assert values(world) == []
    world.platform.terms["funcIds"] = [*NEGOTIATED_FUNC_IDS, FUNC_ID]
    world.platform.link.close(1001)
    await world.advance(10)
    assert device.state is DeviceState.ONLINE
    assert [options["meetRoomName"] for options in values(world)] == ["last", "last"]


async def test_again_after_a_lost_connection(world: World) -> None:
    world.platform.script(FUNC_ID, drops)
    await world.online(keys=DAILY)
    await set_room(world)
    await world.advance(10)
    assert len(world.platform.links) == 2
    assert [options["meetRoomName"] for options in values(world)] == [ROOM["meetRoomName"]] * 2
    assert world.recorder.codes(FUNC_ID) == ["disconnected", "00000000"]


async def test_what_changes_while_an_upload_is_on_its_way_goes_up_too(world: World) -> None:
    world.platform.script(FUNC_ID, silent)
    await world.online(keys=DAILY, request_timeout=5.0)
    await set_room(world)
    await set_room(world, meetRoomName="new")
    await world.advance(20)
    assert [options["meetRoomName"] for options in values(world)][1:] == ["new", "new"]


async def test_refused_it_is_tried_again_and_given_up_at_last(world: World) -> None:
    world.platform.always(FUNC_ID, refuse())
    await world.online(keys=DAILY)
    await set_room(world)
    await world.advance(2000)
    assert world.recorder.codes(FUNC_ID) == ["E0000006"] * 5


async def test_what_does_not_fit_a_package_goes_up_in_parts(world: World) -> None:
    await world.online(keys=DAILY | {"max_package": "4KB"})
    room = {"meetRoomName": "n" * 1800, "meetRoomCapacity": "9", "meetRoomLocation": "l" * 1800}
    assert await done(world, "cmd.option.set", option=room) == DONE
    parts = values(world)
    assert len(parts) > 1
    names = [name for part in parts for name in part]
    assert len(set(names)) == len(names)
    assert {name: value for part in parts for name, value in part.items()}.items() >= room.items()


async def test_a_device_that_stops_uploads_what_waits_and_begins_nothing(world: World) -> None:
    device = await world.online(keys={"option_upload": {"interval": "1s"}})
    await world.advance(3.5)
    uploaded = len(values(world))
    assert uploaded in (3, 4)
    await world.stop(device)
    await world.advance(10)
    assert len(values(world)) == uploaded
