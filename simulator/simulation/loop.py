"""An event loop whose time is virtual: it waits for nothing, and does everything in one order.

There is no selector. Where nothing is left to do now, time jumps to the next timer. Timers of the same moment are
called in the order in which they were set.
"""

import asyncio
import contextvars
from asyncio.events import _get_running_loop, _set_running_loop  # what a loop that is none of asyncio's own is to call
from collections import deque
from collections.abc import Callable, Coroutine
from heapq import heappop, heappush
from typing import Any, Final, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_MOST_AT_ONCE: Final = 2_000_000
"""Calls in one moment after which time is taken to stand still for ever."""


class TimeStandsStillError(Exception):
    """More and more is done and no time passes: two callbacks call each other, or something polls."""


class _Handle(asyncio.TimerHandle):
    """One call. Without asyncio's own weight: a context is kept only where one was given."""

    __slots__ = ("arguments", "call", "context")

    def __init__(
        self, call: Callable[..., object], arguments: tuple[Any, ...], context: contextvars.Context | None
    ) -> None:
        self.call: Callable[..., object] | None = call
        self.arguments = arguments
        self.context = context

    def cancel(self) -> None:
        self.call = None
        self.arguments = ()

    def cancelled(self) -> bool:
        return self.call is None


class VirtualLoop(asyncio.AbstractEventLoop):
    """The loop; `run_until` drives it.

    Args:
        on_error: told of an exception that nobody caught, with asyncio's words for where.
    """

    def __init__(self, on_error: Callable[[str, BaseException | None], None]) -> None:
        self._on_error = on_error
        self._now = 0.0
        self._ready: deque[_Handle] = deque()
        self._timers: list[tuple[float, int, _Handle]] = []
        self._sequence = 0
        self._running = False
        self.calls = 0
        """Made so far."""

    # --- What asyncio asks of a loop ---

    def time(self) -> float:
        return self._now

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        handle = _Handle(callback, args, context)
        self._ready.append(handle)
        return handle

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        handle = _Handle(callback, args, context)
        self._sequence += 1
        heappush(self._timers, (when, self._sequence, handle))
        return handle

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(  # type: ignore[override]
        self,
        coro: Coroutine[Any, Any, T],
        *,
        name: object = None,
        context: contextvars.Context | None = None,
    ) -> asyncio.Task[T]:
        return asyncio.Task(coro, loop=self, name=None if name is None else str(name), context=context)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self._on_error(str(context.get("message")), context.get("exception"))

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return self._running

    def is_closed(self) -> bool:
        return False

    # --- Driving it ---

    def run_until(self, end: float) -> None:
        """Do everything up to the virtual time `end` (seconds), and let it be `end`.

        Raises:
            TimeStandsStillError: If that never ends.
        """
        before = _get_running_loop()
        _set_running_loop(self)
        self._running = True
        try:
            self._run(end)
        finally:
            self._running = False
            _set_running_loop(before)

    def _run(self, end: float) -> None:
        ready, timers = self._ready, self._timers
        while True:
            left = _MOST_AT_ONCE
            while ready:
                handle = ready.popleft()
                call = handle.call
                if call is None:
                    continue
                left -= 1
                if left < 0:
                    raise TimeStandsStillError(f"at {self._now:.6f} s: {call!r}")
                try:
                    if handle.context is None:
                        call(*handle.arguments)
                    else:
                        handle.context.run(call, *handle.arguments)
                except Exception as error:  # noqa: BLE001 - as every loop: it is told, and all others are still called
                    self._on_error(f"in {call!r}", error)
            self.calls += _MOST_AT_ONCE - left
            while timers and timers[0][2].call is None:
                heappop(timers)
            if not timers or timers[0][0] > end:
                self._now = max(self._now, end)
                return
            when = timers[0][0]
            self._now = max(self._now, when)
            while timers and timers[0][0] <= when:
                ready.append(heappop(timers)[2])


class VirtualClock:
    """The time of a loop, from `epoch` (seconds since 1970) on.

    Attributes:
        ahead: seconds by which somebody has set the wall clock forward; negative for back.
    """

    __slots__ = ("_epoch", "ahead", "monotonic")

    def __init__(self, loop: VirtualLoop, epoch: float) -> None:
        self._epoch = epoch
        self.ahead = 0.0
        self.monotonic: Callable[[], float] = loop.time

    def wall(self) -> float:
        return self._epoch + self.ahead + self.monotonic()
