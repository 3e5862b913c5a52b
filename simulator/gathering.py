"""A loop that looks at its sockets and timers now and then only, so that each look finds several at once.

Where many processes share a core, each wake-up finds the caches full of another's: what comes by itself costs twice as
much as what comes among others. A fleet in thirteen processes spends most of its time so. What is waited for meanwhile
is late by up to one interval, which is why nobody gathers who was not told to.
"""

import asyncio
import time
from collections.abc import Callable

QUIET_S = 0.0002
"""A turn of the loop that took no longer had nothing to do."""
QUIET_TURNS = 2
"""So many of them one after the other: whatever led to something else at once has been gone through."""


class Gathering:
    """Has `loop` wait for `interval_s` whenever it has done all that there was, from `begin` to `end`.

    Args:
        sleep: blocks the loop's thread, and lets others run.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        interval_s: float,
        sleep: Callable[[float], None],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._loop = loop
        self._interval_s = interval_s
        self._sleep = sleep
        self._clock = clock
        self._last = 0.0
        self._quiet = 0
        self._next: asyncio.Handle | None = None

    def begin(self) -> None:
        """Gather from now on; an interval of 0 is none."""
        if self._interval_s > 0:
            self._last = self._clock()
            self._next = self._loop.call_soon(self._turn)

    def end(self) -> None:
        """Wait for each event by itself again."""
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _turn(self) -> None:
        now = self._clock()
        self._quiet = self._quiet + 1 if now - self._last < QUIET_S else 0
        if self._quiet >= QUIET_TURNS:
            self._sleep(self._interval_s)
            self._quiet = 0
            now = self._clock()
        self._last = now
        self._next = self._loop.call_soon(self._turn)
