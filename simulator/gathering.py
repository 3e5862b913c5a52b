"""A loop that looks at its sockets and timers now and then only, so that each look finds several at once.

Where many processes share a core, each wake-up finds the caches full of another's: what comes by itself costs twice as
much as what comes among others. A fleet in thirteen processes spends most of its time so. What is waited for meanwhile
is late by up to one interval. A fleet that is busy, but leaves its core idle between one event and the next, gathers by
itself for some milliseconds: not while connections begin, whose times would include it.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

QUIET_S = 0.0002
"""A turn of the loop that took no longer had nothing to do."""
QUIET_TURNS = 2
"""So many of them one after the other: whatever led to something else at once has been gone through."""


class Gathering:
    """Has `loop` wait for `interval_s` whenever it has done all that there was, from `begin` to `end`.

    Args:
        sleep: blocks the loop's thread, and lets others run.
        clock: monotonic seconds.

    Attributes:
        interval_s: may be changed at any time.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        interval_s: float,
        sleep: Callable[[float], None],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._loop = loop
        self.interval_s = interval_s
        self._sleep = sleep
        self._clock = clock
        self._last = 0.0
        self._quiet = 0
        self._next: asyncio.Handle | None = None

    def begin(self) -> None:
        """Gather from now on; an interval of 0 is none. Harmless when it does already."""
        if self.interval_s > 0 and self._next is None:
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
            self._sleep(self.interval_s)
            self._quiet = 0
            now = self._clock()
        self._last = now
        self._next = self._loop.call_soon(self._turn)


BUSY: Final = 1_000.0
"""With fewer calls a second there is little to spare."""
TOGETHER: Final = 16
"""So many calls in a wait: more of them at once would be no fleet's load, but a burst, and the processor has what they
use at hand by then."""
SHORTEST_S: Final = 0.002
"""What falls into less comes together anyway: a loop's timers count milliseconds."""
LONGEST_S: Final = 0.004
LAG_SHARE: Final = 5
"""No wait is longer than one in so many parts of what its loop may be late."""
LOOK_S: Final = 1.0
"""Between two looks at how busy it is."""


class GatheringWhenBusy:
    """Has `loop` gather while it makes many calls a second and nothing has just begun that would be late for it.

    Args:
        calls: how many calls it has ever been asked to make.
        allowed: whether it may.
        most_s: the longest wait; below `SHORTEST_S` it never gathers.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        gathering: Gathering,
        calls: Callable[[], int],
        allowed: Callable[[], bool],
        most_s: float = LONGEST_S,
    ) -> None:
        self._loop = loop
        self._gathering = gathering
        self._calls = calls
        self._allowed = allowed
        self._most_s = most_s
        self._seen = 0
        self._looked = 0.0
        self._disturbed = False
        self._next: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Look now and then from now on."""
        self._seen, self._looked = self._calls(), self._loop.time()
        self._next = self._loop.call_later(LOOK_S, self._look)

    def end(self) -> None:
        """Gather no more."""
        self._gathering.end()
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def disturb(self) -> None:
        """Something begins that must not be late; at most until the look after the next one nothing is gathered."""
        self._disturbed = True
        self._gathering.end()

    def _look(self) -> None:
        calls, now = self._calls(), self._loop.time()
        rate = (calls - self._seen) / max(now - self._looked, LOOK_S)
        wait = min(self._most_s, TOGETHER / max(rate, 1.0))
        if rate >= BUSY and wait >= SHORTEST_S and not self._disturbed and self._allowed():
            self._gathering.interval_s = wait
            self._gathering.begin()
        else:
            self._gathering.end()
        self._seen, self._looked, self._disturbed = calls, now, False
        self._next = self._loop.call_later(LOOK_S, self._look)
