"""The embedded platform with a watch on its own answers: how long each really waited for its turn to be sent.

What it draws as delay is known; what comes of that is its own doing, and no error of whoever measures it. An answer
waits from when its request arrived, as far as the platform knows. SIGUSR1 leaves the quantiles since the last one.
"""

import asyncio
import signal
import sys
from array import array
from collections.abc import Callable, Sequence
from contextvars import Context
from functools import partial
from time import perf_counter
from typing import Any

import uvloop

from benchmarks.programs.orders import leave, read_order
from simulator.cli import main
from simulator.platform.services import Services

LEAST_S = 0.001
"""Shorter calls are no answers."""
AGES: list[float] = []
"""How long ago the request arrived whose answer is about to be called."""


class WatchedLoop(uvloop.Loop):
    """Notes how long delayed calls waited.

    Args:
        path: of the quantiles, followed by a number.
    """

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path
        self._left = 0
        self._waits = array("f")
        self.add_signal_handler(signal.SIGUSR1, self._leave)

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        if delay >= LEAST_S:
            began = perf_counter() - AGES.pop() if AGES else perf_counter()
            return super().call_later(delay, self._call, began, callback, args, context=context)
        return super().call_later(delay, callback, *args, context=context)

    def _call(self, began: float, callback: Callable[..., Any], args: Sequence[Any]) -> None:
        self._waits.append(perf_counter() - began)
        callback(*args)

    def _leave(self) -> None:
        waits, self._waits = sorted(self._waits), array("f")
        self._left += 1
        quantiles = (
            {name: 1000 * waits[int(len(waits) * share)] for name, share in (("p50", 0.5), ("p99", 0.99))}
            if waits
            else {}
        )
        leave(f"{self._path}-{self._left}", {"count": len(waits), "ms": quantiles})


def watched_age(age: Callable[[Services], float]) -> Callable[[Services], float]:
    """`Services.age`, which is asked right before the answer's call."""

    def ask(services: Services) -> float:
        AGES[:] = (found := age(services),)
        return found

    return ask


if __name__ == "__main__":
    Services.age = watched_age(Services.age)  # type: ignore[method-assign,assignment]
    order = read_order()
    uvloop.run = partial(uvloop.run, loop_factory=lambda: WatchedLoop(order["waits"]))
    sys.exit(main())
