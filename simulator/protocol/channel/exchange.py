"""The two exchanges that `exchange-only` and `rsa-aes` begin with: public keys, then factors under RSA-OAEP.

What the agreed factors are used for is left to the suite (docs/deviations.md, Secure channel).
"""

import hashlib
import os
from abc import abstractmethod
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from simulator.protocol.channel.base import ChannelFault, ChannelViolation, DeviceChannel, KeySource, PlatformChannel
from simulator.protocol.channel.keys import decode_base64, decode_public_key, encode_public_key

FACTOR_BYTES: Final = 32
_MARK_BYTES: Final = 8

FactorSource = Callable[[], bytes]
"""Gives the 32 bytes of one factor; another one at each call."""

_OAEP: Final = OAEP(mgf=MGF1(SHA256()), algorithm=SHA256(), label=None)


def random_factor() -> bytes:
    """A factor from the system's random source."""
    return os.urandom(FACTOR_BYTES)


class ExchangingDeviceChannel(DeviceChannel):
    """A device's end that makes the two exchanges; `_agreed` is told both factors."""

    __slots__ = ("_factor", "_factor_source", "_peer_mark", "_private_key", "_server_key")

    has_exchange: ClassVar[bool] = True

    def __init__(self, keys: KeySource, factor_source: FactorSource = random_factor) -> None:
        self._private_key: RSAPrivateKey | None = keys.take()
        self._factor_source: FactorSource | None = factor_source
        self._server_key: RSAPublicKey | None = None
        self._factor: bytes | None = None
        self._peer_mark = b""

    @property
    def peer_key_bits(self) -> int:
        return 0 if self._server_key is None else self._server_key.key_size

    @property
    def peer_mark(self) -> bytes:
        return self._peer_mark

    def public_key_params(self) -> dict[str, str]:
        if self._private_key is None:
            raise RuntimeError("the exchange of this connection is over")
        return {"publicKey": encode_public_key(self._private_key)}

    def accept_public_key(self, results: Mapping[str, Any]) -> None:
        self._server_key = decode_public_key(results.get("publicKey"))

    def factor_params(self) -> dict[str, str]:
        if self._server_key is None or self._factor_source is None:
            raise RuntimeError("the factor follows the public keys, once")
        self._factor = self._factor_source()
        return {"factor": _encrypted(self._factor, self._server_key)}

    def accept_factor(self, results: Mapping[str, Any]) -> None:
        if self._private_key is None or self._factor is None:
            raise ChannelViolation("a factor out of turn", ChannelFault.KEY)
        server_factor = _decrypted(results.get("factor"), self._private_key)
        self._agreed(self._factor, server_factor)
        self._peer_mark = hashlib.blake2b(server_factor, digest_size=_MARK_BYTES, person=b"peer_mark").digest()
        # A fleet keeps its channels for hours: what only the exchange needed goes.
        self._private_key = self._server_key = self._factor = self._factor_source = None

    @abstractmethod
    def _agreed(self, device_factor: bytes, server_factor: bytes) -> None:
        """Both factors are known; later traffic is in the suite's own form."""


class ExchangingPlatformChannel(PlatformChannel):
    """A platform's end that makes the two exchanges; `_agreed` is told both factors.

    A device may repeat its public key until it has sent its factor (a retry after a lost reply); no exchange comes
    after the factor.
    """

    __slots__ = ("_device_key", "_factor_source", "_private_key")

    has_exchange: ClassVar[bool] = True

    def __init__(self, keys: KeySource, factor_source: FactorSource = random_factor) -> None:
        self._private_key: RSAPrivateKey | None = keys.take()
        self._factor_source: FactorSource | None = factor_source
        self._device_key: RSAPublicKey | None = None

    def answer_public_key(self, params: Mapping[str, Any]) -> dict[str, str]:
        if self._private_key is None:
            raise ChannelViolation("a public key after the factors", ChannelFault.KEY)
        self._device_key = decode_public_key(params.get("publicKey"))
        return {"publicKey": encode_public_key(self._private_key)}

    def answer_factor(self, params: Mapping[str, Any]) -> dict[str, str]:
        if self._private_key is None or self._factor_source is None or self._device_key is None:
            raise ChannelViolation("a factor out of turn", ChannelFault.KEY)
        device_factor = _decrypted(params.get("factor"), self._private_key)
        server_factor = self._factor_source()
        results = {"factor": _encrypted(server_factor, self._device_key)}
        self._agreed(device_factor, server_factor)
        self._private_key = self._device_key = self._factor_source = None
        return results

    @abstractmethod
    def _agreed(self, device_factor: bytes, server_factor: bytes) -> None:
        """Both factors are known; later traffic is in the suite's own form once `established` was called."""


def _encrypted(factor: bytes, key: RSAPublicKey) -> str:
    return b64encode(key.encrypt(factor, _OAEP)).decode("ascii")


def _decrypted(text: object, key: RSAPrivateKey) -> bytes:
    try:
        factor = key.decrypt(decode_base64("factor", text), _OAEP)
    except ValueError:
        raise ChannelViolation("factor cannot be decrypted", ChannelFault.KEY) from None
    if len(factor) != FACTOR_BYTES:
        raise ChannelViolation(f"factor has {len(factor)} bytes, not {FACTOR_BYTES}", ChannelFault.KEY)
    return factor
