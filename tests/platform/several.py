"""A platform in several processes, as processes, whose temporary files are in a folder of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp

from simulator.platform.server import ReadyInfo
from simulator.platform.split import owner_of
from tests.platform.harness import IDENTITIES, Identity, Running, ShiftedClock

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
from simulator.platform import children, supervisor
from simulator.platform.options import PlatformOptions
from tests.platform.harness import IDENTITIES
from tests.platform.parts import ListedDirectory, platform_settings, platform_tls
# Whoever runs the tests in the background, or with nohup, has them ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
values = dict(argument.split("=", 1) for argument in sys.argv[1:])
begin = children.run
def begin_with(options, listener):
    exec(values.get("child", ""), {"number": options.share.number, "os": os, "signal": signal})
    return begin(options, listener)
children.run = begin_with
exec(values.get("parent", ""), {"os": os, "supervisor": supervisor})
sys.exit(supervisor.run_several(PlatformOptions(
    settings=platform_settings(users=3, tls=platform_tls() if "tls" in values else None),
    directory=ListedDirectory(IDENTITIES),
    dispatch_port=int(values.get("port", "0")),
    ledger=Path(values["ledger"]) if "ledger" in values else None,
    ready_file=Path(values["ready"]) if "ready" in values else None,
    account_file=Path(values["account"]) if "account" in values else None,
    stop_with_stdin=True,
), int(values.get("processes", "2"))))
"""


class Several:
    """A platform in several processes.

    Attributes:
        line: its ready line; empty where it ended without one.
    """

    def __init__(self, command: Sequence[str], temporary: Path) -> None:
        self._temporary = temporary
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, "TMPDIR": str(temporary)},
        )
        self.line = ""

    def begin(self) -> None:
        """Wait until it is ready, or has ended."""
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline()

    @property
    def told(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.line)
        return told

    @property
    def pids(self) -> list[int]:
        """Of the processes that serve."""
        return [each["pid"] for each in self.told["processes"]]

    @property
    def root(self) -> str:
        """The certificate of its CA."""
        return Path(self.told["ca"]).read_text()

    def running(self, http: aiohttp.ClientSession, identity: Identity | None = None) -> Running:
        """The platform, with the brokers of the process that the device belongs to; without one, of the first."""
        told = self.told
        processes = told.pop("processes")
        if identity is not None:
            own = processes[owner_of(identity.sn, len(processes))]
            told |= {name: own[name] for name in ("broker", "mqtt")}
        return Running(ReadyInfo(**told), http, ShiftedClock())

    def kill(self) -> None:
        """All its processes at once."""
        os.killpg(self.process.pid, signal.SIGKILL)

    def end(self, number: int | None = None) -> tuple[int, str]:
        """Send it a signal and wait until none of its processes is left; exit code and standard error."""
        if number is not None:
            self.process.send_signal(number)
        # Its standard input stays open until it has ended: else nobody would be there to read its account.
        self.process.wait(timeout=30)
        # Standard error is open as long as one of them lives.
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, errors

    @property
    def left(self) -> list[str]:
        """Its temporary files."""
        return sorted(str(path.relative_to(self._temporary)) for path in self._temporary.rglob("best-fleet-*"))


@contextmanager
def several(
    *arguments: str, command: Sequence[str] = (sys.executable, "-c", PROGRAM), temporary: Path | None = None
) -> Iterator[Several]:
    """A platform in two processes, unless told otherwise; see `PROGRAM` for the arguments.

    Args:
        temporary: for its temporary files; None for a folder whose name is short.
    """
    with tempfile.TemporaryDirectory(prefix="bf-") as short:
        one = Several([*command, *arguments], temporary or Path(short))
        try:
            one.begin()
            yield one
        finally:
            if one.process.poll() is None:
                one.kill()
                one.process.communicate()


def of_each(processes: int = 2, each: int = 2) -> list[Identity]:
    """So many devices of each process, in turn."""
    owned: list[list[Identity]] = [[] for _ in range(processes)]
    for identity in IDENTITIES:
        owned[owner_of(identity.sn, processes)].append(identity)
    return [identity for row in zip(*(some[:each] for some in owned), strict=True) for identity in row]
