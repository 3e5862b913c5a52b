"""TLS: own CA files, client certificates, files that cannot be used, and the self-signed certificate."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import os
import socket
import ssl
import stat
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from simulator.wire import ConnectFailed, FailureKind, TlsFileError
from simulator.wire.tls import (
    Algorithm,
    SelfSigned,
    algorithm_of,
    client_context,
    demand_certificates,
    self_signed,
    server_context,
)
from tests.wire.helpers import Network, RawPeer

VERSIONS = pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])


async def failure(
    network: Network, port: int, context: ssl.SSLContext | None, kind: FailureKind = "tls", **options: object
) -> ConnectFailed:
    """How connecting with TLS fails."""
    with pytest.raises(ConnectFailed) as caught:
        await network.connect(port, url=f"wss://127.0.0.1:{port}/best?secret", ssl=context, **options)
    assert caught.value.kind == kind
    assert "secret" not in caught.value.detail
    return caught.value


async def test_a_certificate_is_its_own_ca(network: Network, certificate: SelfSigned) -> None:
    server, handlers = await network.serve(ssl=server_context(*certificate))
    connection, client = await network.connect(server.port, ssl=client_context(certificate.cert))
    sizes = [10, 70_000, 500_000]
    for size in sizes:
        connection.send(bytes(size), True)
    assert [len(payload) for payload, _ in await client.wait_messages(3)] == sizes
    connection.close(4000, "done")
    assert await client.wait_closed() == (4000, "done", "closed by this side")
    assert (await handlers[0].wait_closed())[:2] == (4000, "done")


async def test_back_pressure_over_tls(network: Network, certificate: SelfSigned) -> None:
    server, handlers = await network.serve(ssl=server_context(*certificate))
    connection, client = await network.connect(server.port, ssl=client_context(certificate.cert))
    connection.pause_reading()
    for _ in range(100):
        connection.send(bytes(100_000), True)
        await connection.drain() if not handlers[0].connection.paused else None
        if handlers[0].connection.paused:
            break
    connection.resume_reading()
    count = len(handlers[0].messages)
    await client.wait_messages(count)
    connection.abort()
    assert (await handlers[0].wait_closed())[0] == 1006
    assert (await client.wait_closed())[0] == 1006


async def test_the_servers_end_over_tls(network: Network, certificate: SelfSigned) -> None:
    server, handlers = await network.serve(ssl=server_context(*certificate))
    _connection, client = await network.connect(server.port, ssl=client_context(certificate.cert))
    handlers[0].connection.close(1012)
    assert (await client.wait_closed())[0] == 1012
    assert (await handlers[0].wait_closed())[0] == 1012


async def test_an_unknown_issuer_is_refused_with_advice(network: Network, certificate: SelfSigned) -> None:
    server, handlers = await network.serve(ssl=server_context(*certificate))
    for context in (client_context(), None):
        failed = await failure(network, server.port, context)
        assert "not trusted" in failed.detail
        assert "ca_file" in failed.detail
    assert handlers == []


async def test_verification_is_left_out_only_by_name(network: Network, certificate: SelfSigned) -> None:
    server, _ = await network.serve(ssl=server_context(*certificate))
    connection, _ = await network.connect(server.port, ssl=client_context(verify=False))
    assert connection.is_open


async def test_another_host_is_refused(network: Network, tmp_path: Path) -> None:
    other = self_signed(tmp_path, ["platform.example"])
    server, _ = await network.serve(ssl=server_context(*other))
    failed = await failure(network, server.port, client_context(other.cert))
    assert "another host" in failed.detail
    connection, _ = await network.connect(
        server.port, ssl=client_context(other.cert), server_hostname="platform.example"
    )
    assert connection.is_open


@pytest.mark.parametrize(("offset", "words"), [(-1000, "has expired"), (1000, "not valid yet")])
async def test_certificates_out_of_their_time_are_refused(
    network: Network, tmp_path: Path, offset: int, words: str
) -> None:
    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=offset)
    old = self_signed(tmp_path, ["127.0.0.1"], now=moment)
    server, _ = await network.serve(ssl=server_context(*old))
    assert words in (await failure(network, server.port, client_context(old.cert))).detail


async def test_a_client_certificate_is_demanded(network: Network, certificate: SelfSigned, tmp_path: Path) -> None:
    own = self_signed(tmp_path / "own", ["device"])
    stranger = self_signed(tmp_path / "stranger", ["device"])
    server, handlers = await network.serve(ssl=server_context(*certificate, client_ca=own.cert))
    connection, _ = await network.connect(server.port, ssl=client_context(certificate.cert, own.cert, own.key))
    assert connection.is_open
    for context, words in (
        (client_context(certificate.cert), "demands a client certificate"),
        (client_context(certificate.cert, stranger.cert, stranger.key), "refuses our client certificate"),
    ):
        failed = await failure(network, server.port, context)
        assert words in failed.detail
    assert [handler.calls for handler in handlers] == [["opened"]]


async def test_the_alert_of_a_server_that_demands_a_certificate(
    network: Network, certificate: SelfSigned, tmp_path: Path
) -> None:
    """That of a server of blocking sockets, which is OpenSSL's own."""
    own = self_signed(tmp_path / "own", ["device"])
    stranger = self_signed(tmp_path / "stranger", ["device"])
    server_side = server_context(*certificate, client_ca=own.cert)
    listener = socket.create_server(("127.0.0.1", 0))

    def refuse() -> None:
        for _ in range(2):
            sock, _address = listener.accept()
            with contextlib.suppress(OSError), server_side.wrap_socket(sock, server_side=True):
                pass

    thread = threading.Thread(target=refuse, daemon=True)
    thread.start()
    port = listener.getsockname()[1]
    failed = await failure(network, port, client_context(certificate.cert))
    assert "demands a client certificate" in failed.detail
    failed = await failure(network, port, client_context(certificate.cert, stranger.cert, stranger.key))
    assert "refuses our client certificate" in failed.detail
    thread.join()
    listener.close()


async def test_a_port_without_tls(network: Network, certificate: SelfSigned) -> None:
    server, _ = await network.serve()
    failed = await failure(network, server.port, client_context(certificate.cert), open_timeout=1)
    assert "TLS" in failed.detail


async def test_a_port_that_answers_in_http(network: Network) -> None:
    async def script(peer: RawPeer) -> None:
        await peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    port, _ = await network.raw_server(script)
    assert "ws://" in (await failure(network, port, client_context())).detail


async def test_ws_to_a_port_with_tls(network: Network, certificate: SelfSigned) -> None:
    server, handlers = await network.serve(ssl=server_context(*certificate))
    with pytest.raises(ConnectFailed) as caught:
        await network.connect(server.port)
    assert caught.value.kind == "handshake"
    assert "wss://" in caught.value.detail
    assert handlers == []


async def test_a_silent_port_times_out_in_tls(network: Network) -> None:
    async def script(peer: RawPeer) -> None:
        pass

    port, _ = await network.raw_server(script)
    with pytest.raises(ConnectFailed) as caught:
        await network.connect(port, ssl=client_context(), open_timeout=0.05)
    assert caught.value.kind == "timeout"


async def test_the_tls_settings_of_a_ws_url_are_not_used(network: Network) -> None:
    server, _ = await network.serve()
    connection, _ = await network.connect(0, url=f"ws://127.0.0.1:{server.port}/", ssl=client_context())
    assert connection.is_open


def test_what_a_self_signed_certificate_says(tmp_path: Path) -> None:
    moment = datetime.datetime(2026, 5, 1, 12, tzinfo=datetime.UTC)
    files = self_signed(tmp_path / "new", ["localhost", "127.0.0.1", "::1"], now=moment)
    assert stat.S_IMODE(files.key.stat().st_mode) == 0o600
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["cert.pem", "key.pem"]
    made = x509.load_pem_x509_certificate(files.cert.read_bytes())
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert names.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address(text) for text in ("127.0.0.1", "::1")]
    assert made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert made.not_valid_before_utc < moment < made.not_valid_after_utc


@VERSIONS
@pytest.mark.parametrize("algorithm", ["ecdsa", "rsa"])
async def test_a_self_signed_certificate_of_either_kind(
    network: Network, tmp_path: Path, algorithm: Algorithm, version: ssl.TLSVersion
) -> None:
    files = self_signed(tmp_path, ["127.0.0.1"], algorithm=algorithm)
    server, _ = await network.serve(ssl=server_context(*files))
    context = client_context(files.cert)
    context.maximum_version = version
    connection, handler = await network.connect(server.port, ssl=context)
    connection.send(b"hello", binary=True)
    assert await handler.wait_messages(1) == [(b"hello", True)]
    assert algorithm_of(files.cert) == algorithm
    assert algorithm_of(files.key) is None
    assert algorithm_of(tmp_path / "nothing.pem") is None
    cipher = connection._transport.get_extra_info("cipher")[0]
    if version is ssl.TLSVersion.TLSv1_2:
        assert f"-{algorithm.upper()}-" in cipher


def test_an_earlier_certificate_is_replaced_safely(tmp_path: Path) -> None:
    """Neither an open mode nor a link laid out in its place reaches the new key."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("untouched")
    (tmp_path / "key.pem").symlink_to(elsewhere)
    (tmp_path / "cert.pem").write_text("old")
    os.chmod(tmp_path / "cert.pem", 0o666)
    files = self_signed(tmp_path, ["localhost"])
    assert elsewhere.read_text() == "untouched"
    assert not files.key.is_symlink()
    assert stat.S_IMODE(files.key.stat().st_mode) == 0o600
    assert stat.S_IMODE(files.cert.stat().st_mode) == 0o644
    server_context(*files)


def test_a_certificate_needs_a_host(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one host"):
        self_signed(tmp_path, [])


def test_a_directory_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TlsFileError, match="cannot be written"):
        self_signed(tmp_path / "file" / "below", ["localhost"])


def test_files_that_cannot_be_used_are_named(certificate: SelfSigned, tmp_path: Path) -> None:
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("no certificate")
    missing = tmp_path / "missing.pem"
    other = self_signed(tmp_path / "other", ["localhost"])
    locked = tmp_path / "locked.pem"
    locked.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"passphrase"),
        )
    )
    broken = tmp_path / "broken.pem"
    broken.write_bytes(certificate.key.read_bytes().replace(b"M", b"!"))
    cases = [
        (lambda: client_context(missing), missing, "cannot be read"),
        (lambda: client_context(tmp_path), tmp_path, "cannot be read"),
        (lambda: client_context(nonsense), nonsense, "no PEM certificate"),
        (lambda: client_context(None, certificate.cert, missing), missing, "cannot be read"),
        (lambda: client_context(None, None, certificate.key), certificate.key, "without its certificate"),
        (lambda: server_context(nonsense, certificate.key), nonsense, "no PEM certificate"),
        (lambda: server_context(certificate.cert, nonsense), nonsense, "no PEM private key"),
        (lambda: server_context(certificate.cert, None), certificate.cert, "no PEM private key"),
        (lambda: server_context(certificate.cert, other.key), other.key, "does not belong"),
        (lambda: server_context(certificate.cert, locked), locked, "passphrase"),
        (lambda: server_context(certificate.cert, broken), broken, "cannot be used"),
        (lambda: server_context(*certificate, client_ca=nonsense), nonsense, "no PEM certificate"),
    ]
    for make, path, words in cases:
        with pytest.raises(TlsFileError) as caught:
            make()
        assert caught.value.path == path
        assert str(path) in str(caught.value)
        assert words in caught.value.problem


def test_one_file_may_hold_certificate_and_key(certificate: SelfSigned, tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    both.write_bytes(certificate.cert.read_bytes() + certificate.key.read_bytes())
    server_context(both, None)
    client_context(certificate.cert, both)


async def test_the_server_is_told_whom_a_verified_certificate_names(
    network: Network, certificate: SelfSigned, tmp_path: Path
) -> None:
    own = self_signed(tmp_path, ["device"])
    context = server_context(*certificate)
    demand_certificates(context, own.cert.read_text(), all_clients=False)
    server, handlers = await network.serve(ssl=context)
    for mine in (client_context(certificate.cert, own.cert, own.key), client_context(certificate.cert)):
        await network.connect(server.port, ssl=mine)
    plain, others = await network.serve()
    await network.connect(plain.port)
    names = [(await handler.wait_opened()).peer_name for handler in (*handlers, *others)]
    assert names == ["best-fleet self-signed", None, None]
