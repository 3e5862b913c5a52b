"""The client side: the opening handshake with what a URL leads to, and clear words where it fails."""

import asyncio
import ssl as tls
from collections.abc import Mapping
from typing import ClassVar

from websockets.exceptions import InvalidURI
from websockets.http11 import Request, Response
from websockets.protocol import Side
from websockets.uri import WebSocketURI, parse_uri

from simulator.wire.addresses import AddressBook
from simulator.wire.connection import Connection
from simulator.wire.errors import ConnectFailed, explain_tls
from simulator.wire.frames import masked_frame, read_plain
from simulator.wire.handler import MessageHandler, OnError
from simulator.wire.kernel_times import KernelTimes
from simulator.wire.local_ports import LocalPorts
from simulator.wire.opening import Opening
from simulator.wire.proxy import HttpProxy
from simulator.wire.reaching import ClientTls, OpeningConnection, Patience, Target, Way, open_connection

# A device sends messages of some KB; more than this waiting means that the platform does not keep up.
_MAX_WRITE_BUFFER = 64 * 1024

# The first byte of every HTTP answer.
_HTTP = ord("H")


class ClientConnection(Connection, OpeningConnection):
    """A connection that this side has opened."""

    __slots__ = ("_opening",)

    _SIDE: ClassVar[Side] = Side.CLIENT
    # Room for the page of a proxy that refuses; no more than its beginning is shown.
    _MAX_HEAD: ClassVar[int] = 64 * 1024
    _BACKLOG_STOPS_READING: ClassVar[bool] = False
    _write_frame = staticmethod(masked_frame)
    _read_frame = staticmethod(read_plain)

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        handler: MessageHandler,
        opening: Opening,
        *,
        max_size: int,
        close_timeout: float,
        on_error: OnError | None,
    ) -> None:
        super().__init__(
            loop,
            handler,
            opening.protocol,
            max_size=max_size,
            max_write_buffer=_MAX_WRITE_BUFFER,
            close_timeout=close_timeout,
            on_error=on_error,
        )
        self._opening: Opening | None = opening

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self._opening is not None:
            self._opening.send_request()
            self._flush()

    def data_received(self, data: bytes) -> None:
        opening = self._opening
        if opening is None:
            super().data_received(data)
            return
        if not self.bytes_in and data[0] != _HTTP:
            # Nothing that begins so becomes an answer; waiting for the end of its first line may be waiting in vain.
            opening.fail(opening.explain_no_http(data[0]))
            self.abort()
            return
        super().data_received(data)
        self._refused(opening)

    def eof_received(self) -> None:
        opening = self._opening
        super().eof_received()
        if opening is not None:
            self._refused(opening)

    def _refused(self, opening: Opening) -> None:
        problem = opening.protocol.handshake_exc
        if problem is not None:
            opening.fail(opening.explain(problem))
            self.abort()

    def _handshake(self, event: Request | Response) -> None:
        opening = self._opening
        if opening is None or opening.protocol.handshake_exc is not None:
            return
        if self._loop.time() >= opening.deadline:
            # The moment of its arrival decides, not that the timer of the deadline has not come by yet.
            opening.fail(TimeoutError())
            self.abort()
            return
        self._opening = None
        self._opened()
        opening.succeed()

    def _never_opened(self, detail: str, exc: Exception | None) -> None:
        opening, self._opening = self._opening, None
        if opening is None:
            return
        if isinstance(exc, tls.SSLError):
            opening.fail(ConnectFailed("tls", explain_tls(exc, opening.target)))
        else:
            opening.fail(opening.explain(None, detail))


async def connect(
    url: str,
    handler: MessageHandler,
    *,
    ssl: ClientTls | None,
    local_addr: tuple[str, int] | None = None,
    max_size: int,
    open_timeout: float,
    close_timeout: float = 5.0,
    server_hostname: str | None = None,
    headers: Mapping[str, str] | None = None,
    on_error: OnError | None = None,
    addresses: AddressBook | None = None,
    local_ports: LocalPorts | None = None,
    place: int = 0,
    proxy: HttpProxy | None = None,
    times: KernelTimes | None = None,
) -> Connection:
    """Open a WebSocket connection.

    When this raises, the handler has seen nothing; otherwise `handler.opened` was called before it returns.

    Args:
        url: `ws://` or `wss://`.
        ssl: The TLS settings of a `wss` URL; None there means the system's CAs. Not used for a `ws` URL.
        local_addr: Source address and port; port 0 leaves the port to the system.
        max_size: Limit for a received message, in bytes; `Connection.trust` sets another.
        open_timeout: Seconds for everything: name resolution, TCP, TLS and the opening handshake.
        close_timeout: Seconds that the peer has to answer the closing handshake and to end the TCP connection.
        server_hostname: The name to expect in the certificate, where it is not the URL's host.
        headers: Further headers of the opening request.
        on_error: Told of exceptions that the handler raised; without it they go to the loop's exception handler.
        addresses: Remembers the addresses of hosts over many connects, and is told of those that led nowhere; without
            it the resolver is asked each time.
        local_ports: Chooses local ports for thousands of connections; without it the system does.
        place: Which of several addresses is tried first; the others follow as RFC 8305 says.
        proxy: Through which the connection goes; it resolves the URL's host itself.
        times: Told when messages arrived.

    Raises:
        ConnectFailed: With its kind and a text for people.
    """
    uri = _parse(url)
    loop = asyncio.get_running_loop()
    opening = Opening(uri, headers, max_size, loop.create_future(), loop.time() + open_timeout)
    connection = ClientConnection(
        loop, handler, opening, max_size=max_size, close_timeout=close_timeout, on_error=on_error
    )
    way = Way(
        local_addr=local_addr,
        addresses=addresses,
        local_ports=local_ports or LocalPorts(None),
        place=place,
        proxy=proxy,
    )
    transport, sock = await open_connection(
        connection,
        opening.done,
        Target(uri.host, uri.port, uri.secure, "ws"),
        way,
        Patience(opening=open_timeout, closing=close_timeout),
        ssl=ssl,
        server_hostname=server_hostname,
    )
    if times is not None:
        times.watch(connection, transport, sock)
    return connection


def _parse(url: str) -> WebSocketURI:
    try:
        return parse_uri(url)
    except (InvalidURI, ValueError) as exc:
        # The exception's own text would show the whole URL.
        scheme = url.partition("://")[0] if "://" in url else ""
        if scheme in {"ws", "wss"}:
            raise ConnectFailed("handshake", f"the {scheme}:// URL is not valid: host or port is wrong") from exc
        named = f"begins with {scheme[:20]}://" if scheme else "has no scheme"
        raise ConnectFailed("handshake", f"a WebSocket URL begins with ws:// or wss://, this one {named}") from exc
