"""What the client's tests share: a handler that collects, and brokers that do what a test says, packet by packet."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from typing import Any, Self

from simulator.clock import SystemClock, TimerQueue
from simulator.loop_timers import LoopTimers
from simulator.mqtt.client import connect
from simulator.mqtt.client_ids import ClientIds
from simulator.mqtt.codec import PacketReader, Side, encode
from simulator.mqtt.connection import MqttConnection
from simulator.mqtt.login import ClientState, Login
from simulator.mqtt.packets import Connack, Connect, Packet, Publish, Suback, Subscribe

PATIENCE = 20.0
"""Seconds for what must work."""
LIMIT = 1 << 20
LOGIN = Login(client_id="SN1", username="user", password="secret", up="best/up", down="best/down", keep_alive=0)


class Collector:
    """A handler that keeps what it is called with, in order, and lets a test wait for it."""

    def __init__(self) -> None:
        self.connection: MqttConnection | None = None
        self.calls: list[str] = []
        self.messages: list[bytes] = []
        self.unusuals: list[str] = []
        self.writable_calls = 0
        self.pongs = 0
        self._news = asyncio.Event()
        self._ended: asyncio.Future[tuple[str, str]] = asyncio.get_running_loop().create_future()

    def opened(self, connection: MqttConnection) -> None:
        self.connection = connection
        self._note("opened")

    def message(self, payload: bytes, binary: bool) -> None:
        assert type(payload) is bytes
        assert binary is False
        self.messages.append(payload)
        self._note("message")

    def unusual(self, what: str) -> None:
        self.unusuals.append(what)
        self._note("unusual")

    def writable(self) -> None:
        self.writable_calls += 1
        self._news.set()

    def ponged(self) -> None:
        self.pongs += 1
        self._news.set()

    def closed(self, ending: str, reason: str, detail: str) -> None:
        assert reason == ""
        assert detail
        self._note("closed")
        self._ended.set_result((ending, detail))  # raises when called twice

    def _note(self, call: str) -> None:
        self.calls.append(call)
        self._news.set()

    async def wait(self, condition: Callable[[], object]) -> None:
        """Until `condition`, which one of the calls brings about."""
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def wait_closed(self) -> tuple[str, str]:
        """Ending and detail."""
        async with asyncio.timeout(PATIENCE):
            return await asyncio.shield(self._ended)

    @property
    def has_ended(self) -> bool:
        return self._ended.done()


class Acknowledged(list[tuple[float, bool]]):
    """What a `ClientState` tells of publishes, and a state that tells it."""

    def __init__(self) -> None:
        super().__init__()
        self.state = ClientState(lambda sent, taken: self.append((sent, taken)))


class Peer:
    """The broker's end of one connection, on which a test says exactly what goes out."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.connect: Connect | None = None
        self._packets = PacketReader(side=Side.BROKER)
        self._waiting: list[Packet] = []

    async def send(self, *parts: bytes | Packet) -> None:
        for part in parts:
            self.writer.write(part if isinstance(part, bytes) else encode(part))
            await self.writer.drain()

    async def read(self) -> Packet:
        """The client's next packet; raises `EOFError` at the end."""
        async with asyncio.timeout(PATIENCE):
            while not self._waiting:
                data = await self.reader.read(65_536)
                if not data:
                    raise EOFError
                self._waiting.extend(self._packets.feed(data))
        return self._waiting.pop(0)

    async def read_to_end(self) -> list[Packet]:
        """All that still comes."""
        found = []
        try:
            while True:
                found.append(await self.read())
        except (EOFError, ConnectionError):
            return found

    async def accept(self, *, session_present: bool = False) -> None:
        """Take CONNECT and answer it."""
        packet = await self.read()
        assert isinstance(packet, Connect)
        self.connect = packet
        await self.send(Connack(session_present, 0))

    async def grant(self, code: int | None = None) -> Subscribe:
        """Take SUBSCRIBE and answer it, with what it asks for unless told otherwise."""
        packet = await self.read()
        assert isinstance(packet, Subscribe)
        await self.send(Suback(packet.packet_id, (packet.filters[0][1] if code is None else code,)))
        return packet

    async def read_publish(self) -> Publish:
        packet = await self.read()
        assert isinstance(packet, Publish), packet
        return packet

    def reset(self) -> None:
        """End with a TCP reset."""
        self.writer.transport.abort()

    def close(self) -> None:
        self.writer.close()


Script = Callable[[Peer], Awaitable[None]]


async def accepting(peer: Peer) -> None:
    """Accepts the client and grants its subscription; the rest is left to the test."""
    await peer.accept()
    await peer.grant()


async def resuming(peer: Peer) -> None:
    """Knows the client's session."""
    await peer.accept(session_present=True)


class Broker:
    """Runs a script on each connection; then the test goes on with its peer."""

    def __init__(self, port: int, peers: asyncio.Queue[Peer]) -> None:
        self.port = port
        self._peers = peers

    async def peer(self) -> Peer:
        """The next connection's end whose script is done."""
        async with asyncio.timeout(PATIENCE):
            return await self._peers.get()


class Room(AsyncExitStack):
    """Makes brokers and connections and ends them all after the test."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[BaseException] = []
        self.timers = TimerQueue(SystemClock())
        self.client_ids = ClientIds()

    async def __aenter__(self) -> Self:
        running = LoopTimers(self.timers)
        running.start(asyncio.get_running_loop())
        self.callback(running.stop)
        return self

    async def broker(self, *scripts: Script, tls: ssl.SSLContext | None = None) -> Broker:
        """Each connection gets the next of the scripts, the last one from then on."""
        peers: asyncio.Queue[Peer] = asyncio.Queue()
        left = list(scripts or (accepting,))

        async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            peer = Peer(reader, writer)
            self.callback(writer.close)
            script = left.pop(0) if len(left) > 1 else left[0]
            # Where the client ends it in the middle of the script, the test sees what came before.
            with suppress(EOFError, ConnectionError):
                await script(peer)
            peers.put_nowait(peer)

        server = await asyncio.start_server(run, "127.0.0.1", 0, ssl=tls)
        self.callback(server.close)
        return Broker(server.sockets[0].getsockname()[1], peers)

    async def connect(
        self,
        port: int,
        handler: Any = None,
        *,
        state: ClientState | None = None,
        login: dict[str, Any] | None = None,
        **options: Any,
    ) -> tuple[MqttConnection, Any]:
        """A connection to a port of this machine, and its handler."""
        handler = handler or Collector()
        settings: dict[str, Any] = {
            "ssl": None,
            "timers": self.timers,
            "max_size": LIMIT,
            "open_timeout": PATIENCE,
            "close_timeout": PATIENCE,
            "on_error": self.errors.append,
            "client_ids": self.client_ids,
        }
        url = options.pop("url", f"{'mqtts' if options.get('ssl') else 'mqtt'}://127.0.0.1:{port}")
        connection = await connect(
            url,
            handler,
            login=replace(LOGIN, **(login or {})),
            state=state or ClientState(lambda _sent, _taken: None),
            **(settings | options),
        )
        self.callback(connection.abort)
        return connection, handler

    async def online(self, broker: Broker, handler: Any = None, **options: Any) -> tuple[MqttConnection, Any, Peer]:
        """A connection that may publish, its handler, and the broker's end of it."""
        connection, handler = await self.connect(broker.port, handler, **options)
        if connection.needs_subscription:
            await connection.subscribe()
        return connection, handler, await broker.peer()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that no callback tells of."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - the state of a transport or of the kernel has no event
            await asyncio.sleep(0.002)
