"""Is the load generator itself fast enough? What its processes say about themselves, and the rule that judges it.

A process is overloaded when its CPU use stays above 90 % of a core for 10 s, or when its event loop was late: the p99
of its lag has a limit (50 ms), and lag is weighed by time, so that this says "late for more than 1 % of the time". A
process was frozen when its longest lag is above a limit of its own (1 s). A scenario may set all three limits. Each
process is judged by itself: among many, one that stood still would not move a percentile of all.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from simulator.measurements.codec import dump_histogram, load_histogram
from simulator.measurements.findings import Finding, Value
from simulator.measurements.histogram import Histogram
from simulator.measurements.resources import Held, Resources

MOST_SAMPLES = 4_000
"""Looks that are kept for charts; then every second one of each process goes, over and over."""
MOST_UNDRAINED = 10_000
"""Looks that wait for a master; in the first process of a run nobody ever takes them."""
CPU_LIMIT_PERCENT = 90.0
"""Of one core: a process runs Python on one core at a time."""
CPU_LIMIT_SECONDS = 10.0
IDLE_PERCENT = 50.0
"""Of a core: a process that used less and was late all the same had the time, and was not let run."""
DEFAULT_LAG_LIMIT_MS = 50.0
DEFAULT_STALL_LIMIT_MS = 1_000.0
"""Garbage collection of a large fleet and the scheduler of a busy machine take some 100 ms at times, and a run must not
be thrown away for one of these. From a second on it is the generator that the slowest replies tell of."""
LAG_PROBE_S = 0.05
"""How often the loop's lateness is looked at: 20 values a second tell a 99th percentile after five seconds."""


def late_probes(lag: float) -> list[float]:
    """The lag (seconds) of every probe that was due until one ran `lag` seconds late, that one first.

    A loop that stands still for six seconds runs no probe meanwhile and would count as one late look among hundreds
    (coordinated omission). With those that could not run there is one value for each `LAG_PROBE_S`, late or not, so
    that a percentile is a share of time.
    """
    return [lag, *(lag - number * LAG_PROBE_S for number in range(1, 1 + int(lag / LAG_PROBE_S)))]


def kept_from_running(finding: Mapping[str, Any]) -> bool:
    """Whether a process whose loop was late (the values of a `loop_lag`) had little to do itself."""
    cpu_percent = finding.get("cpu_percent")
    return cpu_percent is not None and cpu_percent < IDLE_PERCENT


class HealthSample(NamedTuple):
    """One look at a process, about once a second."""

    at: float
    cpu_percent: float
    rss_mb: float
    waiting_samples: int
    waiting_connects: int
    held: Held = Held()

    @classmethod
    def of(cls, row: Iterable[Any]) -> "HealthSample":
        """From a row of plain values, which in earlier versions told nothing of what the process held."""
        at, cpu_percent, rss_mb, waiting_samples, waiting_connects, *held = row
        return cls(at, cpu_percent, rss_mb, waiting_samples, waiting_connects, Held(*(held[0] if held else ())))

    def row(self) -> list[Any]:
        """As plain values; `of` reads them."""
        return [*self[:-1], list(self.held)]


@dataclass(slots=True)
class ProcessHealth:
    """What one process' samples add up to."""

    samples: int = 0
    cpu_sum: float = 0.0
    cpu_max: float = 0.0
    rss_max_mb: float = 0.0
    busy_since: float = 0.0
    overloaded_s: float = 0.0
    """The longest time for which the CPU limit was exceeded without a break."""
    lag: Histogram = field(default_factory=Histogram)
    """Of the event loop that its devices live on, weighed by time; empty in a master."""
    stalled_s: float = 0.0
    """The longest time for which a process without devices did nothing."""
    resources: Resources = field(default_factory=Resources)
    latest: HealthSample | None = None

    @property
    def longest_stall_ms(self) -> float:
        return max(self.lag.max_us / 1e3, self.stalled_s * 1e3)

    def add(self, sample: HealthSample, cpu_limit_percent: float) -> None:
        self.samples += 1
        self.latest = sample
        self.cpu_sum += sample.cpu_percent
        self.cpu_max = max(self.cpu_max, sample.cpu_percent)
        self.rss_max_mb = max(self.rss_max_mb, sample.rss_mb)
        self.resources.add(sample.at, sample.rss_mb, sample.held)
        if sample.cpu_percent <= cpu_limit_percent:
            self.busy_since = 0.0
            return
        self.busy_since = self.busy_since or sample.at
        self.overloaded_s = max(self.overloaded_s, sample.at - self.busy_since)


class GeneratorHealth:
    """Health of all processes of a run, with a series over time that stays small."""

    def __init__(self) -> None:
        self.cpu_limit_percent = CPU_LIMIT_PERCENT
        """Of one core; set it before the first sample."""
        self.faults: list[str] = []
        """What reports of earlier versions say of the generator in words; such a run is not valid."""
        self.processes: dict[str, ProcessHealth] = {}
        self.samples: list[tuple[str, HealthSample]] = []
        self.platforms: dict[str, Resources] = {}
        """What the embedded platform's process held, by run where several are merged; no part of the generator."""
        self._undrained: deque[tuple[str, HealthSample]] = deque(maxlen=MOST_UNDRAINED)
        self._apart_s = 0.0
        self._kept: dict[str, float] = {}
        """When the newest look that is kept of a process was."""

    def add(self, process: str, sample: HealthSample) -> None:
        """One look at `process`, in order of time."""
        self.of(process).add(sample, self.cpu_limit_percent)
        if sample.at - self._kept.get(process, 0.0) >= self._apart_s:
            self._keep(process, sample)
        self._undrained.append((process, sample))

    def _keep(self, process: str, sample: HealthSample) -> None:
        self.samples.append((process, sample))
        self._kept[process] = sample.at
        if len(self.samples) <= MOST_SAMPLES:
            return
        self._apart_s = 2.0 * self._apart_s or 1.5
        found, self.samples = self.samples, []
        self._kept.clear()
        for each, looked in found:
            if looked.at - self._kept.get(each, 0.0) >= self._apart_s:
                self.samples.append((each, looked))
                self._kept[each] = looked.at

    def of(self, process: str) -> ProcessHealth:
        """What `process` told, which is nothing at first."""
        return self.processes.setdefault(process, ProcessHealth())

    def stalled(self, process: str, seconds: float) -> None:
        """`process`, which runs no devices, did nothing for `seconds` although it had to."""
        health = self.of(process)
        health.stalled_s = max(health.stalled_s, seconds)

    def cpu_percent(self) -> float | None:
        """Mean CPU use of the busiest process, in percent of a core; None before the first sample."""
        return max((health.cpu_sum / health.samples for health in self._looked_at()), default=None)

    def cpu_percent_max(self) -> float | None:
        return max((health.cpu_max for health in self._looked_at()), default=None)

    def rss_mb(self) -> float | None:
        """The processes' largest resident sizes, added up."""
        looked_at = self._looked_at()
        return sum(health.rss_max_mb for health in looked_at) if looked_at else None

    def rss_slope(self) -> float | None:
        """MB an hour of the process that grows fastest: what others give back does not mend a leak of one."""
        return self._steepest(lambda held: held.rss.per_hour())

    def open_files(self) -> int | None:
        """The most that any process had open."""
        return self._most(lambda held: held.open_files.peak)

    def files_used(self) -> float | None:
        """The share (0..1) of its limit that the process which came nearest to it had open."""
        return max((used for held in self._held() if (used := held.files_used) is not None), default=None)

    def files_limit(self) -> int | None:
        """How many files the process that came nearest to its limit may have open."""
        known = [held for held in self._held() if held.files_used is not None]
        return max(known, key=lambda held: held.files_used or 0.0).files_limit if known else None

    def files_slope(self) -> float | None:
        """Open files an hour, of the process in which they grow fastest."""
        return self._steepest(lambda held: held.open_files.per_hour())

    def tasks(self) -> int | None:
        """The most tasks that any process' engine had."""
        return self._most(lambda held: held.tasks.peak)

    def tasks_slope(self) -> float | None:
        """Tasks an hour, of the process in which they grow fastest."""
        return self._steepest(lambda held: held.tasks.per_hour())

    def platform(self) -> Resources | None:
        """What the embedded platform held; of several runs' the one that took most memory. None: nobody looked."""
        found = [held for held in self.platforms.values() if held.rss.peak is not None]
        return max(found, key=lambda held: held.rss.peak or 0.0, default=None)

    def _held(self) -> list[Resources]:
        return [health.resources for health in self.processes.values()]

    def _most(self, read: Callable[[Resources], float | None]) -> int | None:
        found = max((value for held in self._held() if (value := read(held)) is not None), default=None)
        return None if found is None else int(found)

    def _steepest(self, read: Callable[[Resources], float | None]) -> float | None:
        """The highest of the processes' slopes; None while that of one is not known yet."""
        slopes = [read(held) for held in self._held() if held.rss.peak is not None]
        known = [slope for slope in slopes if slope is not None]
        return max(known) if known and len(known) == len(slopes) else None

    def _looked_at(self) -> list[ProcessHealth]:
        return [health for health in self.processes.values() if health.samples]

    def reasons(self, lag_limit_ms: float, stall_limit_ms: float) -> list[Finding]:
        """Why the figures are not valid; empty when the generator was fast enough."""
        reasons = [Finding("fault", {"text": fault}) for fault in self.faults]
        for process, health in sorted(self.processes.items()):
            values: dict[str, Value]
            stall_ms = health.longest_stall_ms
            p50_ms, p99_ms = (value / 1e3 for value in health.lag.percentiles((50.0, 99.0)))
            frozen = stall_ms > stall_limit_ms
            if frozen:
                values = {"process": process, "seconds": round(stall_ms / 1e3, 3), "limit_s": stall_limit_ms / 1e3}
                reasons.append(Finding("frozen", values))
            # A stall alone moves p99 as well, and is not to be called an overload.
            if p99_ms > lag_limit_ms and not (frozen and p50_ms <= lag_limit_ms):
                values = {"process": process, "lag_ms": round(p99_ms, 3), "limit_ms": lag_limit_ms}
                if health.samples:
                    values["cpu_percent"] = round(health.cpu_sum / health.samples, 1)
                reasons.append(Finding("loop_lag", values))
            if health.overloaded_s >= CPU_LIMIT_SECONDS:
                values = {
                    "process": process,
                    "limit_percent": self.cpu_limit_percent,
                    "seconds": round(health.overloaded_s, 3),
                }
                reasons.append(Finding("cpu_busy", values))
        return reasons

    def drain(self) -> list[list[Any]]:
        """Samples since the last drain, as plain lists."""
        rows = [[process, *sample.row()] for process, sample in self._undrained]
        self._undrained.clear()
        return rows

    def dump(self, most: int = 2_000) -> dict[str, Any]:
        """For JSON: totals by process, and every n-th sample so that no more than `most` remain."""
        step = len(self.samples) // most + 1
        return {
            "cpu_limit_percent": self.cpu_limit_percent,
            "faults": self.faults,
            "processes": {
                name: [
                    *(h.samples, h.cpu_sum, h.cpu_max, h.rss_max_mb, h.overloaded_s),
                    *(h.stalled_s, dump_histogram(h.lag), h.resources.dump()),
                ]
                for name, h in self.processes.items()
            },
            "platforms": {name: held.dump() for name, held in self.platforms.items()},
            "samples": [[process, *sample.row()] for process, sample in self.samples[::step]],
        }

    def load(self, data: dict[str, Any], prefix: str = "") -> None:
        """Take over what another run dumped, its processes' names behind `prefix`."""
        self.cpu_limit_percent = data["cpu_limit_percent"]
        self.faults.extend(data["faults"])
        for name, (samples, cpu_sum, cpu_max, rss_max, overloaded, *rest) in data["processes"].items():
            # Earlier versions kept one lag for all processes, and looked at nothing but memory.
            stalled_s, lag, *told = rest or (0.0, None)
            self.processes[prefix + name] = ProcessHealth(
                *(samples, cpu_sum, cpu_max, rss_max, 0.0, overloaded, load_histogram(lag), stalled_s),
                resources=Resources.load(told[0] if told else None),
            )
        for name, held in data.get("platforms", {}).items():
            self.platforms[prefix + name] = Resources.load(held)
        self.samples.extend((prefix + process, HealthSample.of(rest)) for process, *rest in data["samples"])

    def merge(self, rows: Iterable[list[Any]]) -> None:
        """Add rows that another process drained."""
        for process, *rest in rows:
            self.add(process, HealthSample.of(rest))
