"""A certificate of one's own: shown by whom it belongs to, of settings that all share, and never on the disk."""

from __future__ import annotations

import datetime
import os
import ssl
import tempfile
from pathlib import Path
from typing import Any, NoReturn

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from simulator.wire import ConnectFailed, TlsFileError
from simulator.wire.authority import CertificateAuthority, Issued, ServerFiles
from simulator.wire.own_certificate import OwnCertificate, load_pair
from simulator.wire.tls import client_context, server_context
from tests.wire.helpers import Collector, Network

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)


@pytest.fixture(scope="module")
def authority() -> CertificateAuthority:
    return CertificateAuthority("tests", NOW)


@pytest.fixture(scope="module")
def server_files(authority: CertificateAuthority, tmp_path_factory: pytest.TempPathFactory) -> ServerFiles:
    return authority.server(tmp_path_factory.mktemp("tls"), ["127.0.0.1"], NOW)


def made(authority: CertificateAuthority, name: str) -> Issued:
    return authority.client(name, NOW - DAY, NOW + DAY)


def shown_to(handler: Collector) -> str:
    """The common name of what the peer of a server's connection showed."""
    assert handler.connection is not None
    held = handler.connection._transport.get_extra_info("peercert")
    return str(dict(pair for part in held["subject"] for pair in part)["commonName"])


async def test_each_peer_shows_its_own_of_shared_settings(
    network: Network, authority: CertificateAuthority, server_files: ServerFiles
) -> None:
    server, handlers = await network.serve(ssl=server_context(*server_files))
    context = client_context(server_files.ca)
    names = ["SN1", "SN2", "SN1", "SN3"]
    for name in names:
        pair = made(authority, name)
        own = OwnCertificate(context, pair.certificate, pair.private_key)
        await network.connect(server.port, url=f"wss://127.0.0.1:{server.port}/", ssl=own)
    assert [shown_to(handler) for handler in handlers] == names


async def test_open_connections_keep_theirs_when_another_is_loaded(
    network: Network, authority: CertificateAuthority, server_files: ServerFiles
) -> None:
    server, handlers = await network.serve(ssl=server_context(*server_files))
    context = client_context(server_files.ca)
    first = OwnCertificate(context, *made(authority, "SN1")[:2])
    connection, _ = await network.connect(server.port, url=f"wss://127.0.0.1:{server.port}/", ssl=first)
    load_pair(context, *made(authority, "SN2")[:2])
    connection.send(b"still here", False)
    await handlers[0].wait_messages(1)
    assert shown_to(handlers[0]) == "SN1"
    # The same device comes again, by what it holds.
    await network.connect(server.port, url=f"wss://127.0.0.1:{server.port}/", ssl=first)
    assert shown_to(handlers[1]) == "SN1"


@pytest.mark.parametrize("key", ["garbage", "-----BEGIN X-----\n", ""])
async def test_a_pair_that_openssl_cannot_use_fails_the_connect(
    network: Network, authority: CertificateAuthority, server_files: ServerFiles, key: str
) -> None:
    server, _ = await network.serve(ssl=server_context(*server_files))
    own = OwnCertificate(client_context(server_files.ca), made(authority, "SN1").certificate, key)
    # Often: a socket that is closed twice is somebody else's the second time, once in a while.
    for _ in range(20):
        with pytest.raises(ConnectFailed) as caught:
            await network.connect(server.port, url=f"wss://127.0.0.1:{server.port}/", ssl=own)
        assert caught.value.kind == "tls"
        assert "own certificate cannot be shown" in caught.value.detail


def test_a_key_with_a_passphrase_asks_nobody(authority: CertificateAuthority) -> None:
    pair = made(authority, "SN1")
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, load_pem_private_key

    key = load_pem_private_key(pair.private_key.encode(), None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")).decode()
    with pytest.raises(ssl.SSLError):
        load_pair(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), pair.certificate, locked)


def no_memory(*_: Any) -> NoReturn:
    raise OSError("no memfd_create")


def watched(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, int]]:
    """Path, mode and mode of the directory of each file that OpenSSL is given."""
    seen: list[tuple[str, int, int]] = []
    real = ssl.SSLContext.load_cert_chain

    def load(self: ssl.SSLContext, path: str, *arguments: Any, **options: Any) -> None:
        seen.append((path, os.stat(path).st_mode & 0o777, os.stat(Path(path).parent).st_mode & 0o777))
        real(self, path, *arguments, **options)

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", load)
    return seen


def test_no_key_touches_the_disk(
    authority: CertificateAuthority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    seen = watched(monkeypatch)
    before = len(os.listdir("/proc/self/fd"))
    load_pair(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), *made(authority, "SN1")[:2])
    assert [path.startswith("/proc/self/fd/") for path, _, _ in seen] == [True]
    assert list(tmp_path.iterdir()) == []
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("broken", [False, True])
def test_where_there_are_no_files_in_memory_its_owner_alone_reads_it_for_a_moment(
    authority: CertificateAuthority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, broken: bool
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(os, "memfd_create", no_memory)
    seen = watched(monkeypatch)
    pair = made(authority, "SN1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if broken:
        with pytest.raises(ssl.SSLError):
            load_pair(context, pair.certificate, "garbage")
    else:
        load_pair(context, pair.certificate, pair.private_key)
    assert [(path.startswith(str(tmp_path)), mode, around) for path, mode, around in seen] == [(True, 0o600, 0o700)]
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_room_is_said(
    authority: CertificateAuthority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    monkeypatch.setattr(os, "memfd_create", no_memory)
    with pytest.raises(TlsFileError, match="cannot be written"):
        load_pair(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), *made(authority, "SN1")[:2])


def test_its_repr_holds_no_key(authority: CertificateAuthority) -> None:
    pair = made(authority, "SN1")
    own = OwnCertificate(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), pair.certificate, pair.private_key)
    assert pair.private_key.splitlines()[1] not in f"{own!r} {own}"
    assert not hasattr(own, "__dict__")


def test_rsa_pairs_do(authority: CertificateAuthority) -> None:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "SN1")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(NOW - DAY).not_valid_after(NOW + DAY)
    pem = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()
    held = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    load_pair(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), pem, held)
