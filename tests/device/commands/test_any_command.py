"""Anything that a platform may say is survived, and answered where it is a command."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.device.commands.queue import OTHER_COMMAND
from simulator.measurements.names import DeviceState
from simulator.protocol.catalogue import COMMAND_FUNC_IDS
from simulator.shown import LABEL_CHARS, label
from tests.device.command_messages import DONE, done
from tests.device.harness import World, alone
from tests.strategies import broken_rules, json_text, json_values, valid_message

UNKNOWN = [
    "cmd.no.such",
    "cmd.\x1b[2J,\n" + "x" * 10_000,
    "cmd.data.update",
    "CMD.DATA.UPDATE.USER",
    "dev.heartbeat",
    "x" * 500,
    "会议",
]


@pytest.mark.parametrize("func_id", UNKNOWN)
async def test_unknown_commands_are_answered_non_success(world: World, func_id: str) -> None:
    device = await world.online()
    assert await done(world, func_id) not in (DONE, None)
    assert device.state is DeviceState.ONLINE
    [(counted, *_)] = world.recorder.commands
    assert counted == (label(func_id) if func_id.startswith("cmd.") else OTHER_COMMAND)
    assert counted.isprintable()
    assert len(counted) <= LABEL_CHARS


@pytest.mark.parametrize(
    "message",
    [
        {"funcId": "cmd.data.clear.user"},
        {"funcId": "cmd.data.clear.user", "mid": "1"},
        {"funcId": "cmd.data.clear.user", "mid": "1", "payload": {}},
        {"funcId": "cmd.data.clear.user", "mid": "1", "payload": {"params": {}}},
        {"funcId": "cmd.data.clear.user", "mid": [5], "payload": {"params": {"cmdId": "x"}}},
        {"funcId": "cmd.data.clear.user", "payload": {"params": {"cmdId": "x"}}},
        {"funcId": "cmd.data.clear.user", "mid": "1", "payload": {"params": {"cmdId": {}}}},
        {"funcId": "cmd.data.clear.user", "mid": "1", "payload": [], "imme": {}},
        {"funcId": 5, "mid": "1", "payload": {"params": {"cmdId": "x"}}},
        {"funcId": [], "mid": "1", "payload": {"params": {"cmdId": "x"}}},
        {"mid": "1", "payload": {"params": {"cmdId": "x"}}},
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
async def test_any_broken_command_is_survived_counted_and_answered(data: st.DataObject) -> None:
    world = World()
    world.platform.lenient = True
    device = await world.online(users=5)
    func_id = data.draw(st.sampled_from(COMMAND_FUNC_IDS))
    rule = data.draw(st.sampled_from(broken_rules(func_id)))
    world.platform.link.say(rule.broken(data.draw(valid_message(func_id, complete=True))))
    await world.advance(8)
    if "funcId = 'cmd.dev.response'" in str(rule):  # that is a reply by its name
        assert world.recorder.broken()["reply.unknown-mid"] == 1
    else:
        [answer] = world.platform.sent("dev.cmd.response")
        if "imme" not in str(rule):  # whatever it is but 0, it means that the message is urgent
            assert world.recorder.broken(), str(rule)
        if answer.message["code"] != DONE:
            assert device.memory.user_count == 5
    assert device.state is DeviceState.ONLINE
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
    assert len(world.platform.sent("dev.cmd.response")) + world.recorder.broken()["reply.unknown-mid"] == 1
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
