"""The business heartbeat: timed from send to send, the first within one interval (section 设备心跳)."""

import random
from collections.abc import Callable
from typing import Final, Protocol

from simulator.clock import TimerHandle, TimerQueue
from simulator.device.online import Online
from simulator.device.session import Session

LATE_S: Final = 1.0
"""A beat that is due for so long when its connection is lost was missed; one that is less late lost a race."""


class Worker(Protocol):
    """Who handles the device's commands."""

    busy: bool
    """Whether a command waits or is handled."""


class Heartbeat:
    """Beats on one connection at a time; `isFree` says whether `worker` is idle.

    Args:
        on_missed: told how many beats were planned and never sent, because the timers stood still over their moments.
    """

    __slots__ = ("_interval", "_on_missed", "_rng", "_session", "_timer", "_timers", "_worker")

    def __init__(
        self, timers: TimerQueue, rng: random.Random, worker: Worker, on_missed: Callable[[int], None]
    ) -> None:
        self._timers = timers
        self._rng = rng
        self._worker = worker
        self._on_missed = on_missed
        self._session: Session | None = None
        self._interval = 0.0
        self._timer: TimerHandle | None = None

    def start(self, online: Online, interval: float) -> None:
        """Beat on the connection of `online` every `interval` seconds, from a random phase on."""
        self.stop()
        self._session = online.session
        self._interval = interval
        # The first is due within one interval, and it has to travel, too.
        first = interval * self._rng.uniform(0.02, 0.95)
        self._timer = self._timers.call_later(first, self._beat)

    def lost(self) -> None:
        """The connection was lost: fall silent, and count what should have been sent before that could be seen."""
        timer = self._timer
        if timer is not None:
            late = self._timers.clock.monotonic() - timer.when
            if late >= LATE_S:
                self._on_missed(1 + int(late / self._interval))
        self.stop()

    def stop(self) -> None:
        """Fall silent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._session = None

    def _beat(self) -> None:
        session = self._session
        timer = self._timer
        if session is None or timer is None:
            return
        if not session.usable:
            self.lost()
            return
        now = self._timers.clock.monotonic()
        intended = timer.when
        session.send_heartbeat(not self._worker.busy, now - intended)
        # The grid of intended moments keeps the rhythm exact; after a stall it starts again from now, and what lay
        # between is sent by nobody any more.
        following = intended + self._interval
        if following <= now:
            self._on_missed(int((now - intended) / self._interval))
            following = now + self._interval
        self._timers.again(timer, following)
