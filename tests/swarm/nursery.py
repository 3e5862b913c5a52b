"""Locust processes that begin where their imports end: forks of one that has imported everything and done nothing else.

A Locust process imports for a second, and the tests start some two hundred. What a fork runs is `locust.__main__`, with
arguments, directory, environment and files of its own; it ends as any interpreter does. Whoever needs an environment
that Python reads when it starts gets a process from the command line.
"""

from __future__ import annotations

import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_START_S = 60.0
_PAUSE_S = 0.01
_MESSAGE_BYTES = 65_536
_KEY_PAIRS = 8
"""The fleets of most tests are smaller."""
_LOCALE = "zh_CN"
_MAY_DIFFER = frozenset({"TMPDIR", "XDG_STATE_HOME"})
"""Of a fork's environment from its parent's: what is read while it runs, and by none of its imports."""


class Forked:
    """A fork, with what the tests need of `subprocess.Popen`."""

    def __init__(self, nursery: Nursery, pid: int, arguments: list[str]) -> None:
        self._nursery = nursery
        self._arguments = arguments
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self._nursery.ended(self.pid)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        deadline = time.monotonic() + (float("inf") if timeout is None else timeout)
        while self.poll() is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(self._arguments, timeout or 0.0)
            time.sleep(_PAUSE_S)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        # Its parent reaps it at once, so that its number may be another's.
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Nursery:
    """The process that has imported everything; it ends with this one at the latest.

    Args:
        environment: its own, which its forks share.
    """

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = _shared(environment)
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", "from tests.swarm.nursery import serve; serve()", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd=ROOT,
                env=environment,
                pass_fds=[theirs.fileno()],
            )
        self._codes: dict[int, int] = {}

    def close(self) -> None:
        """End it; its forks, if any are left, go on."""
        self._socket.close()
        self._process.wait(_START_S)

    def bears(self, environment: dict[str, str]) -> bool:
        """Whether a process of this environment may be a fork."""
        return _shared(environment) == self._environment

    def fork(self, arguments: list[str], directory: Path, environment: dict[str, str], output: int) -> Forked:
        """A `locust` with these arguments."""
        order = {"arguments": arguments, "directory": str(directory), "environment": environment}
        socket.send_fds(self._socket, [json.dumps(order).encode()], [output])
        while True:
            told = self._told(_START_S)
            if told is None:
                raise AssertionError(f"no fork: the nursery ended with {self._process.poll()}")
            if "begun" in told:
                return Forked(self, told["begun"], arguments)

    def ended(self, pid: int) -> int | None:
        """The exit code of a fork, as `subprocess` gives it; None while it runs."""
        while self._told(0.0) is not None:
            pass
        return self._codes.get(pid)

    def _told(self, patience_s: float) -> dict[str, Any] | None:
        if not select.select([self._socket], [], [], patience_s)[0]:
            return None
        message = self._socket.recv(_MESSAGE_BYTES)
        if not message:
            raise AssertionError("the nursery has died")
        told: dict[str, Any] = json.loads(message)
        if "ended" in told:
            self._codes[told["ended"]] = told["code"]
        return told


def _shared(environment: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name not in _MAY_DIFFER}


def serve() -> None:
    """Be the nursery: fork as told at the descriptor that the command line names; a fork goes on to be Locust."""
    control = socket.socket(fileno=int(sys.argv[1]))
    # The system's own: what Locust puts in their place would reap children by itself.
    wait_for, fork, on_signal = select.select, os.fork, signal.signal
    ends, noticed = os.pipe()
    os.set_blocking(noticed, False)
    # As `python -m locust` does: first Locust, which patches the standard library, then the locustfile's imports.
    import gevent
    import locust.main  # noqa: F401

    from simulator.garbage import all_to_stay

    with all_to_stay(for_good=True):
        import simulator.swarm.hooks  # noqa: F401
        from simulator.device.people import People
        from simulator.device.photos import PhotoStudio
        from simulator.fleet.stock import key_pairs
        from simulator.protocol.channel.keys import DEFAULT_BITS

        # As a master does before it forks: what takes a fleet half a second before its first device.
        key_pairs(DEFAULT_BITS, _KEY_PAIRS)
        People().pool(_LOCALE)
        PhotoStudio().prepare()
    on_signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(noticed)
    assert threading.active_count() == 1, "a fork would not have it"
    while True:
        ready, _, _ = wait_for([control, ends], [], [])
        if ends in ready:
            os.read(ends, 4096)
            _tell_ends(control)
        if control not in ready:
            continue
        message, files, _, _ = socket.recv_fds(control, _MESSAGE_BYTES, 1)
        if not message:
            os._exit(0)
        pid = fork()
        if not pid:
            signal.set_wakeup_fd(-1)
            on_signal(signal.SIGCHLD, signal.SIG_DFL)
            control.close()
            os.close(ends)
            os.close(noticed)
            # As Locust's own forks do.
            gevent.reinit()
            break
        os.close(files[0])
        control.send(json.dumps({"begun": pid}).encode())
    _become_locust(json.loads(message), files[0])


def _tell_ends(control: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        control.send(json.dumps({"ended": pid, "code": os.waitstatus_to_exitcode(status)}).encode())


def _become_locust(order: dict[str, Any], output: int) -> None:
    os.chdir(order["directory"])
    os.environ.clear()
    os.environ.update(order["environment"])
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    sys.argv = ["locust", *order["arguments"]]
    sys.path[0] = order["directory"]
    runpy.run_module("locust", run_name="__main__", alter_sys=True)
