"""Faults of a connection beside the messages that fit: which rule each is counted under."""

from typing import Any

import pytest

from simulator.clock import ManualClock
from simulator.device import receiving
from simulator.device.recall import Recall
from simulator.device.witness import Witness
from simulator.measurements.names import DeviceState
from simulator.protocol.channel.base import ChannelFault, ChannelViolation
from simulator.protocol.channel.rsa_aes import RsaAesSuite
from simulator.protocol.envelope import MidSource
from tests.device.answers import Message, late, ok, raw, twice
from tests.device.harness import World, verification
from tests.device.recording import Nobody, Recording

LOG = "dev.data.upload.verifyLog"


def witness() -> tuple[Recording, Witness]:
    recorder = Recording()
    return recorder, Witness(recorder, ManualClock(wall=1_700_000_000.0), Nobody(), 0)


# --- Which messages are replies ---

MIDS = MidSource(1)
OURS = MIDS.next()


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"mid": OURS, "code": "00000000", "funcId": "totally.wrong"}, True),
        ({"mid": OURS, "code": "00000000", "funcId": 5}, True),
        ({"mid": OURS, "funcId": "totally.wrong"}, True),
        ({"mid": "x", "code": "00000000", "funcId": "dev.heartbeat"}, True),
        ({"code": "00000000"}, True),
        ({"mid": "x"}, True),
        ({"mid": "x", "code": "1", "funcId": "cmd.data.clear.user"}, False),
        ({"mid": "x", "funcId": "cmd.unknown"}, False),
        ({"mid": OURS, "funcId": "x", "payload": {"params": {"cmdId": "1"}}}, False),
        ({"mid": "x", "payload": {"params": {"cmdId": "1"}}}, False),
    ],
)
def test_what_is_a_reply(message: Message, expected: bool) -> None:
    assert receiving.is_reply(message, MIDS, {OURS}) is expected


# --- Strays ---


def stray(mid: object, *, earlier: int = 0) -> Recording:
    """What is told of a reply with `mid`, of three that were made, `earlier` of them on earlier connections."""
    recorder, told = witness()
    mids = MidSource(1)
    made = [mids.next() for _ in range(3)]
    value = made[mid] if isinstance(mid, int) else mid
    receiving.Strays(told, Recall(), mids, earlier).came({"mid": value, "code": "00000000"})
    return recorder


@pytest.mark.parametrize("mid", ["", None, "x", [], "0000000000014", "00000000000101", "0000000000010"])
def test_a_mid_that_the_device_never_sent(mid: object) -> None:
    assert stray(mid).broken() == {"reply.unknown-mid": 1}


def test_a_mid_of_an_earlier_connection_is_late() -> None:
    assert stray(1, earlier=2).broken() == {"reply.late": 1}
    assert stray(2, earlier=2).broken() == {"reply.doubled": 1}


async def test_a_second_reply_is_named_with_its_request(world: World) -> None:
    world.platform.script("dev.heartbeat", twice)
    device = await world.online()
    await world.advance(60)
    assert world.recorder.violations == [("reply.doubled", "dev.heartbeat", "dev.heartbeat: a second reply", 0)]
    assert device.state is DeviceState.ONLINE


async def test_a_late_reply_is_named_where_timeouts_are_retried(world: World) -> None:
    world.platform.script("dev.heartbeat", late(12))
    await world.online(keys={"on_timeout": "retry"})
    await world.advance(80)
    assert [found[:2] for found in world.recorder.violations] == [("reply.late", "dev.heartbeat")]


@pytest.mark.parametrize(("second", "rules"), [("E0000006", 2), ("00000000", 1), (0, 1)])
async def test_an_upload_that_is_answered_twice(world: World, second: object, rules: int) -> None:
    def answer(link: Any, message: Message) -> None:
        link.answer(message)
        link.say({"funcId": "cmd.dev.response", "mid": message["mid"], "code": second, "message": ""})

    world.platform.script(LOG, answer)
    await world.online(behaviours=(verification(rate=0.1, photo_share=0.0),))
    await world.until(lambda: bool(world.recorder.codes(LOG)), limit=200)
    await world.advance(0.1)
    named = ["reply.doubled", "record.acknowledged-twice-differently"][:rules]
    assert [found[:2] for found in world.recorder.violations] == [(rule, LOG) for rule in named]
    assert world.recorder.records["acknowledged"] == 1


# --- Replies that depart ---


async def test_a_reply_larger_than_the_package_is_used_and_counted(world: World) -> None:
    world.platform.always("dev.system.sync.time", ok(time="2024-06-26T12:00:00+08:00", filler="x" * 70_000))
    device = await world.online()
    device.ask_for_time()
    await world.settle()
    assert world.recorder.codes("dev.system.sync.time") == ["00000000"]
    assert world.recorder.broken() == {"reply.too-large": 1}


async def test_a_reply_that_cannot_be_read_as_a_whole_counts_by_its_code(world: World) -> None:
    def half(link: Any, message: Message) -> None:
        text = '{"funcId":"cmd.dev.response","code":"00000000","message":"\\ud83d","mid":"'
        link.transmit_json((text + message["mid"] + '"}').encode())

    world.platform.always("dev.heartbeat", half)
    await world.online()
    await world.advance(60)
    assert world.recorder.codes("dev.heartbeat") == ["00000000"]
    assert [found[:2] for found in world.recorder.violations] == [("reply.not-json", "dev.heartbeat")]


async def test_a_secret_that_the_platform_repeats_is_not_shown(world: World) -> None:
    world.platform.script("dev.heartbeat", raw(funcId="key of SN0000", code="00000000", message=""))
    await world.online()
    await world.advance(60)
    [(rule, _, example, _)] = world.recorder.violations
    assert rule == "reply.func-id"
    assert "key of" not in example


# --- The channel ---


@pytest.mark.parametrize("fault", ChannelFault)
def test_every_fault_of_the_channel_has_a_rule(fault: ChannelFault) -> None:
    recorder, told = witness()
    receiving.broke_channel(told, ChannelViolation("so", fault), "dev.login")
    [(rule, func_id, example, _)] = recorder.violations
    assert rule.startswith("channel.")
    assert (func_id, example) == ("dev.login", "so")


@pytest.mark.parametrize(
    ("earlier", "last", "broken"),
    [
        ([], b"", 0),
        ([(0, b"a")], b"", 1),
        ([(1, b"a")], b"", 1),
        ([(1, b"b")], b"b", 0),
        ([], b"a", 1),
    ],
)
def test_a_factor_that_was_there_before(earlier: list[tuple[int, bytes]], last: bytes, broken: int) -> None:
    recorder, told = witness()
    recall = Recall()
    for index, mark in earlier:
        recall.factors.before(mark, index)
    receiving.look_at_factor(told, recall, b"a", last)
    assert recorder.broken().total() == broken


def test_a_suite_without_factors_repeats_none() -> None:
    recorder, told = witness()
    for _ in range(2):
        receiving.look_at_factor(told, Recall(), b"", b"")
    assert recorder.violations == []


async def test_a_platform_that_always_has_the_same_factor(sealed_world: World) -> None:
    world = sealed_world
    world.platform.suite = RsaAesSuite(lambda: b"f" * 32)
    device = await world.online()
    assert world.recorder.violations == []
    world.platform.link.close(1001)
    await world.until(lambda: device.state is DeviceState.ONLINE and len(world.platform.links) == 2)
    await world.online()
    assert world.recorder.broken() == {"channel.factor-repeated": 2}


# --- How connections end ---


@pytest.mark.parametrize(
    ("code", "fault", "online", "rule"),
    [
        (1006, None, True, "session.closed-unannounced"),
        (1006, None, False, ""),
        (1000, None, True, ""),
        (1005, None, True, ""),
        (1008, None, True, ""),
        (1002, (1002, "protocol error: reserved bits must be 0"), True, "session.websocket"),
        (1002, (1002, "protocol error: invalid status code"), True, "session.close-code"),
        (1007, (1007, "text that is not UTF-8"), False, "session.websocket"),
        (1009, (1009, "a message over the size limit"), True, "session.websocket"),
        (1011, (1011, "internal fault: KeyError"), True, ""),
        ("closed by the broker", None, True, ""),
        ("taken over", None, True, ""),
        ("no proper MQTT", ("no proper MQTT", "packet type 0"), True, "session.mqtt"),
        ("message too large", ("message too large", "70,000 bytes"), True, "session.mqtt"),
        ("internal fault", ("internal fault", "KeyError"), True, ""),
    ],
)
def test_how_a_connection_ended(code: int | str, fault: tuple[int | str, str] | None, online: bool, rule: str) -> None:
    recorder, told = witness()
    receiving.ended(told, code, fault, online=online)
    assert list(recorder.broken()) == ([rule] if rule else [])


async def test_ends_of_our_own_are_nobodys_fault(world: World) -> None:
    device = await world.online()
    await world.stop(device)
    other = await world.online()
    other.abort()
    await world.advance(1)
    assert world.recorder.violations == []


async def test_a_connection_that_is_cut(world: World) -> None:
    await world.online()
    world.platform.link.close(1006)
    await world.advance(1)
    assert world.recorder.broken() == {"session.closed-unannounced": 1}
