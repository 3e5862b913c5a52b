"""Something that people do at the device now and then, at random moments that the scenario's rate gives."""

import random
from abc import ABC, abstractmethod

from simulator.clock import TimerHandle, TimerQueue
from simulator.device.behaviours.arrivals import Arrivals


class Stream(ABC):
    """One stream of events of one device, from `start` to `stop` and on from there with the next `start`.

    Args:
        started: monotonic time of the run's start, from which moments and waves are counted.
    """

    __slots__ = ("_arrivals", "_rng", "_started", "_timer", "_timers")

    def __init__(self, *, timers: TimerQueue, rng: random.Random, started: float) -> None:
        self._timers = timers
        self._rng = rng
        self._started = started
        self._timer: TimerHandle | None = None
        self._arrivals: Arrivals | None = None

    @abstractmethod
    def _begin(self, now: float) -> Arrivals:
        """The moments, from `now` (seconds since the run's start) on."""

    @abstractmethod
    def _happen(self, moment: float) -> None:
        """It happens at the monotonic time `moment`, which has just come."""

    def start(self) -> None:
        """People begin to come."""
        if self._timer is not None:
            return
        if self._arrivals is None:
            self._arrivals = self._begin(self._timers.clock.monotonic() - self._started)
        self._schedule()

    def stop(self) -> None:
        """Nobody comes any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _schedule(self) -> None:
        assert self._arrivals is not None
        moment = self._arrivals.next()
        self._timer = None if moment is None else self._timers.call_at(self._started + moment, self._due)

    def _due(self) -> None:
        timer = self._timer
        assert timer is not None
        self._happen(timer.when)
        self._schedule()
