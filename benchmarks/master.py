"""What a master bears: a real one with simulated workers that report every three seconds."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.children import Child
from benchmarks.clients import PROGRAMS, START_S, Window
from benchmarks.cores import Cores
from benchmarks.figures import Spread, spread
from benchmarks.scenarios import FleetScenario

USERS_PER_S = 5_000
NOBODY = "http://127.0.0.1:9"
"""A dispatch URL at which nobody answers: the workers are simulated, and no device asks."""
MB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterSize:
    """How large and how long.

    Attributes:
        rate: Requests a second that each worker counts.
    """

    rounds: int
    workers: int
    devices_per_worker: int
    rate: float
    window: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterLoad:
    """What each round showed."""

    size: MasterSize
    rounds: list[Any]

    def busy(self) -> Spread:
        """Share of a core."""
        return spread([one["window"]["busy"] for one in self.rounds])

    def cpu_ms_per_report(self) -> Spread:
        """Everything that the master does, by reports: heartbeats, leases, measurements and statistics included."""
        return spread([one["window"]["cpu_us"] / 1000 for one in self.rounds])

    def lag_ms(self, name: str) -> Spread:
        """`p50`, `p99` or `max` of the lag of a greenlet."""
        return spread([one["lag_ms"][name] for one in self.rounds])

    def to_json(self) -> dict[str, Any]:
        return {
            "workers": self.size.workers,
            "devices": self.size.workers * self.size.devices_per_worker,
            "requests_per_s": self.size.workers * self.size.rate,
            "busy": self.busy().to_json(),
            "cpu_ms_per_report": self.cpu_ms_per_report().to_json(),
            "lag_ms": {name: self.lag_ms(name).to_json() for name in ("p50", "p99", "max")},
            "lag_ms_while_users_spawn": {
                name: spread([one["ramp_lag_ms"][name] for one in self.rounds]).to_json()
                for name in ("p50", "p99", "max")
            },
            "rss_mb": spread([one["rss"] / MB for one in self.rounds]).to_json(),
        }


def measure_master(size: MasterSize, cores: Cores, directory: Path, note: Callable[[str], None]) -> MasterLoad:
    """Run a master with its workers `size.rounds` times.

    Raises:
        BenchmarkError: If master or workers do not do their part.
    """
    found = []
    for number in range(1, size.rounds + 1):
        one = _measure(size, cores, directory, number)
        found.append(one)
        note(
            f"round {number}/{size.rounds}, master of {size.workers} workers: {one['window']['busy']:.0%} of a core, "
            f"lag p99 {one['lag_ms']['p99']:.1f} ms, max {one['lag_ms']['max']:.0f} ms"
        )
    return MasterLoad(size=size, rounds=found)


def _measure(size: MasterSize, cores: Cores, directory: Path, number: int) -> Any:
    devices = size.workers * size.devices_per_worker
    scenario = FleetScenario(devices=devices, channel="plain", heartbeat_s=60.0, start_rate=USERS_PER_S)
    listens = directory / f"master-{number}-listens.json"
    result = directory / f"master-{number}-result.json"
    limit_s = START_S + devices / USERS_PER_S + size.workers + size.window.settle_s + size.window.window_s
    master = Child(
        f"master-{number}",
        [
            *("-m", "locust", "-f", str(PROGRAMS / "master.py"), "--master", "--headless", "--only-summary"),
            *("--master-bind-host", "127.0.0.1", "--master-bind-port", "0", "--expect-workers", str(size.workers)),
            *("--scenario", str(scenario.write(directory / "master.yaml")), "--host", NOBODY),
            *("--report", str(directory / f"master-report-{number}")),
        ],
        core=cores.client,
        directory=directory,
        limit_s=limit_s,
        order={
            "devices": devices,
            "listens": str(listens),
            "result": str(result),
            "settle_s": size.window.settle_s,
            "window_s": size.window.window_s,
            "limit_s": limit_s,
        },
    )
    with master:
        workers = Child(
            f"workers-{number}",
            ["-m", "benchmarks.programs.workers"],
            core=cores.server,
            directory=directory,
            limit_s=limit_s,
            order={
                "port": master.wait_for_file(listens)["port"],
                "workers": size.workers,
                "rate": size.rate,
                "limit_s": limit_s,
            },
        )
        with workers:
            measured = master.wait_for_file(result)
            master.stop()
    return measured
