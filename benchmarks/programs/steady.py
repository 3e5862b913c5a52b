"""Measures a Locust process from inside: waits until all devices are online, lets it settle, and looks at a window.

Nothing is hooked into the messages' way: Locust's own totals say how many there were. Ours hands over what it has
counted four times a second: where totals move in steps, a window begins and ends just after one.
"""

from collections.abc import Callable
from typing import Any

import gevent
from locust import events

from benchmarks.programs.orders import leave, read_order
from benchmarks.programs.window import Reading, as_dict, await_step, between, read

POLL_S = 0.1


class SteadyState:
    """One measured run in this process, from Locust's `init` on.

    Args:
        online: how many devices are online, given Locust's environment.
    """

    def __init__(self, online: Callable[[Any], int]) -> None:
        self._order = read_order()
        self._online = online
        self._opened: Reading | None = None

    def install(self) -> None:
        """Hear Locust's events; to be called when the locustfile is loaded, after everything else listens."""
        events.init.add_listener(self._init)  # type: ignore[no-untyped-call]
        events.test_start.add_listener(self._started)  # type: ignore[no-untyped-call]

    def _init(self, environment: Any, **_: Any) -> None:
        gevent.spawn(self._measure, environment)

    def _started(self, environment: Any, **_: Any) -> None:
        self._opened = self._read(environment)

    def _read(self, environment: Any) -> Reading:
        total = environment.stats.total
        return read(total.num_requests, total.num_failures)

    def _measure(self, environment: Any) -> None:
        order = self._order
        while self._opened is None or self._online(environment) < order["devices"]:
            gevent.sleep(POLL_S)
        online = self._read(environment)
        gevent.sleep(order["settle_s"])
        await_step(lambda: environment.stats.total.num_requests, gevent.sleep)
        first = self._read(environment)
        leave(order["began"], {})
        gevent.sleep(order["window_s"])
        await_step(lambda: environment.stats.total.num_requests, gevent.sleep)
        last = self._read(environment)
        leave(
            order["result"],
            {
                "opened": as_dict(self._opened),
                "online": as_dict(online),
                "settled": as_dict(first),
                "start_up": between(self._opened, online),
                "window": between(first, last),
                "errors": _errors(environment),
            },
        )


def _errors(environment: Any) -> dict[str, int]:
    """What failed since the beginning, and how often."""
    return {f"{error.name}: {error.error}": error.occurrences for error in environment.stats.errors.values()}
