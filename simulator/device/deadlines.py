"""One structure for the deadlines of all requests: a timer per request would cost as much as the request itself.

Requests with the same time-out expire in the order in which they were sent, so a queue per time-out is sorted by itself
and a sweep looks at its head only.
"""

from collections import deque
from typing import Protocol

from simulator.clock import TimerQueue

SWEEP_INTERVAL = 0.05
"""Seconds between two sweeps at least: how late a time-out may be noticed. A 200th of the usual 10 s."""
FEW = 256
"""So many that were answered may lie in a queue. If all lay there until their deadline, ten seconds of a busy fleet
would be tens of megabytes."""


class Waiting(Protocol):
    """Somebody who waits for replies, each known by a key that is never used again."""

    def awaits(self, key: str) -> bool:
        """Whether the reply is still outstanding."""
        ...

    def expired(self, key: str) -> None:
        """The reply's deadline has passed."""
        ...


class DeadlineQueue:
    """The deadlines of all requests with one time-out, of all devices of an engine."""

    __slots__ = ("_armed", "_items", "_most", "_timeout", "_timers")

    def __init__(self, timers: TimerQueue, timeout: float) -> None:
        self._timers = timers
        self._timeout = timeout
        self._items: deque[tuple[float, Waiting, str]] = deque()
        self._most = FEW
        """With more than so many, those that were answered are taken out."""
        self._armed = False

    def add(self, sent: float, who: Waiting, key: str) -> None:
        """Tell `who` when the reply `key` of a request sent at `sent` (monotonic s, not before the last one's) is due.

        It is told up to `SWEEP_INTERVAL` later, and not at all where it does not wait any more. It waits already.
        """
        items = self._items
        items.append((sent + self._timeout, who, key))
        if len(items) > self._most:
            self._tidy()
        if not self._armed:
            self._armed = True
            self._timers.call_at(sent + self._timeout, self._sweep)

    def __len__(self) -> int:
        return len(self._items)

    def _tidy(self) -> None:
        self._items = items = deque([item for item in self._items if item[1].awaits(item[2])])
        # Twice those that wait: so each is looked at twice or so, however many never get an answer.
        self._most = max(FEW, 2 * len(items))

    def _sweep(self) -> None:
        self._armed = False
        items = self._items
        now = self._timers.clock.monotonic()
        late: list[tuple[Waiting, str]] = []
        while items:
            deadline, who, key = items[0]
            if who.awaits(key):
                if deadline > now:
                    self._armed = True
                    self._timers.call_at(max(deadline, now + SWEEP_INTERVAL), self._sweep)
                    break
                late.append((who, key))
            items.popleft()
        # A storm is over: so many need not lie here again.
        self._most = min(self._most, max(FEW, 2 * len(items)))
        for who, key in late:
            who.expired(key)


class Deadlines:
    """The queues of an engine, one for each time-out that its devices have."""

    __slots__ = ("_queues", "_timers")

    def __init__(self, timers: TimerQueue) -> None:
        self._timers = timers
        self._queues: dict[float, DeadlineQueue] = {}

    def queue(self, timeout: float) -> DeadlineQueue:
        """The queue for requests that may take `timeout` seconds."""
        queue = self._queues.get(timeout)
        if queue is None:
            queue = self._queues[timeout] = DeadlineQueue(self._timers, timeout)
        return queue

    def __len__(self) -> int:
        return sum(map(len, self._queues.values()))
