"""mqtts with the certificates that the look-up's answer brings."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from tests.platform.harness import IDENTITIES, OK, Running, running
from tests.platform.mqtt.over_mqtt import MqttDevice, connect
from tests.platform.parts import platform_settings, platform_tls
from tests.platform.test_device_certificates import shows

ONE, TWO = IDENTITIES[:2]
CERTIFIED = platform_settings(tls=platform_tls(device_certificates=True))


async def context_of(platform: Running, directory: Path, broker_type: str = "best-m") -> ssl.SSLContext:
    answer = await platform.look_up(ONE, type=broker_type)
    results = answer["payload"]["results"]
    assert results["url"] == platform.info.mqtt
    assert platform.info.mqtt.startswith("mqtts://")
    return shows(results, results["rootCA"], directory)


@pytest.mark.parametrize("broker_type", ["best-m", "best-a"])
async def test_a_device_with_its_certificate(tmp_path: Path, broker_type: str) -> None:
    async with running(CERTIFIED) as platform:
        context = await context_of(platform, tmp_path, broker_type)
        # AWS's profile has neither user name nor password.
        login = {"username": None, "password": None} if broker_type == "best-a" else {}
        socket, connack = await connect(platform.info.mqtt, ONE, ssl=context, **login)
        assert connack.code == 0
        device = MqttDevice(ONE, socket)  # type: ignore[arg-type]
        platform.devices.append(device)
        await device.subscribe()
        await device.log_in()
        await device.report()
        assert await device.code("dev.heartbeat", {"isFree": "1"}) == OK


async def test_another_devices_certificate_lets_nobody_in(tmp_path: Path) -> None:
    async with running(CERTIFIED) as platform:
        context = await context_of(platform, tmp_path)
        socket, connack = await connect(platform.info.mqtt, TWO, ssl=context)
        assert connack.code == 5
        await socket.ended()
        assert (await platform.ledger())["events"] == {"MQTT: connect refused: not authorized": 1}


async def test_nobody_comes_without_a_certificate() -> None:
    async with running(CERTIFIED) as platform:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with pytest.raises((ssl.SSLError, ConnectionError, AssertionError)):
            await connect(platform.info.mqtt, ONE, ssl=context)
        assert (await platform.ledger())["totals"]["devices"] == 0
