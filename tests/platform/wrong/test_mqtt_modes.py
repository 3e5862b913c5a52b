"""Each mistake over MQTT is seen where it was asked for: on the wire of a client that is not the project's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from simulator.mqtt.packets import Pingreq, Puback
from simulator.platform.wrong import mqtt_modes
from simulator.platform.wrong.mistakes import Mistakes, UnseenMistake
from simulator.platform.wrong.mode import MQTT, WEBSOCKET
from simulator.platform.wrong.modes import MODES
from simulator.platform.wrong.mqtt import proves_wrongly
from tests.platform.harness import IDENTITIES, OK, Running, running
from tests.platform.mqtt.over_mqtt import MqttDevice, connect, device_of, online
from tests.platform.parts import platform_settings

ONE = IDENTITIES[0]


@asynccontextmanager
async def platform_with(*names: str) -> AsyncIterator[Running]:
    async with running(platform_settings(wrong=names)) as platform:
        yield platform


async def beaten(device: MqttDevice, times: int = mqtt_modes.NTH) -> None:
    for _ in range(times):
        assert await device.code("dev.heartbeat", {"isFree": "1"}) == OK


async def test_a_retained_message_comes_beside_the_right_one() -> None:
    async with platform_with("mqtt.retained") as platform:
        device = await online(platform, ONE)
        await beaten(device)
        assert any(packet.retain for packet in device.socket.delivered)


async def test_a_message_comes_on_another_topic() -> None:
    async with platform_with("mqtt.other-topic") as platform:
        device = await online(platform, ONE)
        await beaten(device)
        topics = {packet.topic for packet in device.socket.delivered}
        assert topics == {f"best/{ONE.product_id}/{ONE.sn}/down", f"best/{ONE.product_id}/{ONE.sn}/down/again"}


async def test_no_publish_is_acknowledged() -> None:
    async with platform_with("mqtt.no-puback") as platform:
        device = await online(platform, ONE)
        await beaten(device, 1)
        assert len(device.socket.kept) == 5


async def test_pings_are_not_answered() -> None:
    async with platform_with("mqtt.no-pingresp") as platform:
        device = await online(platform, ONE)
        device.socket.write(Pingreq())
        await beaten(device, 1)
        assert device.socket._answers.empty()


async def test_a_session_is_not_kept() -> None:
    async with platform_with("mqtt.forgets-session") as platform:
        device = await device_of(platform, ONE)
        device.socket.abort()
        await device.socket.ended()
        again, connack = await connect(platform.info.mqtt, ONE)
        assert not connack.session_present
        await again.close()


async def test_a_register_needs_an_sn() -> None:
    async with platform_with("mqtt.needs-sn") as platform:
        device = await device_of(platform, ONE)
        params = {"protType": "best-m", "protVer": "1.0.0", "devType": "meet", "devKey": ONE.digest}
        assert await device.code("dev.register", params) != OK
        assert await device.code("dev.register", params, sn=ONE.sn) == OK


async def test_a_device_registers_once() -> None:
    async with platform_with("mqtt.registers-once") as platform:
        device = await online(platform, ONE)
        params = {"protType": "best-m", "protVer": "1.0.0", "devType": "meet", "devKey": ONE.digest}
        assert await device.code("dev.register", params) != OK


async def test_what_comes_twice_is_answered_twice() -> None:
    async with platform_with("mqtt.answers-again") as platform:
        device = await online(platform, ONE)
        mids = []
        for _ in range(2):
            reply = await device.request("dev.heartbeat", {"isFree": "1"}, mid="again")
            mids.append((reply["mid"], reply["code"] == OK))
        assert mids == [("again", True), ("again", False)]


async def test_a_puback_that_nothing_asked_for() -> None:
    class Noted(list[Puback]):
        pass

    async with platform_with("mqtt.unasked-puback") as platform:
        device = await online(platform, ONE)
        pubacks = Noted()
        take = device.socket._take

        def note(packet: object) -> None:
            if isinstance(packet, Puback) and packet.packet_id not in device.socket.kept:
                pubacks.append(packet)
            take(packet)  # type: ignore[arg-type]

        device.socket._take = note  # type: ignore[method-assign, assignment]
        await beaten(device)
        assert len(pubacks) == 1


@pytest.mark.parametrize("name", ["session.refuses-fragments", "session.not-utf8"])
def test_what_only_a_websocket_shows_does_not_count_the_suite_over_mqtt(name: str) -> None:
    with pytest.raises(UnseenMistake, match="rsa-aes"):
        Mistakes([name]).check("rsa-aes", "plain", issues=False)


def test_a_mistake_of_the_channel_is_seen_over_either_transport() -> None:
    Mistakes(["channel.tag-broken"]).check("plain", "rsa-aes", issues=False)
    with pytest.raises(UnseenMistake):
        Mistakes(["channel.tag-broken"]).check("plain", "plain", issues=False)


@pytest.mark.parametrize(
    ("names", "none", "own", "others"),
    [
        ((), False, True, False),
        (("certificate.accepts-none",), True, True, False),
        (("certificate.accepts-other",), False, True, True),
    ],
)
def test_whose_certificate_lets_a_client_in(names: tuple[str, ...], none: bool, own: bool, others: bool) -> None:
    mistakes = Mistakes(names)
    assert [proves_wrongly(mistakes, name, "SN1") for name in (None, "SN1", "SN2")] == [none, own, others]


def test_the_transports_have_names() -> None:
    assert {mode.over for mode in MODES.values()} == {"", MQTT, WEBSOCKET}
