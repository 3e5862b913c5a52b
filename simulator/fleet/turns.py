"""The queue of devices that want to come online, let through at an even rate."""

import asyncio
from collections import deque

from simulator.loop_timers import RESOLUTION_S


class Turns:
    """A queue of devices that want to come online, let through at an even rate; for one event loop.

    Somebody who is cancelled while waiting leaves the queue, and the others move up.
    """

    def __init__(self, rate: float) -> None:
        """`rate` is how many are let through per second."""
        self._interval = 1.0 / rate
        self._next = 0.0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    async def take(self) -> None:
        """Wait for one's turn."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        if not self._waiting and now >= self._next:
            self._next = now + self._interval
            return
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        if self._timer is None:
            self._timer = loop.call_at(self._next, self._let_through, loop)
        await turn

    def _let_through(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        # A late timer lets several through, so that the rate is kept; a stall of seconds makes no burst.
        self._next = max(self._next, now - 1.0)
        # A turn that comes before the loop's timers could tell is given now: to wait for it would be to spin.
        while self._waiting and self._next <= now + RESOLUTION_S:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                self._next += self._interval
        while self._waiting and self._waiting[0].done():
            self._waiting.popleft()
        if self._waiting:
            self._timer = loop.call_at(self._next, self._let_through, loop)
