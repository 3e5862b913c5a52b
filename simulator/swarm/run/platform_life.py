"""Whether a run's embedded platform is still there, and until when it was: what its death explains is not its fault.

What came before the last look that found it there is the platform's; what came after is not where the next finds it
dead (`measurements.held_violations`).
"""

import math
from collections.abc import Callable
from typing import Final, Protocol

import gevent

from simulator.clock import Clock
from simulator.measurements.run import RunMeasurements
from simulator.swarm.tasks import OnError, counted

LOOK_S: Final = 0.05
_CLOSING_S: Final = 0.1
"""A process that ends closes its connections first, and is seen to have ended after that. Workers' clocks differ."""
_CLOSING_A_DEVICE_S: Final = 20e-6


class Watched(Protocol):
    """`fleet.platform_process.EmbeddedPlatform`, as far as it is looked at."""

    @property
    def whole(self) -> bool:
        """Whether all of its processes are there."""


class PlatformLife:
    """Looks after one platform, from its run's begin on.

    Args:
        clock: that events of devices are told by.
        devices: how many connections it may have.
    """

    def __init__(self, platform: Watched, measurements: RunMeasurements, clock: Clock, devices: int) -> None:
        self._platform = platform
        self._measurements = measurements
        self._clock = clock
        self._closing_s = _CLOSING_S + _CLOSING_A_DEVICE_S * devices
        self._died = False
        self._greenlet: gevent.Greenlet | None = None
        measurements.violations.hold()

    def start(self, on_error: OnError) -> None:
        """Look every `LOOK_S` from now on."""
        self._greenlet = gevent.spawn(self._watch, counted("background.platform", self.look, on_error))

    def _watch(self, look: Callable[[], object]) -> None:
        while not self._died:
            gevent.sleep(LOOK_S)
            look()

    def look(self) -> None:
        """See whether it is there."""
        if self._died:
            return
        # Before it is asked: what ends in between is not known to be the platform's.
        now = self._clock.wall()
        if self._platform.whole:
            self._measurements.violations.lived(now - self._closing_s)
        else:
            self._died = True
            self._measurements.details.died(self._measurements.violations.died())

    def stop(self) -> None:
        """All is counted, and the platform is about to be stopped: what nothing has explained by now is its own."""
        if self._greenlet is not None:
            self._greenlet.kill()
        self.look()
        if not self._died:
            self._measurements.violations.lived(math.inf)


def watched(
    platform: Watched | None, measurements: RunMeasurements, clock: Clock, devices: int, on_error: OnError
) -> PlatformLife | None:
    """Looks after the run's platform from now on; None where it has none of its own."""
    if platform is None:
        return None
    life = PlatformLife(platform, measurements, clock, devices)
    life.start(on_error)
    return life
