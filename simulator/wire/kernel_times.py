"""When messages arrived, by the kernel's clock: a loop that is late reads late, which is not the other side's doing.

Linux notes when each packet came and tells it to whoever asks with `recvmsg` (SO_TIMESTAMPNS). uvloop reads by itself,
so the question is asked just before: a look (MSG_PEEK) at what it is about to read, from `get_buffer`. A look costs
1.5 µs, so not every message is looked at. A loop takes its sockets in the order in which their data came: after a
message that had hardly waited, no message that is read soon can have waited long.

Over TLS it is the record that arrived; a message is in one, or is there when its last one is.
"""

import asyncio
import socket
import struct
import sys
import time
from collections.abc import Callable
from typing import Any, Final

from simulator.clock import Clock
from simulator.received import Received
from simulator.wire.connection import Connection
from simulator.wire.frames import SHORT, SHORT_TEXT
from simulator.wire.tls_transport import TlsTransport

FRESH_S: Final = 0.0005
"""A message that waited less was read in time, and for so long no other is looked at: what is not looked at has waited
twice as long at most."""
STEP_S: Final = 0.001
"""Wall clock and monotonic one may part by so much between two looks, and by `SLEW` of the time in between; more means
that somebody set the wall clock, which the kernel's times are told by."""
SLEW: Final = 0.001
TOLD_S: Final = 1.0
TOLD_AT_ONCE: Final = 4096
"""Waits are told once a second, or when there are so many."""
_SO_TIMESTAMPNS: Final = 35
"""Of linux/asm-generic/socket.h; Python has no name for it."""
_BUFFER: Final = 64 * 1024
_timespec = struct.Struct("qq")
_ROOM: Final = socket.CMSG_SPACE(_timespec.size)

OFFERED: Final = sys.platform == "linux" and sys.maxsize > 1 << 32
"""Whether this system may tell the times; a socket that does not is left as it is."""


class KernelTimes:
    """Looks at what the connections of one loop are about to read.

    Args:
        received: told when that arrived.
        clock: whose monotonic time is told.
        tell: takes how long messages had waited to be read, in seconds, those that were looked at.
        wall: the system's own time of day, by which the kernel tells its times.
    """

    def __init__(
        self,
        received: Received,
        clock: Clock,
        tell: Callable[[list[float]], None],
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.received = received
        self.monotonic = clock.monotonic
        self.buffer = bytearray(_BUFFER)
        self.view = memoryview(self.buffer)
        self.next_look = 0.0
        """Before this moment no message can have waited long."""
        self.peeked = 0
        """How many bytes the last look saw, until they are read."""
        self.told = False
        """Whether the kernel has ever told the time of a message."""
        self._buffers = [self.buffer]
        self._wall = wall
        self._tell = tell
        self._waits: list[float] = []
        self._told = self._looked = self.monotonic()
        self._apart = wall() - self._looked

    def watch(self, connection: Connection, transport: asyncio.Transport, sock: socket.socket) -> None:
        """Ask for the times of what arrives on an open connection; harmless where there are none."""
        if not OFFERED or transport.is_closing() or transport.get_protocol() is not connection:
            return
        if connection._max_size < SHORT:
            return  # The short way of `_WatchedFrames` would take more.
        try:
            sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        except OSError:
            return
        if isinstance(transport, TlsTransport):
            transport.below.set_protocol(_Watched(self, sock, transport))
        else:
            transport.set_protocol(_WatchedFrames(self, sock, connection))

    def watch_accepted(self, connection: asyncio.Protocol, transport: asyncio.Transport) -> None:
        """The same for a connection that a server has accepted, without TLS: its socket is the transport's alone."""
        if not OFFERED or transport.is_closing() or transport.get_extra_info("ssl_object") is not None:
            return
        sock = BorrowedSocket(transport.get_extra_info("socket"))
        try:
            sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        except OSError:
            return
        transport.set_protocol(_Watched(self, sock, connection))

    def look(self, sock: "socket.socket | BorrowedSocket", now: float) -> None:
        """Find out when what `sock` is about to give arrived."""
        try:
            # All of it: the time is that of the last packet, and a message is there when its last byte is.
            peeked, ancillary, _, _ = sock.recvmsg_into(self._buffers, _ROOM, socket.MSG_PEEK)
        except OSError:
            return  # The reading itself will meet that.
        if not ancillary or len(ancillary[0][2]) != _timespec.size:
            return  # It came before the times were asked for.
        self.told = True
        seconds, nanoseconds = _timespec.unpack(ancillary[0][2])
        wall = self._wall()
        now = self.monotonic()
        waited = max(0.0, wall - seconds - nanoseconds * 1e-9)
        before, self._apart = self._apart, wall - now
        elapsed, self._looked = now - self._looked, now
        if abs(self._apart - before) > STEP_S + SLEW * elapsed:
            return
        self.received.at = now - waited
        self.peeked = peeked
        self.next_look = now + FRESH_S if waited < FRESH_S else now
        self._waits.append(waited)
        if now - self._told > TOLD_S or len(self._waits) >= TOLD_AT_ONCE:
            self._told = now
            self.flush()

    def read(self, size: int) -> None:
        """`size` bytes were read after a look."""
        if size != self.peeked:
            # More came in between, perhaps the answer to what was sent after the look's time.
            self.received.at = self.monotonic()
        self.peeked = 0

    def flush(self) -> None:
        """Tell what has not been told yet."""
        waits, self._waits = self._waits, []
        if waits:
            self._tell(waits)


_data_received = Connection.data_received
"""Not the client's, which looks at each time whether the connection is open yet."""


class BorrowedSocket:
    """What a look needs of a socket whose descriptor is a transport's, which alone closes it.

    Args:
        sock: as the transport shows it, which is not to be read.
    """

    __slots__ = ("_family", "_number")

    def __init__(self, sock: Any) -> None:
        self._family = sock.family
        self._number = sock.fileno()

    def setsockopt(self, level: int, option: int, value: int) -> None:
        """As `socket.socket.setsockopt`."""
        sock = self._open()
        try:
            sock.setsockopt(level, option, value)
        finally:
            sock.detach()

    def recvmsg_into(self, buffers: Any, room: int, flags: int) -> tuple[int, list[Any], int, Any]:
        """As `socket.socket.recvmsg_into`."""
        sock = self._open()
        try:
            return sock.recvmsg_into(buffers, room, flags)
        finally:
            sock.detach()

    def _open(self) -> socket.socket:
        # For one call at a time: a Python socket closes its descriptor when it is forgotten.
        return socket.socket(self._family, socket.SOCK_STREAM, 0, self._number)


class _Watched(asyncio.BufferedProtocol):
    """The protocol of a socket's transport in the place of `protocol`, which is given what is read."""

    __slots__ = ("_protocol", "_sock", "_times")

    def __init__(self, times: KernelTimes, sock: socket.socket | BorrowedSocket, protocol: asyncio.Protocol) -> None:
        self._times = times
        self._sock = sock
        self._protocol = protocol

    def get_buffer(self, sizehint: int) -> bytearray:
        times = self._times
        times.received.at = now = times.monotonic()
        if now >= times.next_look:
            times.look(self._sock, now)
        return times.buffer

    def buffer_updated(self, nbytes: int) -> None:
        times = self._times
        if times.peeked:
            times.read(nbytes)
        try:
            self._protocol.data_received(times.view[:nbytes].tobytes())
        finally:
            times.received.at = 0.0

    def eof_received(self) -> None:
        self._times.received.at = 0.0
        self._protocol.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._times.received.at = 0.0
        self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()


class _WatchedFrames(_Watched):
    """That of a connection without TLS. Nearly every reply is one short frame of ASCII: what that spares pays for the
    looks."""

    __slots__ = ()

    _protocol: Connection

    def buffer_updated(self, nbytes: int) -> None:
        times = self._times
        if times.peeked:
            times.read(nbytes)
        connection = self._protocol
        buffer = times.buffer
        try:
            if buffer[0] == SHORT_TEXT and buffer[1] == nbytes - 2 < SHORT and connection._parser is None:
                payload = times.view[2:nbytes].tobytes()
                if payload.isascii():
                    connection.bytes_in += nbytes
                    try:
                        connection._handler.message(payload, False)
                    except Exception as exc:  # noqa: BLE001 - as in Connection.data_received
                        connection._handler_failed(exc)
                    return
            _data_received(connection, times.view[:nbytes].tobytes())
        finally:
            times.received.at = 0.0
