"""TLS over a socket's transport: records cut anywhere, both ends, back-pressure, what OpenSSL does in between."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.wire import ConnectFailed
from simulator.wire.tls import SelfSigned, client_context, server_context
from simulator.wire.tls_transport import RECORD, TlsTransport, secure
from tests.wire.helpers import PATIENCE, Network, RawPeer

CLOSING_S = 0.02


class App(asyncio.Protocol):
    """Notes what it is told."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.data = bytearray()
        self.lost: asyncio.Future[Exception | None] | None = None
        self.error: Exception | None = None
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.calls.append("made")

    def data_received(self, data: bytes) -> None:
        self.data += data

    def eof_received(self) -> None:
        self.calls.append("eof")

    def connection_lost(self, exc: Exception | None) -> None:
        self.calls.append("lost")
        self.error = exc
        if self.lost is not None:
            self.lost.set_result(exc)

    def pause_writing(self) -> None:
        self.calls.append("pause")

    def resume_writing(self) -> None:
        self.calls.append("resume")


class Socket(asyncio.Transport):
    """A socket's transport that keeps what is written."""

    def __init__(self, owner: asyncio.Protocol) -> None:
        super().__init__()
        self.owner = owner
        self.written = bytearray()
        self.writes = 0
        self.ended = ""
        self.reads = True

    def write(self, data: Any) -> None:
        assert not self.ended
        self.written += data
        self.writes += 1

    def take(self) -> bytes:
        data, self.written = bytes(self.written), bytearray()
        return data

    def close(self) -> None:
        self.ended = self.ended or "closed"

    def abort(self) -> None:
        self.ended = "aborted"

    def is_closing(self) -> bool:
        return bool(self.ended)

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True

    def is_reading(self) -> bool:
        return self.reads

    def get_write_buffer_size(self) -> int:
        return len(self.written)


class Pair:
    """A transport and, without any network, the other side."""

    def __init__(self, certificate: SelfSigned, context: ssl.SSLContext | None = None) -> None:
        loop = asyncio.get_running_loop()
        self.app = App()
        settings = context or client_context(certificate.cert)
        self.transport = TlsTransport(loop, self.app, settings, "localhost", CLOSING_S)
        self.socket = Socket(self.transport)
        self.to_peer, self.from_peer = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.peer = server_context(*certificate).wrap_bio(self.to_peer, self.from_peer, server_side=True)

    def exchange(self) -> None:
        """Take what either has for the other there, until nothing is left."""
        while True:
            out = self.socket.take()
            self.to_peer.write(out)
            with suppress(ssl.SSLWantReadError):
                self.peer.do_handshake()
            back = self.from_peer.read()
            if back:
                self.transport.data_received(back)
            if not out and not back:
                return

    def shake_hands(self) -> None:
        self.transport.connection_made(self.socket)
        self.exchange()
        assert self.app.calls == ["made"]

    def peer_sends(self, data: bytes) -> bytes:
        self.peer.write(data)
        return self.from_peer.read()

    def peer_reads(self) -> bytes:
        self.to_peer.write(self.socket.take())
        found = b""
        with suppress(ssl.SSLWantReadError):
            while self.to_peer.pending or self.peer.pending():
                piece = self.peer.read(RECORD)
                if not piece:
                    break
                found += piece
        return found

    def peer_ends(self) -> bytes:
        with suppress(ssl.SSLWantReadError):
            self.peer.unwrap()
        return self.from_peer.read()


class Stubborn(ssl.SSLObject):
    """OpenSSL in a renegotiation: it encrypts nothing before the peer has gone on."""

    wants = False

    def write(self, data: Any) -> int:
        if self.wants:
            raise ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "first the peer")
        return super().write(data)


def stubborn(certificate: SelfSigned) -> Pair:
    context = client_context(certificate.cert)
    context.sslobject_class = Stubborn
    pair = Pair(certificate, context)
    pair.shake_hands()
    pair.transport.get_extra_info("ssl_object").wants = True
    return pair


def openssl(pair: Pair) -> Stubborn:
    return cast("Stubborn", pair.transport.get_extra_info("ssl_object"))


async def test_what_is_written_arrives_and_what_arrives_is_handed_on(certificate: SelfSigned) -> None:
    pair = Pair(certificate)
    pair.shake_hands()
    for data in (b"a", bytearray(b"b"), memoryview(b"c"), b"", bytes(3 * RECORD)):
        pair.transport.write(data)
    pair.transport.writelines([b"d", b"e"])
    assert pair.peer_reads() == b"abc" + bytes(3 * RECORD) + b"de"
    pair.transport.data_received(pair.peer_sends(b"x" * (3 * RECORD)))
    assert pair.app.data == b"x" * (3 * RECORD)
    assert pair.transport.get_write_buffer_size() == 0


async def test_the_first_words_go_along_with_the_handshakes_last_ones(certificate: SelfSigned) -> None:
    """Sent later, they meet the reset of a server that refuses our certificate, and nobody reads its alert."""
    pair = Pair(certificate)

    def speak(transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).write(b"first")

    pair.app.connection_made = speak  # type: ignore[method-assign]
    pair.transport.connection_made(pair.socket)
    pair.exchange()
    assert pair.socket.writes == 2, "the handshake's beginning, and its end with what follows"
    assert pair.peer.read(RECORD) == b"first"


def pieces(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    bounds = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for start, end in itertools.pairwise(bounds):
        yield data[start:end]


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 2 * RECORD), min_size=1, max_size=4),
    cuts=st.lists(st.integers(0, 1 << 20), max_size=12),
)
def test_records_may_be_cut_anywhere(certificate: SelfSigned, sizes: list[int], cuts: list[int]) -> None:
    async def run() -> None:
        pair = Pair(certificate)
        pair.transport.connection_made(pair.socket)
        pair.to_peer.write(pair.socket.take())
        with suppress(ssl.SSLWantReadError):
            pair.peer.do_handshake()
        for piece in pieces(pair.from_peer.read(), cuts):
            pair.transport.data_received(piece)
        pair.exchange()
        assert pair.app.calls == ["made"]
        expected = b"".join(bytes([at]) * size for at, size in enumerate(sizes))
        sent = b"".join(pair.peer_sends(bytes([at]) * size) for at, size in enumerate(sizes) if size)
        for piece in pieces(sent + pair.peer_ends(), cuts):
            pair.transport.data_received(piece)
        assert pair.app.data == expected
        assert pair.app.calls == ["made", "eof"]
        assert pair.socket.ended == "closed"

    asyncio.run(run())


async def test_the_peer_ends_tls(certificate: SelfSigned) -> None:
    """Its last words come first, and it is answered."""
    pair = Pair(certificate)
    pair.shake_hands()
    pair.transport.data_received(pair.peer_sends(b"last") + pair.peer_ends())
    assert pair.app.data == b"last"
    assert pair.app.calls == ["made", "eof"]
    assert pair.transport.is_closing()
    assert pair.socket.ended == "closed"
    pair.to_peer.write(pair.socket.take())
    pair.peer.unwrap()
    pair.transport.connection_lost(None)
    assert pair.app.calls == ["made", "eof", "lost"]
    assert pair.app.error is None


async def test_the_peer_ends_without_a_word(certificate: SelfSigned) -> None:
    """As the transports of the loops: no end of the data is told, for it may have been cut off."""
    pair = Pair(certificate)
    pair.shake_hands()
    assert pair.transport.eof_received() is None
    assert pair.transport.is_closing()
    pair.transport.write(b"too late")
    assert pair.socket.take() == b""
    pair.transport.connection_lost(None)
    assert pair.app.calls == ["made", "lost"]


async def test_closing_waits_for_the_peers_end(certificate: SelfSigned) -> None:
    pair = Pair(certificate)
    pair.shake_hands()
    pair.transport.write(b"before")
    pair.transport.close()
    pair.transport.close()
    pair.transport.write(b"after")
    assert pair.transport.is_closing()
    assert not pair.socket.ended
    # What the peer had sent meanwhile is for nobody.
    late = pair.peer_sends(b"late")
    assert pair.peer_reads() == b"before"
    pair.transport.data_received(late)
    assert not pair.socket.ended
    pair.transport.data_received(pair.peer_ends())
    assert pair.socket.ended == "closed"
    pair.transport.connection_lost(None)
    assert pair.app.data == b""
    assert pair.app.calls == ["made", "eof", "lost"]


async def test_closing_ends_when_the_peer_does_not_answer(certificate: SelfSigned) -> None:
    pair = Pair(certificate)
    pair.shake_hands()
    aborted = asyncio.Event()
    pair.socket.abort = aborted.set  # type: ignore[method-assign]
    pair.transport.close()
    async with asyncio.timeout(PATIENCE):
        await aborted.wait()
    pair.transport.connection_lost(None)
    assert isinstance(pair.app.error, TimeoutError)


async def test_a_record_that_is_none_ends_the_connection(certificate: SelfSigned) -> None:
    """What came before it is still handed on."""
    pair = Pair(certificate)
    pair.shake_hands()
    broken = bytearray(pair.peer_sends(b"wrong"))
    broken[-1] ^= 1
    pair.transport.data_received(pair.peer_sends(b"right")[:0] + broken)
    assert pair.socket.ended == "aborted"
    pair.transport.connection_lost(None)
    assert isinstance(pair.app.error, ssl.SSLError)
    assert pair.app.calls == ["made", "lost"]


async def test_what_preceded_a_broken_record_is_handed_on(certificate: SelfSigned) -> None:
    pair = Pair(certificate)
    pair.shake_hands()
    right = pair.peer_sends(b"right")
    broken = bytearray(pair.peer_sends(b"wrong"))
    broken[-1] ^= 1
    pair.transport.data_received(right + broken)
    assert pair.app.data == b"right"
    assert pair.socket.ended == "aborted"


async def test_reading_can_be_held(certificate: SelfSigned) -> None:
    """Also what the socket's transport had on its way already."""
    pair = Pair(certificate)
    pair.shake_hands()
    pair.transport.pause_reading()
    assert not pair.socket.reads
    assert not pair.transport.is_reading()
    pair.transport.data_received(pair.peer_sends(b"held") + pair.peer_ends())
    assert pair.app.data == b""
    pair.transport.resume_reading()
    assert pair.socket.reads
    assert pair.app.data == b""
    await asyncio.sleep(0)
    assert pair.app.data == b"held"
    assert pair.app.calls == ["made", "eof"]


async def test_a_full_socket_is_told(certificate: SelfSigned) -> None:
    pair = Pair(certificate)
    pair.shake_hands()
    pair.transport.pause_writing()
    pair.transport.resume_writing()
    assert pair.app.calls == ["made", "pause", "resume"]
    pair.transport.close()
    pair.transport.pause_writing()
    assert pair.app.calls == ["made", "pause", "resume"]


async def test_what_openssl_cannot_encrypt_yet_waits(certificate: SelfSigned) -> None:
    pair = stubborn(certificate)
    pair.transport.write(b"one ")
    pair.transport.write(bytearray(b"two "))
    assert pair.app.calls == ["made", "pause"]
    assert pair.transport.get_write_buffer_size() == len(b"one two ")
    pair.transport.data_received(pair.peer_sends(b"not yet"))
    assert pair.peer_reads() == b""
    assert pair.app.calls == ["made", "pause"]
    # The socket is another reason to wait.
    pair.transport.pause_writing()
    openssl(pair).wants = False
    pair.transport.data_received(pair.peer_sends(b"now"))
    assert pair.peer_reads() == b"one two "
    assert pair.app.calls == ["made", "pause"]
    pair.transport.resume_writing()
    assert pair.app.calls == ["made", "pause", "resume"]
    pair.transport.write(b"three")
    assert pair.peer_reads() == b"three"


async def test_what_waits_goes_out_before_the_end(certificate: SelfSigned) -> None:
    pair = stubborn(certificate)
    pair.transport.write(b"one")
    pair.transport.close()
    assert pair.peer_reads() == b""
    openssl(pair).wants = False
    pair.transport.data_received(pair.peer_sends(b"go on"))
    assert pair.peer_reads() == b"one"
    pair.transport.data_received(pair.peer_ends())
    assert pair.socket.ended == "closed"
    pair.transport.connection_lost(None)


async def test_nothing_is_held_after_the_end(certificate: SelfSigned) -> None:
    pair = Pair(certificate)
    pair.shake_hands()
    assert pair.transport.get_extra_info("cipher")[1] == "TLSv1.3"
    assert pair.transport.get_extra_info("peercert")["subject"]
    pair.transport.resume_reading()
    pair.transport.abort()
    pair.transport.connection_lost(None)
    await asyncio.sleep(0)
    pair.transport.write(b"x")
    pair.transport.close()
    assert pair.transport.get_extra_info("ssl_object") is None
    assert pair.transport.get_protocol() is not pair.app
    assert pair.app.calls == ["made", "lost"]


@pytest.mark.parametrize("error", [None, BrokenPipeError()])
async def test_an_end_in_the_handshake(certificate: SelfSigned, error: OSError | None) -> None:
    pair = Pair(certificate)
    pair.transport.connection_made(pair.socket)
    pair.transport.connection_lost(error)
    with pytest.raises(ConnectionResetError if error is None else BrokenPipeError):
        await pair.transport.opened()
    assert pair.app.calls == []


async def test_another_protocol_takes_over(certificate: SelfSigned) -> None:
    pair = Pair(certificate)
    pair.shake_hands()
    other = App()
    pair.transport.set_protocol(other)
    assert pair.transport.get_protocol() is other
    pair.transport.data_received(pair.peer_sends(b"for the other"))
    assert (pair.app.data, other.data) == (b"", b"for the other")
    assert not pair.transport.can_write_eof()
    with pytest.raises(NotImplementedError):
        pair.transport.write_eof()


# --- Over sockets ---


def refusing(context: ssl.SSLContext, errors: list[ssl.SSLError]) -> tuple[int, threading.Thread]:
    """A server of one connection that keeps why its handshake failed."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        with listener:
            sock, _ = listener.accept()
        with sock:
            try:
                with context.wrap_socket(sock, server_side=True) as secured:
                    secured.recv(1)
            except ssl.SSLError as error:
                errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return listener.getsockname()[1], thread


async def test_a_server_is_told_why_it_is_refused(network: Network, certificate: SelfSigned) -> None:
    errors: list[ssl.SSLError] = []
    port, thread = refusing(server_context(*certificate), errors)
    with pytest.raises(ConnectFailed, match="not trusted"):
        await network.connect(port, ssl=client_context())
    thread.join(PATIENCE)
    assert [error.reason for error in errors] == ["TLSV1_ALERT_UNKNOWN_CA"]


async def test_a_cancelled_handshake_leaves_no_socket(network: Network) -> None:
    gone = asyncio.Event()

    async def script(peer: RawPeer) -> None:
        await peer.read(1)
        await peer.read_to_end()
        gone.set()

    port, _ = await network.raw_server(script)
    loop = asyncio.get_running_loop()
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setblocking(False)
    waiting = loop.create_task(secure(loop, App(), sock, client_context(), "localhost", CLOSING_S))
    await asyncio.sleep(0.02)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    async with asyncio.timeout(PATIENCE):
        await gone.wait()


async def test_a_host_name_that_no_certificate_holds() -> None:
    loop = asyncio.get_running_loop()
    with pytest.raises(ValueError, match="server_hostname"):
        TlsTransport(loop, App(), client_context(), "", CLOSING_S)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl's own server")
@pytest.mark.parametrize(
    ("version", "command", "label"),
    [("-tls1_3", b"K\n", "new keys, asked for in return"), ("-tls1_2", b"r\n", "renegotiation")],
)
async def test_what_openssl_itself_does_in_between(
    certificate: SelfSigned, version: str, command: bytes, label: str
) -> None:
    """Its own server has new keys made, or the whole handshake done again, between two messages."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    server = await asyncio.create_subprocess_exec(
        *("openssl", "s_server", "-accept", f"127.0.0.1:{port}", version),
        *("-cert", str(certificate.cert), "-key", str(certificate.key)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE):
            await server.stdout.readuntil(b"ACCEPT")
            loop = asyncio.get_running_loop()
            sock = socket.create_connection(("127.0.0.1", port))
            sock.setblocking(False)
            app = App()
            app.lost = loop.create_future()
            await secure(loop, app, sock, client_context(certificate.cert), "localhost", CLOSING_S)
            app.transport.write(b"before\n")
            await server.stdout.readuntil(b"before\n")
            # A command is one by itself in what it reads at a time, and it looks there before it reads from its peer.
            server.stdin.write(command)
            await server.stdin.drain()
            app.transport.write(b"meanwhile\n")
            await server.stdout.readuntil(b"meanwhile\n")
            server.stdin.write(b"hello\n")
            while b"hello" not in app.data:  # noqa: ASYNC110 - as `until`
                await asyncio.sleep(0.002)
            app.transport.write(b"after\n")
            await server.stdout.readuntil(b"after\n")
            app.transport.abort()
            assert await app.lost is None
    finally:
        server.kill()
        await server.wait()
