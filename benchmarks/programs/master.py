"""The locustfile of the master that is measured: our own, with a probe for its lag beside it."""

import time
from typing import Any

import gevent
from locust import events

from benchmarks.programs.orders import leave, read_order
from benchmarks.programs.window import between, read
from simulator.swarm.hooks import install
from simulator.swarm.locust.users import MeetingDevice

__all__ = ["MeetingDevice"]

PROBE_S = 0.02
POLL_S = 0.1


class MasterWatch:
    """Measures a master from inside, between two moments of the steady state."""

    def __init__(self) -> None:
        self._order = read_order()
        self._reports = 0
        self._lags: list[float] = []

    def install(self) -> None:
        """Hear Locust's events."""
        events.init.add_listener(self._init)  # type: ignore[no-untyped-call]
        events.worker_report.add_listener(self._reported)  # type: ignore[no-untyped-call]

    def _init(self, environment: Any, **_: Any) -> None:
        leave(self._order["listens"], {"port": environment.runner.server.port})
        gevent.spawn(self._probe)
        gevent.spawn(self._measure, environment)

    def _reported(self, **_: Any) -> None:
        self._reports += 1

    def _probe(self) -> None:
        while True:
            due = time.monotonic() + PROBE_S
            gevent.sleep(PROBE_S)
            self._lags.append(time.monotonic() - due)

    def _measure(self, environment: Any) -> None:
        order = self._order
        while environment.runner.user_count < order["devices"]:
            gevent.sleep(POLL_S)
        ramp = _lag_ms(self._lags)
        gevent.sleep(order["settle_s"])
        self._lags.clear()
        first = read(self._reports, 0)
        gevent.sleep(order["window_s"])
        last = read(self._reports, 0)
        leave(
            order["result"],
            {
                "window": between(first, last),
                "requests": environment.stats.total.num_requests,
                "rss": last.rss,
                "lag_ms": _lag_ms(self._lags),
                "ramp_lag_ms": ramp,
            },
        )


def _lag_ms(lags: list[float]) -> dict[str, float]:
    ordered = sorted(lags)
    return {
        "p50": ordered[len(ordered) // 2] * 1000,
        "p99": ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] * 1000,
        "max": ordered[-1] * 1000,
    }


install()
MasterWatch().install()
