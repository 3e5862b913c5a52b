"""Handshakes of TLS that a second of CPU brings through.

Ours beside those of OpenSSL's own `s_time`; and full ones beside resumed ones, for certificates of both kinds, by what
they cost the client and what they cost the embedded platform.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from benchmarks.children import BenchmarkError, Child
from benchmarks.cores import Cores, pin
from benchmarks.figures import Spread, Target, ratio, spread
from benchmarks.scenarios import FleetScenario
from benchmarks.servers import Server, embedded_platform

ALGORITHMS: Final = ("ecdsa", "rsa")
FULL: Final = "full"
RESUMED: Final = "resumed"
_MOSTLY: Final = 0.9
"""Of the handshakes that are to be resumed: each socket's first one is full."""
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
    made = _ours(server, cores, directory, seconds)
    return Handshakes(made["handshakes"] / made["cpu_s"], _openssl(server, cores, seconds))


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsSize:
    """How long: so many rounds, each a window of seconds for each kind of certificate and of handshake."""

    rounds: int
    window_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCost:
    """What handshakes cost, by algorithm and by `FULL` or `RESUMED`; a value a round.

    Attributes:
        client: Handshakes a second of the client's CPU.
        platform: The same of the embedded platform's.
    """

    client: dict[str, dict[str, list[float]]]
    platform: dict[str, dict[str, list[float]]]

    def sides(self) -> Mapping[str, dict[str, dict[str, list[float]]]]:
        """Both, by the words of tables."""
        return {"client": self.client, "platform": self.platform}

    def resumed_in_full(self, side: str, algorithm: str) -> Spread:
        """How many resumed handshakes cost as much as a full one."""
        found = self.sides()[side][algorithm]
        return ratio(found[RESUMED], found[FULL])

    def targets(self) -> list[Target]:
        """Nothing is asked: it is OpenSSL's work, and the interpreter's copies of a session."""
        return []

    def to_json(self) -> dict[str, Any]:
        return {
            side: {
                algorithm: {
                    **{way: spread(values).to_json() for way, values in ways.items()},
                    "resumed / full": self.resumed_in_full(side, algorithm).to_json(),
                }
                for algorithm, ways in found.items()
            }
            for side, found in self.sides().items()
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _TlsFleet(FleetScenario):
    """One device, for a platform with a certificate of this kind."""

    algorithm: str

    def text(self) -> str:
        return FleetScenario.text(self).replace("platform:\n", f"platform:\n  tls: {{algorithm: {self.algorithm}}}\n")


def measure_sessions(
    size: SessionsSize, cores: Cores, directory: Path, note: Callable[[str], None], limit_s: float
) -> SessionCost:
    """Full and resumed handshakes in turns. The client checks the platform's certificate, as devices do.

    Raises:
        BenchmarkError: If a client or server does not do its part.
    """
    found = SessionCost(client=_empty(), platform=_empty())
    for number in range(1, size.rounds + 1):
        for algorithm in ALGORITHMS:
            fleet = _TlsFleet(devices=1, channel="plain", heartbeat_s=60, start_rate=1, algorithm=algorithm)
            path = fleet.write(directory / f"platform-{algorithm}.yaml")
            with embedded_platform(f"platform-{algorithm}", path, cores, directory, limit_s) as server:
                for way in (FULL, RESUMED):
                    before = server.cpu()
                    made = _ours(
                        server, cores, directory, size.window_s, ca=server.ca, resume=way == RESUMED, ends=True
                    )
                    used = server.cpu() - before
                    if way == RESUMED and made["resumed"] < _MOSTLY * made["handshakes"]:
                        raise BenchmarkError(f"resumed were {made['resumed']} of {made['handshakes']} handshakes")
                    found.client[algorithm][way].append(made["handshakes"] / made["cpu_s"])
                    found.platform[algorithm][way].append(made["handshakes"] / used)
                    note(
                        f"round {number}/{size.rounds}, {algorithm}, {way}: {found.client[algorithm][way][-1]:.0f} "
                        f"handshakes a second of the client's CPU, {found.platform[algorithm][way][-1]:.0f} of the "
                        "platform's"
                    )
    return found


def _empty() -> dict[str, dict[str, list[float]]]:
    return {algorithm: {FULL: [], RESUMED: []} for algorithm in ALGORITHMS}


def _where(server: Server) -> tuple[str, int]:
    url = urlsplit(server.address)
    return url.hostname or "127.0.0.1", url.port or 443


def _ours(server: Server, cores: Cores, directory: Path, seconds: float, **order: Any) -> dict[str, Any]:
    host, port = _where(server)
    result = directory / "handshakes-result.json"
    result.unlink(missing_ok=True)
    limit_s = _START_S + seconds
    child = Child(
        "handshakes",
        ["-m", "benchmarks.programs.handshakes"],
        core=cores.client,
        directory=directory,
        limit_s=limit_s,
        order={"host": host, "port": port, "window_s": seconds, "result": str(result), "limit_s": limit_s, **order},
    )
    with child:
        found: dict[str, Any] = child.wait_for_file(result)
    return found


def _openssl(server: Server, cores: Cores, seconds: float) -> float | None:
    program = shutil.which("openssl")
    if program is None:
        return None
    host, port = _where(server)
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
