"""Reaching a target: name, addresses, proxy, TCP and TLS, and why it failed. What is spoken there is left to others."""

import asyncio
import functools
import socket
import ssl as tls
from dataclasses import dataclass, field
from typing import Final

from simulator.wire.addresses import AddressBook, from_place, resolve
from simulator.wire.errors import ConnectFailed, connect_failure, shown_address
from simulator.wire.local_ports import LocalPorts
from simulator.wire.own_certificate import OwnCertificate
from simulator.wire.proxy import HttpProxy
from simulator.wire.racing import connect_to_first
from simulator.wire.resets import ended_when_open
from simulator.wire.resumption import Resuming
from simulator.wire.tls import client_context
from simulator.wire.tls_transport import secure

ClientTls = tls.SSLContext | OwnCertificate | Resuming
"""What a client does TLS with: settings, those of one peer with a certificate of its own, or with a session kept."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads to."""

    host: str
    port: int
    secure: bool
    scheme: str
    """Of its URL when that is not secure, for errors; one with an s behind it is meant where it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How targets are reached.

    Attributes:
        local_addr: Source address and port; port 0 leaves the port to the system.
        addresses: Remembers the addresses of hosts over many connects, and is told of those that led nowhere; without
            it the resolver is asked each time.
        local_ports: Chooses local ports for thousands of connections; by default the system does.
        place: Which of several addresses is tried first; the others follow as RFC 8305 says.
        proxy: Through which the connection goes; it resolves the target's host itself.
    """

    local_addr: tuple[str, int] | None = None
    addresses: AddressBook | None = None
    local_ports: LocalPorts = field(default_factory=lambda: LocalPorts(None))
    place: int = 0
    proxy: HttpProxy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds that opening and ending may take.

    Attributes:
        opening: For everything: name resolution, TCP, TLS and the opening handshake.
        closing: For the peer to answer the end and to end the TCP connection.
    """

    opening: float
    closing: float


Reached = tuple[asyncio.Transport, socket.socket]
"""A transport, and the socket under it."""


class OpeningConnection(asyncio.Protocol):
    """A connection that is about to be made."""

    __slots__ = ()

    def abort(self) -> None:
        """End it at once."""
        raise NotImplementedError


class Outcome:
    """What becomes of an opening handshake.

    Attributes:
        done: Set when it is finished, or has failed.
        deadline: The loop's time at which it has failed.
    """

    __slots__ = ("deadline", "done")

    def __init__(self, done: asyncio.Future[None], deadline: float) -> None:
        self.done = done
        self.deadline = deadline

    def succeed(self) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def fail(self, failure: ConnectFailed | TimeoutError) -> None:
        if not self.done.done():
            self.done.set_exception(failure)
            # Taken note of: where the waiting task was cancelled meanwhile, asyncio has no reason to complain.
            self.done.exception()


UNFINISHED: Final = "took the connection but did not finish the opening handshake"


async def open_connection(
    connection: OpeningConnection,
    done: asyncio.Future[None],
    target: Target,
    way: Way,
    patience: Patience,
    *,
    ssl: ClientTls | None,
    server_hostname: str | None = None,
    unfinished: str = UNFINISHED,
) -> Reached:
    """Connect to `target`, and wait until `done` says that its opening handshake is finished.

    Args:
        ssl: Used where the target is secure; None there means the system's CAs.
        server_hostname: The name to expect in the certificate, where it is not the target's host.
        unfinished: What a target has done that does no more.

    Returns:
        The transport, and the socket under it.

    Raises:
        ConnectFailed: With its kind and a text for people; also what `done` holds.
    """
    context = (ssl or system_trust()) if target.secure else None
    reached = False
    opened = False
    try:
        async with asyncio.timeout(patience.opening):
            found = await reach(connection, target, way, patience, context, server_hostname)
            reached = True
            await done
            opened = True
            return found
    except TimeoutError as exc:
        where = shown_address(target.host, target.port)
        if way.proxy is not None:
            where = f"{where} (through the proxy {way.proxy})"
        doing = unfinished if reached else "did not answer"
        raise ConnectFailed(
            "timeout", f"{where} {doing} within {patience.opening:g} s", after=patience.opening
        ) from exc
    finally:
        if not opened and way.addresses is not None:
            way.addresses.forget(target.host if way.proxy is None else way.proxy.host)
        if reached and not opened:
            if done.done() and not done.cancelled() and done.exception() is None:
                ended_when_open()
            connection.abort()


@functools.cache
def system_trust(alpn: str | None = None) -> tls.SSLContext:
    """TLS settings that trust the system's CAs; shared by all who ask.

    Args:
        alpn: The protocol to offer (RFC 7301).
    """
    return client_context(alpn=alpn)


async def reach(
    connection: OpeningConnection,
    target: Target,
    way: Way,
    patience: Patience,
    context: ClientTls | None = None,
    server_hostname: str | None = None,
) -> Reached:
    """Make the TCP connection, and TLS on it, to one of the target's addresses that take it, tried from the place on.

    With a proxy it is one of the proxy's addresses that is connected to.

    Raises:
        ConnectFailed: For the reason that the first address gave.
    """
    loop = asyncio.get_running_loop()
    failure: OSError | None = None
    proxy, source = way.proxy, way.local_addr
    host, port = (target.host, target.port) if proxy is None else (proxy.host, proxy.port)
    tunnelled = False
    try:
        left = from_place(await _addresses(host, port, source, way.addresses), way.place)
        while left:
            sock, address = await connect_to_first(loop, left, port, source, way.local_ports)
            try:
                if proxy is not None:
                    await proxy.tunnel(loop, sock, target.host, target.port, secure=target.secure)
                    tunnelled = True
                if context is None:
                    transport, _ = await loop.create_connection(lambda: connection, sock=sock)
                else:
                    hostname = server_hostname or target.host
                    transport = await secure(loop, connection, sock, context, hostname, patience.closing)
            except OSError as exc:
                sock.close()
                failure = failure or exc
                left.remove(address)
            except BaseException:
                sock.close()
                raise
            else:
                return transport, sock
    except OSError as exc:
        failure = failure or exc
    failure = failure or socket.gaierror("none of the wanted kind")
    if proxy is None or tunnelled:
        raise connect_failure(failure, target, source, target.scheme) from failure
    raise proxy.unreachable(connect_failure(failure, proxy.target, source)) from failure


async def _addresses(
    host: str, port: int, local_addr: tuple[str, int] | None, addresses: AddressBook | None
) -> list[str]:
    """The host's IP addresses, of the source address's kind where one is given."""
    family = socket.AF_UNSPEC
    if local_addr is not None:
        family = socket.AF_INET6 if ":" in local_addr[0] else socket.AF_INET
    return await (resolve if addresses is None else addresses.addresses)(host, port, family)
