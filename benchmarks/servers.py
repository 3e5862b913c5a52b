"""The servers that the measured clients talk to, on a core of their own."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks.children import Child
from benchmarks.cores import Cores


class Server:
    """A server that runs.

    Args:
        address: dispatch URL of a platform, port number of the echo server.
        ca: file of the CA of a certificate that a platform has made.
    """

    def __init__(self, address: str, pid: int, ca: str | None = None) -> None:
        self.address = address
        self.pid = pid
        self.ca = ca

    def cpu(self) -> float:
        """Seconds of CPU that it has used."""
        times = psutil.Process(self.pid).cpu_times()
        return float(times.user + times.system)


def _ready_file(directory: Path, name: str) -> Path:
    """Where the server `name` will say that it is ready; what an earlier one said there is gone."""
    ready = directory / f"{name}-ready.json"
    ready.unlink(missing_ok=True)
    return ready


@contextmanager
def echo_server(cores: Cores, directory: Path, limit_s: float) -> Iterator[Server]:
    """The floor's server, for the `with` block."""
    ready = _ready_file(directory, "echo")
    child = Child(
        "echo-server",
        ["-m", "benchmarks.programs.echo_server"],
        core=cores.server,
        directory=directory,
        limit_s=limit_s,
        order={"ready": str(ready), "limit_s": limit_s},
    )
    with child:
        yield Server(str(child.wait_for_file(ready)["port"]), child.pid)


class WatchedPlatform(Server):
    """An embedded platform that tells how long its delayed answers really waited."""

    def __init__(self, address: str, child: Child, waits: Path) -> None:
        super().__init__(address, child.pid)
        self._child = child
        self._waits = waits
        self._asked = 0

    def waits_ms(self) -> dict[str, float]:
        """`p50` and `p99` since this was last asked; empty where there was no answer.

        Raises:
            BenchmarkError: If the platform does not tell.
        """
        self._asked += 1
        os.kill(self.pid, signal.SIGUSR1)
        told: dict[str, float] = self._child.wait_for_file(Path(f"{self._waits}-{self._asked}"))["ms"]
        return told


@contextmanager
def watched_platform(
    name: str, scenario: Path, cores: Cores, directory: Path, limit_s: float
) -> Iterator[WatchedPlatform]:
    """As `embedded_platform`, with a watch on its answers."""
    ready, waits = _ready_file(directory, name), directory / f"{name}-waits"
    child = Child(
        name,
        [
            *("-m", "benchmarks.programs.platform", "platform", "--scenario", str(scenario)),
            *("--ready-file", str(ready), "--stop-with-stdin"),
        ],
        core=cores.server,
        directory=directory,
        limit_s=limit_s,
        order={"waits": str(waits), "limit_s": limit_s},
    )
    with child:
        yield WatchedPlatform(child.wait_for_file(ready)["dispatch"], child, waits)


@contextmanager
def embedded_platform(name: str, scenario: Path, cores: Cores, directory: Path, limit_s: float) -> Iterator[Server]:
    """The embedded platform for `scenario`, for the `with` block."""
    ready = _ready_file(directory, name)
    child = Child(
        name,
        [
            *("-m", "simulator.cli", "platform", "--scenario", str(scenario)),
            *("--ready-file", str(ready), "--stop-with-stdin"),
        ],
        core=cores.server,
        directory=directory,
        limit_s=limit_s,
    )
    with child:
        told = child.wait_for_file(ready)
        yield Server(told["dispatch"], child.pid, told["ca"])
