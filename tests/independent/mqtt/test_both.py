"""The two independent halves over MQTT against each other: nothing is found where all is right."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.independent.client import look_up
from tests.independent.mqtt.device import OK, Device, Memory
from tests.independent.mqtt.platform import MqttPlatform, serve
from tests.independent.mqtt.profile import PROFILES
from tests.independent.mqtt.rules import RULES, Target
from tests.independent.store import Identity

ONE = Identity("SN0001", "aabbcc", "5d9b11e1a3f448ae81f9f920e976d852", "MTIzNDU2")
LOGS = "dev.data.upload.verifyLog"
RECORD = {
    "pin": "1",
    "meetCode": "123",
    "verifyTime": "2024-06-26T00:00:00+08:00",
    "verifyStyle": "15",
    "status": "0",
    "category": "0",
    "logId": "1",
    "recodeType": "0",
}
COMMANDS = {"funcIds": [LOGS, "cmd.data.clear.user"]}


async def met(stack: AsyncExitStack, platform: MqttPlatform, memory: Memory, **more: Any) -> Device:
    results = (await look_up(platform.url, memory.one, type=platform.kind))["payload"]["results"]
    device: Device = await stack.enter_async_context(Device.connected(results["url"], memory, platform.suite, **more))
    return device


@pytest.mark.parametrize(
    ("suite", "kind", "style"), [("plain", "best-m", "B"), ("exchange-only", "best-a", "A"), ("rsa-aes", "best-t", "B")]
)
async def test_nothing_is_found(suite: str, kind: str, style: str) -> None:
    profile = PROFILES[kind]
    memory = Memory(ONE, profile)
    async with serve([ONE], suite, style, profile=profile, seed=1) as platform, AsyncExitStack() as stack:
        device = await met(stack, platform, memory)
        await device.enter(COMMANDS)
        await device.ws.ping()
        for _ in range(2):
            assert (await device.ask(LOGS, {"verifyLog": [RECORD]}))["code"] == OK
        assert await platform.command(ONE.sn, "cmd.data.clear.user") == OK
        await device.ws.leave()
        device = await met(stack, platform, memory)
        await device.enter(COMMANDS)
        assert (await device.ask("dev.heartbeat", {"isFree": "1"}))["code"] == OK
        await device.ws.leave()
        assert device.ws.present == (not profile.clean)
        assert list(platform.records) == [(ONE.sn, "1")]
        assert [watch.ending for watch in platform.witness.of(ONE.sn)] == ["DISCONNECT"] * 2
    assert (platform.breaches, platform.refusals, platform.observations, platform.closed) == ([], [], [], [])
    assert memory.breaches == []
    assert memory.sent == {} or style == "B"


async def test_a_record_whose_puback_was_cut_off_is_stored_and_answered_once() -> None:
    memory = Memory(ONE)
    async with serve([ONE]) as platform, AsyncExitStack() as stack:
        device = await met(stack, platform, memory)
        await device.enter()
        platform.broker.order("cut-before-puback", when=lambda payload: b"verifyLog" in payload)
        mid = "record-1"
        await device.send({"funcId": LOGS, "mid": mid, "payload": {"params": {"verifyLog": [RECORD]}}})
        await asyncio.wait_for(device.ws.wait_closed(), 10)
        device = await met(stack, platform, memory)
        assert device.ws.present
        assert (await device.ask("dev.heartbeat", {}))["code"] == OK
        assert memory.replies[mid] == 1
        assert list(platform.records) == [(ONE.sn, "1")]
        assert platform.counts["duplicate records"] == 0
        assert platform.dropped == [f"{LOGS} that came twice"]
        assert platform.witness.known[ONE.sn].resent == 1
    assert platform.breaches == memory.breaches == []


async def test_commands_come_after_the_device_was_away() -> None:
    memory = Memory(ONE)
    async with serve([ONE]) as platform, AsyncExitStack() as stack:
        device = await met(stack, platform, memory)
        await device.enter(COMMANDS)
        await device.ws.leave()
        commands = [platform.queue(ONE.sn, "cmd.data.clear.user") for _ in range(3)]
        await asyncio.sleep(0)
        device = await met(stack, platform, memory)
        assert [await asyncio.wait_for(one.answer, 10) for one in commands] == [OK] * 3
        assert len(device.commands) == 3
    assert platform.breaches == memory.breaches == platform.observations == []


MANY = [Identity(f"SN{number:04}", f"s{number}", "product-1", "MTIzNDU2") for number in range(2, 20)]


@pytest.mark.long
@pytest.mark.parametrize(("kind", "suite"), [("best-m", "plain"), ("best-t", "rsa-aes")])
@pytest.mark.parametrize("rule", RULES)
async def test_the_independent_platform_keeps_each_rule(kind: str, suite: str, rule: str) -> None:
    profile = PROFILES[kind]
    async with serve(MANY, suite, profile=profile) as platform:
        target = Target(platform.url, iter(MANY), suite, profile)
        await RULES[rule](target)
        assert target.breaches == []
