"""A TCP connection in memory, for MQTT: two transports of asyncio's kind and what lies between them.

Bytes arrive in pieces of any size, so that packets are cut in the middle; a reset takes the rest of a piece with it.
"""

import asyncio
import errno
import random
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Protocol

from simulator.simulation.loop import VirtualLoop
from simulator.simulation.passage import DOWN, UP, Delays, Passage

_CUT_SHARE: Final = 0.1
"""Of what is sent: arrives in two pieces."""


class Wiretap(Protocol):
    """Sees the bytes of one connection, at both ends."""

    def cut(self) -> None:
        """The weather ends the connection without a word of the platform."""
        ...

    def sent(self, direction: int, data: bytes) -> None:
        """An end has handed these to its transport: whole packets."""
        ...

    def arrived(self, direction: int, data: bytes) -> None:
        """These arrive at the other end, which gets them next: the device, or a broker that has not ended it."""
        ...


class Stream(Passage):
    """A connection between one device and the platform's broker."""

    __slots__ = ("_flying", "_rng", "device", "platform", "tap")

    def __init__(self, loop: VirtualLoop, delays: Delays, rng: random.Random, tap: Wiretap) -> None:
        super().__init__(loop, delays)
        self._rng = rng
        self.tap = tap
        self._flying: tuple[deque[bytes], deque[bytes]] = (deque(), deque())
        """What is on its way in each direction."""
        self.device = StreamEnd(self, UP)
        self.platform = StreamEnd(self, DOWN)

    @property
    def is_open(self) -> bool:
        return self.device.is_open

    def send(self, direction: int, data: bytes) -> None:
        """Carry what the end that sends in `direction` has written, in one piece or two."""
        self.tap.sent(direction, data)
        if len(data) > 1 and self._rng.random() < _CUT_SHARE:
            at = self._rng.randrange(1, len(data))
            self._fly(direction, data[:at])
            self._fly(direction, data[at:])
        else:
            self._fly(direction, data)

    def far_end(self, direction: int) -> "StreamEnd":
        """Where what is sent in `direction` arrives."""
        return self.platform if direction == UP else self.device

    def _fly(self, direction: int, data: bytes) -> None:
        if not self.lost:
            self._flying[direction].append(data)
        self.carry(direction, self._landed, data, direction)

    def _landed(self, data: bytes, direction: int) -> None:
        self._flying[direction].popleft()
        self.far_end(direction).received(data)

    # --- What the weather does ---

    def cut_device(self) -> None:
        if self.device.is_open:
            self.tap.cut()
            self.device.reset_received()

    def cut_platform(self, why: str) -> None:
        self.platform.reset_received()

    def reset(self) -> None:
        if not self.lost:
            self._land_a_part()
            super().reset()

    def close_between(self, code: int) -> None:
        if not self.lost:
            self._land_a_part()
            # MQTT has no code, and its broker no word for it.
            self.loop.call_later(self.delays.draw(), self._closed_between)
            self.loop.call_later(self.delays.draw(), self.platform.eof_received)
            self.lost = True

    def platform_died(self) -> None:
        self.platform.die()
        self.carry(DOWN, self.cut_device)

    def _closed_between(self) -> None:
        if self.device.is_open:
            self.tap.cut()
            self.device.eof_received()

    def _land_a_part(self) -> None:
        """Some bytes of what is on its way still arrive, and the rest never will."""
        if self.silent:
            return
        for direction in (UP, DOWN):
            flying = self._flying[direction]
            if flying:
                part = flying[0][: self._rng.randrange(len(flying[0]) + 1)]
                flying.clear()
                if part:
                    self.loop.call_soon(self.far_end(direction).received, part)


class StreamEnd(asyncio.Transport):
    """The transport of one end; without a protocol before it begins and after it has ended.

    There is always room to write. Once the end is closed, what still arrives is answered with a reset, as kernels do.
    """

    def __init__(self, stream: Stream, direction: int) -> None:
        super().__init__()
        self._stream = stream
        self._direction = direction
        self._protocol: asyncio.Protocol | None = None
        self._closing = False
        self._finished = False
        """Nothing is written any more."""
        self._holding = False
        self._unread: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()

    @property
    def is_open(self) -> bool:
        """Whether there is somebody who was not told of the end."""
        return self._protocol is not None

    def begin(self, protocol: asyncio.Protocol) -> None:
        """The connection is made."""
        self._protocol = protocol
        protocol.connection_made(self)

    def die(self) -> None:
        """The process is gone, and nobody is left to be told anything."""
        self._protocol = None
        self._closing = self._finished = True

    # --- Transport ---

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._finished and data:
            self._stream.send(self._direction, bytes(data))

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        if not self._finished:
            self._finished = True
            self._stream.carry(self._direction, self._stream.far_end(self._direction).eof_received)

    def close(self) -> None:
        if not self._closing:
            self.write_eof()
            self._ends(None)

    def abort(self) -> None:
        if not self._closing:
            self._finished = True
            self._stream.carry(self._direction, self._stream.far_end(self._direction).reset_received)
            self._ends(None)

    def is_closing(self) -> bool:
        return self._closing

    def is_reading(self) -> bool:
        return not self._holding

    def pause_reading(self) -> None:
        self._holding = True

    def resume_reading(self) -> None:
        if self._holding:
            self._holding = False
            unread, self._unread = self._unread, deque()
            for call, args in unread:
                self._stream.loop.call_soon(call, *args)

    # --- What arrives ---

    def received(self, data: bytes) -> None:
        """Bytes of the other end."""
        protocol = self._protocol
        if protocol is None or self._closing:
            stream = self._stream
            stream.carry(self._direction, stream.far_end(self._direction).reset_received)
        elif self._holding:
            self._unread.append((self.received, (data,)))
        else:
            if self._direction == UP or not self._finished:
                # A device still takes what comes after its DISCONNECT, a broker that ends a connection does not.
                self._stream.tap.arrived(1 - self._direction, data)
            protocol.data_received(data)

    def eof_received(self) -> None:
        """The other end writes no more."""
        protocol = self._protocol
        if protocol is None or self._closing:
            return
        if self._holding:
            self._unread.append((self.eof_received, ()))
        elif not protocol.eof_received():
            self.close()

    def reset_received(self) -> None:
        """The other end is gone, or somebody between says so."""
        if self._protocol is not None:
            self._finished = True
            self._ends(ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"))

    def _ends(self, error: Exception | None) -> None:
        if not self._closing:
            self._closing = True
            self._stream.loop.call_soon(self._told, error)

    def _told(self, error: Exception | None) -> None:
        protocol, self._protocol = self._protocol, None
        if protocol is not None:
            protocol.connection_lost(error)
