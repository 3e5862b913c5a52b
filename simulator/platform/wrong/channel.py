"""The platform's end of a secure channel that is wrong: exchanges, counters and tags."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from simulator.platform.wrong import channel_modes as modes
from simulator.platform.wrong.mistakes import Mistakes
from simulator.protocol.channel.base import ChannelSuite, ChannelViolation, KeySource, PlatformChannel
from simulator.protocol.channel.context import UNKNOWN_PLATFORM, PlatformContext
from simulator.protocol.channel.exchange import FACTOR_BYTES, FactorSource, random_factor
from simulator.protocol.channel.exchange_only import ExchangeOnlyPlatformChannel, ExchangeOnlySuite
from simulator.protocol.channel.keys import generate_key
from simulator.protocol.channel.rsa_aes import (
    COUNTER_BYTES,
    MIN_FRAME_BYTES,
    TAG_BYTES,
    RsaAesPlatformChannel,
    RsaAesSuite,
    Traffic,
    derive_keys,
)

_FIXED_FACTOR = bytes(range(FACTOR_BYTES))


def wrong_channel(
    suite: ChannelSuite, keys: KeySource, mistakes: Mistakes, context: PlatformContext = UNKNOWN_PLATFORM
) -> PlatformChannel:
    """The end of a new connection; a right one for a suite that knows no mistakes."""
    if modes.KEY_SHORT in mistakes:
        keys = _SHORT_KEY
    if isinstance(suite, RsaAesSuite):
        return WrongRsaAesChannel(keys, mistakes)
    if isinstance(suite, ExchangeOnlySuite):
        return WrongExchangeOnlyChannel(keys, mistakes)
    return suite.platform_side(keys, context)


class _ShortKey:
    """One key pair of 1024 bits for all connections, made when it is first asked for."""

    def take(self) -> RSAPrivateKey:
        return self._key()

    @staticmethod
    @cache
    def _key() -> RSAPrivateKey:
        return generate_key(1024)


_SHORT_KEY = _ShortKey()


class WrongTraffic(Traffic):
    """Sealed traffic that can be out of turn."""

    __slots__ = ()

    def move(self, frames: int) -> None:
        """Let the next frame out have a counter that is so far from the right one."""
        self._sent += frames

    def open_as(self, payload: bytes) -> bytes:
        """The JSON in a frame with another counter than is due, which stays due where this one is older."""
        due = self._received
        self._received = int.from_bytes(payload[:COUNTER_BYTES], "big")
        try:
            return self.open(payload, True)
        finally:
            self._received = max(due, self._received)

    def is_older(self, payload: bytes) -> bool:
        """Whether the frame's counter was there before."""
        return int.from_bytes(payload[:COUNTER_BYTES], "big") < self._received

    def is_newer(self, payload: bytes) -> bool:
        """Whether the frame's counter skips some."""
        return int.from_bytes(payload[:COUNTER_BYTES], "big") > self._received

    def open_untagged(self, payload: bytes) -> bytes:
        """What is in the frame that is due, whatever its tag says."""
        # GCM is counter mode that begins at 2, with a tag behind it.
        start = bytes(4) + payload[:COUNTER_BYTES] + (2).to_bytes(4, "big")
        opened = Cipher(AES(self._receive_key), CTR(start)).decryptor().update(payload[COUNTER_BYTES:-TAG_BYTES])
        self._received += 1
        return opened


class _Exchanges:
    """What is wrong in both exchanges of one connection, drawn when it begins."""

    __slots__ = ("factor", "key")

    def __init__(self, mistakes: Mistakes) -> None:
        wrong = mistakes.next_of(modes.KEY_UNREADABLE, modes.FACTOR_UNREADABLE)
        self.key = wrong is modes.KEY_UNREADABLE
        self.factor = wrong is modes.FACTOR_UNREADABLE

    def public_key(self, results: dict[str, str]) -> dict[str, str]:
        return {"publicKey": "bm90IGEga2V5"} if self.key else results

    def factor_of(self, results: dict[str, str]) -> dict[str, str]:
        return {"factor": results["factor"][::-1].strip("=")} if self.factor else results


class WrongExchangeOnlyChannel(ExchangeOnlyPlatformChannel):
    """A platform's end of `exchange-only`, with mistakes."""

    __slots__ = ("_wrong",)

    def __init__(self, keys: KeySource, mistakes: Mistakes) -> None:
        super().__init__(keys, _factors(mistakes))
        self._wrong = _Exchanges(mistakes)

    def answer_public_key(self, params: Mapping[str, Any]) -> dict[str, str]:
        return self._wrong.public_key(super().answer_public_key(params))

    def answer_factor(self, params: Mapping[str, Any]) -> dict[str, str]:
        return self._wrong.factor_of(super().answer_factor(params))


class WrongRsaAesChannel(RsaAesPlatformChannel):
    """A platform's end of `rsa-aes`, with mistakes."""

    __slots__ = ("_mistakes", "_sealed", "_spoiled", "_wrong")

    def __init__(self, keys: KeySource, mistakes: Mistakes) -> None:
        super().__init__(keys, _factors(mistakes))
        self._mistakes = mistakes
        self._wrong = _Exchanges(mistakes)
        self._spoiled: WrongTraffic | None = None
        self._sealed = 0

    def answer_public_key(self, params: Mapping[str, Any]) -> dict[str, str]:
        return self._wrong.public_key(super().answer_public_key(params))

    def answer_factor(self, params: Mapping[str, Any]) -> dict[str, str]:
        return self._wrong.factor_of(super().answer_factor(params))

    def _agreed(self, device_factor: bytes, server_factor: bytes) -> None:
        to_server, to_device = derive_keys(device_factor, server_factor)
        self._agreed_traffic = self._spoiled = WrongTraffic(to_device, to_server)

    def seal(self, json: bytes) -> tuple[bytes, bool]:
        traffic = self._spoiled
        if self._traffic is None or traffic is None:
            return super().seal(json)
        number = self._sealed
        self._sealed += 1
        mode = self._mistakes.next_of(*modes.FRAME_MODES) if number == modes.FRAME else None
        if mode is modes.PLAIN:
            return json, False
        if mode is modes.COUNTER_SKIPPED:
            traffic.move(1)
        elif mode is modes.COUNTER_REPEATED:
            traffic.move(-1)
        frame = traffic.seal(json)
        if mode is modes.TAG_BROKEN:
            frame = frame[:-1] + bytes([frame[-1] ^ 1])
        elif mode is modes.SHORT:
            frame = frame[: MIN_FRAME_BYTES - 1]
        return frame, True

    def open(self, payload: bytes, binary: bool) -> bytes:
        traffic = self._spoiled
        if self._traffic is None or traffic is None:
            return super().open(payload, binary)
        mistakes = self._mistakes
        if not binary and modes.ACCEPTS_TEXT in mistakes:
            return payload
        try:
            return traffic.open(payload, binary)
        except ChannelViolation:
            if not binary or len(payload) < MIN_FRAME_BYTES:
                raise
            if traffic.is_older(payload):
                if modes.ACCEPTS_REPLAY in mistakes:
                    return traffic.open_as(payload)
            elif traffic.is_newer(payload):
                if modes.ACCEPTS_GAP in mistakes:
                    return traffic.open_as(payload)
            elif modes.ACCEPTS_TAG in mistakes:
                return traffic.open_untagged(payload)
            raise


def _factors(mistakes: Mistakes) -> FactorSource:
    return (lambda: _FIXED_FACTOR) if modes.FACTOR_REPEATED in mistakes else random_factor
