"""Who may send what, and which funcIds the platform takes, on real sockets."""

from __future__ import annotations

import asyncio

import pytest

from simulator.platform.settings import FixedDelay
from tests.platform.harness import IDENTITIES, OK, Running, record, report_params, running
from tests.platform.parts import answer_rule, platform_settings

ONE, TWO = IDENTITIES[:2]
UNKNOWN, REFUSED = "E0000001", "E0010004"
HEARTBEAT = "dev.heartbeat"
FREE = {"isFree": "1"}


async def test_business_before_login_and_before_the_report(platform: Running) -> None:
    device = await platform.connect(ONE)
    assert await device.code(HEARTBEAT, FREE) == REFUSED
    assert await device.code("dev.report", report_params(), sn=ONE.sn) == REFUSED
    await device.log_in()
    assert await device.code(HEARTBEAT, FREE) == REFUSED
    assert await device.code("dev.data.upload.verifyLog", {"verifyLog": [record(1)]}) == REFUSED
    assert await device.code("dev.report", report_params(), sn=ONE.sn) == OK
    assert await device.code(HEARTBEAT, FREE) == OK


async def test_business_before_the_report_was_answered() -> None:
    rule = answer_rule("dev.report", delay=FixedDelay(seconds=0.2))
    async with running(platform_settings(answers=(rule,))) as platform:
        device = await platform.connect(ONE)
        await device.log_in()
        report = asyncio.create_task(device.request("dev.report", report_params(), sn=ONE.sn))
        await asyncio.sleep(0)
        assert await device.code(HEARTBEAT, FREE) == REFUSED
        assert (await report)["code"] == OK
        assert await device.code(HEARTBEAT, FREE) == OK


@pytest.mark.parametrize("channel", ["exchange-only", "rsa-aes"])
async def test_nothing_before_the_exchange(channel: str) -> None:
    async with running(platform_settings(channel=channel)) as platform:
        device = await platform.connect(ONE)
        params = {"protType": "best-w", "protVer": "1.0.0", "devType": "meet", **device.proof()}
        assert await device.code("dev.register", params, sn=ONE.sn) == REFUSED
        await device.exchange(sealed=channel == "rsa-aes")
        assert await device.code("dev.register", params, sn=ONE.sn) == OK


async def test_another_serial_number_on_the_same_connection(platform: Running) -> None:
    device = await platform.online(ONE)
    assert await device.code(HEARTBEAT, FREE, sn=ONE.sn) == OK
    assert await device.code(HEARTBEAT, FREE, sn=TWO.sn) == REFUSED
    assert await device.code("dev.report", report_params(), sn=TWO.sn) == REFUSED


async def test_only_the_listed_func_ids_are_served() -> None:
    settings = platform_settings(func_ids=("dev.data.upload.verifyLog",))
    async with running(settings) as platform:
        device = await platform.connect(ONE)
        await device.log_in()
        reply = await device.request("dev.report", report_params(), sn=ONE.sn)
        assert reply["payload"]["results"]["funcIds"] == ["dev.data.upload.verifyLog"]
        assert await device.code("dev.data.upload.verifyLog", {"verifyLog": [record(1)]}) == OK
        assert await device.code("dev.data.upload.user", {"users": []}) == UNKNOWN
        assert await device.code("dev.system.sync.time") == UNKNOWN
        assert await device.code("dev.report", report_params(), sn=ONE.sn) == OK
        assert await device.code(HEARTBEAT, FREE) == OK, "the heartbeat is governed by supportHeartbeat alone"


async def test_a_platform_that_wants_no_heartbeats() -> None:
    settings = platform_settings(supports_heartbeat=False, heartbeat_interval=7, timezone="-03:30")
    async with running(settings) as platform:
        device = await platform.connect(ONE)
        await device.log_in()
        results = (await device.request("dev.report", report_params(), sn=ONE.sn))["payload"]["results"]
        assert (results["supportHeartbeat"], results["heartbeatInterval"]) == ("0", "7")
        assert results["timezone"] == "-03:30"
        assert await device.code(HEARTBEAT, FREE) == UNKNOWN
