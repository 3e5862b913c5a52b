"""`strict: true` of a group: what departs is refused, and counted all the same."""

from typing import Any

import orjson
import pytest

from simulator.measurements.names import DeviceState
from tests.device.answers import raw
from tests.device.command_messages import DONE, USER, done
from tests.device.harness import World, group

STRICT = {"strict": True}


def test_a_group_is_lenient_unless_it_says_otherwise() -> None:
    assert group().strict is False
    assert group(**STRICT).strict is True


async def test_a_strict_device_is_at_home_on_a_right_platform(world: World) -> None:
    device = await world.online(keys=STRICT, users=4)
    assert await done(world, "cmd.data.update.user", users=[USER]) == DONE
    world.platform.terms["multiBioDataSupport"] = "1:1:1:1:1:1:1:1:1"
    world.platform.link.close(1001)
    await world.advance(3)
    assert device.state is DeviceState.ONLINE
    assert world.recorder.violations == []
    assert world.recorder.observed() == {"reply.nine-positions": 1}


async def test_a_reply_that_departs_makes_the_request_fail(world: World) -> None:
    world.platform.always("dev.heartbeat", raw(funcId="cmd.dev.response", code="00000000"))
    device = await world.online(keys=STRICT)
    await world.advance(60)
    assert world.recorder.codes("dev.heartbeat") == ["malformed reply"]
    assert world.recorder.details["dev.heartbeat", "malformed reply"].startswith("message is missing")
    assert world.recorder.broken() == {"reply.message": 1}
    assert device.state is DeviceState.ONLINE


async def test_a_reply_to_a_login_that_departs_is_no_refusal(world: World) -> None:
    """The credentials are kept: it was not the platform that said no."""

    def odd(link: Any, message: dict[str, Any]) -> None:
        link.logged_in = True
        link.say({"mid": message["mid"], "code": "00000000", "message": ""})

    world.platform.script("dev.login", odd)
    device = await world.start(keys=STRICT | {"start": "warm"}, auth_code="a", secret="secret-of-a")
    assert device.state is DeviceState.WAITING
    await world.advance(3)
    assert device.state is DeviceState.ONLINE
    assert world.platform.registrations == 0
    assert world.recorder.broken() == {"reply.func-id": 1}


@pytest.mark.parametrize(
    ("field", "code"), [({"password": None}, "E0000002"), ({"startTime": "2024-01-01 00:00:00"}, "E0000004")]
)
async def test_a_command_that_departs_is_refused(world: World, field: dict[str, Any], code: str) -> None:
    device = await world.online(keys=STRICT)
    assert await done(world, "cmd.data.update.user", users=[USER | field]) == code
    assert device.memory.user_count == 0
    assert world.recorder.broken().total() == 1


async def test_a_command_with_anothers_mid_is_refused(world: World) -> None:
    await world.online(keys=STRICT)
    for cmd_id in "ab":
        world.platform.link.command("cmd.data.clear.user", mid="m", cmd_id=cmd_id)
    await world.settle()
    assert [world.platform.code_of(each) for each in "ab"] == [DONE, "E0000002"]


async def test_a_command_before_the_reports_reply_is_refused(world: World) -> None:
    def hurry(link: Any, message: dict[str, Any]) -> None:
        link.command("cmd.data.clear.user", cmd_id="early")
        link.answer(message)
        link.command("cmd.data.clear.user", cmd_id="in time")

    world.platform.script("dev.report", hurry)
    await world.online(keys=STRICT)
    assert world.platform.code_of("early") == "E0000002"
    assert world.platform.code_of("in time") == DONE
    assert world.recorder.broken() == {"command.before-online": 1}


async def test_one_command_too_many_is_refused(world: World) -> None:
    await world.online(keys=STRICT | {"handling": {"cmd.data.clear.user": "2s"}, "max_pending_commands": 2})
    for _ in range(3):
        world.platform.link.command("cmd.data.clear.user")
    await world.advance(9)
    assert [world.platform.code_of(f"c{number}") for number in (1, 2, 3)] == [DONE, DONE, "E0000005"]


@pytest.mark.parametrize("strict", [False, True])
async def test_a_look_up_that_departs(world: World, strict: bool) -> None:
    answer = {"code": 0, "message": "ok", "payload": {"results": {"url": "ws://broker.test:1", "siteId": 5}}}
    world.network.lookup_script.append(world.network.says(200, orjson.dumps(answer)))
    device = await world.start(keys={"strict": strict})
    assert world.recorder.broken() == {"lookup.code": 1, "lookup.field-type": 1}
    assert device.state is (DeviceState.WAITING if strict else DeviceState.ONLINE)
    assert world.recorder.codes("getBrokerServer") == ["malformed reply" if strict else "00000000"]
    await world.advance(3)
    assert device.state is DeviceState.ONLINE
