"""The secure channel of the three suites, as the protocol's README section 3.2 defines it; nothing of the project."""

from __future__ import annotations

import base64
import binascii
import os
import struct

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SUITES = ("rsa-aes", "exchange-only", "plain")
FACTOR_BYTES = 32
SMALLEST_FRAME = 24
_OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)


class FrameError(Exception):
    """A frame after which the connection must be closed with 1008."""


def strict_base64(text: str) -> bytes:
    """Standard base64 on one line, padded; ValueError for anything else."""
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("no base64") from error


def new_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def public_text(key: rsa.RSAPrivateKey) -> str:
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def read_public(text: str) -> rsa.RSAPublicKey:
    """The peer's public key; ValueError where it is none, or no RSA key of a size that occurs."""
    try:
        key = serialization.load_der_public_key(strict_base64(text))
    except (TypeError, UnsupportedAlgorithm) as error:
        raise ValueError("no public key") from error
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < 1024:
        raise ValueError("no RSA key of 1024 bits or more")
    return key


def new_factor() -> bytes:
    return os.urandom(FACTOR_BYTES)


def wrap(factor: bytes, key: rsa.RSAPublicKey) -> str:
    return base64.b64encode(key.encrypt(factor, _OAEP)).decode()


def unwrap(text: str, key: rsa.RSAPrivateKey) -> bytes:
    factor = key.decrypt(strict_base64(text), _OAEP)
    if len(factor) != FACTOR_BYTES:
        raise ValueError("a factor has 32 bytes")
    return factor


def session_keys(device: bytes, server: bytes) -> tuple[bytes, bytes]:
    """(device to server, server to device)"""
    both = HKDF(algorithm=hashes.SHA256(), length=64, salt=b"", info=b"BEST-W channel v1").derive(device + server)
    return both[:32], both[32:]


def _nonce(counter: int) -> bytes:
    return bytes(4) + struct.pack(">Q", counter)


class Sealer:
    """One direction's sender."""

    def __init__(self, key: bytes) -> None:
        self.counter = 0
        self._cipher = AESGCM(key)

    def seal(self, text: bytes) -> bytes:
        frame = struct.pack(">Q", self.counter) + self._cipher.encrypt(_nonce(self.counter), text, None)
        self.counter += 1
        return frame


class Opener:
    """One direction's receiver."""

    def __init__(self, key: bytes) -> None:
        self.counter = 0
        self._cipher = AESGCM(key)

    def open(self, frame: bytes) -> bytes:
        if len(frame) < SMALLEST_FRAME:
            raise FrameError("frame too short")
        (counter,) = struct.unpack(">Q", frame[:8])
        if counter != self.counter:
            raise FrameError("wrong counter")
        try:
            text = self._cipher.decrypt(_nonce(counter), frame[8:], None)
        except InvalidTag as error:
            raise FrameError("wrong tag") from error
        self.counter += 1
        return text
