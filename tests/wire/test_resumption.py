"""TLS sessions over real sockets: offered to whom they are of, taken or not, and never more than memory for one."""

from __future__ import annotations

import asyncio
import datetime
import ssl
import time
from collections.abc import Callable
from typing import Any

import pytest

from simulator.wire import ConnectFailed
from simulator.wire.authority import CertificateAuthority
from simulator.wire.own_certificate import OwnCertificate
from simulator.wire.resumption import Handshake, KeptSession
from simulator.wire.tls import SelfSigned, client_context, server_context
from tests.wire.helpers import Network

FIRST, NO_SESSION, REFUSED, RESUMED = Handshake
VERSIONS = pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])


class Peer:
    """Connects again and again, and notes what its handshakes were."""

    def __init__(self, network: Network, settings: ssl.SSLContext | OwnCertificate) -> None:
        self.network = network
        self.settings = settings
        self.handshakes: list[Handshake] = []
        self.kept = KeptSession(time.monotonic, self._tell)

    def _tell(self, handshake: Handshake, seconds: float) -> None:
        assert seconds > 0
        self.handshakes.append(handshake)

    @property
    def holds_one(self) -> bool:
        """Whether a session stands there by itself."""
        return self.kept._session is not None

    async def open(self, port: int, host: str = "127.0.0.1", **options: Any) -> Any:
        """Connected, with an answer to what it has said: a ticket of TLS 1.3 has come with that."""
        url = f"wss://{host}:{port}/best"
        connection, handler = await self.network.connect(
            port, url=url, ssl=self.kept.resuming(self.settings), **options
        )
        connection.send(b"hello", binary=True)
        await handler.wait_messages(1)
        return connection, handler

    async def visit(self, port: int, host: str = "127.0.0.1") -> None:
        connection, handler = await self.open(port, host)
        connection.close()
        await handler.wait_closed()


@VERSIONS
async def test_a_peer_goes_on_with_the_session_of_its_last_connection(
    network: Network, certificate: SelfSigned, version: ssl.TLSVersion
) -> None:
    server, _ = await network.serve(ssl=server_context(*certificate))
    context = client_context(certificate.cert)
    context.maximum_version = version
    peer, other = Peer(network, context), Peer(network, context)
    for each in (peer, peer, other, peer):
        await each.visit(server.port)
    assert peer.handshakes == [FIRST, RESUMED, RESUMED]
    assert other.handshakes == [FIRST]


async def test_it_is_kept_only_while_there_is_no_connection(network: Network, certificate: SelfSigned) -> None:
    server, _ = await network.serve(ssl=server_context(*certificate))
    peer = Peer(network, client_context(certificate.cert))
    for _ in range(2):
        connection, handler = await peer.open(server.port)
        assert not peer.holds_one
        connection.abort()
        await handler.wait_closed()
        assert peer.holds_one


@VERSIONS
async def test_a_server_that_does_not_know_it_makes_a_full_handshake(
    network: Network, certificate: SelfSigned, version: ssl.TLSVersion
) -> None:
    """As a platform that was restarted, or another process of it: tickets are sealed with keys of the settings."""
    servers = [(await network.serve(ssl=server_context(*certificate)))[0] for _ in range(2)]
    context = client_context(certificate.cert)
    context.maximum_version = version
    peer = Peer(network, context)
    for number in (0, 1, 1, 0):
        await peer.visit(servers[number].port)
    assert peer.handshakes == [FIRST, REFUSED, RESUMED, REFUSED]


async def test_a_server_that_gives_none_is_told_apart(network: Network, certificate: SelfSigned) -> None:
    context = server_context(*certificate)
    context.num_tickets = 0
    server, _ = await network.serve(ssl=context)
    peer = Peer(network, client_context(certificate.cert))
    for _ in range(3):
        await peer.visit(server.port)
        assert not peer.holds_one
    assert peer.handshakes == [FIRST, NO_SESSION, NO_SESSION]


async def test_nobody_else_is_offered_it(network: Network, certificate: SelfSigned) -> None:
    server, _ = await network.serve(ssl=server_context(*certificate))
    context = client_context(certificate.cert)
    peer = Peer(network, context)
    await peer.visit(server.port)
    await peer.visit(server.port, "localhost")
    peer.settings = client_context(certificate.cert)
    await peer.visit(server.port, "localhost")
    assert peer.handshakes == [FIRST, FIRST, FIRST]


async def test_it_is_of_the_certificate_that_was_shown(network: Network, certificate: SelfSigned) -> None:
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    authority = CertificateAuthority("tests", now)
    demanding = server_context(*certificate)
    demanding.load_verify_locations(cadata=authority.root)
    demanding.verify_mode = ssl.CERT_REQUIRED
    server, handlers = await network.serve(ssl=demanding)
    context = client_context(certificate.cert)
    one, two = (authority.client(name, now - day, now + day) for name in ("SN1", "SN2"))
    peer = Peer(network, context)
    for pair in (one, one, two, two):
        # Each look-up's answer makes another object of the same certificate.
        peer.settings = OwnCertificate(context, pair.certificate, pair.private_key)
        await peer.open(server.port)
    assert peer.handshakes == [FIRST, RESUMED, FIRST, RESUMED]
    names = [handler.connection._transport.get_extra_info("peercert")["subject"] for handler in handlers]
    assert names[0] == names[1] != names[2] == names[3]


async def test_a_connection_that_has_not_ended_yet_leaves_it_all_the_same(
    network: Network, certificate: SelfSigned
) -> None:
    """A device has given up a silent connection, and connects again before TCP has."""
    server, _ = await network.serve(ssl=server_context(*certificate))
    peer = Peer(network, client_context(certificate.cert))
    old, ended = await peer.open(server.port)
    await peer.open(server.port)
    assert peer.handshakes == [FIRST, RESUMED]
    old.abort()
    await ended.wait_closed()
    assert not peer.holds_one


async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.close()


async def talks_nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    writer.close()


@pytest.mark.parametrize(("server_does", "afterwards"), [(hangs_up, RESUMED), (talks_nonsense, NO_SESSION)])
async def test_what_becomes_of_it_in_a_handshake_that_fails(
    network: Network, certificate: SelfSigned, server_does: Callable[..., Any], afterwards: Handshake
) -> None:
    """One that broke off is tried again; a session with which TLS failed is not."""
    server, _ = await network.serve(ssl=server_context(*certificate))
    bad = await asyncio.start_server(server_does, "127.0.0.1", 0)
    network.callback(bad.close)
    peer = Peer(network, client_context(certificate.cert))
    await peer.visit(server.port)
    with pytest.raises(ConnectFailed):
        await peer.open(bad.sockets[0].getsockname()[1])
    await peer.visit(server.port)
    assert peer.handshakes == [FIRST, afterwards]


async def test_a_certificate_that_cannot_be_shown_fails_as_without_a_session(
    network: Network, certificate: SelfSigned
) -> None:
    server, _ = await network.serve(ssl=server_context(*certificate))
    context = client_context(certificate.cert)
    now = datetime.datetime.now(datetime.UTC)
    pair = CertificateAuthority("tests", now).client("SN1", now, now + datetime.timedelta(days=1))
    peer = Peer(network, OwnCertificate(context, pair.certificate, pair.private_key))
    await peer.visit(server.port)
    peer.settings = OwnCertificate(context, pair.certificate, "no key")
    with pytest.raises(ConnectFailed, match="own certificate cannot be shown"):
        await peer.open(server.port)
    assert peer.handshakes == [FIRST]
