"""An encrypted channel over MQTT: no kinds of frames, keys of one connection, payloads that are bounded."""

from __future__ import annotations

import orjson
import pytest

from simulator.measurements.names import DeviceState
from tests.device.answers import Message, drops
from tests.device.deliveries import LOG, people
from tests.device.fake_platform import Link
from tests.device.harness import World
from tests.device.test_mqtt import URL, Holds, back_online, held_then_dropped, over_mqtt


@pytest.fixture
def sealed() -> World:
    world = World("rsa-aes")
    world.network.broker_url = URL
    return world


async def test_an_encrypted_channel_works_without_kinds_of_frames(sealed: World) -> None:
    device = await sealed.online(**over_mqtt())
    cmd_id = sealed.platform.link.command("cmd.system.sync.time")
    await sealed.settle()
    assert sealed.platform.code_of(cmd_id) == "00000000"
    assert device.state is DeviceState.ONLINE
    await sealed.close()


async def test_keys_end_with_their_connection_and_so_do_requests(sealed: World) -> None:
    holds = Holds()
    sealed.platform.script(LOG, held_then_dropped(holds))
    await sealed.online(**over_mqtt(request_timeout=60.0, **people(rate=0.01)))
    await sealed.until(lambda: bool(holds.messages))
    await sealed.settle()
    assert sealed.recorder.codes(LOG) == ["disconnected"]
    await back_online(sealed)
    await sealed.settle()
    assert sealed.recorder.codes(LOG) == ["disconnected", "00000000"]
    await sealed.close()


async def test_a_frame_of_old_keys_is_dropped_after_a_reconnect(sealed: World) -> None:
    await sealed.online(**over_mqtt())
    old, _ = sealed.platform.link.channel.seal(orjson.dumps({"funcId": "cmd.data.update.user", "mid": "x"}))
    drops(sealed.platform.link, {})
    stale: list[bytes] = []

    def with_old_frame(link: Link, message: Message) -> None:
        link.transmit(old, True)
        stale.append(old)
        link.answer(message)

    sealed.platform.script("device.exchange.publicKey", with_old_frame)
    await back_online(sealed)
    assert stale
    connection = sealed.connections[-1]
    connection.redelivered = True
    sealed.platform.link.transmit(old, True)
    await sealed.settle()
    connection.redelivered = False
    assert sealed.recorder.broken() == {}
    assert sealed.devices[0].state is DeviceState.ONLINE
    sealed.platform.link.transmit(old, True)
    await sealed.settle()
    assert list(sealed.recorder.broken()) == ["channel.counter"]
    await sealed.close()


@pytest.mark.parametrize("suite", ["plain", "rsa-aes"])
async def test_no_payload_is_larger_than_the_profile_allows_after_encryption(suite: str) -> None:
    world = World(suite)
    world.network.broker_url = URL
    most = 16 * 1024
    await world.online(**over_mqtt(profile={"max_packet": most}, **people(rate=0.5, photos=1.0, batch=20)))
    await world.until(lambda: len(world.platform.pictures) >= 5)
    sizes = [len(payload) for direction, payload in world.wire if direction == ">"]
    assert most * 0.9 < max(sizes) <= most
    assert world.platform.sent("dev.file.upload.package")
    await world.close()
