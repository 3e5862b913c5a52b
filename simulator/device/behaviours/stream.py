"""Something that people do at the device now and then, at random moments that the scenario's rate gives."""

from abc import ABC, abstractmethod

from simulator.clock import TimerHandle
from simulator.device.behaviours.arrivals import Arrivals
from simulator.device.behaviours.base import Behaviour, DeviceParts
from simulator.device.online import Online


class Stream(Behaviour, ABC):
    """One stream of events of one device, from the first time online until the device is told to stop.

    Moments and waves are counted from the run's start. Whether the device is online at them does not matter; while it
    reboots or has no power nobody can do anything at it, and whoever comes then goes away.
    """

    __slots__ = ("_arrivals", "_device", "_stopped", "_timer")

    def __init__(self, device: DeviceParts) -> None:
        self._device = device
        self._timer: TimerHandle | None = None
        self._arrivals: Arrivals | None = None
        self._stopped = False

    @abstractmethod
    def _begin(self, now: float) -> Arrivals:
        """The moments, from `now` (seconds since the run's start) on."""

    @abstractmethod
    def _happen(self, moment: float) -> None:
        """It happens at the monotonic time `moment`, which has just come."""

    def went_online(self, online: Online) -> None:
        """People begin to come."""
        self._start()

    def _start(self) -> None:
        if self._stopped or self._timer is not None:
            return
        if self._arrivals is None:
            self._arrivals = self._begin(self._device.timers.clock.monotonic() - self._device.started)
        self._schedule()

    def stop(self) -> None:
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _schedule(self) -> None:
        assert self._arrivals is not None
        device = self._device
        moment = self._arrivals.next()
        self._timer = None if moment is None else device.timers.call_at(device.started + moment, self._due)

    def _due(self) -> None:
        timer = self._timer
        assert timer is not None
        if not self._device.down():
            self._happen(timer.when)
        self._schedule()
