"""The servers that the measured clients talk to, on a core of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.children import Child
from benchmarks.cores import Cores


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs."""

    address: str
    """Dispatch URL of a platform, port number of the echo server."""
    pid: int

    def cpu(self) -> float:
        """Seconds of CPU that it has used."""
        times = psutil.Process(self.pid).cpu_times()
        return float(times.user + times.system)


@contextmanager
def echo_server(cores: Cores, directory: Path, limit_s: float) -> Iterator[Server]:
    """The floor's server, for the `with` block."""
    ready = directory / "echo-ready.json"
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


@contextmanager
def embedded_platform(name: str, scenario: Path, cores: Cores, directory: Path, limit_s: float) -> Iterator[Server]:
    """The embedded platform for `scenario`, for the `with` block."""
    ready = directory / f"{name}-ready.json"
    ready.unlink(missing_ok=True)
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
        yield Server(child.wait_for_file(ready)["dispatch"], child.pid)
