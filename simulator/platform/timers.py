"""Runs a queue of timers on an event loop, with one timer of the loop at a time."""

import asyncio

from simulator.clock import TimerQueue

_SOONEST = 0.001
"""The loop's own resolution in seconds: a shorter wait would make it spin."""


class LoopTimers:
    """Makes a `TimerQueue`'s calls when they are due, from `start` to `stop`."""

    def __init__(self, queue: TimerQueue, loop: asyncio.AbstractEventLoop) -> None:
        self._queue = queue
        self._loop = loop
        self._handle: asyncio.TimerHandle | None = None
        self._stopped = False

    def start(self) -> None:
        """Begin; calls that are due already are made in the loop's next turn."""
        self._queue.on_earlier = self._arm
        self._arm_next()

    def stop(self) -> None:
        """Make no more calls."""
        self._stopped = True
        self._queue.on_earlier = None
        if self._handle is not None:
            self._handle.cancel()

    def _arm(self, when: float) -> None:
        if self._handle is not None:
            self._handle.cancel()
        wait = max(when - self._queue.clock.monotonic(), _SOONEST)
        self._handle = self._loop.call_later(wait, self._run)

    def _arm_next(self) -> None:
        due = self._queue.next_due()
        if due is not None and not self._stopped:
            self._arm(due)

    def _run(self) -> None:
        self._handle = None
        self._queue.run_due()
        self._arm_next()
