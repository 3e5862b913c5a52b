"""The embedded platform as a child process, for scenarios without a platform of their own.

A process of its own, because a platform in the generator's would take its CPU and its interpreter lock. It is the
command of the layer above, started by name; its log goes into the report's directory, it ends with us.

One that is to be killed and to come back has a home: ports that stay its own, and a directory for what it must know
again.
"""

import contextlib
import json
import os
import shutil
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
from simulator.endings import ending
from simulator.exit_codes import ExitCode
from simulator.fleet.held_ports import HeldPorts
from simulator.measurements.ledger import Kept
from simulator.platform.split import BREAK_OFF, end_timeout_s
from simulator.texts.told import Told, said

READY_TIMEOUT_S = 30.0
"""Starting Python and making a certificate take two seconds on a slow machine; RSA keys of 4096 bit take ten."""
_READY_A_PROCESS_S = 10.0
"""More for each further process: each makes such a key, and they may have one core."""
_LOOK_S = 0.05
_LAST_WORDS_S = 2.0
"""More than a platform has to end in order: one in several processes says then which of them it had to kill."""
LOG_NAME = "platform.log"
LOG_LINES = 15
"""As many of the log's last lines are shown when the platform does not start."""


class PlatformStartError(Exception):
    """The embedded platform did not start; the text, in English, holds what it said. `said` tells it.

    Attributes:
        refused: it ended with exit code 2, so that the user can mend it: a port that is taken, a wrong option.
    """

    def __init__(self, text: str, *, refused: bool = False) -> None:
        super().__init__(text)
        self.refused = refused
        self._text = text

    def said(self) -> str:
        """The text in the language that is spoken now."""
        return said(self._text)


@dataclass(frozen=True, slots=True)
class PlatformAddress:
    """Where the embedded platform is."""

    dispatch_url: str
    ca_file: str | None
    """Its own root certificate, where it made one."""


class _Home:
    """What a platform finds again: its ports, and ledger and certificates in a directory that only we can read.

    Args:
        processes: of the platform, each of which has brokers of its own.

    Raises:
        OSError: If there is no room for it.
    """

    def __init__(self, processes: int) -> None:
        self._ports = HeldPorts(3, in_row=processes)
        try:
            self._state = tempfile.mkdtemp(prefix="best-fleet-platform-")
        except OSError:
            self._ports.release()
            raise

    def arguments(self) -> list[str]:
        """What a platform that lives here is started with."""
        dispatch, broker, mqtt = map(str, self._ports.numbers)
        ports = ["--port", dispatch, "--broker-port", broker, "--mqtt-port", mqtt]
        # Where we end without a chance to give it up, the platform does it.
        return [*ports, "--state", self._state, "--forget-with-stdin"]

    def give_up(self) -> None:
        """Nobody comes back here."""
        self._ports.release()
        shutil.rmtree(self._state, ignore_errors=True)


class EmbeddedPlatform:
    """Starts `best-fleet platform` and stops it again; on the way kills it and lets it come back.

    Args:
        arguments: what follows `platform` on the command line, the address and the ready file apart.
        directory: where the log goes.
        sleep: how one waits here, in seconds.
        comes_back: it is to be killed and restarted: address, ledger, certificate and CA stay the same until `stop`.
        processes: how many it is in.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        directory: Path,
        sleep: Callable[[float], object] = time.sleep,
        *,
        comes_back: bool = False,
        processes: int = 1,
    ) -> None:
        self._arguments = tuple(arguments)
        self._sleep = sleep
        self._log_path = directory / LOG_NAME
        self._comes_back = comes_back
        self._processes = processes
        self._home: _Home | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._is_ready = False
        self._serving: tuple[int, ...] = ()
        """Process ids of a platform in several, besides the one that we started."""
        self._account_file: Path | None = None
        self.kept: Kept | None = None
        """What its ledger kept when `stop` stopped it in order; None before, and where it gave no account of it."""
        self._log: IO[bytes] | None = None

    def start(self) -> PlatformAddress:
        """Start it and wait until it accepts devices.

        Raises:
            PlatformStartError: If it does not get ready.
            OSError: If its log cannot be written, or a home for it cannot be made.
        """
        self._log_path.parent.mkdir(parents=True, exist_ok=True)
        self._log = self._log_path.open("wb")
        try:
            if self._comes_back:
                self._home = _Home(self._processes)
            return self._launch()
        except BaseException:
            self.stop()
            raise

    def kill(self) -> bool:
        """End it at once, as a crash does; False if it had ended by itself, which `exit_code` tells then."""
        # Nobody may take this for a death of its own, also while we wait for its end.
        process, self._process = self._process, None
        if process is None:
            return False
        by_itself = process.poll() is not None
        if not by_itself:
            self._end_at_once(process)
        if by_itself or process.returncode != -signal.SIGKILL:
            self._process = process
            return False
        if process.stdin is not None:
            process.stdin.close()
        return True

    def restart(self) -> None:
        """After `kill`: start it where it was, and wait until it accepts devices.

        Raises:
            PlatformStartError: If it does not get ready.
            OSError: If its process cannot be made.
        """
        if self._home is None or self._log is None:
            raise RuntimeError("this platform has no place to come back to")
        try:
            self._launch()
        except BaseException:
            self.stop()
            raise

    def _end_at_once(self, process: subprocess.Popen[bytes]) -> None:
        """Returns when nothing of it is there any more: no port that it listens at, no lock on its ledger."""
        if self._processes > 1:
            process.send_signal(BREAK_OFF)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=self.stop_timeout_s)
                return
        # The processes of a platform in several are a group of their own, led by the one that we started. It has not
        # been waited for, so that its number is its own.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def _launch(self) -> PlatformAddress:
        ready = _free_name("best-fleet-ready-")
        if self._account_file is None:
            self._account_file = _free_name("best-fleet-account-")
        command = [sys.executable, "-m", "simulator.cli", "platform", *self._arguments]
        command += ["--host", "127.0.0.1", "--ready-file", str(ready), "--stop-with-stdin"]
        command += ["--account-file", str(self._account_file)]
        # Also where it is one: the scenario alone would ask for what its own number of devices needs.
        command += ["--processes", str(self._processes)]
        command += ["--port", "0"] if self._home is None else self._home.arguments()
        self._is_ready = False
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
            address = self._wait_until_ready(self._process, ready)
            self._is_ready = True
            return address
        finally:
            ready.unlink(missing_ok=True)

    @property
    def ready_timeout_s(self) -> float:
        """It has so long to accept devices."""
        return READY_TIMEOUT_S + _READY_A_PROCESS_S * (self._processes - 1)

    @property
    def stop_timeout_s(self) -> float:
        """It has so long to end in order."""
        return end_timeout_s(self._processes) + _LAST_WORDS_S

    @property
    def pid(self) -> int | None:
        """Of its process; None while none runs."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    @property
    def exit_code(self) -> int | None:
        """Its exit code if it has ended by itself; None while it runs, while it starts, and where there is none."""
        return self._process.poll() if self._process is not None and self._is_ready else None

    @property
    def whole(self) -> bool:
        """Whether all of its processes are there, or none is to be there: before it is ready, after `kill` or `stop`.

        Sooner than `exit_code`: of several processes one dies and the others end in order, which takes seconds.
        """
        process = self._process
        return process is None or not self._is_ready or (_runs(process) and all(map(_is_there, self._serving)))

    def stop(self) -> None:
        """Stop it in order, and by force if it does not obey. Harmless when done again."""
        process, self._process = self._process, None
        if process is not None:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(timeout=self.stop_timeout_s)
                except subprocess.TimeoutExpired:
                    self._end_at_once(process)
            if process.stdin is not None:
                process.stdin.close()
            self._read_account()
        if self._log is not None:
            self._log.close()
            self._log = None
        home, self._home = self._home, None
        if home is not None:
            home.give_up()

    def _read_account(self) -> None:
        path, self._account_file = self._account_file, None
        if path is None:
            return
        try:
            self.kept = Kept(**json.loads(path.read_bytes()))
        except FileNotFoundError:
            return
        path.unlink(missing_ok=True)

    def _wait_until_ready(self, process: subprocess.Popen[bytes], ready: Path) -> PlatformAddress:
        deadline = time.monotonic() + self.ready_timeout_s
        while time.monotonic() < deadline:
            if ready.exists():
                told = json.loads(ready.read_bytes())
                self._serving = tuple(each["pid"] for each in told.get("processes", ()))
                return PlatformAddress(dispatch_url=told["dispatch"], ca_file=told.get("ca"))
            if (code := process.poll()) is not None:
                raise PlatformStartError(
                    Told(
                        "the embedded platform ended with {how}:\n{last_lines}",
                        how=ending(code),
                        last_lines=self.last_lines(),
                    ),
                    refused=code == ExitCode.USAGE,
                )
            self._sleep(_LOOK_S)
        raise PlatformStartError(
            Told(
                "the embedded platform was not ready after {seconds:g} s:\n{last_lines}",
                seconds=self.ready_timeout_s,
                last_lines=self.last_lines(),
            )
        )

    def last_lines(self) -> str:
        try:
            lines = self._log_path.read_text("utf-8", "replace").splitlines()
        except OSError:
            return ""
        return "\n".join(lines[-LOG_LINES:])


def _runs(process: subprocess.Popen[bytes]) -> bool:
    """As `poll`, but asked of the system: gevent's tells only what its own loop has heard by now."""
    if process.poll() is not None:
        return False
    if sys.platform != "darwin":
        with contextlib.suppress(ChildProcessError):
            return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    return process.poll() is None


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _free_name(prefix: str) -> Path:
    """A name for a file that another process will make."""
    descriptor, name = tempfile.mkstemp(prefix=prefix, suffix=".json")
    os.close(descriptor)
    path = Path(name)
    path.unlink()
    return path


def _with_our_package() -> dict[str, str]:
    """The environment, in which Python finds this package even if only Locust's working directory made it known."""
    root = str(Path(simulator.__file__).resolve().parents[1])
    path = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{path}" if path else root}
