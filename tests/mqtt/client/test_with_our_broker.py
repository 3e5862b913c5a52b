"""The client against the project's own broker: what each does with what the other remembers."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.mqtt.broker import Broker, BrokerSettings, Everybody, serve
from simulator.mqtt.packets import ConnectReturn
from simulator.wire.errors import ConnectFailed
from tests.mqtt.client.helpers import Acknowledged, Room, until

PLATFORM = {"client_id": "platform", "up": "best/down", "down": "best/up"}


class Strict(Everybody):
    """Knows one password, and lets nobody else's topic be subscribed to."""

    def connect(
        self, client_id: str, username: str | None, password: bytes | None, peer_name: str | None
    ) -> ConnectReturn:
        if password != b"secret":
            return ConnectReturn.BAD_USER_NAME_OR_PASSWORD
        return ConnectReturn.NOT_AUTHORIZED if username != "user" else ConnectReturn.ACCEPTED

    def may_subscribe(self, client_id: str, username: str | None, topic_filter: str) -> bool:
        return topic_filter.startswith("best/")


async def listening(room: Room) -> int:
    broker = Broker(settings=BrokerSettings(), authority=Strict(), on_error=room.errors.append)
    server = await serve(broker, "127.0.0.1", 0)

    async def end() -> None:
        server.close()
        await server.wait_closed()

    room.push_async_callback(end)
    return server.port


async def online(room: Room, port: int, handler: Any = None, **options: Any) -> tuple[Any, Any]:
    connection, handler = await room.connect(port, handler, **options)
    if connection.needs_subscription:
        await connection.subscribe()
    return connection, handler


async def test_there_and_back(room: Room) -> None:
    port, told = await listening(room), Acknowledged()
    device, of_device = await online(room, port, state=told.state)
    platform, of_platform = await online(room, port, login=PLATFORM)
    for number in range(300):
        device.send(b"%d" % number, False)
    await of_platform.wait(lambda: len(of_platform.messages) == 300)
    platform.send(bytes(50_000), False)
    await of_device.wait(lambda: of_device.messages)
    assert of_platform.messages == [b"%d" % number for number in range(300)]
    await until(lambda: len(told) == 300)
    assert told.state.in_flight == {}
    assert of_device.unusuals == of_platform.unusuals == []
    device.close()
    assert (await of_device.wait_closed())[0] == "disconnected"


async def test_what_was_published_meanwhile_comes_after_the_reconnect(room: Room) -> None:
    port, told = await listening(room), Acknowledged()
    device, of_device = await online(room, port, state=told.state)
    platform, _ = await online(room, port, login=PLATFORM, state=(of_platform := Acknowledged()).state)
    device.abort()
    await of_device.wait_closed()
    platform.send(b"while away", False)
    await until(lambda: len(of_platform) == 1)
    device, of_device = await room.connect(port, state=told.state)
    assert device.resumed
    assert not device.needs_subscription
    await of_device.wait(lambda: of_device.messages)
    assert of_device.messages == [b"while away"]


async def test_what_had_no_puback_arrives_after_the_reconnect(room: Room) -> None:
    port, told = await listening(room), Acknowledged()
    _, of_platform = await online(room, port, login=PLATFORM)
    device, of_device = await online(room, port, state=told.state)
    for number in range(20):
        device.send(b"%d" % number, False)
    device.abort()  # what is buffered may be gone with it
    await of_device.wait_closed()
    device, _ = await online(room, port, state=told.state)
    assert device.resumed
    await until(lambda: len(told) == 20)
    assert all(taken for _, taken in told)
    await of_platform.wait(lambda: set(of_platform.messages) == {b"%d" % number for number in range(20)})


async def test_a_clean_session_leaves_nothing(room: Room) -> None:
    port = await listening(room)
    for _ in range(2):
        device, handler = await online(room, port, login={"clean_session": True})
        assert not device.resumed
        device.abort()
        await handler.wait_closed()


async def test_the_newer_of_two_with_one_client_id_stays(room: Room) -> None:
    port = await listening(room)
    older, of_older = await online(room, port)
    newer, _ = await online(room, port)
    assert (await of_older.wait_closed())[0] == "taken over"
    assert not older.is_open
    assert newer.is_open


@pytest.mark.parametrize(
    ("login", "kind"),
    [({"password": "wrong"}, "bad user name or password"), ({"username": "other"}, "not authorized")],
)
async def test_refusals(room: Room, login: dict[str, Any], kind: str) -> None:
    port = await listening(room)
    with pytest.raises(ConnectFailed) as caught:
        await room.connect(port, login=login)
    assert caught.value.kind == kind


async def test_a_refused_subscription(room: Room) -> None:
    port = await listening(room)
    connection, _ = await room.connect(port, login={"down": "other/down"})
    with pytest.raises(ConnectFailed) as caught:
        await connection.subscribe()
    assert caught.value.kind == "subscription refused"
