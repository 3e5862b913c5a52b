"""What the schedule has in store for the embedded platform: killed at its time, started again when the fault is over.

Whoever runs devices is told before it is killed and after it is back, so that what it costs is counted as the fault's.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Final, Protocol

import gevent
import gevent.event

from simulator.fleet.platform_process import PlatformStartError
from simulator.swarm.tasks import OnError, spawn
from simulator.texts.translation import _
from simulator.weather.kinds import PlatformRestart
from simulator.weather.schedule import Fault

logger = logging.getLogger("simulator.swarm")

NOTICE_S: Final = 0.5
"""Engines are told so long before: each tells its devices, some at a time, before their connections end."""

Tell = Callable[[int, bool], None]
"""Takes a fault's number, and whether the platform goes away by it or is back; returns when the engines know."""


class KillablePlatform(Protocol):
    """`fleet.platform_process.EmbeddedPlatform`, as far as the weather has to do with it."""

    @property
    def ready_timeout_s(self) -> float:
        """After `restart` it has so long to accept devices."""

    @property
    def stop_timeout_s(self) -> float:
        """`kill` takes at most so long, and so does an end in order."""

    def kill(self) -> bool:
        """End it at once; False if it has ended by itself."""

    def restart(self) -> None:
        """After `kill`: start it where it was.

        Raises:
            PlatformStartError: If it does not get ready.
            OSError: If its process cannot be made.
        """


class PlatformWeather:
    """Plays the restarts of one run.

    Args:
        faults: the run's schedule.
        elapsed: seconds since the run began.
        tell: see `Tell`.
        lost: told why, when the platform does not come back.
        on_error: takes (rule, what happened) of an internal error.
    """

    def __init__(
        self,
        faults: Iterable[Fault],
        platform: KillablePlatform,
        elapsed: Callable[[], float],
        *,
        tell: Tell,
        lost: Callable[[str], None],
        on_error: OnError,
    ) -> None:
        self._platform = platform
        self._elapsed = elapsed
        self._tell = tell
        self._lost = lost
        self._on_error = on_error
        restarts = [fault for fault in faults if isinstance(fault.kind, PlatformRestart)]
        self._steps: list[tuple[float, Callable[[int], None], int]] = [
            *((max(0.0, fault.at - NOTICE_S), self._announce, fault.number) for fault in restarts),
            *((fault.at, self._begin, fault.number) for fault in restarts),
            *((fault.end, self._end, fault.number) for fault in restarts),
        ]
        self._steps.sort(key=lambda step: step[0])
        self._away: list[int] = []
        self._under_way: set[int] = set()
        self._over: list[int] = []
        self._killed = False
        self._ending = gevent.event.Event()
        self._greenlet: gevent.Greenlet | None = None

    @property
    def away(self) -> tuple[int, ...]:
        """The faults by which it is away now, by number: what an engine that comes late has to be told."""
        return tuple(self._away)

    def start(self) -> None:
        """Play them, each at its time."""
        if self._steps:
            self._greenlet = spawn("background.weather", self._play, on_error=self._on_error)

    def clear_up(self) -> None:
        """The run's end has begun: nothing is killed any more, and a platform that is away comes back at once.

        Returns when it is there. Devices have some seconds then to deliver what waits: in vain, else, and records would
        be missing that no platform has lost.
        """
        self._ending.set()
        if self._greenlet is not None:
            self._greenlet.join(timeout=self._platform.ready_timeout_s + self._platform.stop_timeout_s)

    def stop(self) -> None:
        """Nothing happens any more; whatever is going on is broken off."""
        self._ending.set()
        greenlet, self._greenlet = self._greenlet, None
        if greenlet is not None:
            greenlet.kill()

    def _play(self) -> None:
        try:
            for moment, act, number in self._steps:
                while not self._ending.is_set() and (left := moment - self._elapsed()) > 0:
                    self._ending.wait(timeout=left)
                if self._ending.is_set():
                    break
                act(number)
            self._over = list(self._away)
            self._come_back()
        except _DiedByItselfError:
            logger.debug("the platform is dead: the run's own watch tells of that")
        except (PlatformStartError, OSError) as error:
            self._lost(str(error))

    def _announce(self, number: int) -> None:
        self._away.append(number)
        self._tell(number, True)

    def _begin(self, number: int) -> None:
        self._under_way.add(number)
        if not self._killed:
            logger.info(_("fault %d: the embedded platform is killed"), number + 1)
            if not self._platform.kill():
                raise _DiedByItselfError
            self._killed = True

    def _end(self, number: int) -> None:
        self._under_way.discard(number)
        self._over.append(number)
        if not self._under_way:
            self._come_back()

    def _come_back(self) -> None:
        """Start it again, where it is not there, and tell of every fault that is over."""
        if self._killed:
            self._platform.restart()
            self._killed = False
            logger.info(_("the embedded platform is back, %.1f s after the run began"), self._elapsed())
        over, self._over = self._over, []
        for number in over:
            self._away.remove(number)
            self._tell(number, False)


class _DiedByItselfError(Exception):
    """It was to be killed, and was dead."""
