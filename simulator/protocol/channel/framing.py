"""How the bytes of a sealed message stand in a WebSocket frame in the suite `configurable`: as they are, or as text."""

from abc import ABC, abstractmethod
from binascii import Error as Base64Error
from binascii import b2a_base64, hexlify, unhexlify
from typing import ClassVar, Final

from simulator.protocol.channel.exchange_form import of_base64
from simulator.protocol.channel.faults import ChannelFault, ChannelViolation
from simulator.protocol.channel.options import FramingKind

SETTING: Final = "channel.framing"


def _of_hex(payload: bytes) -> bytes | None:
    """The bytes of lower-case hex; None for anything else."""
    try:
        data = unhexlify(payload)
    except (Base64Error, ValueError):
        return None
    return data if hexlify(data) == payload else None


class Framing(ABC):
    """One way; without state."""

    __slots__ = ()

    binary: ClassVar[bool]
    """Whether frames are binary ones."""

    @abstractmethod
    def wrap(self, sealed: bytes) -> bytes:
        """A frame's payload."""

    def unwrap(self, payload: bytes, binary: bool) -> bytes:
        """The bytes in a frame's payload.

        Raises:
            ChannelViolation: If it is a frame of the other kind, or not written so.
        """
        if binary is not self.binary:
            raise _other_kind(payload, binary)
        return self._read(payload)

    @abstractmethod
    def _read(self, payload: bytes) -> bytes: ...


class Binary(Framing):
    """As they are."""

    __slots__ = ()

    binary = True

    def wrap(self, sealed: bytes) -> bytes:
        return sealed

    def _read(self, payload: bytes) -> bytes:
        return payload


class Base64Text(Framing):
    """Canonical base64 in one line, in a text frame."""

    __slots__ = ()

    binary = False

    def wrap(self, sealed: bytes) -> bytes:
        return b2a_base64(sealed, newline=False)

    def _read(self, payload: bytes) -> bytes:
        data = of_base64(payload)
        if data is None:
            raise _unreadable(payload, "base64")
        return data


class HexText(Framing):
    """Lower-case hex in a text frame."""

    __slots__ = ()

    binary = False

    def wrap(self, sealed: bytes) -> bytes:
        return hexlify(sealed)

    def _read(self, payload: bytes) -> bytes:
        data = _of_hex(payload)
        if data is None:
            raise _unreadable(payload, "lower-case hex")
        return data


FRAMINGS: Final[dict[FramingKind, Framing]] = {
    "binary": Binary(),
    "base64-text": Base64Text(),
    "hex-text": HexText(),
}


def looks_like_hex(payload: bytes) -> bool:
    """Whether base64 of this length would hardly ever be so."""
    return len(payload) >= 32 and _of_hex(payload) is not None


def in_hex() -> ChannelViolation:
    """A frame in hex came where base64 is due."""
    return ChannelViolation(f"a text frame in hex: {SETTING}")


def _clear(payload: bytes) -> bool:
    return payload.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")


def _other_kind(payload: bytes, binary: bool) -> ChannelViolation:
    if binary:
        return ChannelViolation(f"a binary frame where a text one is due: {SETTING}")
    if _clear(payload):
        return ChannelViolation(f"a text frame in the clear, a binary one is due: {SETTING}", ChannelFault.PLAIN)
    return ChannelViolation(f"a text frame where a binary one is due: {SETTING}")


def _unreadable(payload: bytes, due: str) -> ChannelViolation:
    if _clear(payload):
        return ChannelViolation(f"a text frame in the clear, {due} is due: {SETTING}", ChannelFault.PLAIN)
    if looks_like_hex(payload):
        return in_hex()
    return ChannelViolation(f"a text frame that is no {due}: {SETTING}")
