"""What the tests of this layer share: a handler that collects, servers and raw peers that are cleared away."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, Self

from websockets.frames import Frame, Opcode

from simulator.wire import Connection, Server, connect, serve

LIMIT = 1 << 20
PATIENCE = 20.0


class Collector:
    """A handler that keeps what it is called with, in order, and lets a test wait for it."""

    def __init__(self) -> None:
        self.connection: Connection | None = None
        self.calls: list[str] = []
        self.messages: list[tuple[bytes, bool]] = []
        self.writable_calls = 0
        self._arrived = asyncio.Event()
        self._ended: asyncio.Future[tuple[int, str, str]] = asyncio.get_running_loop().create_future()
        self._begun = asyncio.Event()

    def opened(self, connection: Connection) -> None:
        self.connection = connection
        self.calls.append("opened")
        self._begun.set()

    def message(self, payload: bytes, binary: bool) -> None:
        assert type(payload) is bytes
        self.calls.append("message")
        self.messages.append((payload, binary))
        self._arrived.set()

    def closed(self, code: int, reason: str, detail: str) -> None:
        self.calls.append("closed")
        assert detail
        self._ended.set_result((code, reason, detail))  # raises when called twice

    def writable(self) -> None:
        self.writable_calls += 1

    async def wait_opened(self) -> Connection:
        async with asyncio.timeout(PATIENCE):
            await self._begun.wait()
        assert self.connection is not None
        return self.connection

    async def wait_messages(self, count: int) -> list[tuple[bytes, bool]]:
        async with asyncio.timeout(PATIENCE):
            while len(self.messages) < count:
                self._arrived.clear()
                await self._arrived.wait()
        return self.messages

    async def wait_closed(self) -> tuple[int, str, str]:
        async with asyncio.timeout(PATIENCE):
            return await asyncio.shield(self._ended)

    @property
    def has_ended(self) -> bool:
        return self._ended.done()


class Echo(Collector):
    """Sends every message back."""

    def message(self, payload: bytes, binary: bool) -> None:
        super().message(payload, binary)
        assert self.connection is not None
        self.connection.send(payload, binary)


class RawPeer:
    """A TCP connection on which a test says exactly which bytes go out."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, *parts: bytes) -> None:
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()

    async def read(self, count: int) -> bytes:
        async with asyncio.timeout(PATIENCE):
            return await self.reader.readexactly(count)

    async def read_head(self) -> bytes:
        async with asyncio.timeout(PATIENCE):
            return await self.reader.readuntil(b"\r\n\r\n")

    async def read_to_end(self) -> bytes:
        async with asyncio.timeout(PATIENCE):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b""

    def reset(self) -> None:
        """End with a TCP reset."""
        self.writer.transport.abort()

    async def read_frame(self) -> tuple[int, bytes]:
        """Opcode and payload of the next frame, unmasked where it is masked."""
        head, length = await self.read(2)
        masked, length = length & 0x80, length & 0x7F
        if length == 126:
            length = int.from_bytes(await self.read(2))
        elif length == 127:
            length = int.from_bytes(await self.read(8))
        mask = await self.read(4) if masked else b"\0\0\0\0"
        data = await self.read(length)
        return head & 0x0F, bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))

    async def read_long_frame(self) -> int:
        """Take a frame of more than 65,535 bytes; the length of its payload."""
        head = await self.read(10)
        assert head[1] == 127
        length = int.from_bytes(head[2:])
        await self.read(length)
        return length


class Network(AsyncExitStack):
    """Makes servers, connections and raw peers and ends them all after the test."""

    def __init__(self) -> None:
        super().__init__()
        self.expected_complaints: list[dict[str, Any]] = []
        self.errors: list[BaseException] = []

    async def __aenter__(self) -> Self:
        return self

    async def serve(self, handler: Callable[[], Any] = Echo, **options: Any) -> tuple[Server, list[Any]]:
        """A server on a free port, and the list to which its handlers are added."""
        handlers: list[Any] = []

        def factory() -> Any:
            handlers.append(handler())
            return handlers[-1]

        settings: dict[str, Any] = {
            "max_size": LIMIT,
            "max_write_buffer": 1 << 16,
            "close_timeout": 0.5,
            "on_error": self.errors.append,
        }
        server = await serve("127.0.0.1", 0, factory, **(settings | options))
        self.push_async_callback(self._end, server)
        return server, handlers

    @staticmethod
    async def _end(server: Server) -> None:
        server.close()
        await server.wait_closed()

    async def connect(self, port: int, handler: Any = None, **options: Any) -> tuple[Connection, Any]:
        """A client connection to a port of this machine."""
        handler = handler or Collector()
        settings: dict[str, Any] = {
            "ssl": None,
            "max_size": LIMIT,
            "open_timeout": PATIENCE,
            "close_timeout": 0.5,
            "on_error": self.errors.append,
        }
        url = options.pop("url", f"{'wss' if options.get('ssl') else 'ws'}://127.0.0.1:{port}/best")
        connection = await connect(url, handler, **(settings | options))
        self.callback(connection.abort)
        return connection, handler

    async def raw_client(self, port: int, *, upgrade: bool = True, tls: ssl.SSLContext | None = None) -> RawPeer:
        """A raw connection to a server of ours, past the opening handshake unless told otherwise."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
        self.callback(writer.close)
        peer = RawPeer(reader, writer)
        if upgrade:
            await peer.send(upgrade_request())
            assert (await peer.read_head()).startswith(b"HTTP/1.1 101 ")
        return peer

    async def raw_server(
        self, script: Callable[[RawPeer], Awaitable[None]], tls: ssl.SSLContext | None = None
    ) -> tuple[int, asyncio.Future[RawPeer]]:
        """A server that does to each connection what the script says; its port, and the first peer."""
        first: asyncio.Future[RawPeer] = asyncio.get_running_loop().create_future()

        async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            peer = RawPeer(reader, writer)
            self.callback(writer.close)
            await script(peer)
            if not first.done():
                first.set_result(peer)

        server = await asyncio.start_server(run, "127.0.0.1", 0, ssl=tls)
        self.callback(server.close)
        return server.sockets[0].getsockname()[1], first


async def accept_upgrade(peer: RawPeer) -> None:
    """The script of a server that takes the opening handshake and leaves the rest to the test."""
    from websockets.utils import accept_key

    head = (await peer.read_head()).decode()
    key = next(line.split(": ")[1] for line in head.split("\r\n") if line.startswith("Sec-WebSocket-Key"))
    await peer.send(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept_key(key)}\r\n\r\n".encode()
    )


def upgrade_request(path: str = "/best") -> bytes:
    """A correct opening request."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


def frame(opcode: Opcode, payload: bytes = b"", *, fin: bool = True, masked: bool) -> bytes:
    """One frame as another implementation writes it."""
    return Frame(opcode, payload, fin).serialize(mask=masked)


def close_payload(code: int, reason: str = "") -> bytes:
    """What stands in a close frame."""
    return code.to_bytes(2) + reason.encode()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that no callback tells of."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - the state of a transport or of the kernel has no event
            await asyncio.sleep(0.002)
