"""What holds for every message of a connection, on real sockets: envelope, size, channel, and the answer."""

from __future__ import annotations

import asyncio
import base64
import json
import re

import pytest

from simulator.platform.settings import FixedDelay
from simulator.protocol.channel.configurable import ConfigurableSuite
from simulator.protocol.channel.keys import KeyRing, generate_key
from simulator.protocol.channel.options import ChannelOptions, FactorOptions
from tests.platform.harness import IDENTITIES, OK, Running, record, report_params, running
from tests.platform.parts import answer_rule, platform_settings

ONE, TWO = IDENTITIES[:2]
MALFORMED, BAD_VALUE, UNKNOWN, REFUSED = "E0000002", "E0000004", "E0000001", "E0010004"
HEARTBEAT = "dev.heartbeat"
FREE = {"isFree": "1"}


@pytest.mark.parametrize("channel", ["plain", "exchange-only", "rsa-aes"])
async def test_initial_flow_and_business(channel: str) -> None:
    async with running(platform_settings(channel=channel)) as platform:
        device = await platform.connect(ONE, channel)
        await device.log_in()
        reply = await device.request("dev.report", report_params(), sn=ONE.sn)
        assert reply["funcId"] == "cmd.dev.response"
        assert reply["payload"]["results"] == {
            "timezone": "+08:00",
            "supportHeartbeat": "1",
            "heartbeatInterval": "60",
            "multiBioDataSupport": "0:1:1:0:0:0:0:0:1:1",
            "multiBioPhotoSupport": "0:0:0:0:0:0:0:0:0:1",
        }
        mid = device.mid()
        assert await device.request(HEARTBEAT, FREE, mid=mid) == {
            "funcId": "cmd.dev.response",
            "code": OK,
            "message": "success",
            "mid": mid,
        }
        assert await device.code("dev.data.upload.verifyLog", {"verifyLog": [record(1)]}) == OK
        device_row = (await platform.ledger())["devices"][ONE.sn]
        assert (device_row["online"], device_row["logins"], device_row["records"]) == (True, 1, 1)


async def test_the_time(platform: Running) -> None:
    device = await platform.online(ONE)
    reply = await device.request("dev.system.sync.time")
    assert reply["funcId"] == "cmd.dev.response"
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00", reply["payload"]["results"]["time"])


async def test_a_mid_used_twice(platform: Running) -> None:
    device = await platform.online(ONE)
    assert await device.code(HEARTBEAT, FREE, mid="again") == OK
    assert await device.code(HEARTBEAT, FREE, mid="again") == MALFORMED
    other = await platform.online(TWO)
    assert await other.code(HEARTBEAT, FREE, mid="again") == OK


@pytest.mark.parametrize(
    "refused",
    [
        {"funcId": HEARTBEAT, "payload": {"params": {"isFree": "7"}}},
        {"funcId": HEARTBEAT, "payload": {"params": FREE}, "imme": "x"},
        {"funcId": "dev.no.such"},
        {},
    ],
    ids=["param", "imme", "unknown funcId", "no funcId"],
)
async def test_a_refused_message_uses_its_mid_up(platform: Running, refused: dict[str, object]) -> None:
    device = await platform.online(ONE)
    assert (await device.ask(refused | {"mid": "m"}))["code"] not in (OK, REFUSED)
    assert await device.code(HEARTBEAT, FREE, mid="m") == MALFORMED


@pytest.mark.parametrize("mid", [None, ""])
async def test_a_message_without_mid(platform: Running, mid: str | None) -> None:
    device = await platform.online(ONE)
    await device.send({"funcId": HEARTBEAT} | ({} if mid is None else {"mid": mid}))
    reply = await device.stray()
    assert (reply["code"], reply["mid"]) == (MALFORMED, "")


async def test_a_long_mid(platform: Running) -> None:
    device = await platform.online(ONE)
    assert await device.code(HEARTBEAT, FREE, mid="m" * 32) == OK
    assert await device.code(HEARTBEAT, FREE, mid="m" * 33) == BAD_VALUE


async def test_a_mid_that_json_must_escape(platform: Running) -> None:
    device = await platform.online(ONE)
    for mid in ('quote"', "back\\slash", "会议", "new\nline"):
        assert (await device.request(HEARTBEAT, FREE, mid=mid))["mid"] == mid


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"mid": "m"}, MALFORMED),
        ({"mid": "m", "funcId": ""}, MALFORMED),
        ({"mid": "m", "funcId": 5}, MALFORMED),
        ({"mid": "m", "funcId": "dev.no.such"}, UNKNOWN),
        ({"mid": "m", "funcId": "cmd.control.reboot"}, UNKNOWN),
        ({"mid": "m", "funcId": "getBrokerServer"}, UNKNOWN),
        ({"mid": "m", "funcId": HEARTBEAT, "payload": {"params": {"isFree": 1}}}, MALFORMED),
        ({"mid": "m", "funcId": HEARTBEAT, "payload": {"params": {"isFree": "2"}}}, BAD_VALUE),
        ({"mid": "m", "funcId": HEARTBEAT, "payload": {"params": {"isFree": "1", "more": 5}}}, MALFORMED),
        ({"mid": "m", "funcId": HEARTBEAT, "payload": {"params": {"isFree": "1", "more": "5"}}}, OK),
        ({"mid": "m", "funcId": HEARTBEAT, "imme": "x"}, BAD_VALUE),
        ({"mid": "m", "funcId": HEARTBEAT}, OK),
        ({"mid": "m", "funcId": "dev.data.upload.verifyLog"}, MALFORMED),
    ],
)
async def test_codes_of_messages(platform: Running, message: dict[str, object], code: str) -> None:
    device = await platform.online(ONE)
    assert (await device.ask(message))["code"] == code


async def test_one_bad_record_refuses_the_whole_message(platform: Running) -> None:
    device = await platform.online(ONE)
    batch = {"verifyLog": [record(1), record(2, status="9")]}
    assert await device.code("dev.data.upload.verifyLog", batch) == BAD_VALUE
    batch = {"verifyLog": [record(1), record(2, meetCode=None)]}
    assert await device.code("dev.data.upload.verifyLog", batch) == MALFORMED
    assert await platform.records(ONE.sn) == []


def heartbeat_of(size: int, mid: str) -> dict[str, object]:
    message = {"funcId": HEARTBEAT, "mid": mid, "payload": {"params": {"isFree": "1", "fill": ""}}}
    fill = size - len(json.dumps(message).encode())
    return {"funcId": HEARTBEAT, "mid": mid, "payload": {"params": {"isFree": "1", "fill": "x" * fill}}}


@pytest.mark.parametrize(
    ("own", "reported", "kilobytes"),
    [(None, "64", 64), (None, None, 64), (None, "16", 16), (None, "200", 200), (8, "64", 8), (128, "16", 16)],
    ids=["64", "default", "16", "200", "less than the device's", "more than the device's"],
)
@pytest.mark.parametrize("channel", ["plain", "rsa-aes"])
async def test_the_package_limit_is_exact(channel: str, own: int | None, reported: str | None, kilobytes: int) -> None:
    async with running(platform_settings(channel=channel, max_package_kb=own)) as platform:
        device = await platform.online(ONE, channel, maxPackageSize=reported)
        limit = kilobytes * 1024
        assert (await device.ask(heartbeat_of(limit, device.mid())))["code"] == OK
        assert (await device.ask(heartbeat_of(limit + 1, device.mid())))["code"] == MALFORMED
        assert await device.code(HEARTBEAT, FREE) == OK, "the connection stays"


async def test_before_the_report_the_platforms_own_limit_counts() -> None:
    async with running(platform_settings(max_package_kb=8)) as platform:
        device = await platform.connect(ONE)
        await device.log_in()
        assert await device.code("dev.report", report_params(fwVer="x" * 9_000), sn=ONE.sn) == MALFORMED
        assert await device.code("dev.report", report_params(maxPackageSize="64"), sn=ONE.sn) == OK
        assert (await device.ask(heartbeat_of(8 * 1024 + 1, device.mid())))["code"] == MALFORMED


async def test_an_absurdly_large_message() -> None:
    async with running(max_message_bytes=100_000) as platform:
        device = await platform.online(ONE)
        await device.send(heartbeat_of(200_000, "m"))
        assert await device.close_code() == 1009


@pytest.mark.parametrize("text", ["", "no json", "[]", '"text"', "5", "null", '{"a":'])
async def test_no_json_object(platform: Running, text: str) -> None:
    device = await platform.online(ONE)
    await device.socket.send(text)
    assert await device.close_code() == 1008
    assert (await platform.ledger())["events"]["channel violation"] == 1


async def test_a_binary_frame_in_a_text_suite(platform: Running) -> None:
    device = await platform.online(ONE)
    await device.socket.send(b'{"funcId":"dev.heartbeat","mid":"m"}')
    assert await device.close_code() == 1008


@pytest.mark.parametrize("fault", ["text", "short", "tag", "replay", "skipped"])
async def test_broken_frames_of_rsa_aes(fault: str) -> None:
    async with running(platform_settings(channel="rsa-aes")) as platform:
        device = await platform.online(ONE, "rsa-aes")
        if fault == "text":
            await device.socket.send('{"funcId":"dev.heartbeat","mid":"m"}')
        elif fault == "short":
            await device.socket.send(device.sent.to_bytes(8) + b"x" * 15)
        elif fault == "tag":
            await device.socket.send(device.sent.to_bytes(8) + b"x" * 40)
        else:
            device.sent += -1 if fault == "replay" else 1
            await device.send({"funcId": HEARTBEAT, "mid": "m"})
        assert await device.close_code() == 1008
        assert (await platform.ledger())["events"]["channel violation"] == 1


@pytest.mark.parametrize("channel", ["exchange-only", "rsa-aes"])
@pytest.mark.parametrize(
    ("func_id", "params"),
    [
        ("device.exchange.publicKey", {"publicKey": base64.b64encode(b"no key").decode()}),
        ("device.exchange.factor", {"factor": base64.b64encode(b"out of turn").decode()}),
    ],
)
async def test_nonsense_in_the_exchange(channel: str, func_id: str, params: dict[str, str]) -> None:
    async with running(platform_settings(channel=channel)) as platform:
        device = await platform.connect(ONE)
        await device.send({"funcId": func_id, "mid": "m", "payload": {"params": params}})
        assert await device.close_code() == 1008


async def test_a_factor_of_another_length_is_refused_and_the_connection_stays() -> None:
    async with running(platform_settings(channel="configurable", channel_options=ChannelOptions())) as platform:
        device = await platform.connect(ONE)
        end = ConfigurableSuite(ChannelOptions(factor=FactorOptions(bytes=16))).device_side(KeyRing([generate_key()]))
        reply = await device.request("device.exchange.publicKey", end.public_key_params())
        end.accept_public_key(reply["payload"]["results"])
        for _ in range(2):
            reply = await device.request("device.exchange.factor", end.factor_params())
            assert (reply["code"], reply["message"]) == (
                "E0000004",
                "the device's factor has 16 bytes, 32 are wanted: channel.factor.bytes",
            )
            assert "funcId" not in reply
        assert "channel violation" not in (await platform.ledger())["events"]


async def test_a_random_iv_that_comes_again_is_an_event_and_the_message_is_taken() -> None:
    async with running(platform_settings(channel="configurable", channel_options=ChannelOptions())) as platform:
        device = await platform.connect(ONE)
        end = ConfigurableSuite().device_side(KeyRing([generate_key()]))
        reply = await device.request("device.exchange.publicKey", end.public_key_params())
        end.accept_public_key(reply["payload"]["results"])
        reply = await device.request("device.exchange.factor", end.factor_params())
        end.accept_factor(reply["payload"]["results"])
        sealed, _ = end.seal(b'{"funcId":"dev.heartbeat","mid":"m"}')
        for _ in range(2):
            await device.socket.send(sealed)
        events: dict[str, int] = {}
        while not events:
            events = (await platform.ledger())["events"]
        assert events == {"channel violation: a random IV that one of the last 64 frames had": 1}
        assert device.socket.close_code is None


async def test_an_exchange_where_the_suite_has_none(platform: Running) -> None:
    device = await platform.connect(ONE)
    await device.send({"funcId": "device.exchange.publicKey", "mid": "m", "payload": {"params": {"publicKey": "AAAA"}}})
    assert await device.close_code() == 1008


async def test_missing_params_of_the_exchange_are_answered() -> None:
    async with running(platform_settings(channel="rsa-aes")) as platform:
        device = await platform.connect(ONE)
        reply = await device.request("device.exchange.publicKey", {})
        assert reply["code"] == MALFORMED
        assert "funcId" not in reply


async def test_silence_refusals_and_delays() -> None:
    rules = (
        answer_rule(HEARTBEAT, error_share=1, error_code="E0000006"),
        answer_rule("dev.data.upload.verifyLog", silence_share=1),
        answer_rule("dev.system.*", delay=FixedDelay(seconds=0.1)),
    )
    async with running(platform_settings(answers=rules)) as platform:
        device = await platform.online(ONE)
        assert await device.code(HEARTBEAT, FREE) == "E0000006"
        await device.send(
            {
                "funcId": "dev.data.upload.verifyLog",
                "mid": device.mid(),
                "payload": {"params": {"verifyLog": [record(1)]}},
            }
        )
        before = asyncio.get_running_loop().time()
        assert await device.code("dev.system.sync.time") == OK
        assert 0.09 < asyncio.get_running_loop().time() - before < 1
        assert len(await platform.records(ONE.sn)) == 1, "a record whose answer is lost was stored all the same"
        messages = (await platform.ledger())["messages"]
        assert messages["dev.data.upload.verifyLog"] == {"unanswered": 1}
        assert messages[HEARTBEAT] == {"E0000006": 1}
