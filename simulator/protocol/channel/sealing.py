"""The sealed traffic of one connection of the suite `configurable`: where the IV comes from and what leads a frame.

With GCM and counters it is `rsa_aes.Traffic` itself; here are the other pairs of mode and IV.
"""

import os
from abc import ABC, abstractmethod
from struct import Struct
from typing import Final, Protocol

from simulator.protocol.channel.ciphers import MODES, Mode
from simulator.protocol.channel.context import Tell
from simulator.protocol.channel.derivation import Agreed
from simulator.protocol.channel.faults import ChannelFault, ChannelViolation
from simulator.protocol.channel.options import ChannelOptions
from simulator.protocol.channel.rsa_aes import COUNTER_BYTES, Traffic

REMEMBERED_IVS: Final = 64
"""Of what a connection received the latest random IVs, which a new one is held against: under 1.1 KB each."""

_counter_iv = Struct(">8xQ").pack
"""A CBC IV of a counter: 8 zero bytes, then the counter as it stands at the frame's head."""


class Sealed(Protocol):
    """Turns messages into the bytes of frames and back; `rsa_aes.Traffic` is one."""

    def seal(self, json: bytes) -> bytes:
        """The bytes of the next message's frame."""
        ...

    def seal_as(self, json: bytes, count: int) -> bytes:
        """As `seal`, under a given counter where the frame has one: for whoever tests a platform."""
        ...

    @property
    def sent(self) -> int:
        """The counter of the next message; 0 where frames have none."""
        ...

    def open(self, payload: bytes, binary: bool) -> bytes:
        """The JSON in the next frame.

        Raises:
            ChannelViolation: If it cannot be read.
        """
        ...


class _Uncounted(ABC):
    """Frames without a counter; `binary` is whether a frame of bytes came, not of text."""

    __slots__ = ("_mode", "_receive_key", "_send_key")

    def __init__(self, mode: Mode, send_key: bytes, receive_key: bytes) -> None:
        self._mode = mode
        self._send_key = send_key
        self._receive_key = receive_key

    @abstractmethod
    def seal(self, json: bytes) -> bytes: ...

    def seal_as(self, json: bytes, count: int) -> bytes:
        return self.seal(json)

    @property
    def sent(self) -> int:
        return 0


class FixedTraffic(_Uncounted):
    """The same IV for every message (`zero`, `factors`), or none at all (ECB): a frame is the ciphertext alone."""

    __slots__ = ("_iv",)

    def __init__(self, mode: Mode, send_key: bytes, receive_key: bytes, iv: bytes) -> None:
        super().__init__(mode, send_key, receive_key)
        self._iv = iv

    def seal(self, json: bytes) -> bytes:
        return self._mode.seal(self._send_key, self._iv, json)

    def open(self, payload: bytes, binary: bool) -> bytes:
        _check(payload, binary, self._mode.least)
        return self._mode.open(self._receive_key, self._iv, payload)


class RandomTraffic(_Uncounted):
    """An IV of its own for each message, at the frame's head; one that came before is told of, and read."""

    __slots__ = ("_at", "_recent", "_tell")

    def __init__(self, mode: Mode, send_key: bytes, receive_key: bytes, tell: Tell) -> None:
        super().__init__(mode, send_key, receive_key)
        self._tell = tell
        self._recent = bytearray()
        """The latest IVs received, one after the other; the oldest one is replaced."""
        self._at = 0

    def seal(self, json: bytes) -> bytes:
        mode = self._mode
        iv = os.urandom(mode.iv_bytes)
        return iv + mode.seal(self._send_key, iv, json)

    def open(self, payload: bytes, binary: bool) -> bytes:
        mode = self._mode
        size = mode.iv_bytes
        _check(payload, binary, size + mode.least)
        iv = payload[:size]
        json = mode.open(self._receive_key, iv, payload[size:])
        recent = self._recent
        if iv in recent and any(recent[at : at + size] == iv for at in range(0, len(recent), size)):
            self._tell(ChannelFault.IV, f"a random IV that one of the last {REMEMBERED_IVS} frames had")
        at = self._at
        recent[at : at + size] = iv
        self._at = (at + size) % (REMEMBERED_IVS * size)
        return json


class CountedTraffic:
    """CBC under counters: as `rsa_aes.Traffic`, the counter at the frame's head, and at the IV's end."""

    __slots__ = ("_mode", "_receive_key", "_received", "_send_key", "_sent")

    def __init__(self, mode: Mode, send_key: bytes, receive_key: bytes) -> None:
        self._mode = mode
        self._send_key = send_key
        self._receive_key = receive_key
        self._sent = 0
        self._received = 0

    def seal(self, json: bytes) -> bytes:
        count = self._sent
        self._sent = count + 1
        return self.seal_as(json, count)

    def seal_as(self, json: bytes, count: int) -> bytes:
        iv = _counter_iv(count)
        return iv[8:] + self._mode.seal(self._send_key, iv, json)

    @property
    def sent(self) -> int:
        return self._sent

    def open(self, payload: bytes, binary: bool) -> bytes:
        _check(payload, binary, COUNTER_BYTES + self._mode.least)
        count = self._received
        iv = _counter_iv(count)
        if payload[:COUNTER_BYTES] != iv[8:]:
            received = int.from_bytes(payload[:COUNTER_BYTES], "big")
            raise ChannelViolation(f"frame {received} where {count} is due", ChannelFault.COUNTER)
        json = self._mode.open(self._receive_key, iv, payload[COUNTER_BYTES:])
        self._received = count + 1
        return json


def traffic_of(options: ChannelOptions, agreed: Agreed, tell: Tell, *, of_device: bool) -> Sealed:
    """One side's traffic, with the keys that it sends and receives under."""
    send, receive = agreed.to_platform, agreed.to_device
    if not of_device:
        send, receive = receive, send
    mode = MODES[options.mode]
    if options.mode == "ecb" or options.iv in ("zero", "factors"):
        return FixedTraffic(mode, send, receive, agreed.fixed_iv)
    if options.iv == "random":
        return RandomTraffic(mode, send, receive, tell)
    return Traffic(send, receive) if options.mode == "gcm" else CountedTraffic(mode, send, receive)


def _check(payload: bytes, binary: bool, least: int) -> None:
    if not binary:
        raise ChannelViolation("a text frame after the exchange", ChannelFault.PLAIN)
    if len(payload) < least:
        raise ChannelViolation(f"a frame of {len(payload)} bytes; {least} are the least")
