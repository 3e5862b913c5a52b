"""The platform as a client of a broker that is not its own; here the project's broker plays that other one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from simulator.mqtt.broker import Broker, BrokerServer, serve
from simulator.mqtt.packets import ConnectReturn
from simulator.platform.mqtt.backend import SILENT, UNKNOWN_TOPIC
from simulator.platform.mqtt.external import ENDED
from simulator.platform.process import PlatformError
from simulator.platform.settings import MqttSettings, PushMoment
from tests.platform.harness import IDENTITIES, OK, Running, record, running
from tests.platform.mqtt.over_mqtt import MqttDevice, connect, device_of, online
from tests.platform.parts import mqtt_settings, platform_settings, push_rule

ONE, TWO = IDENTITIES[:2]
HEARTBEAT = "dev.heartbeat"
FREE = {"isFree": "1"}


class Another:
    """A broker of somebody else, which may stop and come back at the same port."""

    def __init__(self) -> None:
        self.broker = Broker(on_error=self._failed)
        self.server: BrokerServer | None = None
        self.port = 0

    async def until_subscribed(self) -> None:
        """Wait until the platform is there."""
        here = self.broker.attach((), lambda topic, payload, dup: None)
        async with asyncio.timeout(20):
            while not here.publish("best/nobodys/nobody/up", b"{}", 0):  # noqa: ASYNC110 - no event tells of it
                await asyncio.sleep(0.02)

    def _failed(self, error: BaseException) -> None:
        raise error

    async def start(self) -> None:
        self.server = await serve(self.broker, "127.0.0.1", self.port)
        self.port = self.server.port

    async def stop(self) -> None:
        if self.server is not None:
            self.server.close()
            await self.server.wait_closed()
            self.server = None

    def settings(self, **changes: object) -> MqttSettings:
        return mqtt_settings(broker=f"mqtt://127.0.0.1:{self.port}", client_id="platform", **changes)


@pytest.fixture
async def another() -> AsyncIterator[Another]:
    broker = Another()
    await broker.start()
    yield broker
    await broker.stop()


@asynccontextmanager
async def at(another: Another, **settings: object) -> AsyncIterator[Running]:
    async with running(platform_settings(mqtt=another.settings(), **settings)) as platform:
        yield platform


async def until(platform: Running, event: str) -> None:
    async with asyncio.timeout(20):
        while event not in (await platform.ledger())["events"]:
            pass


@pytest.mark.parametrize("channel", ["plain", "rsa-aes"])
async def test_devices_come_by_another_broker(another: Another, channel: str) -> None:
    async with running(platform_settings(mqtt=another.settings(channel=channel))) as platform:
        assert platform.info.mqtt == f"mqtt://127.0.0.1:{another.port}"
        answer = await platform.look_up(ONE, type="best-m")
        assert answer["payload"]["results"]["url"] == platform.info.mqtt
        device = await online(platform, ONE, channel)
        assert await device.code(HEARTBEAT, FREE) == OK
        assert await device.code("dev.data.upload.verifyLog", {"verifyLog": [record(1)]}) == OK
        ledger = await platform.ledger()
        assert (ledger["devices"][ONE.sn]["records"], ledger["events"]) == (1, {})


async def test_several_profiles_at_a_time(another: Another) -> None:
    async with at(another) as platform:
        socket, _ = await connect(platform.info.mqtt, ONE)
        socket.up = f"{ONE.product_id}/{ONE.sn}/event"
        device = MqttDevice(ONE, socket)  # type: ignore[arg-type]
        platform.devices.append(device)
        await device.subscribe_to(f"{ONE.product_id}/{ONE.sn}/control")
        await device.log_in()
        other = await online(platform, TWO)
        assert await other.code(HEARTBEAT, FREE) == OK
        await device.report()
        assert (await platform.ledger())["totals"]["online"] == 2


async def test_a_register_after_a_cut_that_nobody_saw_is_a_fresh_start(another: Another) -> None:
    async with at(another) as platform:
        device = await online(platform, ONE)
        device.socket.abort()
        again = await device_of(platform, ONE)
        await again.log_in()
        await again.report()
        row = (await platform.ledger())["devices"][ONE.sn]
        assert (row["online"], row["doubleLogins"], row["registered"]) == (True, 0, 2)


async def test_a_silent_device_is_taken_for_gone_and_heard_again(another: Another) -> None:
    rule = push_rule("cmd.data.query.user", moment=PushMoment.EVERY, seconds=0.05)
    async with at(another, heartbeat_interval=1, pushes=(rule,)) as platform:
        device = await online(platform, ONE)
        await until(platform, SILENT)
        assert not (await platform.ledger())["devices"][ONE.sn]["online"]
        assert await device.code(HEARTBEAT, FREE) == OK, "its session goes on"
        assert (await platform.ledger())["devices"][ONE.sn]["online"]


async def test_topics_of_nobody_are_counted(another: Another) -> None:
    async with at(another) as platform:
        socket, _ = await connect(platform.info.mqtt, ONE)
        for topic in (f"best/another/{ONE.sn}/up", f"best/{ONE.product_id}/nobody/up"):
            socket.up = topic
            socket.publish(b"{}")
        await until(platform, UNKNOWN_TOPIC)
        await socket.close()


async def test_the_platform_comes_back_to_a_broker_that_was_away(another: Another) -> None:
    async with at(another) as platform:
        device = await online(platform, ONE)
        device.socket.abort()
        await another.stop()
        await until(platform, f"{ENDED}: closed by the broker")
        await another.start()
        await another.until_subscribed()
        again = await device_of(platform, ONE)
        await again.log_in(device.credentials)
        await again.report()
        assert await again.code(HEARTBEAT, FREE) == OK


async def test_nobody_at_the_brokers_address(another: Another) -> None:
    await another.stop()
    with pytest.raises(PlatformError) as error:
        async with at(another):
            pass
    text = str(error.value)
    assert f"no devices can be served at the broker mqtt://127.0.0.1:{another.port}" in text
    assert "nothing listens" in text


class Strict:
    """Takes nobody, or lets nobody subscribe."""

    def __init__(self, code: ConnectReturn) -> None:
        self.code = code

    def connect(self, client_id: str, username: str | None, password: bytes | None, peer: str | None) -> ConnectReturn:
        return self.code

    def may_publish(self, client_id: str, username: str | None, topic: str) -> bool:
        return True

    def may_subscribe(self, client_id: str, username: str | None, topic_filter: str) -> bool:
        return False


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (ConnectReturn.NOT_AUTHORIZED, "not authorized"),
        (ConnectReturn.ACCEPTED, "refused the subscription to best/+/+/up"),
    ],
)
async def test_a_broker_that_refuses_the_platform(another: Another, code: ConnectReturn, told: str) -> None:
    another.broker.authority = Strict(code)
    settings = replace(another.settings(), username="platform", password="s3cret")
    with pytest.raises(PlatformError) as error:
        async with running(platform_settings(mqtt=settings)):
            pass
    assert told in str(error.value)
    assert "s3cret" not in str(error.value)
