"""What is compared, behind one interface: thousands of connections of one kind in one process; here the project's own.

A fleet opens connections by number and sends on them; each message that comes back is told with its number.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from benchmarks.mqtt import broker
from simulator.wire.client import connect as connect_websocket
from simulator.wire.connection import Connection

OPEN_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How the connections are made.

    Attributes:
        mqtt: Port of the broker, on the loopback address.
        websocket: Port of the WebSocket echo.
        received: Told the connection's number for each message; on the event loop's thread.
    """

    mqtt: int
    websocket: int
    received: Callable[[int], None]
    keep_alive: int = 60
    clean_session: bool = True


class Fleet:
    """Many connections of one kind."""

    distribution: str | None = None
    """What has to be installed for it; None for what is the project's own."""
    name: str
    loop = "uvloop"
    """The event loop that it runs on: uvloop, or asyncio's own where it does not run on uvloop."""
    qualities: tuple[int, ...] = (0, 1)
    """The qualities of service that it can send with."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting

    async def open(self, number: int) -> None:
        """Connect, and subscribe where that is asked for; raises whatever the library raises."""
        raise NotImplementedError

    async def again(self, number: int) -> None:
        """Connect again after a loss, with the same session; for what does not do so by itself."""

    def send(self, number: int, payload: bytes, qos: int) -> None:
        """Publish one message."""
        raise NotImplementedError


def client_id(number: int) -> str:
    return f"device-{number:06d}"


def up(number: int) -> str:
    return f"best/benchmark/{number:06d}/up"


def down(number: int) -> str:
    return f"best/benchmark/{number:06d}/down"


class _WebSocketHandler:
    __slots__ = ("_number", "_received")

    def __init__(self, number: int, received: Callable[[int], None]) -> None:
        self._number = number
        self._received = received

    def opened(self, connection: Connection) -> None:
        pass

    def message(self, payload: bytes, binary: bool) -> None:
        self._received(self._number)

    def closed(self, code: int, reason: str, detail: str) -> None:
        pass


class WebSocketFleet(Fleet):
    """The project's own WebSocket client, which all others are measured against."""

    name = "websocket"

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._connections: dict[int, Connection] = {}

    async def open(self, number: int) -> None:
        self._connections[number] = await connect_websocket(
            f"ws://127.0.0.1:{self.setting.websocket}/",
            _WebSocketHandler(number, self.setting.received),
            ssl=None,
            max_size=64 * 1024,
            open_timeout=OPEN_S,
        )

    def send(self, number: int, payload: bytes, qos: int) -> None:
        self._connections[number].send(payload, False)


class _FloorConnection(asyncio.Protocol):
    """Cuts packets at their lengths, acknowledges, and looks at nothing else."""

    __slots__ = ("_rest", "_setting", "number", "ready", "transport")

    def __init__(self, number: int, setting: Setting, ready: asyncio.Future[None]) -> None:
        self.number = number
        self._setting = setting
        self.ready = ready
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        name, topic = client_id(self.number).encode(), down(self.number).encode()
        connect = b"\x00\x04MQTT\x04\x02\x00\x3c" + len(name).to_bytes(2, "big") + name
        subscribe = b"\x00\x01" + len(topic).to_bytes(2, "big") + topic + b"\x01"
        self.transport.write(
            b"".join(
                bytes((first,)) + broker.remaining_length(len(body)) + body
                for first, body in ((broker.CONNECT << 4, connect), (broker.SUBSCRIBE << 4 | 2, subscribe))
            )
        )

    def data_received(self, data: bytes) -> None:
        data = self._rest + data if self._rest else data
        at = 0
        while (found := broker.whole_packet(data, at)) is not None:
            start, end = found
            kind = data[at] >> 4
            if kind == broker.PUBLISH:
                if data[at] & 0x06:
                    packet_id = start + 2 + (data[start] << 8 | data[start + 1])
                    self.transport.write(bytes((broker.PUBACK << 4, 2)) + data[packet_id : packet_id + 2])
                self._setting.received(self.number)
            elif kind == broker.SUBACK:
                self.ready.set_result(None)
            at = end
        self._rest = data[at:]


class FloorFleet(Fleet):
    """The least that MQTT costs on an asyncio transport: no state, no checks; no client, but a scale for clients."""

    name = "floor"

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._connections: dict[int, _FloorConnection] = {}

    async def open(self, number: int) -> None:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        _, connection = await loop.create_connection(
            lambda: _FloorConnection(number, self.setting, ready), "127.0.0.1", self.setting.mqtt
        )
        await ready
        self._connections[number] = connection

    def send(self, number: int, payload: bytes, qos: int) -> None:
        packet_id = b"\x00\x01" if qos else b""
        self._connections[number].transport.write(broker.publish(up(number).encode(), packet_id, payload, qos))
