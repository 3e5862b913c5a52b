"""One structure for the deadlines of all requests: a timer per request would cost as much as the request itself.

Requests with the same time-out expire in the order in which they were sent, so a queue per time-out is sorted by itself
and a sweep looks at its head only.
"""

from collections import deque
from typing import Protocol

from simulator.clock import TimerHandle, TimerQueue

SWEEP_INTERVAL = 0.05
"""Seconds between two sweeps at least: how late a time-out may be noticed. A 200th of the usual 10 s."""


class Expiring(Protocol):
    """Something with a deadline."""

    deadline: float

    @property
    def done(self) -> bool: ...

    def expire(self) -> None: ...


class Deadlines:
    """Expires what is not done at its deadline (monotonic seconds), within `SWEEP_INTERVAL` after it."""

    __slots__ = ("_queues", "_timer", "_timers")

    def __init__(self, timers: TimerQueue) -> None:
        self._timers = timers
        self._queues: dict[float, deque[Expiring]] = {}
        self._timer: TimerHandle | None = None

    def add(self, timeout: float, item: Expiring) -> None:
        """Watch `item`; its deadline must be `timeout` seconds from now."""
        queue = self._queues.get(timeout)
        if queue is None:
            queue = self._queues[timeout] = deque()
        queue.append(item)
        if self._timer is None:
            self._timer = self._timers.call_at(item.deadline, self._sweep)
        elif item.deadline < self._timer.when:
            self._timer.cancel()
            self._timer = self._timers.call_at(item.deadline, self._sweep)

    def __len__(self) -> int:
        return sum(map(len, self._queues.values()))

    def _sweep(self) -> None:
        self._timer = None
        now = self._timers.clock.monotonic()
        expired: list[Expiring] = []
        head: float | None = None
        for queue in self._queues.values():
            while queue:
                item = queue[0]
                if not item.done:
                    if item.deadline > now:
                        head = item.deadline if head is None else min(head, item.deadline)
                        break
                    expired.append(item)
                queue.popleft()
        if head is not None:
            self._timer = self._timers.call_at(max(head, now + SWEEP_INTERVAL), self._sweep)
        for item in expired:
            item.expire()
