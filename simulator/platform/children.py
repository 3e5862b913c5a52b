"""The processes of a platform in several: each a fork of its parent, whom it tells how it fares."""

import json
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass

from simulator.exit_codes import ExitCode
from simulator.platform.options import PlatformOptions
from simulator.platform.process import log, run
from simulator.platform.server import ReadyInfo
from simulator.platform.split import BREAK_OFF

_THE_PARENTS = (signal.SIGINT, signal.SIGHUP, BREAK_OFF)
"""A terminal sends these to all of them, and the parent tells its children."""


@dataclass(slots=True)
class Child:
    """What the parent knows of one process."""

    number: int
    pid: int
    status: int
    """Descriptor from which its parent reads what it tells; it ends with the process."""
    lifeline: int
    """Descriptor whose end tells the child that its parent is gone."""
    heard: bytes = b""
    info: dict[str, str | int | None] | None = None
    kept: dict[str, int] | None = None
    code: int | None = None
    """Exit code, or minus a signal's number, of one that has ended."""


class _ToParent:
    """Tells the parent how its child fares, a line of JSON each."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def ready(self, info: ReadyInfo) -> None:
        self._write("ready", json.loads(info.line()))

    def kept(self, kept: dict[str, int]) -> None:
        self._write("kept", kept)

    def _write(self, name: str, value: object) -> None:
        try:
            os.write(self._descriptor, json.dumps({name: value}).encode() + b"\n")
        except OSError as error:
            log(f"platform: {error}")


def forked(options: PlatformOptions, earlier: Sequence[Child]) -> Child:
    """Make a process, which serves until its parent tells it to stop or is gone; returns in the parent alone.

    Args:
        earlier: those that were made before.

    Raises:
        OSError: If the system makes no more.
    """
    status_read, status_write = os.pipe()
    life_read, life_write = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    assert options.share is not None
    pid = os.fork()
    if pid:
        os.close(status_write)
        os.close(life_read)
        return Child(options.share.number, pid, status_read, life_write)
    code: int = ExitCode.INVALID
    try:
        for number in _THE_PARENTS:
            signal.signal(number, signal.SIG_IGN)
        # An end that a brother held open would never be seen.
        for descriptor in (
            status_read,
            life_write,
            *(end for child in earlier for end in (child.status, child.lifeline)),
        ):
            os.close(descriptor)
        os.dup2(life_read, 0)
        os.close(life_read)
        code = run(options, _ToParent(status_write))
    except BaseException:  # noqa: BLE001 - the parent's frames below must not go on in the child
        log("platform: internal fault\n" + traceback.format_exc())
    finally:
        sys.stderr.flush()
        os._exit(code)


def kill(children: Sequence[Child]) -> None:
    """End processes at once, and wait until they have."""
    for child in children:
        os.kill(child.pid, signal.SIGKILL)
    for child in children:
        os.waitpid(child.pid, 0)
