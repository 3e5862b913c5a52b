"""The largest fleet that one machine carries: `scenarios/scale-250k.yaml` by one command, told from its own summary.

Nothing is pinned: workers, platform and master share all cores, as they do for whoever runs it. Not part of the whole
(`--only fleet`), for it takes longer than all the others.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any, Final

from benchmarks.children import ROOT, BenchmarkError, Child
from benchmarks.clients import START_S
from benchmarks.figures import Target
from benchmarks.scale import possible
from simulator.fleet.plan import FleetPlan
from simulator.scenario.scenario import load_scenario

SCENARIO: Final = Path("scenarios") / "scale-250k.yaml"
KB: Final = 1024
LARGE: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetSize:
    """How large and how long.

    Attributes:
        devices: the scenario's own where None.
        run_s: seconds that the run takes, ramp included; the scenario's own where None.
        limit_s: seconds after which waiting for its end is given up.
    """

    devices: int | None
    run_s: float | None
    limit_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """What one run left: its `summary.json`, and its exit code."""

    devices: int
    processes: int
    code: int
    summary: dict[str, Any]

    @property
    def came_online(self) -> int:
        return int(self.summary["fleet"]["came_online"])

    @property
    def failures(self) -> int:
        return sum(found["failures"] for found in self.summary["requests"].values())

    @property
    def kb(self) -> float:
        """KB of resident memory of master and workers for each device, everything included."""
        return float(self.summary["generator"]["rss_mb"] or 0.0) * 1e6 / KB / self.devices

    def targets(self) -> list[Target]:
        """All online, none failed, in the memory that was asked for, and the run itself says that it passed."""
        found = [
            Target("fleet: share of devices that came online", self.came_online / self.devices, 1.0, at_least=True),
            Target("fleet: failed requests", float(self.failures), 0.0),
            Target("fleet: exit code", float(self.code), 0.0),
        ]
        if self.devices >= LARGE:
            # In a small one the processes themselves are most of it.
            found.append(Target("fleet: KB a device, all processes included", self.kb, 15.0))
        return found

    def to_json(self) -> dict[str, Any]:
        generator = self.summary["generator"]
        return {
            "devices": self.devices,
            "processes": self.processes,
            "came_online": self.came_online,
            "peak_online": self.summary["fleet"]["peak_online"],
            "online_ratio": self.summary["fleet"]["online_ratio"],
            "requests": sum(found["count"] for found in self.summary["requests"].values()),
            "failures": self.failures,
            "kb_a_device": round(self.kb, 2),
            "verdict": self.summary["verdict"],
            "exit_code": self.code,
            "duration_s": self.summary["duration_s"],
            "cpu_percent": generator["cpu_percent"],
            "loop_lag_ms": generator["loop_lag_ms"],
        }


def measure_fleet(size: FleetSize, directory: Path, note: Callable[[str], None]) -> Fleet:
    """Run the scenario once.

    Raises:
        BenchmarkError: If it is not there, does not end in time, or leaves no summary.
    """
    if not (ROOT / SCENARIO).exists():
        raise BenchmarkError(f"{SCENARIO} is not there")
    devices = size.devices or len(FleetPlan(load_scenario(ROOT / SCENARIO)))
    processes = max(2, ceil(devices / possible(devices)))
    report = directory / "fleet-report"
    arguments = [
        *("-m", "simulator.cli", "run", str(SCENARIO), "--report", str(report)),
        *("--processes", str(processes), "-u", str(devices)),
        *([] if size.run_s is None else ["-t", f"{size.run_s:g}s"]),
    ]
    note(f"{devices:,} devices in {processes} processes: {' '.join(arguments[1:])}")
    child = Child("fleet", arguments, core=None, directory=directory, limit_s=START_S + size.limit_s)
    with child:
        code = child.wait()
    summary = report / "summary.json"
    if not summary.exists():
        raise BenchmarkError(f"the fleet's run left no summary, exit code {code}:\n{child.last_lines()}")
    found = Fleet(devices=devices, processes=processes, code=code, summary=json.loads(summary.read_bytes()))
    note(
        f"{found.came_online:,} of {devices:,} came online, {found.failures} requests failed, "
        f"{found.kb:.1f} KB a device, exit code {code}"
    )
    return found
