"""Devices on the embedded broker, by raw packets on real sockets."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from simulator.mqtt.codec import encode
from simulator.mqtt.packets import Publish
from simulator.platform.mqtt.topic_connection import LATE, REPEATED
from simulator.platform.settings import FixedDelay, PushMoment
from tests.platform.harness import IDENTITIES, OK, Running, record, running
from tests.platform.mqtt.over_mqtt import MqttDevice, connect, device_of, online, subscribe
from tests.platform.parts import answer_rule, mqtt_settings, platform_settings, push_rule

ONE, TWO = IDENTITIES[:2]
HEARTBEAT = "dev.heartbeat"
RECORDS = "dev.data.upload.verifyLog"
FREE = {"isFree": "1"}
NOT_AUTHORISED, BAD_VALUE, MALFORMED = "E0010004", "E0000004", "E0000002"


def encrypted(channel: str = "rsa-aes") -> Any:
    return platform_settings(mqtt=mqtt_settings(channel=channel))


async def events(platform: Running) -> dict[str, int]:
    return (await platform.ledger())["events"]


async def until_events(platform: Running, name: str) -> dict[str, int]:
    found: dict[str, int] = {}
    async with asyncio.timeout(10):
        while name not in found:
            found = await events(platform)
    return found


async def row_of(platform: Running, sn: str = ONE.sn) -> dict[str, Any]:
    return (await platform.ledger())["devices"][sn]


async def until_away(platform: Running) -> None:
    async with asyncio.timeout(10):
        while (await row_of(platform))["online"]:
            pass


def message(func_id: str, params: Any, mid: str, **more: Any) -> dict[str, Any]:
    return {"funcId": func_id, "mid": mid, "payload": {"params": params}, **more}


@pytest.mark.parametrize("channel", ["plain", "exchange-only", "rsa-aes"])
async def test_initial_flow_and_business(channel: str) -> None:
    async with running(encrypted(channel)) as platform:
        device = await online(platform, ONE, channel)
        assert await device.code(HEARTBEAT, FREE) == OK
        assert await device.code(RECORDS, {"verifyLog": [record(1)]}) == OK
        ledger = await platform.ledger()
        row = ledger["devices"][ONE.sn]
        assert (row["online"], row["logins"], row["records"], row["doubleLogins"]) == (True, 1, 1, 0)
        assert ledger["events"] == {}
        assert {packet.qos for packet in device.socket.delivered} == {1}


async def test_what_may_be_left_out_of_a_registration_and_what_must_agree(platform: Running) -> None:
    device = await device_of(platform, ONE)
    params = {"protType": "best-m", "protVer": "1.0.0", "devType": "meet", "devKey": ONE.digest}
    assert await device.code("dev.register", params) == OK
    assert await device.code("dev.register", {**params, "productId": ONE.product_id}, sn=ONE.sn) == OK
    assert await device.code("dev.register", {**params, "productId": "another"}) == NOT_AUTHORISED
    assert await device.code("dev.register", params, sn=TWO.sn) == NOT_AUTHORISED
    assert await device.code("dev.register", {**params, "devKey": "0" * 64}) == NOT_AUTHORISED
    assert (await events(platform))["topic of another device"] == 1
    proof = device.proof(authCode="x", secret="y")
    assert await device.code("dev.login", proof) == MALFORMED, "sn stands there as over WebSocket"
    assert await device.code("dev.login", {"authCode": "x", "secret": "y"}, sn=ONE.sn) == MALFORMED


@pytest.mark.parametrize(("prot_type", "code"), [("best-m", OK), ("best-t", OK), ("best-w", BAD_VALUE)])
async def test_the_transport_that_a_registration_names(platform: Running, prot_type: str, code: str) -> None:
    device = await device_of(platform, ONE)
    params = {"protType": prot_type, "protVer": "1.0.0", "devType": "meet", "devKey": ONE.digest}
    assert await device.code("dev.register", params) == code


async def test_over_websocket_mqtt_is_refused_as_ever(platform: Running) -> None:
    device = await platform.connect(ONE)
    params = {"protType": "best-m", "protVer": "1.0.0", "devType": "meet", **device.proof()}
    assert await device.code("dev.register", params, sn=ONE.sn) == BAD_VALUE


async def test_a_login_in_any_state_is_a_fresh_start(platform: Running) -> None:
    device = await online(platform, ONE)
    await device.log_in(device.credentials)
    assert await device.code(HEARTBEAT, FREE) == NOT_AUTHORISED, "the report is due again"
    assert not (await row_of(platform))["online"]
    await device.report()
    assert await device.code(HEARTBEAT, FREE) == OK
    row = await row_of(platform)
    assert (row["online"], row["logins"], row["doubleLogins"]) == (True, 2, 0)


async def test_a_registration_in_any_state_is_a_fresh_start(platform: Running) -> None:
    device = await online(platform, ONE)
    await device.register()
    assert await device.code(HEARTBEAT, FREE) == NOT_AUTHORISED
    await device.log_in(device.credentials)
    await device.report()
    assert (await row_of(platform))["doubleLogins"] == 0


async def test_a_repeated_mid_gets_no_second_answer(platform: Running) -> None:
    device = await online(platform, ONE)
    beat = message(HEARTBEAT, FREE, "again")
    assert (await device.ask(beat))["code"] == OK
    await device.send(beat)
    await device.send(message("dev.no.such", {}, "again"))
    assert await device.code(HEARTBEAT, FREE) == OK
    mids = [json.loads(packet.payload)["mid"] for packet in device.socket.delivered]
    assert mids.count("again") == 1
    assert (await events(platform))[REPEATED] == 2


async def test_a_login_that_comes_twice_is_one(platform: Running) -> None:
    device = await device_of(platform, ONE)
    credentials = await device.register()
    login = message("dev.login", device.proof(**credentials), "login", sn=ONE.sn)
    assert (await device.ask(login))["code"] == OK
    await device.report()
    await device.send(login)
    assert await device.code(HEARTBEAT, FREE) == OK, "no fresh start"
    assert (await row_of(platform))["logins"] == 1


async def test_over_websocket_a_repeated_mid_is_refused_as_ever(platform: Running) -> None:
    device = await platform.online(ONE)
    assert await device.code(HEARTBEAT, FREE, mid="again") == OK
    assert await device.code(HEARTBEAT, FREE, mid="again") == MALFORMED


async def test_a_cut_before_the_puback_is_stored_once_and_answered_once(platform: Running) -> None:
    device = await online(platform, ONE)
    socket = device.socket
    socket.acknowledges = False
    sent = json.dumps(message(RECORDS, {"verifyLog": [record(1)]}, "r1")).encode()
    packet_id = socket.publish(sent)
    kept = socket.kept[packet_id]
    async with asyncio.timeout(10):
        while not (await row_of(platform))["records"]:
            pass
    socket.abort()
    await until_away(platform)
    again, connack = await connect(platform.info.mqtt, ONE)
    assert connack.session_present
    again.publish_again(kept)
    new = MqttDevice(ONE, again)  # type: ignore[arg-type]
    platform.devices.append(new)
    await new.log_in(device.credentials)
    await new.report()
    assert await new.code(HEARTBEAT, FREE) == OK
    assert len(await platform.records(ONE.sn)) == 1
    replies = [packet for packet in again.delivered if json.loads(packet.payload)["mid"] == "r1"]
    assert [packet.dup for packet in replies] == [True], "the one answer, which the broker sent again"
    assert (await events(platform))[REPEATED] == 1
    row = await row_of(platform)
    assert (row["duplicates"], row["logins"], row["doubleLogins"]) == (0, 2, 0)


async def test_what_never_arrived_is_stored_when_it_is_sent_again(platform: Running) -> None:
    device = await online(platform, ONE)
    device.socket.abort()
    await until_away(platform)
    again, _ = await connect(platform.info.mqtt, ONE)
    lost = json.dumps(message(RECORDS, {"verifyLog": [record(1)]}, "r1")).encode()
    again.publish_again(encode(Publish(again.up, lost, 1, 9)))
    new = MqttDevice(ONE, again)  # type: ignore[arg-type]
    platform.devices.append(new)
    await new.log_in(device.credentials)
    await new.report()
    assert len(await platform.records(ONE.sn)) == 1
    replies = [json.loads(packet.payload) for packet in again.delivered]
    assert [reply["code"] for reply in replies if reply["mid"] == "r1"] == [OK], "though it logged in before the commit"


async def test_after_a_reconnect_the_initial_flow_is_due(platform: Running) -> None:
    device = await online(platform, ONE)
    device.socket.abort()
    await until_away(platform)
    again = await device_of(platform, ONE)
    assert await again.code(HEARTBEAT, FREE) == NOT_AUTHORISED
    await again.log_in(device.credentials)
    await again.report()
    assert (await row_of(platform))["online"]
    assert (await events(platform))["MQTT: connection ended: lost"] == 1


async def test_a_second_connection_takes_over(platform: Running) -> None:
    older = await online(platform, ONE)
    newer = await device_of(platform, ONE)
    await older.socket.ended()
    await newer.log_in(older.credentials)
    await newer.report()
    row = await row_of(platform)
    assert (row["online"], row["doubleLogins"]) == (True, 0)
    found = await events(platform)
    assert found["MQTT: connection taken over"] == 1
    assert found["MQTT: connection ended: taken over"] == 1


async def test_the_same_device_over_websocket_is_a_double_login(platform: Running) -> None:
    device = await online(platform, ONE)
    other = await platform.connect(ONE)
    await other.log_in(device.credentials)
    await device.socket.ended()
    assert (await row_of(platform))["doubleLogins"] == 1


async def test_commands_come_with_the_profiles_quality_of_service_and_are_answered(platform: Running) -> None:
    rule = push_rule("cmd.data.query.user", moment=PushMoment.ONLINE, seconds=0.0)
    async with running(platform_settings(pushes=(rule,))) as other:
        device = await online(other, ONE)
        command = await device.command()
        await device.answer(command)
        await device.answer(command)
        assert await device.code(HEARTBEAT, FREE) == OK
        row = await row_of(other)
        assert (row["commands"], row["answered"]) == (1, 1)
        assert (await events(other))[REPEATED] == 1


async def test_an_unanswered_command_is_sent_again_after_a_fresh_start_with_a_new_mid() -> None:
    rule = push_rule("cmd.data.query.user", moment=PushMoment.ONLINE, seconds=0.0, times=1)
    async with running(platform_settings(pushes=(rule,))) as platform:
        device = await online(platform, ONE)
        first = await device.command()
        await device.log_in(device.credentials)
        await device.report()
        again = await device.command()
        assert again["payload"]["params"]["cmdId"] == first["payload"]["params"]["cmdId"]
        assert again["mid"] != first["mid"]
        await device.answer(first)
        await device.answer(again)
        assert await device.code(HEARTBEAT, FREE) == OK
        row = await row_of(platform)
        assert (row["commands"], row["answered"]) == (1, 1)
        assert "command answer with another mid" not in await events(platform)


async def test_a_command_that_the_broker_kept_may_be_answered_before_the_report() -> None:
    rule = push_rule("cmd.data.query.user", moment=PushMoment.ONLINE, seconds=0.0, times=1)
    async with running(platform_settings(pushes=(rule,))) as platform:
        device = await online(platform, ONE)
        command = await device.command()
        await device.log_in(device.credentials)
        await device.answer(command)
        await device.report()
        assert await device.code(HEARTBEAT, FREE) == OK
        assert device.commands.empty(), "it has its answer"
        assert (await row_of(platform))["answered"] == 1


async def test_nothing_is_pushed_to_a_device_that_was_seen_to_leave() -> None:
    rule = push_rule("cmd.data.query.user", moment=PushMoment.EVERY, seconds=0.05)
    async with running(platform_settings(pushes=(rule,))) as platform:
        device = await online(platform, ONE)
        await device.command()
        device.socket.abort()
        await until_away(platform)
        before = (await row_of(platform))["commands"]
        await asyncio.sleep(0.3)
        assert (await row_of(platform))["commands"] == before


async def test_the_profiles_limit_bounds_what_is_published() -> None:
    rule = push_rule("cmd.data.update.user", moment=PushMoment.ONLINE, seconds=0.0, count=400)
    profiles = {"best-m": replace_packet(8 * 1024)}
    async with running(platform_settings(pushes=(rule,), mqtt=mqtt_settings(profiles=profiles))) as platform:
        device = await online(platform, ONE, maxPackageSize="64")
        for _ in range(3):
            await device.command()
        sizes = [len(packet.payload) for packet in device.socket.delivered]
        assert 4 * 1024 < max(sizes) <= 8 * 1024


def replace_packet(size: int) -> Any:
    return replace(mqtt_settings().profiles["best-m"], max_packet=size)


@pytest.mark.parametrize("payload", [b"no json", b"[]", b"\xff\xfe", b""], ids=["text", "list", "bytes", "empty"])
async def test_what_is_no_message_ends_session_and_connection(platform: Running, payload: bytes) -> None:
    device = await online(platform, ONE)
    device.socket.publish(payload)
    await device.socket.ended()
    assert (await events(platform))["channel violation"] == 1
    assert not (await row_of(platform))["online"]
    again = await device_of(platform, ONE)
    await again.log_in(device.credentials)


async def test_a_sealed_frame_that_cannot_be_read_ends_the_connection() -> None:
    async with running(encrypted()) as platform:
        device = await online(platform, ONE, "rsa-aes")
        device.socket.publish(device.sent.to_bytes(8) + b"x" * 40)
        await device.socket.ended()
        found = await until_events(platform, "MQTT: connection ended: closed by the owner")
        assert found["channel violation"] == 1


async def test_a_sealed_frame_that_comes_twice_is_ignored() -> None:
    async with running(encrypted()) as platform:
        device = await online(platform, ONE, "rsa-aes")
        seal, device.socket.publish = device.socket.publish, lambda payload, qos=1: (seal(payload), seal(payload))  # type: ignore[method-assign]
        assert await device.code(HEARTBEAT, FREE) == OK
        assert await device.code(HEARTBEAT, FREE) == OK
        assert (await events(platform))[REPEATED] >= 1


async def test_a_frame_of_an_earlier_connection_is_dropped_where_it_was_sent_again() -> None:
    async with running(encrypted()) as platform:
        device = await online(platform, ONE, "rsa-aes")
        packet_id = device.socket.publish(b"\0" * 8 + b"x" * 40, 0)
        assert packet_id == 0
        await device.socket.ended()
        again = await device_of(platform, ONE)
        old = encode(Publish(again.socket.up, b"\0" * 8 + b"y" * 40, 1, 77))
        again.socket.publish_again(old)
        await again.exchange(sealed=True)
        await again.log_in(device.credentials)
        assert (await events(platform))[LATE] == 1


async def test_keys_end_with_the_connection_and_a_command_on_its_way_comes_sealed_anew() -> None:
    rule = push_rule("cmd.data.query.user", moment=PushMoment.ONLINE, seconds=0.0)
    async with running(replace(encrypted(), pushes=(rule,))) as platform:
        device = await device_of(platform, ONE, "rsa-aes")
        await device.log_in()
        # Before the report: its reply and the command may come in one packet.
        device.socket.acknowledges = False
        await device.report()
        command = await device.command()
        kept = [packet.payload for packet in device.socket.delivered[-2:]]
        device.socket.abort()
        await until_away(platform)
        socket, connack = await connect(platform.info.mqtt, ONE)
        assert connack.session_present
        # The broker keeps what it was asked to keep; who has no keys for it any more drops it.
        async with asyncio.timeout(10):
            assert [await anext(socket) for _ in kept] == kept
        assert [packet.dup for packet in socket.delivered] == [True, True]
        again = MqttDevice(ONE, socket)  # type: ignore[arg-type]
        platform.devices.append(again)
        await again.exchange(sealed=True)
        await again.log_in(device.credentials)
        await again.report()
        assert await again.code(HEARTBEAT, FREE) == OK
        anew = await again.command()
        assert anew["payload"] == command["payload"]
        assert anew["mid"] != command["mid"]
        assert not any(packet.dup for packet in socket.delivered[len(kept) :])


@pytest.mark.parametrize("channel", ["rsa-aes", "exchange-only"])
async def test_an_exchange_begins_anew_at_any_time(channel: str) -> None:
    async with running(encrypted(channel)) as platform:
        device = await online(platform, ONE, channel)
        device._keys = None
        device.sent = device.received = 0
        await device.exchange(sealed=channel == "rsa-aes")
        assert await device.code(HEARTBEAT, FREE) == NOT_AUTHORISED
        await device.log_in(device.credentials)
        await device.report()
        assert (await row_of(platform))["doubleLogins"] == 0


async def test_a_late_answer_of_the_session_before_is_not_sent() -> None:
    rules = (answer_rule(HEARTBEAT, delay=FixedDelay(seconds=0.3)),)
    async with running(platform_settings(answers=rules)) as platform:
        device = await online(platform, ONE)
        await device.send(message(HEARTBEAT, FREE, "late"))
        await device.log_in(device.credentials)
        await device.report()
        assert await device.code(HEARTBEAT, FREE) == OK
        assert "late" not in {json.loads(packet.payload)["mid"] for packet in device.socket.delivered}


async def test_too_many_messages_before_the_login(platform: Running) -> None:
    device = await device_of(platform, ONE)
    for number in range(101):
        await device.send(message(HEARTBEAT, FREE, f"m{number}"))
    await device.socket.ended()
    assert (await events(platform))["turned away before the login: too many messages"] == 1


async def test_the_end_of_the_platform_ends_devices(platform: Running) -> None:
    device = await online(platform, ONE)
    await platform.end()
    await device.socket.ended()


async def test_the_topics_are_the_devices_own(platform: Running) -> None:
    socket, _ = await connect(platform.info.mqtt, ONE)
    with pytest.raises(AssertionError):
        await subscribe(socket, f"best/{TWO.product_id}/{TWO.sn}/down")
    with pytest.raises(AssertionError):
        await subscribe(socket, "#")
    socket.up = f"best/{TWO.product_id}/{TWO.sn}/up"
    socket.publish(b"{}")
    await socket.ended()
    found = await until_events(platform, "MQTT: publish refused")
    assert found["MQTT: subscription refused"] == 2


@pytest.mark.parametrize(
    ("changes", "code", "reason"),
    [
        ({"client_id": "nobody", "username": "nobody"}, 2, "identifier rejected"),
        ({"password": "wrong"}, 4, "bad user name or password"),
        ({"password": None}, 4, "bad user name or password"),
        ({"username": "SN0001"}, 4, "bad user name or password"),
        ({"username": None, "password": None}, 4, "bad user name or password"),
    ],
)
async def test_who_is_refused_is_counted_by_the_reason(
    platform: Running, changes: dict[str, Any], code: int, reason: str
) -> None:
    socket, connack = await connect(platform.info.mqtt, ONE, **changes)
    assert connack.code == code
    await socket.ended()
    assert (await events(platform))[f"MQTT: connect refused: {reason}"] == 1
