"""The client side: reach a URL, do the opening handshake, and say clearly why where it fails."""

import asyncio
import functools
import socket
import ssl as tls
from collections.abc import Mapping
from typing import Any, ClassVar

from websockets.exceptions import InvalidURI
from websockets.http11 import Request, Response
from websockets.protocol import Side
from websockets.uri import WebSocketURI, parse_uri

from simulator.wire.addresses import AddressBook, from_place, resolve
from simulator.wire.connection import Connection
from simulator.wire.errors import ConnectFailed, connect_failure, explain_tls, shown_address
from simulator.wire.frames import masked_frame, read_plain
from simulator.wire.handler import MessageHandler, OnError
from simulator.wire.local_ports import LocalPorts
from simulator.wire.opening import Opening
from simulator.wire.own_certificate import OwnCertificate
from simulator.wire.proxy import HttpProxy
from simulator.wire.racing import connect_to_first
from simulator.wire.tls import client_context

# A device sends messages of some KB; more than this waiting means that the platform does not keep up.
_MAX_WRITE_BUFFER = 64 * 1024

# The first byte of every HTTP answer.
_HTTP = ord("H")


class ClientConnection(Connection):
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
    ssl: tls.SSLContext | OwnCertificate | None,
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

    Raises:
        ConnectFailed: With its kind and a text for people.
    """
    target = _parse(url)
    loop = asyncio.get_running_loop()
    context = (ssl or _system_trust()) if target.secure else None
    opening = Opening(target, headers, max_size, loop.create_future(), loop.time() + open_timeout)
    connection = ClientConnection(
        loop, handler, opening, max_size=max_size, close_timeout=close_timeout, on_error=on_error
    )
    reached = False
    opened = False
    try:
        async with asyncio.timeout(open_timeout):
            await _reach(
                loop,
                connection,
                target,
                context,
                local_addr,
                server_hostname,
                open_timeout,
                close_timeout,
                addresses,
                local_ports or LocalPorts(None),
                place,
                proxy,
            )
            reached = True
            await opening.done
            opened = True
    except TimeoutError as exc:
        where = shown_address(target.host, target.port)
        if proxy is not None:
            where = f"{where} (through the proxy {proxy})"
        doing = "took the connection but did not finish the opening handshake" if reached else "did not answer"
        raise ConnectFailed("timeout", f"{where} {doing} within {open_timeout:g} s", after=open_timeout) from exc
    finally:
        if not opened and addresses is not None:
            addresses.forget(target.host if proxy is None else proxy.host)
        if reached and not opened:
            connection.abort()
    return connection


async def _reach(
    loop: asyncio.AbstractEventLoop,
    connection: ClientConnection,
    target: WebSocketURI,
    context: tls.SSLContext | OwnCertificate | None,
    local_addr: tuple[str, int] | None,
    server_hostname: str | None,
    open_timeout: float,
    close_timeout: float,
    addresses: AddressBook | None,
    local_ports: LocalPorts,
    place: int,
    proxy: HttpProxy | None = None,
) -> None:
    """Make the TCP connection, and TLS on it, to one of the target's addresses that take it, tried from `place` on.

    With a proxy it is one of the proxy's addresses that is connected to.

    Raises:
        ConnectFailed: For the reason that the first address gave.
    """
    # Over plain TCP asyncio refuses to be told anything of TLS.
    secured: dict[str, Any] = {}
    if context is not None:
        secured = {
            "ssl": context,
            "server_hostname": server_hostname or target.host,
            # `open_timeout` covers this too and has the better message, so it shall be the first.
            "ssl_handshake_timeout": open_timeout + 1,
            "ssl_shutdown_timeout": close_timeout,
        }
    failure: OSError | None = None
    host, port = (target.host, target.port) if proxy is None else (proxy.host, proxy.port)
    tunnelled = False
    try:
        left = from_place(await _addresses(host, port, local_addr, addresses), place)
        while left:
            sock, address = await connect_to_first(loop, left, port, local_addr, local_ports)
            try:
                if proxy is not None:
                    await proxy.tunnel(loop, sock, target)
                    tunnelled = True
                await loop.create_connection(lambda: connection, sock=sock, **secured)
            except OSError as exc:
                sock.close()
                failure = failure or exc
                left.remove(address)
            except BaseException:
                sock.close()
                raise
            else:
                return
    except OSError as exc:
        failure = failure or exc
    failure = failure or socket.gaierror("none of the wanted kind")
    if proxy is None or tunnelled:
        raise connect_failure(failure, target, local_addr) from failure
    raise proxy.unreachable(connect_failure(failure, proxy.target, local_addr)) from failure


async def _addresses(
    host: str, port: int, local_addr: tuple[str, int] | None, addresses: AddressBook | None
) -> list[str]:
    """The host's IP addresses, of the source address's kind where one is given."""
    family = socket.AF_UNSPEC
    if local_addr is not None:
        family = socket.AF_INET6 if ":" in local_addr[0] else socket.AF_INET
    return await (resolve if addresses is None else addresses.addresses)(host, port, family)


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


@functools.cache
def _system_trust() -> tls.SSLContext:
    return client_context()
