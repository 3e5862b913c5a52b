"""AES in the three modes of the suite `configurable`: one message sealed or opened under a key and an IV."""

from abc import ABC, abstractmethod
from functools import lru_cache
from typing import ClassVar, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB
from cryptography.hazmat.primitives.padding import PKCS7

from simulator.protocol.channel.faults import ChannelFault, ChannelViolation

BLOCK_BYTES: Final = 16

_PKCS7: Final = PKCS7(8 * BLOCK_BYTES)


# As in `rsa_aes`: cipher objects take native memory, so the busiest connections share what one cache holds of them.
@lru_cache(maxsize=2048)
def _gcm(key: bytes) -> AESGCM:
    return AESGCM(key)


# Whole blocks leave nothing in them, and so they serve one message after the other.
@lru_cache(maxsize=2048)
def _ecb(key: bytes) -> tuple[CipherContext, CipherContext]:
    cipher = Cipher(AES(key), ECB())
    return cipher.encryptor(), cipher.decryptor()


class Mode(ABC):
    """One mode of AES; without state, so that one serves all connections."""

    __slots__ = ()

    iv_bytes: ClassVar[int]
    least: ClassVar[int]
    """Bytes of the shortest ciphertext."""

    @abstractmethod
    def seal(self, key: bytes, iv: bytes, json: bytes) -> bytes:
        """The ciphertext of a message, with its tag or padding."""

    @abstractmethod
    def open(self, key: bytes, iv: bytes, sealed: bytes) -> bytes:
        """The message in a ciphertext.

        Raises:
            ChannelViolation: If its length, tag or padding is wrong.
        """


class Gcm(Mode):
    """Authenticated: a 16-byte tag follows the ciphertext; no additional data."""

    __slots__ = ()

    iv_bytes = 12
    least = 16

    def seal(self, key: bytes, iv: bytes, json: bytes) -> bytes:
        return _gcm(key).encrypt(iv, json, None)

    def open(self, key: bytes, iv: bytes, sealed: bytes) -> bytes:
        try:
            return _gcm(key).decrypt(iv, sealed, None)
        except InvalidTag:
            raise ChannelViolation("a frame with a wrong tag", ChannelFault.TAG) from None


class _Padded(Mode):
    """Whole blocks with PKCS#7 padding: whether it is the peer's message shows in what comes out alone."""

    __slots__ = ()

    least = BLOCK_BYTES

    @abstractmethod
    def _encryptor(self, key: bytes, iv: bytes) -> CipherContext: ...

    @abstractmethod
    def _decryptor(self, key: bytes, iv: bytes) -> CipherContext: ...

    def seal(self, key: bytes, iv: bytes, json: bytes) -> bytes:
        padder = _PKCS7.padder()
        return self._encryptor(key, iv).update(padder.update(json) + padder.finalize())

    def open(self, key: bytes, iv: bytes, sealed: bytes) -> bytes:
        if len(sealed) % BLOCK_BYTES:
            raise ChannelViolation(f"a ciphertext of {len(sealed)} bytes, which are no whole blocks")
        unpadder = _PKCS7.unpadder()
        padded = self._decryptor(key, iv).update(sealed)
        try:
            return unpadder.update(padded) + unpadder.finalize()
        except ValueError:
            raise ChannelViolation("a frame with wrong padding", ChannelFault.TAG) from None


class Cbc(_Padded):
    """Each message a chain of its own."""

    __slots__ = ()

    iv_bytes = BLOCK_BYTES

    def _encryptor(self, key: bytes, iv: bytes) -> CipherContext:
        return Cipher(AES(key), CBC(iv)).encryptor()

    def _decryptor(self, key: bytes, iv: bytes) -> CipherContext:
        return Cipher(AES(key), CBC(iv)).decryptor()


class Ecb(_Padded):
    """Each block by itself: no IV, and so no state between messages."""

    __slots__ = ()

    iv_bytes = 0

    def _encryptor(self, key: bytes, iv: bytes) -> CipherContext:
        return _ecb(key)[0]

    def _decryptor(self, key: bytes, iv: bytes) -> CipherContext:
        return _ecb(key)[1]


MODES: Final[dict[str, Mode]] = {"gcm": Gcm(), "cbc": Cbc(), "ecb": Ecb()}
"""By the cipher's last word."""
