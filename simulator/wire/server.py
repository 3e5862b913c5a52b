"""The server side: listen, do the opening handshake, hand each connection to a handler of its own."""

import asyncio
import socket
import ssl as tls
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar

from websockets.http11 import Request, Response
from websockets.protocol import Side, State
from websockets.server import ServerProtocol

from simulator.wire.connection import Connection
from simulator.wire.errors import ListenFailed, in_words, shown_address
from simulator.wire.frames import plain_frame, read_masked
from simulator.wire.handler import NOBODY, MessageHandler, OnError
from simulator.wire.kernel_times import KernelTimes
from simulator.wire.phase import GOING_AWAY, POLICY_VIOLATION
from simulator.wire.sansio import SILENT
from simulator.wire.strangers import TOO_LATE, StrangerLimits, Strangers

# Thousands of devices may connect in the same second; the kernel cuts this to its own limit (somaxconn).
_BACKLOG = 4096


class ServerConnection(Connection):
    """A connection that a client has opened.

    Attributes:
        request_path: Path and query of the opening request; empty before it has arrived.
    """

    __slots__ = ("_server", "request_path")

    # A device's opening request has 200 bytes, that of a browser 1 KB.
    _MAX_HEAD: ClassVar[int] = 16 * 1024

    _SIDE: ClassVar[Side] = Side.SERVER
    _BACKLOG_STOPS_READING: ClassVar[bool] = True
    _write_frame = staticmethod(plain_frame)
    _read_frame = staticmethod(read_masked)

    def __init__(self, loop: asyncio.AbstractEventLoop, server: "Server") -> None:
        self._server = server
        super().__init__(
            loop,
            NOBODY,
            ServerProtocol(max_size=server.first_max_size, logger=SILENT),
            max_size=server.first_max_size,
            max_write_buffer=server.limits.max_write_buffer,
            close_timeout=server.limits.close_timeout,
            on_error=server.on_error,
        )
        self.request_path = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._server.joined(self)
        self._start_timer(self._server.limits.open_timeout, self.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._server.left(self)

    def admit(self, handler: MessageHandler) -> None:
        """The peer has proved who it is: from now on `handler` gets its messages, and the server's own limits hold."""
        if self._handler is not NOBODY:
            self._handler = handler
        self.trust(self._server.limits.max_size)
        if self._server.strangers is not None:
            self._server.strangers.leave(self)

    def turn_away(self, why: str) -> None:
        """End the connection of a peer that has not proved who it is (`Stranger`)."""
        if why == TOO_LATE and not self._unread():
            self.close(POLICY_VIOLATION, why)
        else:
            # What it holds is wanted back now: before its end is noticed, others may bring as much again.
            self._abort(why)
            self._let_parser_go()
            self._fragments, self._backlog = None, b""
            self._sans_io()

    def _parse(self, data: bytes) -> None:
        super()._parse(data)
        strangers = self._server.strangers
        if strangers is not None:
            strangers.holds(self, self._unread())

    def _unread(self) -> int:
        parser = self._parser
        half = 0 if self._fragments is None else len(self._fragments)
        return half + len(self._backlog) + (0 if parser is None else len(parser.reader.buffer))

    def _handshake(self, event: Request | Response) -> None:
        protocol = self._parser
        if not isinstance(event, Request) or not isinstance(protocol, ServerProtocol):
            return
        path = event.path.partition("?")[0]
        if self._server.path is not None and path != self._server.path:
            response = protocol.reject(HTTPStatus.NOT_FOUND, "There is no WebSocket at this path.\n")
        else:
            response = protocol.accept(event)
        protocol.send_response(response)
        self._flush()
        if protocol.state is State.OPEN:
            self.request_path = event.path
            self._handler = self._server.handler_factory()
            self._opened()
            if self._server.times is not None:
                self._server.times.watch_accepted(self, self._transport)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLimits:
    """What each connection of a server may cost; see `serve`."""

    max_size: int
    max_write_buffer: int
    open_timeout: float
    close_timeout: float


class Server:
    """A listening socket and the connections it has brought; made by `serve`.

    Attributes:
        port: The port it listens at.
    """

    def __init__(
        self,
        handler_factory: Callable[[], MessageHandler],
        limits: ServerLimits,
        *,
        path: str | None,
        on_error: OnError | None,
        strangers: StrangerLimits | None = None,
        on_turned_away: Callable[[str], None] = lambda why: None,
        times: KernelTimes | None = None,
    ) -> None:
        self.handler_factory = handler_factory
        self.times = times
        self.limits = limits
        most = limits.max_size
        self.first_max_size = most if strangers is None else min(most, strangers.message_bytes)
        self.strangers: Strangers | None = None
        self._stranger_limits = strangers
        self._on_turned_away = on_turned_away
        self.path = path
        self.on_error = on_error
        self.port = 0
        self._listener: asyncio.Server | None = None
        self._connections: set[ServerConnection] = set()
        self._closed = False
        self._emptied = asyncio.Event()

    async def listen(self, host: str, port: int, ssl: tls.SSLContext | None) -> None:
        """Begin to take connections; see `serve`."""
        loop = asyncio.get_running_loop()
        if self._stranger_limits is not None:
            self.strangers = Strangers(loop, self._stranger_limits, self._on_turned_away)
        # Over plain TCP asyncio refuses to be told anything of TLS.
        secured: dict[str, Any] = {}
        if ssl is not None:
            secured = {
                "ssl": ssl,
                "ssl_handshake_timeout": self.limits.open_timeout,
                "ssl_shutdown_timeout": self.limits.close_timeout,
            }
        try:
            if port == 0:
                # A name with several addresses would get a different free port at each.
                found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
                host = str(found[0][4][0])
            self._listener = await loop.create_server(
                lambda: ServerConnection(loop, self), host, port, backlog=_BACKLOG, **secured
            )
        except OSError as exc:
            raise ListenFailed(f"cannot listen at {shown_address(host, port)}: {in_words(exc)}") from exc
        self.port = self._listener.sockets[0].getsockname()[1]

    @property
    def connections(self) -> int:
        """How many connections there are, those in their opening handshake included."""
        return len(self._connections)

    def close(self, code: int = GOING_AWAY) -> None:
        """Take no more connections and start the closing handshake, with `code`, on all there are."""
        if self._closed:
            return
        self._closed = True
        if self.strangers is not None:
            self.strangers.close()
        if self._listener is not None:
            self._listener.close()
        for connection in tuple(self._connections):
            connection.close(code)
        if not self._connections:
            self._emptied.set()

    async def wait_closed(self) -> None:
        """Wait, after `close`, until the last connection has ended: the close time-out of the server at most."""
        await self._emptied.wait()

    def joined(self, connection: ServerConnection) -> None:
        """A connection has come; called by the connection."""
        self._connections.add(connection)
        if self._closed or (self.strangers is not None and not self.strangers.join(connection)):
            connection.abort()

    def left(self, connection: ServerConnection) -> None:
        """A connection has ended; called by the connection."""
        self._connections.discard(connection)
        if self.strangers is not None:
            self.strangers.leave(connection)
        if self._closed and not self._connections:
            self._emptied.set()


async def serve(
    host: str,
    port: int,
    handler_factory: Callable[[], MessageHandler],
    *,
    ssl: tls.SSLContext | None = None,
    max_size: int,
    max_write_buffer: int,
    path: str | None = None,
    open_timeout: float = 10.0,
    close_timeout: float = 5.0,
    on_error: OnError | None = None,
    strangers: StrangerLimits | None = None,
    on_turned_away: Callable[[str], None] = lambda why: None,
    times: KernelTimes | None = None,
) -> Server:
    """Listen for WebSocket connections.

    Args:
        host: Address or name to listen at.
        port: 0 takes a free one; see `Server.port`.
        handler_factory: Makes the handler of a connection whose opening handshake is done.
        ssl: TLS settings; None serves plain `ws`.
        max_size: Limit for a received message, in bytes; a larger one ends its connection with 1009.
        max_write_buffer: Bytes that may wait for a slow peer before nothing more is read from it.
        path: The one path that has a WebSocket, without query; every other gets a 404. None allows all.
        open_timeout: Seconds that a peer has for TLS, and then again for the opening handshake.
        close_timeout: Seconds that a peer has to answer the closing handshake and to end the TCP connection.
        on_error: Told of exceptions that handlers raised; without it they go to the loop's exception handler.
        strangers: Limits for connections until `ServerConnection.admit`; without them the others hold from the start.
        on_turned_away: Told why a connection was ended by them.
        times: Told when messages arrived, where there is no TLS.

    Raises:
        ListenFailed: If the address cannot be listened at.
    """
    server = Server(
        handler_factory,
        ServerLimits(
            max_size=max_size,
            max_write_buffer=max_write_buffer,
            open_timeout=open_timeout,
            close_timeout=close_timeout,
        ),
        path=path,
        on_error=on_error,
        strangers=strangers,
        on_turned_away=on_turned_away,
        times=times,
    )
    await server.listen(host, port, ssl)
    return server
