"""The broker on real sockets: bytes in and out, limits, keep-alives, TLS, and its end."""

from __future__ import annotations

from simulator.mqtt.packets import Disconnect, Puback, Publish
from tests.mqtt.broker.helpers import Room, until


async def test_a_device_and_a_platform_in_the_same_process(room: Room) -> None:
    broker = room.broker()
    received: list[tuple[str, bytes, bool]] = []
    platform = broker.attach(["best/+/+/up"], lambda *message: received.append(message))
    server = await room.serve(broker)
    device = await room.connected(server, clean=False)
    assert await device.subscribe("best/p/one/down") == (1,)
    device.send(Publish("best/p/one/up", b"report", 1, 7))
    assert await device.packet() == Puback(7)
    assert received == [("best/p/one/up", b"report", False)]
    assert platform.publish("best/p/one/down", b"command") == 1
    assert await device.packet() == Publish("best/p/one/down", b"command", 1, 1)
    device.send(Puback(1), Disconnect())
    assert await device.ended()
    await until(lambda: not broker.present("one"))
    assert room.events == [("connected", "one", ""), ("disconnected", "one", "orderly")]
    assert platform.publish("best/p/one/down", b"later") == 1
    again = await room.peer(server)
    assert await again.connect(clean=False)
    assert await again.packet() == Publish("best/p/one/down", b"later", 1, 2)
