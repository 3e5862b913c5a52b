"""Between a connection and its socket: frames of the platform that break RFC 6455, and what comes in pieces."""

import asyncio
from collections.abc import Callable
from typing import Any

from simulator.wire.connection import Connection

CONTINUATION, CLOSE_OPCODE = 0, 8
CLOSE, PONG = 0x88, 0x8A
"""First bytes of whole frames."""
_MASKED = 0x80
_LENGTH_16, _LENGTH_64 = 126, 127

Spoil = Callable[[bytes], bytes]
"""Takes one frame of the platform and returns what goes out in its place; empty for nothing."""
OnHead = Callable[[bool, int], None]
"""Told whether a frame is the last of its message, and its opcode."""


class SpoiledTransport(asyncio.Transport):
    """Passes everything on to the real transport, each frame by way of `spoil`."""

    def __init__(self, inner: asyncio.Transport, spoil: Spoil) -> None:
        super().__init__()
        self._inner = inner
        self._spoil = spoil

    def write(self, data: Any) -> None:
        frame = self._spoil(bytes(data))
        if frame:
            self._inner.write(frame)

    def close(self) -> None:
        self._inner.close()

    def abort(self) -> None:
        self._inner.abort()

    def is_closing(self) -> bool:
        return self._inner.is_closing()

    def can_write_eof(self) -> bool:
        return self._inner.can_write_eof()

    def write_eof(self) -> None:
        self._inner.write_eof()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._inner.get_extra_info(name, default)

    def get_write_buffer_size(self) -> int:
        return self._inner.get_write_buffer_size()

    def pause_reading(self) -> None:
        self._inner.pause_reading()

    def resume_reading(self) -> None:
        self._inner.resume_reading()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._inner.set_protocol(protocol)


def lay_under(connection: Connection, spoil: Spoil, on_head: OnHead) -> None:
    """Put oneself between a connection and its socket.

    Args:
        on_head: told of each frame that comes, before the connection is.
    """

    def wrap(inner: asyncio.Transport) -> asyncio.Transport:
        inner.set_protocol(Tap(connection, on_head))
        return SpoiledTransport(inner, spoil)

    connection.through(wrap)


class Tap(asyncio.Protocol):
    """Sees what a peer sends before the connection does, and tells of each frame's head."""

    def __init__(self, connection: Connection, on_head: OnHead) -> None:
        self._connection = connection
        self._on_head = on_head
        self._heads = FrameHeads()

    def data_received(self, data: bytes) -> None:
        for fin, opcode in self._heads.feed(data):
            self._on_head(fin, opcode)
        self._connection.data_received(data)

    def eof_received(self) -> None:
        self._connection.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connection.connection_lost(exc)

    def pause_writing(self) -> None:
        self._connection.pause_writing()

    def resume_writing(self) -> None:
        self._connection.resume_writing()


class FrameHeads:
    """Finds the heads of frames in what a client sends, however it is cut."""

    def __init__(self) -> None:
        self._rest = b""
        self._skip = 0

    def feed(self, data: bytes) -> list[tuple[bool, int]]:
        """Whether it is the last piece of its message, and the opcode, of each frame whose head ends here."""
        found: list[tuple[bool, int]] = []
        data = self._rest + data
        while True:
            passed = min(self._skip, len(data))
            self._skip -= passed
            data = data[passed:]
            size = self._head_size(data)
            if size is None or len(data) < size:
                self._rest = data
                return found
            found.append((bool(data[0] & 0x80), data[0] & 0x0F))
            length = data[1] & 0x7F
            if length >= _LENGTH_16:
                length = int.from_bytes(data[2 : 4 if length == _LENGTH_16 else 10], "big")
            data = data[size:]
            self._skip = length

    @staticmethod
    def _head_size(data: bytes) -> int | None:
        if len(data) < 2:
            return None
        length = data[1] & 0x7F
        more = {_LENGTH_16: 2, _LENGTH_64: 8}.get(length, 0)
        return 2 + more + (4 if data[1] & _MASKED else 0)


def masked(frame: bytes) -> bytes:
    """The frame as a client would send it, which a server must not."""
    size = 2 + {_LENGTH_16: 2, _LENGTH_64: 8}.get(frame[1], 0)
    # The mask of zeros changes nothing.
    return bytes([frame[0], frame[1] | _MASKED]) + frame[2:size] + bytes(4) + frame[size:]


def with_head(frame: bytes, first: int) -> bytes:
    """The frame with another first byte."""
    return bytes([first]) + frame[1:]


def with_status(frame: bytes, status: int) -> bytes:
    """A close frame with another status and no reason."""
    return bytes([frame[0], 2]) + status.to_bytes(2, "big")


def not_utf8(frame: bytes) -> bytes:
    """The frame with a last byte that cannot stand in UTF-8."""
    return frame[:-1] + b"\xff"
