"""What the tests of the broker share: a link that collects for the core, and a peer that speaks bytes for the wire."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any, Self, TypeVar

from simulator.mqtt.broker import Broker, BrokerServer, serve
from simulator.mqtt.broker.client import Client
from simulator.mqtt.codec import PacketReader, Side, encode
from simulator.mqtt.packets import Connack, Connect, ConnectReturn, Packet, Puback, Publish, Suback, Subscribe, Will

PATIENCE = 10.0
P = TypeVar("P")


class FakeLink:
    """Keeps what a client is sent."""

    def __init__(self, peer_name: str | None = None) -> None:
        self.paused = False
        self.peer_name = peer_name
        self.keep_alive: int | None = None
        self.closed = False
        self._sent: list[Packet] = []

    def send(self, packet: Packet) -> None:
        if not self.closed:
            # What cannot be encoded must not be sent.
            encode(packet)
            self._sent.append(packet)

    def publish(self, topic: str, payload: bytes, qos: int, packet_id: int) -> None:
        self.send(Publish(topic, payload, qos, packet_id))

    def puback(self, packet_id: int) -> None:
        self.send(Puback(packet_id))

    def admit(self, keep_alive: int) -> None:
        self.keep_alive = keep_alive

    def close(self) -> None:
        self.closed = True

    def take(self) -> list[Packet]:
        """What was sent since the last call."""
        sent, self._sent = self._sent, []
        return sent


class Scene:
    """A broker without sockets, and what it tells of."""

    def __init__(self, **options: Any) -> None:
        self.events: list[tuple[str, str, str]] = []
        self.errors: list[BaseException] = []
        self.broker = Broker(
            **options,
            on_event=lambda name, client_id, detail: self.events.append((name, client_id, detail)),
            on_error=self.errors.append,
        )

    def link(self, peer_name: str | None = None) -> tuple[Client, FakeLink]:
        link = FakeLink(peer_name)
        return Client(self.broker, link), link

    def connect(self, client_id: str = "one", *, clean: bool = True, **more: Any) -> tuple[Client, FakeLink]:
        """A client that was accepted; its CONNACK is left to be taken."""
        client, link = self.link()
        client.receive(Connect(client_id=client_id, clean_session=clean, keep_alive=60, **more))
        assert not client.ended
        return client, link

    def subscribed(
        self, *filters: str, client_id: str = "one", clean: bool = True, qos: int = 1
    ) -> tuple[Client, FakeLink]:
        """A client that was accepted and has its subscriptions; nothing is left to be taken."""
        client, link = self.connect(client_id, clean=clean)
        client.receive(Subscribe(1, tuple((each, qos) for each in filters)))
        assert isinstance(link.take()[1], Suback)
        return client, link

    def names(self) -> list[str]:
        return [name for name, _, _ in self.events]


class Peer:
    """A client on a socket, which sends whatever a test says."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer
        self._packets = PacketReader(side=Side.CLIENT)

    def send(self, *packets: Packet) -> None:
        self.writer.write(b"".join(map(encode, packets)))

    async def packet(self) -> Packet | None:
        """The next one; None where the connection has ended."""
        async with asyncio.timeout(PATIENCE):
            data = b""
            while True:
                for packet in self._packets.feed(data):
                    return packet
                try:
                    data = await self._reader.read(65_536)
                except ConnectionError:
                    return None
                if not data:
                    return None

    async def expect(self, kind: type[P]) -> P:
        packet = await self.packet()
        assert isinstance(packet, kind), packet
        return packet

    async def ended(self) -> bool:
        return await self.packet() is None

    async def connect(
        self, client_id: str = "one", *, clean: bool = True, keep_alive: int = 60, will: Will | None = None
    ) -> bool:
        """Connect; returns whether the session was present."""
        self.send(Connect(client_id=client_id, clean_session=clean, keep_alive=keep_alive, will=will))
        answer = await self.expect(Connack)
        assert answer.code == ConnectReturn.ACCEPTED
        return answer.session_present

    async def subscribe(self, *filters: str, qos: int = 1) -> tuple[int, ...]:
        self.send(Subscribe(1, tuple((each, qos) for each in filters)))
        return (await self.expect(Suback)).codes

    async def message(self) -> Publish:
        return await self.expect(Publish)

    def reset(self) -> None:
        self.writer.transport.abort()


class Room(AsyncExitStack):
    """Brokers that listen, and peers; all are ended after the test."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[tuple[str, str, str]] = []
        self.errors: list[BaseException] = []

    async def __aenter__(self) -> Self:
        return self

    def broker(self, **options: Any) -> Broker:
        return Broker(
            **options,
            on_event=lambda name, client_id, detail: self.events.append((name, client_id, detail)),
            on_error=self.errors.append,
        )

    async def serve(self, broker: Broker | None = None, **options: Any) -> BrokerServer:
        server = await serve(self.broker() if broker is None else broker, "127.0.0.1", 0, **options)

        async def end() -> None:
            server.close()
            async with asyncio.timeout(PATIENCE):
                await server.wait_closed()

        self.push_async_callback(end)
        return server

    async def peer(self, server: BrokerServer, context: ssl.SSLContext | None = None) -> Peer:
        name = "localhost" if context is not None else None
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=context, server_hostname=name)
        self.callback(writer.close)
        return Peer(reader, writer)

    async def connected(self, server: BrokerServer, client_id: str = "one", **options: Any) -> Peer:
        peer = await self.peer(server)
        await peer.connect(client_id, **options)
        return peer


async def until(condition: Callable[[], object]) -> None:
    """Wait for what follows from something that a peer did."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - as for any condition, there is nothing that tells of it
            await asyncio.sleep(0.005)
