"""Devices on the embedded broker, by raw packets on real sockets."""

from __future__ import annotations

import pytest

from tests.platform.harness import IDENTITIES, OK, record, running
from tests.platform.mqtt.over_mqtt import online
from tests.platform.parts import mqtt_settings, platform_settings

ONE, TWO = IDENTITIES[:2]
HEARTBEAT = "dev.heartbeat"
FREE = {"isFree": "1"}


@pytest.mark.parametrize("channel", ["plain", "exchange-only", "rsa-aes"])
async def test_initial_flow_and_business(channel: str) -> None:
    settings = platform_settings(channel="plain", mqtt=mqtt_settings(channel=channel))
    async with running(settings) as platform:
        device = await online(platform, ONE, channel)
        assert await device.code(HEARTBEAT, FREE) == OK
        assert await device.code("dev.data.upload.verifyLog", {"verifyLog": [record(1)]}) == OK
        ledger = await platform.ledger()
        row = ledger["devices"][ONE.sn]
        assert (row["online"], row["logins"], row["records"], row["doubleLogins"]) == (True, 1, 1, 0)
        assert ledger["events"] == {}
        device.socket.abort()
