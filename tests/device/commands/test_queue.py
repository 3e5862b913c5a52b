"""Answers to commands: each gets one, whatever happens; repeats, order, limits, lost connections."""

import gc
from typing import Any

import pytest

from simulator.device.commands.handlers import HANDLERS
from simulator.fields.range import Range
from simulator.measurements.names import DeviceState
from simulator.protocol.envelope import encode_command
from tests.device.answers import drops, garbage, late
from tests.device.command_messages import DONE, USER, done
from tests.device.harness import STUDIO, World


async def test_mid_and_cmd_id_are_echoed(world: World) -> None:
    await world.online()
    world.platform.link.command("cmd.data.clear.user", mid="M" * 32, cmd_id="编号 1")
    await world.settle()
    [answer] = world.platform.answers_to("编号 1")
    assert answer["mid"] == "M" * 32
    assert answer["code"] == DONE
    assert answer["funcId"] == "dev.cmd.response"
    assert [entry[0] for entry in world.recorder.commands] == ["cmd.data.clear.user"]


@pytest.mark.parametrize("suite", ["plain", "rsa-aes"])
async def test_a_command_above_the_package_size_is_refused_and_the_connection_stays(suite: str) -> None:
    world = World(suite)
    device = await world.online(users=0, max_package_kb=4)
    user = USER | {"lastName": ""}
    bare = len(encode_command("cmd.data.update.user", "p1", {"cmdId": "c1", "users": [user]}))
    assert await done(world, "cmd.data.update.user", users=[user | {"lastName": "x" * (4096 - bare)}]) == DONE
    assert await done(world, "cmd.data.update.user", users=[user | {"lastName": "x" * (4097 - bare)}]) == "E0000002"
    assert [len(user["lastName"]) for user in device.memory.users()] == [4096 - bare]
    assert world.recorder.reasons() == []
    await world.close()


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
    assert world.recorder.observed()["command.repeated"] == 2


async def test_a_failure_is_stored_too(world: World) -> None:
    await world.online(max_users=0, users=0)
    for mid in ("1", "2"):
        world.platform.link.command("cmd.data.update.user", cmd_id="u", mid=mid, users=[USER])
        await world.settle()
    codes = {answer["code"] for answer in world.platform.answers_to("u")}
    assert len(codes) == 1
    assert DONE not in codes


async def test_a_repeat_of_a_command_in_hand_is_answered_for_the_latest_mid_and_applied_once(world: World) -> None:
    device = await world.online(handling={"cmd.data.update": Range(low=3.0, high=3.0)})
    for mid in ("1", "2", "3"):
        world.platform.link.command("cmd.data.update.user", cmd_id="u", mid=mid, users=[USER])
        world.platform.link.command("cmd.data.update.user", cmd_id="v", mid=f"{mid}v", users=[USER])
        await world.advance(0.5)
    assert world.platform.sent("dev.cmd.response") == []
    await world.advance(10)
    assert [answer["mid"] for answer in world.platform.answers_to("u")] == ["3"]
    assert [answer["mid"] for answer in world.platform.answers_to("v")] == ["3v"]
    assert device.memory.user_count == 1
    assert world.recorder.observed()["command.repeated"] == 4


async def test_a_command_that_is_repeated_for_ever_costs_no_more_than_one(world: World) -> None:
    device = await world.online(handling={"cmd": Range(low=5.0, high=5.0)})
    world.platform.link.command("cmd.data.clear.user", cmd_id="first")
    for number in range(2_000):
        world.platform.link.command("cmd.data.clear.multiCard", cmd_id="u", mid=f"m{number}")
    await world.settle()
    [waiting] = device.commands._waiting
    assert [getattr(waiting, name) for name in ("mid", "cmd_id")] == ["m1999", "u"]
    assert not any(isinstance(held, list | set | dict) and len(held) > 1 for held in gc.get_referents(waiting))
    await world.advance(20)
    assert [answer["mid"] for answer in world.platform.answers_to("u")] == ["m1999"]


async def test_a_repeat_over_a_reconnect_is_answered_for_the_mid_of_the_new_connection(world: World) -> None:
    device = await world.online(handling={"cmd": Range(low=8.0, high=8.0)})
    world.platform.link.command("cmd.data.clear.user", cmd_id="u", mid="old")
    await world.advance(1)
    world.platform.link.close(1001)
    await world.until(lambda: device.state is DeviceState.ONLINE and len(world.platform.links) == 2)
    world.platform.link.command("cmd.data.clear.user", cmd_id="u", mid="new")
    await world.advance(10)
    assert [answer["mid"] for answer in world.platform.answers_to("u")] == ["new"]


@pytest.mark.parametrize("suite", ["plain", "rsa-aes"])
@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        ('"users":[{"pin":"7","firstName":"\\ud83d"}]', "half a surrogate pair"),
        ('"users":[],"\\udc00x":"1"', "half a surrogate pair"),
        ('"users":[{"pin":"7","more":' + "[" * 3000 + "]" * 3000 + "}]", "nested too deeply"),
    ],
)
async def test_a_command_that_cannot_be_read_is_refused_and_the_session_stays(
    suite: str, extra: str, reason: str
) -> None:
    world = World(suite)
    await world.online(users=0)
    head = '{"funcId":"cmd.data.update.user","mid":"m1","payload":{"params":{"cmdId":"odd",'
    world.platform.commands.append(("m1", "odd"))
    world.platform.link.transmit_json((head + extra + "}}}").encode())
    await world.settle()
    [answer] = world.platform.answers_to("odd")
    assert (answer["mid"], answer["code"]) == ("m1", "E0000002")
    assert reason in answer["message"]
    assert world.recorder.broken()["command.field-format"] == 1
    assert await done(world, "cmd.data.update.user", users=[USER]) == DONE
    assert world.recorder.reasons() == []
    await world.close()


async def test_a_byte_order_mark_before_a_message_is_passed_over(world: World) -> None:
    await world.online()
    data = encode_command("cmd.data.clear.user", "m1", {"cmdId": "c1"})
    world.platform.commands.append(("m1", "c1"))
    world.platform.link.transmit_json(b"\xef\xbb\xbf" + data)
    await world.settle()
    assert world.platform.code_of("c1") == DONE


async def test_a_reply_counts_by_what_can_be_read_of_it(world: World) -> None:
    def half(link, message):  # type: ignore[no-untyped-def]
        code = b'{"funcId":"cmd.dev.response","code":"00000000","message":"\\ud83d","mid":"%b"}'
        link.transmit_json(code % message["mid"].encode())

    world.platform.always("dev.heartbeat", half)
    await world.online()
    await world.advance(130)
    assert set(world.recorder.codes("dev.heartbeat")) == {DONE}
    assert world.recorder.reasons() == []


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
    assert [(rule, index) for rule, _, index in world.recorder.internal_errors] == [("command.exception", 0)] * 2
    assert "oops" in world.recorder.internal_errors[0][1]
    world.recorder.internal_errors.clear()
    world.logs.clear()


async def test_a_download_that_outlives_its_connection(world: World) -> None:
    device = await world.online(users=0)
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
    device = await world.online(users=0)
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


async def test_of_a_message_that_is_too_large_nothing_is_kept(world: World) -> None:
    device = await world.online()
    for number in range(3):
        world.platform.link.command("cmd.data.clear.user", cmd_id=f"{number}" + "x" * 70_000, mid=f"m{number}")
        world.platform.commands[-1] = (f"m{number}", "")
    await world.settle()
    # It was not the device that began to name commands so.
    assert all("cmdId" in violation for violation in world.platform.violations)
    world.platform.violations.clear()
    assert [seen.message["code"] for seen in world.platform.sent("dev.cmd.response")] == ["E0000002"] * 3
    assert len(device.commands._answered) == 0


async def test_of_commands_before_the_reports_reply_not_more_is_kept_than_anybody_sends(world: World) -> None:
    def flood(link, message):  # type: ignore[no-untyped-def]
        for number in range(10):
            link.command("cmd.data.clear.user", cmd_id=f"large{number}", filler="x" * 50_000)
        for number in range(150):
            link.command("cmd.data.clear.user", cmd_id=f"small{number}")
        link.answer(message)

    world.platform.script("dev.report", flood)
    await world.online()
    kept = [seen.params["cmdId"] for seen in world.platform.sent("dev.cmd.response")]
    assert kept[:6] == [*(f"large{number}" for number in range(5)), "small0"]
    assert len(kept) == 100
    assert world.recorder.observed()["command.dropped"] == 60


async def test_large_messages_are_taken_once_the_platform_took_the_login(world: World) -> None:
    world.platform.script("dev.login", late(1.0))
    await world.start()
    [connection] = world.connections
    assert connection.trusted_with == 0
    await world.advance(2)
    assert connection.trusted_with >= 1024 * 1024
