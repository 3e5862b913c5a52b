"""Runs a `TimerQueue` on an asyncio loop, with one timer of the loop at a time."""

import asyncio

from simulator.clock import TimerQueue

RESOLUTION_S = 0.001
"""The loop's timers count whole milliseconds. Each wait is this much longer than asked for: rounded down, the loop
would come back before anything is due, and again and again until it is."""
BURST = 8
"""Calls made between two looks at the sockets: what has come in meanwhile must not wait until a whole millisecond's
calls are made, for that would show as latency of the other side. They get as much time as the sockets took, though:
where these are always busy, calls must not be late without bound."""


class LoopTimers:
    """Makes the calls of `queue` when they are due, from `start` to `stop`."""

    def __init__(self, queue: TimerQueue) -> None:
        self._queue = queue
        self._loop: asyncio.AbstractEventLoop | None = None
        self._next: asyncio.Handle | None = None
        self._left: float | None = None
        """When the last burst ended, where more calls were due by then."""

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin; calls that are due already are made in one of the loop's next turns."""
        self._loop = loop
        self._queue.on_earlier = self._arm
        self._arm_next()

    def stop(self) -> None:
        """Make no more calls."""
        self._loop = None
        self._queue.on_earlier = None
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _arm(self, when: float) -> None:
        if self._loop is None:
            return
        if self._next is not None:
            self._next.cancel()
        wait = when - self._queue.clock.monotonic()
        self._next = self._loop.call_later(max(0.0, wait) + RESOLUTION_S, self._run)

    def _arm_next(self) -> None:
        due = self._queue.next_due()
        if due is not None:
            self._arm(due)

    def _run(self) -> None:
        self._next = None
        queue = self._queue
        clock = queue.clock
        began = clock.monotonic()
        until = began if self._left is None else 2 * began - self._left
        made = BURST
        try:
            made = queue.run_due(BURST)
            while made == BURST and clock.monotonic() < until:
                made = queue.run_due(BURST)
        finally:
            # Also after a call that raised: the loop reports it, and all others are still to be made.
            self._go_on(at_once=made == BURST)

    def _go_on(self, *, at_once: bool) -> None:
        self._left = None
        if not at_once:
            self._arm_next()
        elif self._loop is not None:
            self._left = self._queue.clock.monotonic()
            if self._next is not None:
                self._next.cancel()
            self._next = self._loop.call_soon(self._run)
