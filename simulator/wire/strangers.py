"""Connections whose peer has not proved yet who it is: how many there are, what they hold together, how long they stay.

Anybody who reaches a port can open connections, so what one costs until then is bounded, and so is what all cost.
What counts as a proof is left to whoever calls `leave`.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

_SHARE_OF_TIME = 0.25
"""Part of the deadline that everybody has. Later the oldest makes room for a newcomer; sooner the newcomer has to go: a
crowd of honest peers would only drive each other out."""

TOO_LATE = "out of time"
NO_ROOM = "too many at once"
TOO_MUCH = "too much unread"


class Stranger(Protocol):
    """One such connection."""

    def turn_away(self, why: str) -> None:
        """End the connection and let go of what it holds; `Strangers.leave` follows when it has ended."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StrangerLimits:
    """What connections may cost before they have proved who they are."""

    deadline: float = 60.0
    """Seconds that each has."""
    connections: int = 10_000
    """All together."""
    message_bytes: int = 128 * 1024
    """Limit for one message, instead of the connection's own: twice the usual package, so that one that is a little too
    large is still answered."""
    held_bytes: int = 32 * 1024 * 1024
    """What may have come of unfinished messages, of all together."""


class Strangers:
    """All of one server.

    Args:
        on_turned_away: told why, each time.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, limits: StrangerLimits, on_turned_away: Callable[[str], None]
    ) -> None:
        self._loop = loop
        self._limits = limits
        self._on_turned_away = on_turned_away
        self._since: dict[Stranger, float] = {}
        """Loop time of arrival, the oldest first; without those that were turned away."""
        self._holding: dict[Stranger, int] = {}
        """Bytes that each holds, in the order in which they began to."""
        self._going: set[Stranger] = set()
        """Turned away and not gone yet; they still count."""
        self._held = 0
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._since) + len(self._going)

    def __contains__(self, one: Stranger) -> bool:
        return one in self._since

    @property
    def held_bytes(self) -> int:
        """What all hold together."""
        return self._held

    def join(self, one: Stranger) -> bool:
        """A connection has come, or has to prove itself anew; False where there is no room for it."""
        now = self._loop.time()
        if len(self) >= self._limits.connections and not self._make_room(now):
            self._on_turned_away(NO_ROOM)
            return False
        self._since[one] = now
        if self._timer is None:
            self._timer = self._loop.call_later(self._limits.deadline, self._sweep)
        return True

    def holds(self, one: Stranger, size: int) -> None:
        """So many bytes have come that `one` has not made a message of."""
        if one not in self._since:
            return
        self._held += size - self._holding.pop(one, 0)
        if size:
            self._holding[one] = size
        while self._held > self._limits.held_bytes:
            self._turn_away(next(iter(self._holding)), TOO_MUCH)

    def leave(self, one: Stranger) -> None:
        """It has proved who it is, or has ended. Harmless for one that is not here."""
        self._since.pop(one, None)
        self._going.discard(one)
        self._held -= self._holding.pop(one, 0)

    def close(self) -> None:
        """Wait for nobody any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _make_room(self, now: float) -> bool:
        oldest = next(iter(self._since), None)
        if oldest is None or now - self._since[oldest] < self._limits.deadline * _SHARE_OF_TIME:
            return False
        self._turn_away(oldest, NO_ROOM)
        return True

    def _sweep(self) -> None:
        self._timer = None
        now = self._loop.time()
        while self._since:
            oldest, since = next(iter(self._since.items()))
            left = since + self._limits.deadline - now
            if left > 0:
                self._timer = self._loop.call_later(left, self._sweep)
                return
            self._turn_away(oldest, TOO_LATE)

    def _turn_away(self, one: Stranger, why: str) -> None:
        del self._since[one]
        self._held -= self._holding.pop(one, 0)
        self._going.add(one)
        self._on_turned_away(why)
        one.turn_away(why)
