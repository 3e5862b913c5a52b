"""When each device is started of those that Locust starts at once: spread over the second until it starts the next.

Pure. What Locust asks for in one moment comes here in many small pieces, so that the pace follows the
whole queue and not the piece.
"""

from collections.abc import Iterable

SPREAD_S = 0.95
"""What waits is started within this time: Locust starts users once a second."""
GAP_S = 0.02
"""Between two starts at most: a few devices need not take the whole second."""
CATCH_UP_S = 0.05
"""Who asks late gets what was missed in this time; a longer stall makes no burst."""


class StartQueue:
    """Device indexes that wait for their start. Times are those of one clock, in seconds."""

    def __init__(self) -> None:
        self._waiting: dict[int, None] = {}
        self._gap = GAP_S
        self._next = 0.0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, indexes: Iterable[int], now: float) -> None:
        """Queue `indexes` behind all others."""
        if not self._waiting:
            self._next = max(self._next, now)
            self._gap = GAP_S
        self._waiting.update(dict.fromkeys(indexes))
        if self._waiting:
            # Never slower while anything waits: what is left of the last second must not hold up the next one.
            self._gap = min(self._gap, SPREAD_S / len(self._waiting))

    def discard(self, index: int) -> bool:
        """Forget `index`; whether it waited."""
        if index not in self._waiting:
            return False
        del self._waiting[index]
        return True

    def due(self, now: float) -> list[int]:
        """Take out those whose moment has come, in their order."""
        self._next = max(self._next, now - CATCH_UP_S)
        found = []
        for index in self._waiting:
            if self._next > now:
                break
            found.append(index)
            self._next += self._gap
        for index in found:
            del self._waiting[index]
        return found

    def next_at(self) -> float | None:
        """When `due` has something again; None while nothing waits."""
        return self._next if self._waiting else None

    def clear(self) -> list[int]:
        """Take out all."""
        waiting = list(self._waiting)
        self._waiting.clear()
        return waiting
