"""Is this process fast enough? Looked at once a second while a run goes on, and told at once when it is not.

The verdict on a whole run is `measurements.health`'s; this feeds it and warns whoever watches.
"""

import logging
import resource
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import gevent
import psutil

from simulator.clock import RunClock
from simulator.measurements.health import (
    CPU_LIMIT_PERCENT,
    CPU_LIMIT_SECONDS,
    DEFAULT_LAG_LIMIT_MS,
    DEFAULT_STALL_LIMIT_MS,
    IDLE_PERCENT,
    LAG_PROBE_S,
    HealthSample,
)
from simulator.measurements.resources import Held
from simulator.scenario.scenario import Scenario
from simulator.swarm.open_files import open_files
from simulator.swarm.tasks import OnError, counted
from simulator.texts.translation import _

logger = logging.getLogger("simulator.health")

PERIOD_S = 1.0
LAG_WINDOW = 200
"""Lag values that the running p99 is taken from: ten seconds of the engine's probe."""
QUIET_S = 30.0
"""Between two warnings of the same kind."""
FILES_EVERY = 5
"""Looks: to count ten thousand open files takes 6 ms of a process that should do other things.

While more devices come online than ever before, each look counts them: the highest count is what a limit is sized by.
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """How late and how busy a process may be; a scenario's `limits`."""

    lag_ms: float = DEFAULT_LAG_LIMIT_MS
    """p99 of the engine loop's lag, weighed by time."""
    stall_ms: float = DEFAULT_STALL_LIMIT_MS
    """How long the loop may stand still."""
    cpu_percent: float = CPU_LIMIT_PERCENT
    """Of one core, for `CPU_LIMIT_SECONDS`."""


def limits_of(scenario: Scenario) -> Limits:
    """What the scenario's `limits` say."""
    limits = scenario.document.limits
    return Limits(lag_ms=limits.loop_lag * 1000.0, stall_ms=limits.stall * 1000.0, cpu_percent=limits.cpu * 100.0)


class HealthWatch:
    """Samples this process' CPU, memory, backlogs and what else it holds.

    Args:
        take: receives a sample a second.
        waiting_samples, waiting_connects: what is queued in this process at the moment.
        held: the devices and tasks of this process at the moment.
        connections: the most devices that were online at once so far.
        clock: the run's.
        limits: what is still good.
        on_error: takes (rule, what happened) of an internal error.
    """

    def __init__(
        self,
        take: Callable[[HealthSample], None],
        *,
        waiting_samples: Callable[[], int],
        waiting_connects: Callable[[], int],
        held: Callable[[], Held],
        connections: Callable[[], int] = lambda: 0,
        clock: RunClock,
        limits: Limits = Limits(),
        on_error: OnError,
    ) -> None:
        self.lags: deque[float] = deque(maxlen=LAG_WINDOW)
        """Newest lags of the engine's loop in seconds; appended to by the engine's thread."""
        self._take = take
        self._waiting_samples = waiting_samples
        self._waiting_connects = waiting_connects
        self._held = held
        self._most_connections = connections
        self._looks = 0
        self._connections = 0
        """The most that a look has told."""
        self._clock = clock
        self._limits = limits
        self._process = psutil.Process()
        self._cpu = time.process_time()
        self._at = clock.monotonic()
        self._busy_since: float | None = None
        self._percents: deque[float] = deque(maxlen=round(LAG_WINDOW * LAG_PROBE_S / PERIOD_S))
        """CPU use in the seconds that the lags are of."""
        self._warned: dict[str, float] = {}
        self._greenlet: gevent.Greenlet | None = None
        self._look = counted("background.health", self.look, on_error)

    def start(self) -> None:
        """Begin to look."""
        self._greenlet = gevent.spawn(self._work)

    def look_at_all(self) -> None:
        """Look before the devices are stopped, at the open files too, unless that was just done."""
        if self._greenlet is not None and self._clock.monotonic() - self._at > PERIOD_S / 2:
            self._looks = 0
            self._look()

    def stop(self) -> None:
        """Look a last time, and end."""
        if self._greenlet is not None:
            self._greenlet.kill()
            self._greenlet = None
            if self._most_connections() > self._connections or self._clock.monotonic() - self._at > PERIOD_S / 2:
                self.look()

    def _work(self) -> None:
        while True:
            gevent.sleep(PERIOD_S)
            self._look()

    @property
    def overloaded(self) -> bool:
        """Whether this process has been too late or too busy in the last seconds."""
        lags = sorted(self.lags)
        late = bool(lags) and (1000.0 * lags[-1] > self._limits.stall_ms or 1000.0 * _p99(lags) > self._limits.lag_ms)
        busy = self._busy_since is not None and self._clock.monotonic() - self._busy_since >= CPU_LIMIT_SECONDS
        return late or busy

    def look(self) -> HealthSample:
        """Take one sample now, and warn if something is wrong."""
        now, cpu = self._clock.monotonic(), time.process_time()
        # Of a shorter time the use is not known: one step of the CPU's clock would look like a whole core.
        percent = 100.0 * (cpu - self._cpu) / max(now - self._at, PERIOD_S / 2)
        self._at, self._cpu = now, cpu
        sample = HealthSample(
            at=self._clock.wall(),
            cpu_percent=percent,
            rss_mb=self._process.memory_info().rss / 1e6,
            waiting_samples=self._waiting_samples(),
            waiting_connects=self._waiting_connects(),
            held=self._with_files(self._held()),
        )
        self._take(sample)
        self._judge(now, percent)
        return sample

    def _with_files(self, held: Held) -> Held:
        self._looks += 1
        connections = self._most_connections()
        grown, self._connections = connections > self._connections, connections
        held = held._replace(connections=connections)
        if self._looks % FILES_EVERY != 1 and not grown:
            return held
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        limit = None if soft == resource.RLIM_INFINITY else soft
        return held._replace(open_files=open_files(self._process), files_limit=limit)

    def _judge(self, now: float, percent: float) -> None:
        self._percents.append(percent)
        lags = sorted(self.lags)
        if lags and 1000.0 * lags[-1] > self._limits.stall_ms:
            self._warn(
                "stall",
                now,
                _(
                    "the generator stood still for {lags:.1f} s (limit {stall_ms:g} s); this run's figures are "
                    "not valid",
                    lags=lags[-1],
                    stall_ms=self._limits.stall_ms / 1000.0,
                ),
            )
        if len(lags) >= LAG_WINDOW // 2:
            p99_ms = 1000.0 * _p99(lags)
            if p99_ms > self._limits.lag_ms:
                self._warn("lag", now, self._late(p99_ms))
        if percent <= self._limits.cpu_percent:
            self._busy_since = None
            return
        self._busy_since = self._busy_since or now
        if now - self._busy_since >= CPU_LIMIT_SECONDS:
            self._warn(
                "cpu",
                now,
                _(
                    "the generator has used over {cpu_percent:g} % of a core for {now:.0f} s; its figures are not "
                    "valid; use more processes or fewer devices",
                    cpu_percent=self._limits.cpu_percent,
                    now=now - self._busy_since,
                ),
            )

    def _late(self, p99_ms: float) -> str:
        """That it is late; more processes help only where it had much to do."""
        if (most := max(self._percents)) < IDLE_PERCENT:
            return _(
                "the generator is late: p99 of its event loop's lag is {p99_ms:.0f} ms (limit {lag_ms:g} ms), though "
                "it used {percent:.0f} % of a core at most: something else on the machine keeps it from running "
                "(other programs, stolen time, a frozen machine)",
                p99_ms=p99_ms,
                lag_ms=self._limits.lag_ms,
                percent=most,
            )
        return _(
            "the generator is late: p99 of its event loop's lag is {p99_ms:.0f} ms (limit {lag_ms:g} ms); use more "
            "processes or fewer devices",
            p99_ms=p99_ms,
            lag_ms=self._limits.lag_ms,
        )

    def _warn(self, kind: str, now: float, text: str) -> None:
        if now - self._warned.get(kind, -QUIET_S) >= QUIET_S:
            self._warned[kind] = now
            logger.warning(text)


def _p99(lags: list[float]) -> float:
    """Of sorted values, at least one."""
    return lags[max(0, int(len(lags) * 0.99) - 1)]
