"""A look-up's certificate and key: what is wrong with them, and what a certificate says, without a word of the key."""

from __future__ import annotations

import base64
import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from hypothesis import given
from hypothesis import strategies as st

from simulator.protocol import device_certificate
from simulator.wire.authority import CertificateAuthority

NOW = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
AUTHORITY = CertificateAuthority("tests", NOW)
OWN = AUTHORITY.client("SN1", NOW - DAY, NOW + DAY)
OTHER = AUTHORITY.client("SN2", NOW - DAY, NOW + DAY)
KEYS = {
    "RSA": rsa.generate_private_key(65537, 2048),
    "P-384": ec.generate_private_key(ec.SECP384R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate(),
}


def certified(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "SN1")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(NOW - DAY).not_valid_after(NOW + DAY)
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, algorithm).public_bytes(Encoding.PEM).decode()


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_a_right_pair_of_any_kind(kind: str, encoding: Encoding, form: PrivateFormat) -> None:
    if kind == "Ed25519" and form is PrivateFormat.TraditionalOpenSSL:
        pytest.skip("there is no such form")
    key = KEYS[kind]
    held = key.private_bytes(encoding, form, NoEncryption())
    text = held.decode() if encoding is Encoding.PEM else base64.encodebytes(held).decode()
    assert device_certificate.pair_fault(certified(key), text) is None
    in_pem = device_certificate.key_in_pem(text)
    read = load_pem_private_key(in_pem.encode(), None)
    assert read.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()) == key.private_bytes(
        Encoding.DER, PrivateFormat.PKCS8, NoEncryption()
    )


def test_kinds_of_keys_differ_and_curves_do_not() -> None:
    """OpenSSL keeps a certificate of each of these kinds."""
    kinds = {name: device_certificate.key_kind(certified(key)) for name, key in KEYS.items()}
    assert len(set(kinds.values())) == 3
    assert device_certificate.key_kind(OWN.certificate) == kinds["P-384"]
    assert device_certificate.key_kind("garbage") == ""


def locked() -> str:
    key = load_pem_private_key(OWN.private_key.encode(), None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")).decode()


@pytest.mark.parametrize(
    ("certificate", "key", "field", "words", "together"),
    [
        (None, OWN.private_key, "certificate", "is missing", True),
        (OWN.certificate, None, "privateKey", "is missing", True),
        ("garbage", OWN.private_key, "certificate", "cannot be read", False),
        ("证书", OWN.private_key, "certificate", "cannot be read", False),
        (OWN.certificate, "garbage", "privateKey", "cannot be read", False),
        (OWN.certificate, OWN.private_key[:-60], "privateKey", "cannot be read", False),
        (OWN.certificate, OWN.public_key, "privateKey", "cannot be read", False),
        (OWN.certificate, "QUJD", "privateKey", "cannot be read", False),
        (OWN.certificate, locked(), "privateKey", "passphrase", False),
        (OWN.certificate, OTHER.private_key, "privateKey", "does not belong to the certificate", True),
    ],
    ids=["c-", "-k", "c?", "c??", "k?", "k cut", "public", "base64", "locked", "another"],
)
def test_a_pair_of_no_use(certificate: str, key: str, field: str, words: str, together: bool) -> None:
    fault = device_certificate.pair_fault(certificate, key)
    assert fault is not None
    assert (fault.field, fault.together) == (field, together)
    assert words in fault.problem
    assert "should be" in fault.problem or "without" in fault.problem


def test_neither_is_no_fault() -> None:
    assert device_certificate.pair_fault(None, None) is None


@given(st.text(), st.text())
def test_no_text_is_too_odd(certificate: str, key: str) -> None:
    assert device_certificate.pair_fault(certificate, key) is not None
    assert device_certificate.key_in_pem(key) == key
    assert device_certificate.in_words(certificate) == "a certificate that cannot be read"
    assert device_certificate.names_in(certificate) == ()
    assert not device_certificate.is_certificate(certificate)


@given(st.text())
def test_no_key_is_too_odd_beside_a_certificate(key: str) -> None:
    fault = device_certificate.pair_fault(OWN.certificate, key)
    assert fault is not None
    assert len(key) < 20 or key not in fault.problem


@pytest.mark.parametrize(
    ("days", "margin", "words"),
    [
        (0, 0, None),
        (1.01, 0, "has expired at 2026-01-02 12:00Z"),
        (-1.01, 0, "is not valid before 2025-12-31 12:00Z"),
        (1.01, 86_400, None),
        (-1.01, 86_400, None),
    ],
)
def test_the_time_of_a_certificate(days: float, margin: float, words: str | None) -> None:
    fault = device_certificate.validity_fault(OWN.certificate, NOW.timestamp() + days * 86_400, margin)
    assert (fault is None) if words is None else (words in (fault or ""))


def test_what_is_none_has_no_time() -> None:
    assert device_certificate.validity_fault("garbage", 0) is None


def test_in_words() -> None:
    words = "one for SN1 by CN=tests, valid 2025-12-31 12:00Z to 2026-01-02 12:00Z"
    assert device_certificate.in_words(OWN.certificate) == words
    # The device's own comes first, its issuers after it.
    assert device_certificate.in_words(OWN.certificate + AUTHORITY.root) == words


def test_all_of_several_have_to_be_certificates() -> None:
    broken = AUTHORITY.root.replace("M", "?", 1)
    assert device_certificate.is_certificate(AUTHORITY.root * 2)
    assert not device_certificate.is_certificate(AUTHORITY.root + broken)
