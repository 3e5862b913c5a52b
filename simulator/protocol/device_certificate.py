"""A device's certificate and private key, as the look-up's answer brings them (document 3.1, 安全模式为证书模式).

What is wrong with them, and what a certificate says, in words that hold nothing of the key. Showing them to a broker is
left to the callers.
"""

import base64
import binascii
import datetime
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

_ARMOUR: Final = "-----BEGIN "
_MINUTE: Final = "%Y-%m-%d %H:%MZ"
_NAME_CHARS: Final = 64


class PairFault(NamedTuple):
    """Why a certificate and its key cannot be shown."""

    field: Literal["certificate", "privateKey"]
    """Of the look-up's answer."""
    problem: str
    """A sentence's end that follows the field's name: what it is, and what it should be."""
    together: bool
    """Whether what there is can be read, and the fault is that the two do not make a pair."""


def pair_fault(certificate: str | None, private_key: str | None) -> PairFault | None:
    """What is wrong with the two fields of an answer; None where nothing is, or neither is there.

    What only OpenSSL could read (an algorithm of another country) is no fault: it decides.
    """
    if certificate is None:
        told = "is missing: the privateKey is of no use without the certificate that goes with it"
        return None if private_key is None else PairFault("certificate", told, True)
    if private_key is None:
        told = "is missing: the certificate cannot be shown without the key that goes with it"
        return PairFault("privateKey", told, True)
    try:
        leaf = _leaf(certificate)
        shown = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except UnsupportedAlgorithm:
        shown = None
    except ValueError:
        return PairFault("certificate", "cannot be read, should be a certificate in PEM", False)
    try:
        key = _key(private_key)
        held = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except UnsupportedAlgorithm:
        return None
    except TypeError:
        return PairFault("privateKey", "is protected by a passphrase, should be given without", False)
    except ValueError:
        return PairFault("privateKey", "cannot be read, should be an unencrypted private key in PEM", False)
    if shown is not None and shown != held:
        told = "does not belong to the certificate, should be the key that the certificate was made for"
        return PairFault("privateKey", told, True)
    return None


@lru_cache(maxsize=16)  # a root is the same for all devices
def is_certificate(text: str) -> bool:
    """Whether a text holds certificates in PEM, at least one, and all of them can be read."""
    try:
        return bool(x509.load_pem_x509_certificates(text.encode(errors="replace")))
    except ValueError:
        return False


def key_in_pem(private_key: str) -> str:
    """The key as OpenSSL reads it: the document names no form, so that the base64 of its DER means the same.

    What is neither comes back as it is.
    """
    if _ARMOUR in private_key:
        return private_key
    try:
        key = _key(private_key)
        return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return private_key


def key_kind(certificate: str) -> str:
    """Which kind of key a certificate is made for, as a dotted OID; empty where nobody can say."""
    try:
        return _leaf(certificate).public_key_algorithm_oid.dotted_string
    except ValueError:
        return ""


def validity_fault(certificate: str, now: float, margin: float = 0.0) -> str | None:
    """Why a certificate does not hold at `now` (seconds since the epoch), by more than `margin` seconds.

    None where it holds, and for a text that is no certificate.
    """
    try:
        leaf = _leaf(certificate)
        begins, ends = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    except ValueError:
        return None
    if ends.timestamp() < now - margin:
        return f"has expired at {ends:{_MINUTE}}, should be a new one"
    if begins.timestamp() > now + margin:
        return f"is not valid before {begins:{_MINUTE}}, should hold now"
    return None


def names_in(certificate: str) -> tuple[str, ...]:
    """Whom a certificate names: common names, and DNS names among its alternative names; none for what is none."""
    try:
        leaf = _leaf(certificate)
        found = [str(name.value) for name in leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        for extension in leaf.extensions:
            if isinstance(extension.value, x509.SubjectAlternativeName):
                found += extension.value.get_values_for_type(x509.DNSName)
    except ValueError:
        return ()
    return tuple(dict.fromkeys(found))


def in_words(certificate: str) -> str:
    """A certificate for people: whom it names, who issued it, how long it holds."""
    try:
        leaf = _leaf(certificate)
        issuer = leaf.issuer.rfc4514_string()[:_NAME_CHARS]
        begins, ends = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    except ValueError:
        return "a certificate that cannot be read"
    names = " and ".join(name[:_NAME_CHARS] for name in names_in(certificate)[:2]) or "nobody"
    return f"one for {names} by {issuer}, valid {_day(begins)} to {_day(ends)}"


def _day(moment: datetime.datetime) -> str:
    return format(moment, _MINUTE)


def _leaf(certificate: str) -> x509.Certificate:
    """The first certificate of a text: those of its issuers may follow it.

    Raises:
        ValueError: If there is none.
    """
    return x509.load_pem_x509_certificate(certificate.encode(errors="replace"))


def _key(private_key: str) -> PrivateKeyTypes:
    """
    Raises:
        ValueError: If it is none.
        TypeError: If it is encrypted.
        UnsupportedAlgorithm: If it may be one of a kind that we do not know.
    """
    if _ARMOUR in private_key:
        # Its prime factors are the platform's affair, and looking at them takes as long as a handshake.
        return load_pem_private_key(private_key.encode(errors="replace"), None, unsafe_skip_rsa_key_validation=True)
    return load_der_private_key(_decoded(private_key), None, unsafe_skip_rsa_key_validation=True)


def _decoded(text: str) -> bytes:
    """
    Raises:
        ValueError: If it is no base64.
    """
    try:
        return base64.b64decode("".join(text.split()).encode(errors="replace"), validate=True)
    except binascii.Error as error:
        raise ValueError("no base64") from error
