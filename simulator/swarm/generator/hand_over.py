"""Takes what the engine's thread has counted over to gevent, some times a second.

Cells are taken on the engine's thread alone, between two of its calls, so that nothing is counted into a cell that is
gone. Only when that thread has ended, or is given up, gevent's side takes the rest.
"""

import asyncio
from collections.abc import Callable

from simulator.measurements.counting import Cell, Counts
from simulator.swarm.generator.mailbox import Mailbox

PERIOD_S = 0.25
"""Once a second would save gevent's side three wakings a second, 0.2 ms of work. But what comes then is counted in one
go, while devices wait for the interpreter: four short bursts delay fewer replies than a long one. And whoever watches
the page, a device's state or a threshold is up to date without asking."""


class HandOver:
    """From `begin` on the engine's thread to `close` on gevent's.

    Args:
        counts: of the engine's thread.
        arrived: takes cells, in gevent's hub, where nothing may block; called every `PERIOD_S`, also with none.
    """

    def __init__(self, counts: Counts, arrived: Callable[[list[Cell]], None]) -> None:
        self._counts = counts
        self._arrived = arrived
        self._mailbox = Mailbox(arrived)
        self._loop: asyncio.AbstractEventLoop | None = None

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Hand over every `PERIOD_S` for as long as `loop` runs; called on its thread."""
        self._loop = loop
        loop.call_later(PERIOD_S, self._work)

    def tell_each(self, each: bool) -> None:
        """Have each request told by itself from the loop's next turn on, or no longer; called on gevent's side."""
        if self._loop is None:
            self._counts.each = each
            return
        try:
            self._loop.call_soon_threadsafe(self._switch, each)
        except RuntimeError:
            # The loop is closed: nothing more will be told.
            self._counts.each = each

    def close(self, *, ended: bool) -> None:
        """Hand over the rest, on gevent's side.

        Args:
            ended: whether the engine's thread did. One that hangs may still write into a cell that is taken here;
                whoever gave it up has said that its figures are lost.
        """
        if ended:
            self._mailbox.close()
        self._arrived(self._counts.take())

    def _work(self) -> None:
        loop = self._loop
        if loop is not None:
            loop.call_later(PERIOD_S, self._work)
        self._mailbox.post(self._counts.take())

    def _switch(self, each: bool) -> None:
        self._mailbox.post(self._counts.take())
        self._counts.each = each
