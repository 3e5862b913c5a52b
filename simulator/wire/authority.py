"""A certificate authority on one's own machine: its root, a server's certificate, and clients' ones made on demand.

Its key and the clients' are P-256: a client's certificate takes 0.4 ms with its key, an RSA key alone would take
100 ms.
Nothing is kept of what was issued.
"""

import datetime
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from simulator.wire.errors import TlsFileError
from simulator.wire.tls import Algorithm, StrPath, general_name, server_key, write_file

LIFE: Final = datetime.timedelta(days=825)
"""Of the root and the server's certificate; browsers and platforms refuse server certificates that live longer."""
CLIENT_LIFE: Final = datetime.timedelta(days=365)
HEAD_START: Final = datetime.timedelta(days=1)
"""For a peer whose clock is behind ours."""
_MOST_NAME: Final = 64
"""Characters of a common name, as X.509 has it (ub-common-name)."""
_HOST: Final = re.compile("[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")

_PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


class Issued(NamedTuple):
    """A certificate with its key, PEM texts; never shown whole."""

    certificate: str
    private_key: str
    public_key: str

    def __repr__(self) -> str:
        return "Issued(…)"


class ServerFiles(NamedTuple):
    """Files of a server's certificate; `ca` is the root that clients trust."""

    cert: Path
    key: Path
    ca: Path


class CertificateAuthority:
    """Issues certificates. Its own key is nowhere but in memory, unless a file is named for it.

    Args:
        name: common name of the root.
        now: when it is made.
        kept: file of its key and root, readable for its owner alone: it is the one that stands there, or is put there.

    Attributes:
        root: the root's certificate, PEM text.

    Raises:
        TlsFileError: If `kept` can be neither used nor written.
    """

    def __init__(self, name: str, now: datetime.datetime, kept: Path | None = None) -> None:
        self._subject = _named(name)
        if kept is not None and kept.exists():
            self._key, root = _read(kept)
        else:
            self._key = ec.generate_private_key(ec.SECP256R1())
            root = self._make_root(now)
            if kept is not None:
                write_file(kept, _private(self._key) + root.public_bytes(Encoding.PEM), 0o600)
        self.root = root.public_bytes(Encoding.PEM).decode()

    def _make_root(self, now: datetime.datetime) -> x509.Certificate:
        begins = now - HEAD_START
        builder = _builder(self._subject, self._subject, self._key.public_key(), begins, begins + LIFE)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
        return builder.sign(self._key, hashes.SHA256())

    def client(self, name: str, begins: datetime.datetime, ends: datetime.datetime) -> Issued:
        """A certificate for a client whose common name, and DNS name where it can be one, is `name`."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._issue(_named(name), key.public_key(), begins, ends, ExtendedKeyUsageOID.CLIENT_AUTH)
        if _HOST.fullmatch(name):
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        return Issued(
            certificate.public_bytes(Encoding.PEM).decode(),
            _private(key).decode(),
            key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        )

    def server(
        self, directory: StrPath, hosts: Iterable[str], now: datetime.datetime, algorithm: Algorithm = "ecdsa"
    ) -> ServerFiles:
        """Write a server's certificate for `hosts` (names and IP addresses), its key and the root into `directory`.

        Raises:
            TlsFileError: If the directory cannot be written to.
        """
        key = server_key(algorithm)
        begins = now - HEAD_START
        builder = self._issue(
            _named("best-fleet platform"), key.public_key(), begins, begins + LIFE, ExtendedKeyUsageOID.SERVER_AUTH
        )
        names = x509.SubjectAlternativeName([general_name(host) for host in hosts])
        certificate = builder.add_extension(names, critical=False).sign(self._key, hashes.SHA256())
        folder = Path(directory)
        files = ServerFiles(folder / "cert.pem", folder / "key.pem", folder / "ca.pem")
        write_file(files.key, _private(key), 0o600)
        write_file(files.cert, certificate.public_bytes(Encoding.PEM), 0o644)
        write_file(files.ca, self.root.encode(), 0o644)
        return files

    def _issue(
        self,
        subject: x509.Name,
        public: _PublicKey,
        begins: datetime.datetime,
        ends: datetime.datetime,
        purpose: x509.ObjectIdentifier,
    ) -> x509.CertificateBuilder:
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return (
            _builder(subject, self._subject, public, begins, ends)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(
                _usage(signs_certificates=False, rsa_key=isinstance(public, rsa.RSAPublicKey)), critical=True
            )
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(issuer, critical=False)
        )


def _private(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _read(path: Path) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """The key and the root of an earlier authority.

    Raises:
        TlsFileError: If they do not stand there.
    """
    try:
        content = path.read_bytes()
        key, root = load_pem_private_key(content, None), x509.load_pem_x509_certificate(content)
    except OSError as error:
        raise TlsFileError(path, f"cannot be read ({error.strerror})") from error
    except (ValueError, TypeError):
        raise TlsFileError(path, "holds no key and certificate of a CA") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != root.public_key():
        raise TlsFileError(path, "holds a key and a certificate that do not belong together")
    return key, root


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:_MOST_NAME])])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public: _PublicKey,
    begins: datetime.datetime,
    ends: datetime.datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _usage(*, signs_certificates: bool, rsa_key: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=rsa_key,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
