"""Handshakes of TLS that a second of CPU brings through, ours beside those of OpenSSL's own `s_time`."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.children import BenchmarkError, Child
from benchmarks.cores import Cores, pin
from benchmarks.servers import Server

_MADE = re.compile(rb"^(\d+) connections in \d+ real seconds", re.MULTILINE)
_START_S = 20.0


@dataclass(frozen=True, slots=True)
class Handshakes:
    """Handshakes a second of CPU of the client, user and kernel.

    Attributes:
        openssl: None where there is no `openssl` to run.
    """

    ours: float
    openssl: float | None


def measure_handshakes(server: Server, cores: Cores, directory: Path, seconds: float) -> Handshakes:
    """Full handshakes with the server of an https URL, for some seconds each way.

    Raises:
        BenchmarkError: If a client does not do its part.
    """
    url = urlsplit(server.address)
    host, port = url.hostname or "127.0.0.1", url.port or 443
    return Handshakes(_ours(host, port, cores, directory, seconds), _openssl(host, port, cores, seconds))


def _ours(host: str, port: int, cores: Cores, directory: Path, seconds: float) -> float:
    result = directory / "handshakes-result.json"
    result.unlink(missing_ok=True)
    limit_s = _START_S + seconds
    child = Child(
        "handshakes",
        ["-m", "benchmarks.programs.handshakes"],
        core=cores.client,
        directory=directory,
        limit_s=limit_s,
        order={"host": host, "port": port, "window_s": seconds, "result": str(result), "limit_s": limit_s},
    )
    with child:
        found = child.wait_for_file(result)
    return float(found["handshakes"] / found["cpu_s"])


def _openssl(host: str, port: int, cores: Cores, seconds: float) -> float | None:
    program = shutil.which("openssl")
    if program is None:
        return None
    arguments = [program, "s_time", "-new", "-connect", f"{host}:{port}", "-time", str(max(1, round(seconds)))]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    pin(process.pid, cores.client)
    with process.stdout as output:
        said = output.read()
    # Not `wait`: the CPU is told along with the end, and of this child alone.
    _, process.returncode, used = os.wait4(process.pid, 0)
    made = _MADE.findall(said)
    if not made:
        raise BenchmarkError(f"openssl s_time made no connection:\n{said.decode(errors='replace')[-500:]}")
    return int(made[-1]) / (used.ru_utime + used.ru_stime)
