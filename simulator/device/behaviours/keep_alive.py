"""WebSocket pings of the device, which find a connection that is half-open: the peer is gone and nobody said so.

Heartbeats find it as well, for they are requests with a deadline. So by default a device pings only where the platform
wants no heartbeats (docs/deviations.md, Heartbeat).
"""

import random
from typing import Final

from simulator.clock import TimerHandle, TimerQueue
from simulator.device.end_reason import EndReason
from simulator.device.online import Online
from simulator.device.session import Session

DEFAULT_INTERVAL_S: Final = 60.0
"""As often as the usual heartbeat."""


class KeepAlive:
    """Pings on one connection at a time; whatever arrives after a ping is a sign of life."""

    __slots__ = ("_heard", "_interval", "_patience", "_rng", "_session", "_timer", "_timers")

    def __init__(self, timers: TimerQueue, rng: random.Random, *, interval: float, patience: float) -> None:
        """`interval` and `patience` are seconds: from ping to ping, and how long a ping may go without an answer."""
        self._timers = timers
        self._rng = rng
        self._interval = interval
        self._patience = min(patience, interval)
        self._session: Session | None = None
        self._timer: TimerHandle | None = None
        self._heard = 0

    def start(self, online: Online) -> None:
        """Ping on the connection of `online`, from a random phase on."""
        self.stop()
        self._session = online.session
        self._timer = self._timers.call_later(self._interval * self._rng.uniform(0.5, 1.0), self._ping)

    def stop(self) -> None:
        """Ping no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._session = None

    def _ping(self) -> None:
        session = self._session
        if session is None or not session.usable:
            return
        self._heard = session.bytes_in
        session.ping()
        self._timer = self._timers.call_later(self._patience, self._look)

    def _look(self) -> None:
        session = self._session
        if session is None or not session.usable:
            return
        if session.bytes_in == self._heard:
            session.abort(EndReason.NO_PONG)
            return
        self._timer = self._timers.call_later(self._interval - self._patience, self._ping)
