"""The embedded platform as a child process, for scenarios without a platform of their own.

A process of its own, because a platform in the generator's would take its CPU and its interpreter lock. It is the
command of the layer above, started by name; its log goes into the report's directory, it ends with us.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import simulator
from simulator.exit_codes import ExitCode

READY_TIMEOUT_S = 30.0
"""Starting Python and making a certificate take two seconds on a slow machine; RSA keys of 4096 bit take ten."""
_LOOK_S = 0.05
STOP_TIMEOUT_S = 10.0
"""It commits its ledger when it is told to stop."""
LOG_NAME = "platform.log"
LOG_LINES = 15
"""As many of the log's last lines are shown when the platform does not start."""


class PlatformStartError(Exception):
    """The embedded platform did not start; the text holds what it said.

    Attributes:
        refused: it ended with exit code 2, so that the user can mend it: a port that is taken, a wrong option.
    """

    def __init__(self, text: str, *, refused: bool = False) -> None:
        super().__init__(text)
        self.refused = refused


@dataclass(frozen=True, slots=True)
class PlatformAddress:
    """Where the embedded platform is."""

    dispatch_url: str
    ca_file: str | None
    """Its own root certificate, where it made one."""


class EmbeddedPlatform:
    """Starts `best-fleet platform` and stops it again.

    Args:
        arguments: what follows `platform` on the command line, the address and the ready file apart.
        directory: where the log goes.
        sleep: how one waits here, in seconds.
    """

    def __init__(
        self, arguments: Sequence[str], directory: Path, sleep: Callable[[float], object] = time.sleep
    ) -> None:
        self._arguments = tuple(arguments)
        self._sleep = sleep
        self._log_path = directory / LOG_NAME
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None

    def start(self) -> PlatformAddress:
        """Start it and wait until it accepts devices.

        Raises:
            PlatformStartError: If it does not get ready.
        """
        descriptor, name = tempfile.mkstemp(prefix="best-fleet-ready-", suffix=".json")
        os.close(descriptor)
        ready = Path(name)
        ready.unlink()
        self._log_path.parent.mkdir(parents=True, exist_ok=True)
        self._log = self._log_path.open("wb")
        command = [sys.executable, "-m", "simulator.cli", "platform", *self._arguments]
        command += ["--host", "127.0.0.1", "--port", "0", "--ready-file", str(ready), "--stop-with-stdin"]
        try:
            # Its stdin is a pipe that we hold: when we die, however, it reads the end and stops. A session of its own
            # keeps the terminal's Ctrl-C from it, so that devices can still deliver their records.
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=self._log,
                stderr=self._log,
                env=_with_our_package(),
                start_new_session=True,
            )
            return self._wait_until_ready(ready)
        except BaseException:
            self.stop()
            raise
        finally:
            ready.unlink(missing_ok=True)

    @property
    def exit_code(self) -> int | None:
        """Its exit code if it has ended, None while it runs or was never started."""
        return None if self._process is None else self._process.poll()

    def stop(self) -> None:
        """Stop it in order, and by force if it does not obey. Harmless when done again."""
        process, self._process = self._process, None
        if process is not None:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(timeout=STOP_TIMEOUT_S)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait(timeout=STOP_TIMEOUT_S)
            if process.stdin is not None:
                process.stdin.close()
        if self._log is not None:
            self._log.close()
            self._log = None

    def _wait_until_ready(self, ready: Path) -> PlatformAddress:
        deadline = time.monotonic() + READY_TIMEOUT_S
        while time.monotonic() < deadline:
            if ready.exists():
                told = json.loads(ready.read_bytes())
                return PlatformAddress(dispatch_url=told["dispatch"], ca_file=told.get("ca"))
            if (code := self.exit_code) is not None:
                raise PlatformStartError(
                    f"the embedded platform ended with exit code {code}:\n{self.last_lines()}",
                    refused=code == ExitCode.USAGE,
                )
            self._sleep(_LOOK_S)
        raise PlatformStartError(
            f"the embedded platform was not ready after {READY_TIMEOUT_S:g} s:\n{self.last_lines()}"
        )

    def last_lines(self) -> str:
        try:
            lines = self._log_path.read_text("utf-8", "replace").splitlines()
        except OSError:
            return ""
        return "\n".join(lines[-LOG_LINES:])


def _with_our_package() -> dict[str, str]:
    """The environment, in which Python finds this package even if only Locust's working directory made it known."""
    root = str(Path(simulator.__file__).resolve().parents[1])
    path = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{path}" if path else root}
