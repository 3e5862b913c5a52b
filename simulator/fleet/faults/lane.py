"""What is on its way in one direction of a connection, and how slowly: pure."""

import random
from collections import deque
from typing import Final, NamedTuple

from simulator.fleet.faults.holds import Holds
from simulator.weather.kinds import STALL_S, SlowLink

PIECE: Final = 16 * 1024
"""Bytes that travel together where the bandwidth is limited."""


class Lost(NamedTuple):
    """The socket is gone, by an error or without."""

    error: Exception | None


class End(NamedTuple):
    """Nothing follows in this direction."""


Piece = bytes | End | Lost


class Shape:
    """How slow a link is, with the device's own source of what is drawn for each piece."""

    __slots__ = ("_rng", "kind")

    def __init__(self, kind: SlowLink, rng: random.Random) -> None:
        self.kind = kind
        self._rng = rng

    def delay(self) -> float:
        """Seconds that one piece is on its way, without what its size takes."""
        latency = self._rng.uniform(self.kind.latency.low, self.kind.latency.high)
        stalled = self.kind.stall > 0 and self._rng.random() < self.kind.stall
        return latency + STALL_S if stalled else latency

    def transfer(self, size: int) -> float:
        """Seconds that `size` bytes take from the first to the last."""
        return size / self.kind.bandwidth if self.kind.bandwidth else 0.0


class Lane:
    """One direction: what is on its way, with when it arrives, in order.

    Attributes:
        size: Bytes on their way.
        holds: How long what was on its way took.
    """

    __slots__ = ("_free_at", "_latest", "holds", "pieces", "size")

    def __init__(self) -> None:
        self.pieces: deque[tuple[float, Piece]] = deque()
        self.size = 0
        self.holds = Holds()
        self._free_at = 0.0
        self._latest = 0.0

    def add(self, piece: Piece, now: float, shape: Shape | None) -> None:
        if shape is None or not isinstance(piece, bytes) or not shape.kind.bandwidth:
            self._append(piece, now, shape)
        else:
            for start in range(0, len(piece), PIECE):
                self._append(piece[start : start + PIECE], now, shape)

    def _append(self, piece: Piece, now: float, shape: Shape | None) -> None:
        size = len(piece) if isinstance(piece, bytes) else 0
        due = now
        if shape is not None:
            self._free_at = max(now, self._free_at) + shape.transfer(size)
            due = self._free_at + shape.delay()
        if self.pieces:
            # Nothing overtakes: what is slow holds up what comes behind it.
            due = max(due, self._latest)
        self._latest = due
        self.holds.add(now, due)
        self.pieces.append((due, piece))
        self.size += size

    def take(self, now: float) -> Piece | None:
        """The next piece that has arrived."""
        if not self.pieces or self.pieces[0][0] > now:
            return None
        piece = self.pieces.popleft()[1]
        if isinstance(piece, bytes):
            self.size -= len(piece)
        return piece

    def clear(self, now: float) -> None:
        """Nothing is on its way any more."""
        self.holds.cut(now)
        self.pieces.clear()
        self.size = 0
