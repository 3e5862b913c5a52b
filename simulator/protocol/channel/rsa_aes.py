"""The suite `rsa-aes`, the default: AES-256-GCM under keys that both factors are mixed into.

After the exchange every message is one binary frame: an 8-byte big-endian counter, then the ciphertext with its 16-byte
tag. Each direction has its own key and its own counter, which starts at 0 and goes up by one.
"""

from functools import lru_cache
from struct import Struct
from typing import ClassVar, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from simulator.protocol.channel.base import (
    ChannelFault,
    ChannelSuite,
    ChannelViolation,
    DeviceChannel,
    KeySource,
    PlatformChannel,
    open_text,
)
from simulator.protocol.channel.context import UNKNOWN_DEVICE, UNKNOWN_PLATFORM, DeviceContext, PlatformContext
from simulator.protocol.channel.exchange import (
    ExchangingDeviceChannel,
    ExchangingPlatformChannel,
    FactorSource,
    random_factor,
)

COUNTER_BYTES: Final = 8
TAG_BYTES: Final = 16
MIN_FRAME_BYTES: Final = COUNTER_BYTES + TAG_BYTES
KEY_BYTES: Final = 32

_INFO: Final = b"BEST-W channel v1"
_nonce = Struct(">4xQ").pack
"""A GCM nonce of a counter: 4 zero bytes, then the counter as it stands at the frame's head."""


# A cipher object holds 2.5 KB of native memory and takes 1 µs to make. Two for each of 20,000 connections would hold
# 100 MB; this many hold 5 MB and save that microsecond for the thousand busiest.
@lru_cache(maxsize=2048)
def _cipher(key: bytes) -> AESGCM:
    return AESGCM(key)


def derive_keys(device_factor: bytes, server_factor: bytes) -> tuple[bytes, bytes]:
    """The session's keys, 32 bytes each: device to server, server to device."""
    hkdf = HKDF(algorithm=SHA256(), length=2 * KEY_BYTES, salt=b"", info=_INFO)
    keys = hkdf.derive(device_factor + server_factor)
    return keys[:KEY_BYTES], keys[KEY_BYTES:]


class Traffic:
    """One side's sealed traffic: a key and a counter for each direction."""

    __slots__ = ("_receive_key", "_received", "_send_key", "_sent")

    def __init__(self, send_key: bytes, receive_key: bytes) -> None:
        self._send_key = send_key
        self._receive_key = receive_key
        self._sent = 0
        self._received = 0

    def seal(self, json: bytes) -> bytes:
        """The binary frame of the next message."""
        count = self._sent
        self._sent = count + 1
        nonce = _nonce(count)
        return nonce[4:] + _cipher(self._send_key).encrypt(nonce, json, None)

    def seal_as(self, json: bytes, count: int) -> bytes:
        """The binary frame of a message under a given counter, whichever is due: for whoever tests a platform."""
        nonce = _nonce(count)
        return nonce[4:] + _cipher(self._send_key).encrypt(nonce, json, None)

    def open_as_it_is(self, payload: bytes) -> bytes | None:
        """The JSON in a frame under the counter that it has, whichever is due, and whose next one is due then.

        None if it is not sealed by the peer. For whoever tests a platform; it is no protection from replays.
        """
        nonce = b"\0\0\0\0" + payload[:COUNTER_BYTES]
        if len(payload) < MIN_FRAME_BYTES:
            return None
        try:
            json = _cipher(self._receive_key).decrypt(nonce, payload[COUNTER_BYTES:], None)
        except InvalidTag:
            return None
        self._received = int.from_bytes(payload[:COUNTER_BYTES], "big") + 1
        return json

    @property
    def sent(self) -> int:
        """The counter of the next message."""
        return self._sent

    def open(self, payload: bytes, binary: bool) -> bytes:
        """The JSON in the next frame.

        Raises:
            ChannelViolation: If it is a text frame, too short, not the next one in turn, or not sealed by the peer.
        """
        if not binary:
            raise ChannelViolation("a text frame after the exchange", ChannelFault.PLAIN)
        if len(payload) < MIN_FRAME_BYTES:
            raise ChannelViolation(f"a frame of {len(payload)} bytes; {MIN_FRAME_BYTES} are the least")
        count = self._received
        nonce = _nonce(count)
        if not payload.startswith(nonce[4:]):
            received = int.from_bytes(payload[:COUNTER_BYTES], "big")
            raise ChannelViolation(f"frame {received} where {count} is due", ChannelFault.COUNTER)
        try:
            json = _cipher(self._receive_key).decrypt(nonce, payload[COUNTER_BYTES:], None)
        except InvalidTag:
            raise ChannelViolation(f"frame {count} has a wrong tag", ChannelFault.TAG) from None
        self._received = count + 1
        return json


class RsaAesDeviceChannel(ExchangingDeviceChannel):
    """A device's end: text until the server's factor was accepted, sealed from then on."""

    __slots__ = ("_traffic",)

    def __init__(self, keys: KeySource, factor_source: FactorSource = random_factor) -> None:
        super().__init__(keys, factor_source)
        self._traffic: Traffic | None = None

    def _agreed(self, device_factor: bytes, server_factor: bytes) -> None:
        to_server, to_device = derive_keys(device_factor, server_factor)
        self._traffic = Traffic(to_server, to_device)

    @property
    def traffic(self) -> Traffic | None:
        """The sealed traffic, once the factors are exchanged."""
        return self._traffic

    @property
    def binary_due(self) -> bool:
        return self._traffic is not None

    def seal(self, json: bytes) -> tuple[bytes, bool]:
        traffic = self._traffic
        if traffic is None:
            return json, False
        return traffic.seal(json), True

    def open(self, payload: bytes, binary: bool) -> bytes:
        traffic = self._traffic
        if traffic is None:
            return open_text(payload, binary)
        return traffic.open(payload, binary)


class RsaAesPlatformChannel(ExchangingPlatformChannel):
    """A platform's end: text up to and including the reply that carries its factor, sealed after `established`."""

    __slots__ = ("_agreed_traffic", "_traffic")

    def __init__(self, keys: KeySource, factor_source: FactorSource = random_factor) -> None:
        super().__init__(keys, factor_source)
        self._agreed_traffic: Traffic | None = None
        self._traffic: Traffic | None = None

    def _agreed(self, device_factor: bytes, server_factor: bytes) -> None:
        to_server, to_device = derive_keys(device_factor, server_factor)
        self._agreed_traffic = Traffic(to_device, to_server)

    def established(self) -> None:
        if self._agreed_traffic is None:
            raise RuntimeError("no factor has been answered on this connection")
        self._traffic = self._agreed_traffic

    @property
    def binary_due(self) -> bool:
        return self._traffic is not None

    def seal(self, json: bytes) -> tuple[bytes, bool]:
        traffic = self._traffic
        if traffic is None:
            return json, False
        return traffic.seal(json), True

    def open(self, payload: bytes, binary: bool) -> bytes:
        traffic = self._traffic
        if traffic is None:
            return open_text(payload, binary)
        return traffic.open(payload, binary)


class RsaAesSuite(ChannelSuite):
    """RSA-OAEP for the factors, AES-256-GCM for everything after them."""

    name: ClassVar[str] = "rsa-aes"

    def __init__(self, factor_source: FactorSource = random_factor) -> None:
        """
        Args:
            factor_source: gives this side's factors; the system's random source unless a test knows better.
        """
        self._factor_source = factor_source

    @property
    def counts_frames(self) -> bool:
        return True

    def device_side(self, keys: KeySource, context: DeviceContext = UNKNOWN_DEVICE) -> DeviceChannel:
        return RsaAesDeviceChannel(keys, self._factor_source)

    def platform_side(self, keys: KeySource, context: PlatformContext = UNKNOWN_PLATFORM) -> PlatformChannel:
        return RsaAesPlatformChannel(keys, self._factor_source)

    def room(self, payload_bytes: int) -> int:
        return max(0, payload_bytes - MIN_FRAME_BYTES)
