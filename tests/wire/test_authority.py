"""The certificate authority: what it issues is trusted by its root alone, and its key is nowhere."""

from __future__ import annotations

import datetime
import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature

from simulator.wire.authority import CLIENT_LIFE, HEAD_START, CertificateAuthority
from simulator.wire.errors import TlsFileError
from simulator.wire.own_certificate import OwnCertificate
from simulator.wire.tls import algorithm_of, client_context, server_context
from tests.wire.helpers import Network

NOW = datetime.datetime.now(datetime.UTC)


def authority() -> CertificateAuthority:
    return CertificateAuthority("tests", NOW)


async def test_both_sides_trust_what_it_issued(network: Network, tmp_path: Path) -> None:
    ca = authority()
    files = ca.server(tmp_path, ["127.0.0.1", "localhost"], NOW)
    made = ca.client("SN1", NOW - HEAD_START, NOW + CLIENT_LIFE)
    server, handlers = await network.serve(ssl=server_context(files.cert, files.key, files.ca))
    own = OwnCertificate(client_context(files.ca), made.certificate, made.private_key)
    connection, _ = await network.connect(server.port, url=f"wss://localhost:{server.port}/", ssl=own)
    connection.send(b"hello", False)
    assert await handlers[0].wait_messages(1) == [(b"hello", False)]


async def test_a_servers_key_may_be_rsa(network: Network, tmp_path: Path) -> None:
    ca = authority()
    files = ca.server(tmp_path, ["127.0.0.1"], NOW, "rsa")
    assert algorithm_of(files.cert) == "rsa"
    assert algorithm_of(files.ca) == "ecdsa"
    server, _ = await network.serve(ssl=server_context(files.cert, files.key))
    connection, _ = await network.connect(server.port, ssl=client_context(files.ca))
    assert connection.is_open


def test_another_authority_of_the_same_name_is_not_trusted(tmp_path: Path) -> None:
    files = authority().server(tmp_path, ["127.0.0.1"], NOW)
    other = x509.load_pem_x509_certificate(authority().root.encode())
    found = x509.load_pem_x509_certificate(files.cert.read_bytes())
    with pytest.raises(InvalidSignature):
        found.verify_directly_issued_by(other)
    found.verify_directly_issued_by(x509.load_pem_x509_certificate(files.ca.read_bytes()))


@pytest.mark.parametrize(("name", "hosts"), [("SN-0001", ["SN-0001"]), ("SN_1@x", []), ("x" * 64, []), ("-SN", [])])
def test_a_name_that_is_no_host_stands_in_the_subject_alone(name: str, hosts: list[str]) -> None:
    made = authority().client(name, NOW, NOW + CLIENT_LIFE)
    found = x509.load_pem_x509_certificate(made.certificate.encode())
    assert found.subject.rfc4514_string() == f"CN={name}"
    names = [
        host
        for extension in found.extensions
        if isinstance(extension.value, x509.SubjectAlternativeName)
        for host in extension.value.get_values_for_type(x509.DNSName)
    ]
    assert names == hosts


def test_only_the_owner_reads_the_servers_key(tmp_path: Path) -> None:
    files = authority().server(tmp_path, ["127.0.0.1"], NOW)
    assert stat.S_IMODE(files.key.stat().st_mode) == 0o600
    # None but the server's key is on the disk.
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ca.pem", "cert.pem", "key.pem"]
    assert "PRIVATE" not in files.ca.read_text() + files.cert.read_text()
    context = ssl.create_default_context(cafile=files.ca)
    assert len(context.get_ca_certs()) == 1


def test_what_was_issued_is_not_shown() -> None:
    made = authority().client("SN1", NOW, NOW + CLIENT_LIFE)
    assert "PRIVATE" not in repr(made)
    assert "PRIVATE" not in str(made)


def test_a_directory_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TlsFileError):
        authority().server(tmp_path / "file" / "sub", ["127.0.0.1"], NOW)


# --- Kept in a file ---


def test_a_kept_authority_is_the_same_again_and_nobody_else_reads_its_key(tmp_path: Path) -> None:
    kept = tmp_path / "made" / "ca-key.pem"
    first = CertificateAuthority("tests", NOW, kept)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    again = CertificateAuthority("tests", NOW, kept)
    assert again.root == first.root
    made = again.client("SN1", NOW - HEAD_START, NOW + CLIENT_LIFE)
    root = x509.load_pem_x509_certificate(first.root.encode())
    x509.load_pem_x509_certificate(made.certificate.encode()).verify_directly_issued_by(root)


def test_a_kept_authority_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    kept = tmp_path / "ca-key.pem"
    kept.write_text("nothing of it")
    with pytest.raises(TlsFileError, match=r"ca-key\.pem.*holds no key"):
        CertificateAuthority("tests", NOW, kept)
    kept.unlink()
    CertificateAuthority("tests", NOW, kept)
    key = kept.read_text().partition("-----BEGIN CERTIFICATE")[0]
    kept.write_text(key + authority().root)
    with pytest.raises(TlsFileError, match="do not belong together"):
        CertificateAuthority("tests", NOW, kept)
    kept.unlink()
    kept.mkdir()
    with pytest.raises(TlsFileError, match="cannot be read"):
        CertificateAuthority("tests", NOW, kept)
