"""TLS settings for both sides, and a self-signed certificate for a platform on one's own machine."""

import contextlib
import datetime
import ipaddress
import os
import ssl
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from simulator.wire.alerts import TellingHandshake
from simulator.wire.errors import TlsFileError

# Browsers and platforms refuse server certificates that live longer.
_LIFE = datetime.timedelta(days=825)
# For a peer whose clock is behind ours.
_HEAD_START = datetime.timedelta(days=1)

StrPath = str | os.PathLike[str]

Algorithm = Literal["ecdsa", "rsa"]
"""By which a server signs in handshakes: with a key of P-256, or one of RSA."""
RSA_BITS: Final = 2048
"""What public authorities ask for at least, and most servers have."""


class SelfSigned(NamedTuple):
    """Files of a self-signed certificate. `cert` is at the same time the CA file for clients."""

    cert: Path
    key: Path


def client_context(
    ca_file: StrPath | None = None,
    client_cert: StrPath | None = None,
    client_key: StrPath | None = None,
    verify: bool = True,
    alpn: str | None = None,
) -> ssl.SSLContext:
    """TLS settings of a client.

    Args:
        ca_file: PEM file of the certificates to trust, instead of the system's.
        client_cert: PEM file of our own certificate, where the server demands one.
        client_key: PEM file of its key; None when it stands in `client_cert`.
        verify: False takes any certificate. Never the default: whoever is in between could read all.
        alpn: The protocol to offer (RFC 7301); whoever offers another one needs settings of their own.

    Raises:
        TlsFileError: Naming the file that cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if alpn is not None:
        context.set_alpn_protocols([alpn])
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if ca_file is not None:
        _load_ca(context, Path(ca_file))
    elif verify:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    if client_cert is not None:
        _load_pair(context, Path(client_cert), Path(client_key) if client_key is not None else None)
    elif client_key is not None:
        raise TlsFileError(Path(client_key), "a client key is of no use without its certificate")
    return context


def server_context(cert: StrPath, key: StrPath | None, client_ca: StrPath | None = None) -> ssl.SSLContext:
    """TLS settings of a server.

    Args:
        cert: PEM file of the certificate, its chain after it.
        key: PEM file of the key; None when it stands in `cert`.
        client_ca: PEM file of the CA whose certificates clients must show; None demands none.

    Raises:
        TlsFileError: Naming the file that cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load_pair(context, Path(cert), Path(key) if key is not None else None)
    if client_ca is not None:
        _load_ca(context, Path(client_ca))
        _demand(context)
    return context


def demand_certificates(context: ssl.SSLContext, root: str, *, all_clients: bool = True) -> None:
    """Have a server demand certificates of this root (PEM text) of its clients.

    Args:
        all_clients: False lets in those that show none.
    """
    context.load_verify_locations(cadata=root)
    _demand(context)
    if not all_clients:
        context.verify_mode = ssl.CERT_OPTIONAL


def _demand(context: ssl.SSLContext) -> None:
    context.verify_mode = ssl.CERT_REQUIRED
    context.sslobject_class = TellingHandshake


def server_key(algorithm: Algorithm) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    """A new key; one of RSA takes tenths of a second."""
    if algorithm == "rsa":
        return rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    return ec.generate_private_key(ec.SECP256R1())


def algorithm_of(certificate: Path) -> Algorithm | None:
    """By which the server signs whose certificate the PEM file holds; None for another one, or none at all."""
    try:
        public = x509.load_pem_x509_certificate(certificate.read_bytes()).public_key()
    except (OSError, ValueError):
        return None
    if isinstance(public, ec.EllipticCurvePublicKey):
        return "ecdsa"
    return "rsa" if isinstance(public, rsa.RSAPublicKey) else None


def self_signed(
    directory: StrPath, hosts: Iterable[str], now: datetime.datetime | None = None, algorithm: Algorithm = "ecdsa"
) -> SelfSigned:
    """Make a certificate for `hosts` (names and IP addresses) that is its own CA; replaces an earlier one.

    The key is readable for its owner alone from the first byte on.

    Raises:
        ValueError: If `hosts` is empty.
        TlsFileError: If the directory cannot be written to.
    """
    names = [general_name(host) for host in hosts]
    if not names:
        raise ValueError("a certificate needs at least one host")
    moment = now or datetime.datetime.now(datetime.UTC)
    key = server_key(algorithm)
    public = key.public_key()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "best-fleet self-signed")])
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        # For what TLS 1.2 has besides: with RSA a client may encrypt to the key.
        key_encipherment=algorithm == "rsa",
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - _HEAD_START)
        .not_valid_after(moment - _HEAD_START + _LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(purposes, critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )
    key_pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    folder = Path(directory)
    files = SelfSigned(cert=folder / "cert.pem", key=folder / "key.pem")
    write_file(files.key, key_pem, 0o600)
    write_file(files.cert, certificate.public_bytes(serialization.Encoding.PEM), 0o644)
    return files


def general_name(host: str) -> x509.GeneralName:
    """An IP address or a DNS name, as a certificate holds it."""
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def write_file(path: Path, content: bytes, mode: int) -> None:
    """Write a file under another name and move it into place, so that nobody meets half of it or an old mode.

    Raises:
        TlsFileError: If the directory cannot be written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # mkstemp opens with O_EXCL and mode 0600: no link laid out by others is followed, and none can read it.
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                os.fchmod(file.fileno(), mode)
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
    except OSError as exc:
        raise TlsFileError(path, f"cannot be written ({exc.strerror})") from exc


def _load_ca(context: ssl.SSLContext, path: Path) -> None:
    _readable(path)
    try:
        context.load_verify_locations(cafile=path)
    except ssl.SSLError as exc:
        raise TlsFileError(path, "holds no PEM certificate that can be used as CA") from exc


def _load_pair(context: ssl.SSLContext, cert: Path, key: Path | None) -> None:
    _readable(cert)
    if key is not None:
        _readable(key)
    asked = False

    def passphrase() -> bytes:
        # Without this OpenSSL would ask for one on the terminal.
        nonlocal asked
        asked = True
        return b""

    try:
        context.load_cert_chain(cert, key, password=passphrase)
    except (ssl.SSLError, ValueError) as exc:
        if asked:
            raise TlsFileError(key or cert, "the key is protected by a passphrase: give one without") from exc
        if isinstance(exc, ssl.SSLError) and exc.reason == "KEY_VALUES_MISMATCH":
            raise TlsFileError(key or cert, f"the key does not belong to the certificate in {cert}") from exc
        culprit, what = _unusable(cert, key)
        raise TlsFileError(culprit, what) from exc


def _unusable(cert: Path, key: Path | None) -> tuple[Path, str]:
    """Which of the two files OpenSSL did not like: it does not say."""
    if b"-----BEGIN CERTIFICATE-----" not in cert.read_bytes():
        return cert, "holds no PEM certificate"
    key_file = key or cert
    if b"PRIVATE KEY-----" not in key_file.read_bytes():
        return key_file, "holds no PEM private key"
    return key_file, f"certificate and key cannot be used together (certificate: {cert})"


def _readable(path: Path) -> None:
    try:
        with path.open("rb"):
            pass
    except OSError as exc:
        raise TlsFileError(path, f"cannot be read ({exc.strerror})") from exc
