"""Is the load generator itself fast enough? What its processes say about themselves, and the rule that judges it.

A process is overloaded when its CPU use stays above 90 % of a core for 10 s; the run's figures are also worth nothing
when the event loop was late: the p99 of its lag has a limit (50 ms). A scenario may set both limits.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from simulator.measurements.findings import Finding, Value

CPU_LIMIT_PERCENT = 90.0
"""Of one core: a process runs Python on one core at a time."""
CPU_LIMIT_SECONDS = 10.0
DEFAULT_LAG_LIMIT_MS = 50.0


class HealthSample(NamedTuple):
    """One look at a process, about once a second."""

    at: float
    cpu_percent: float
    rss_mb: float
    waiting_samples: int
    waiting_connects: int


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

    def add(self, sample: HealthSample, cpu_limit_percent: float) -> None:
        self.samples += 1
        self.cpu_sum += sample.cpu_percent
        self.cpu_max = max(self.cpu_max, sample.cpu_percent)
        self.rss_max_mb = max(self.rss_max_mb, sample.rss_mb)
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
        self._undrained: list[tuple[str, HealthSample]] = []

    def add(self, process: str, sample: HealthSample) -> None:
        """One look at `process`, in order of time."""
        self.processes.setdefault(process, ProcessHealth()).add(sample, self.cpu_limit_percent)
        self.samples.append((process, sample))
        self._undrained.append((process, sample))

    def cpu_percent(self) -> float | None:
        """Mean CPU use of the busiest process, in percent of a core; None before the first sample."""
        return max((health.cpu_sum / health.samples for health in self.processes.values()), default=None)

    def cpu_percent_max(self) -> float | None:
        return max((health.cpu_max for health in self.processes.values()), default=None)

    def rss_mb(self) -> float | None:
        """The processes' largest resident sizes, added up."""
        return sum(health.rss_max_mb for health in self.processes.values()) if self.processes else None

    def reasons(self, lag_p99_ms: float | None, lag_limit_ms: float) -> list[Finding]:
        """Why the figures are not valid; empty when the generator was fast enough."""
        reasons = [Finding("fault", {"text": fault}) for fault in self.faults]
        if lag_p99_ms is not None and lag_p99_ms > lag_limit_ms:
            reasons.append(Finding("loop_lag", {"lag_ms": lag_p99_ms, "limit_ms": lag_limit_ms}))
        for process, health in sorted(self.processes.items()):
            if health.overloaded_s >= CPU_LIMIT_SECONDS:
                values: dict[str, Value] = {
                    "process": process,
                    "limit_percent": self.cpu_limit_percent,
                    "seconds": round(health.overloaded_s, 3),
                }
                reasons.append(Finding("cpu_busy", values))
        return reasons

    def drain(self) -> list[list[Any]]:
        """Samples since the last drain, as plain lists."""
        rows = [[process, *sample] for process, sample in self._undrained]
        self._undrained.clear()
        return rows

    def dump(self, most: int = 2_000) -> dict[str, Any]:
        """For JSON: totals by process, and every n-th sample so that no more than `most` remain."""
        step = len(self.samples) // most + 1
        return {
            "cpu_limit_percent": self.cpu_limit_percent,
            "faults": self.faults,
            "processes": {
                name: [h.samples, h.cpu_sum, h.cpu_max, h.rss_max_mb, h.overloaded_s]
                for name, h in self.processes.items()
            },
            "samples": [[process, *sample] for process, sample in self.samples[::step]],
        }

    def load(self, data: dict[str, Any], prefix: str = "") -> None:
        """Take over what another run dumped, its processes' names behind `prefix`."""
        self.cpu_limit_percent = data["cpu_limit_percent"]
        self.faults.extend(data["faults"])
        for name, (samples, cpu_sum, cpu_max, rss_max, overloaded) in data["processes"].items():
            self.processes[prefix + name] = ProcessHealth(samples, cpu_sum, cpu_max, rss_max, 0.0, overloaded)
        self.samples.extend((prefix + process, HealthSample(*rest)) for process, *rest in data["samples"])

    def merge(self, rows: Iterable[list[Any]]) -> None:
        """Add rows that another process drained."""
        for process, *rest in rows:
            self.add(process, HealthSample(*rest))
