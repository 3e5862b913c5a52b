"""The two exchanges that suites begin with: public keys, then factors, each encrypted under the peer's key.

How both are written is the suite's form; what the agreed factors are used for is the suite's, too
(docs/deviations.md, Secure channel).
"""

import hashlib
import os
from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from simulator.protocol.channel.base import ChannelFault, ChannelViolation, DeviceChannel, KeySource, PlatformChannel
from simulator.protocol.channel.keys import decode_base64, decode_public_key, encode_public_key

FACTOR_BYTES: Final = 32
"""Of `exchange-only` and `rsa-aes`."""
THE_DEVICES: Final = "the device's"
THE_PLATFORMS: Final = "the platform's"
_MARK_BYTES: Final = 8

FactorSource = Callable[[], bytes]
"""Gives the bytes of one factor; another one at each call."""

_OAEP: Final = OAEP(mgf=MGF1(SHA256()), algorithm=SHA256(), label=None)


def random_factor() -> bytes:
    """A factor of 32 bytes from the system's random source."""
    return os.urandom(FACTOR_BYTES)


class ExchangeForm(ABC):
    """How public keys and factors are written and read; `whose` is `THE_DEVICES` or `THE_PLATFORMS`, for texts."""

    factor_bytes: int
    """Length of a factor."""

    @abstractmethod
    def write_key(self, key: RSAPrivateKey) -> str:
        """The public half, as `publicKey` carries it."""

    @abstractmethod
    def read_key(self, text: object, whose: str) -> RSAPublicKey:
        """The key in the value of a `publicKey` field.

        Raises:
            ChannelViolation: If it holds none that can be used.
        """

    @abstractmethod
    def write_factor(self, factor: bytes, key: RSAPublicKey) -> str:
        """A factor encrypted under `key`, as `factor` carries it."""

    @abstractmethod
    def read_factor(self, text: object, key: RSAPrivateKey, whose: str) -> bytes:
        """The factor in the value of a `factor` field, of whatever length.

        Raises:
            ChannelViolation: If it cannot be decrypted.
        """

    @abstractmethod
    def wrong_length(self, count: int, whose: str) -> str:
        """What is said of a factor of `count` bytes where it should have another number."""


class _Fixed(ExchangeForm):
    """Base64 of a DER SubjectPublicKeyInfo, 32 bytes under RSA-OAEP with SHA-256, base64."""

    factor_bytes = FACTOR_BYTES

    def write_key(self, key: RSAPrivateKey) -> str:
        return encode_public_key(key)

    def read_key(self, text: object, whose: str) -> RSAPublicKey:
        return decode_public_key(text)

    def write_factor(self, factor: bytes, key: RSAPublicKey) -> str:
        return b64encode(key.encrypt(factor, _OAEP)).decode("ascii")

    def read_factor(self, text: object, key: RSAPrivateKey, whose: str) -> bytes:
        try:
            return key.decrypt(decode_base64("factor", text), _OAEP)
        except ValueError:
            raise ChannelViolation("factor cannot be decrypted", ChannelFault.KEY) from None

    def wrong_length(self, count: int, whose: str) -> str:
        return f"factor has {count} bytes, not {FACTOR_BYTES}"


FIXED_FORM: Final[ExchangeForm] = _Fixed()
"""The form of `exchange-only` and `rsa-aes`."""


class ExchangingDeviceChannel(DeviceChannel):
    """A device's end that makes the two exchanges; `_agreed` is told both factors."""

    __slots__ = ("_factor", "_factor_source", "_form", "_peer_mark", "_private_key", "_server_key")

    has_exchange: ClassVar[bool] = True

    def __init__(
        self, keys: KeySource, factor_source: FactorSource = random_factor, form: ExchangeForm = FIXED_FORM
    ) -> None:
        self._private_key: RSAPrivateKey | None = keys.take()
        self._factor_source: FactorSource | None = factor_source
        self._form = form
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
        return {"publicKey": self._form.write_key(self._private_key)}

    def accept_public_key(self, results: Mapping[str, Any]) -> None:
        self._server_key = self._form.read_key(results.get("publicKey"), THE_PLATFORMS)

    def factor_params(self) -> dict[str, str]:
        if self._server_key is None or self._factor_source is None:
            raise RuntimeError("the factor follows the public keys, once")
        self._factor = self._factor_source()
        return {"factor": self._form.write_factor(self._factor, self._server_key)}

    def accept_factor(self, results: Mapping[str, Any]) -> None:
        if self._private_key is None or self._factor is None:
            raise ChannelViolation("a factor out of turn", ChannelFault.KEY)
        form = self._form
        server_factor = form.read_factor(results.get("factor"), self._private_key, THE_PLATFORMS)
        if len(server_factor) != form.factor_bytes:
            raise ChannelViolation(form.wrong_length(len(server_factor), THE_PLATFORMS), ChannelFault.KEY)
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

    __slots__ = ("_device_key", "_factor_source", "_form", "_private_key")

    has_exchange: ClassVar[bool] = True

    def __init__(
        self, keys: KeySource, factor_source: FactorSource = random_factor, form: ExchangeForm = FIXED_FORM
    ) -> None:
        self._private_key: RSAPrivateKey | None = keys.take()
        self._factor_source: FactorSource | None = factor_source
        self._form = form
        self._device_key: RSAPublicKey | None = None

    def answer_public_key(self, params: Mapping[str, Any]) -> dict[str, str]:
        if self._private_key is None:
            raise ChannelViolation("a public key after the factors", ChannelFault.KEY)
        self._device_key = self._form.read_key(params.get("publicKey"), THE_DEVICES)
        return {"publicKey": self._form.write_key(self._private_key)}

    def answer_factor(self, params: Mapping[str, Any]) -> dict[str, str]:
        if self._private_key is None or self._factor_source is None or self._device_key is None:
            raise ChannelViolation("a factor out of turn", ChannelFault.KEY)
        form = self._form
        device_factor = form.read_factor(params.get("factor"), self._private_key, THE_DEVICES)
        if len(device_factor) != form.factor_bytes:
            raise self._refusal(form.wrong_length(len(device_factor), THE_DEVICES))
        server_factor = self._factor_source()
        results = {"factor": form.write_factor(server_factor, self._device_key)}
        self._agreed(device_factor, server_factor)
        self._private_key = self._device_key = self._factor_source = None
        return results

    def _refusal(self, text: str) -> Exception:
        """What a factor of another length leads to."""
        return ChannelViolation(text, ChannelFault.KEY)

    @abstractmethod
    def _agreed(self, device_factor: bytes, server_factor: bytes) -> None:
        """Both factors are known; later traffic is in the suite's own form once `established` was called."""
