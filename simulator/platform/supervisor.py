"""A platform in several processes: the parent makes them, speaks for them all, and ends them together.

Each child is a whole platform for the devices that belong to it (`split`). A child that dies ends the platform: half of
one must never look whole. Children are forked from a parent that has no thread and no event loop yet, so that they
share its memory for what has been read already.

Whoever is left removes the directory in which they meet: the parent, or its children where it was killed.
"""

import asyncio
import json
import math
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from shutil import rmtree

from simulator.clock import SystemClock
from simulator.endings import ending
from simulator.exit_codes import ExitCode
from simulator.platform.assembly import CA_NAME, made_files
from simulator.platform.children import Child, forked, kill
from simulator.platform.device_certificates import DeviceCertificates
from simulator.platform.ledger.errors import LedgerError
from simulator.platform.ledger.shares import claim, share_path
from simulator.platform.options import PlatformOptions
from simulator.platform.process import log, tell_kept, tell_ready
from simulator.platform.split import BREAK_OFF, MOST_PROCESSES, Share, ShareDirectory, end_timeout_s
from simulator.texts.told import said
from simulator.texts.translation import _, listed
from simulator.wire.authority import ServerFiles
from simulator.wire.errors import TlsFileError, shown_address

_ONCE_S = 1.0
"""Signals that come so soon one after the other are one: `timeout` sends its own to the process and to its group."""
_PREFIX = "best-fleet-peers-"
_SOCKET_NAME_BYTES = 103
"""A Unix socket's name may be so long, on macOS; 107 on Linux."""
_SHORT = "/tmp"
"""Where a system has its temporary files, if ours are to be too deep in another directory."""
_HELD = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, BREAK_OFF})
"""Wait until there is somebody to take them: a process that is just being made would end by them, or half of them."""


class _StartError(Exception):
    """The platform cannot start; the text is meant for people."""


def run_several(options: PlatformOptions, processes: int) -> int:
    """The whole command, in two processes or more: serves until SIGTERM or SIGINT and returns the exit code.

    Raises:
        OSError: If the ready file cannot be written.
    """
    with ExitStack() as resources:
        resources.callback(signal.pthread_sigmask, signal.SIG_SETMASK, signal.pthread_sigmask(signal.SIG_BLOCK, _HELD))
        try:
            ours = _own_directory(resources)
            made = _children_of(_prepared(options, processes, ours, resources), processes, ours)
        except (_StartError, LedgerError, TlsFileError, OSError) as error:
            log(f"platform: {error}")
            return ExitCode.USAGE
        children: list[Child] = []
        try:
            for child_options in made:
                children.append(forked(child_options, children))
        except OSError as error:
            log(
                _(
                    "platform: process {number} of {processes} cannot be started: {problem}",
                    number=len(children) + 1,
                    processes=processes,
                    problem=error.strerror,
                )
            )
            kill(children)
            return ExitCode.INVALID
        code = asyncio.run(_Supervisor(options, children).watch())
    if code == -signal.SIGKILL:
        os.kill(os.getpid(), signal.SIGKILL)
    return code


def _prepared(options: PlatformOptions, processes: int, ours: Path, resources: ExitStack) -> PlatformOptions:
    """The options with what all processes share: the dispatch's port and a certificate.

    Args:
        ours: Directory that goes with the platform.

    Raises:
        _StartError: If the port cannot be had.
        LedgerError: If the ledger cannot be used by so many processes.
        TlsFileError: If a certificate cannot be made.
    """
    if options.ledger is not None:
        claim(options.ledger, processes)
    options = replace(options, dispatch_port=_held_port(options.host, options.dispatch_port, resources))
    tls = options.settings.tls
    if tls is None or tls.certificate is not None:
        return options
    certificates = None
    if tls.device_certificates:
        kept = options.tls_kept or ours / "ca"
        options = replace(options, tls_kept=kept)
        certificates = DeviceCertificates(SystemClock(), kept / CA_NAME)
    if options.tls_directory is None and options.tls_kept is None:
        options = replace(options, tls_directory=ours / "tls")
    return replace(options, tls_made=ServerFiles(*made_files(options, resources, certificates)))


def _children_of(options: PlatformOptions, processes: int, ours: Path) -> list[PlatformOptions]:
    """What each process is to do; they meet in `ours`, and remove it where their parent cannot any more."""
    # Limits for the platform as a whole, of which each process has its part.
    strangers = options.settings.before_login
    strangers = replace(
        strangers,
        connections=math.ceil(strangers.connections / processes),
        held_bytes=math.ceil(strangers.held_bytes / processes),
    )
    made = []
    for number in range(processes):
        share = Share(number, processes, ours)
        made.append(
            replace(
                options,
                settings=replace(options.settings, before_login=strangers),
                directory=ShareDirectory(options.directory, share),
                broker_port=options.broker_port and options.broker_port + number,
                mqtt_port=options.mqtt_port and options.mqtt_port + number,
                ledger=None if options.ledger is None else share_path(options.ledger, number),
                stop_with_stdin=True,
                left_behind=ours,
                share=share,
            )
        )
    return made


def _own_directory(resources: ExitStack) -> Path:
    """A directory that only we can enter, in which sockets can be."""
    longest = f"/{_PREFIX}12345678/{MOST_PROCESSES}.sock"
    short = len(os.fsencode(tempfile.gettempdir() + longest)) <= _SOCKET_NAME_BYTES
    made = tempfile.TemporaryDirectory(prefix=_PREFIX, dir=None if short else _SHORT)
    return Path(resources.enter_context(made))


def _held_port(host: str, port: int, resources: ExitStack) -> int:
    """The dispatch's port, which nobody but our processes gets as long as we are there."""
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        if port:
            # Another platform in several processes would let us in beside it, and lose look-ups to us.
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
                probe.listen(1)
        held = resources.enter_context(socket.socket(family, kind, protocol))
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind(address)
        return int(held.getsockname()[1])
    except OSError as error:
        problem = os.strerror(error.errno or 0).lower() if (error.errno or 0) > 0 else str(error.strerror)
        raise _StartError(
            _("cannot listen at {shown_address}: {problem}", shown_address=shown_address(host, port), problem=problem)
        ) from None


class _Supervisor:
    """Watches the children of one platform until all have ended."""

    def __init__(self, options: PlatformOptions, children: Sequence[Child]) -> None:
        self._options = options
        self._children = children
        self._stopping = False
        self._orphaned = False
        self._broken_off = False
        self._told_at = -math.inf
        """When the first signal came."""
        self._killed: set[int] = set()
        """Numbers of those that did not end when they were told to."""
        self._failure: ExitCode | None = None
        self._untold: OSError | None = None
        self._ended = asyncio.Event()

    async def watch(self) -> int:
        """Until all have ended; returns the platform's exit code, or minus the signal by which it is to end.

        Raises:
            OSError: If nobody could be told that it is ready.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            # One that was started with nohup outlives its terminal.
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, self._told, number)
        loop.add_signal_handler(BREAK_OFF, self._break_off)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD)
        if self._options.stop_with_stdin:
            loop.add_reader(sys.stdin.fileno(), self._read_stdin)
        for child in self._children:
            loop.add_reader(child.status, self._hear, child)
        await self._ended.wait()
        if self._orphaned and self._options.left_behind is not None:
            rmtree(self._options.left_behind, ignore_errors=True)
        if self._untold is not None:
            raise self._untold
        if self._broken_off:
            return -signal.SIGKILL if self._failure is None else self._failure
        self._give_account()
        return ExitCode.PASSED if self._failure is None else self._failure

    def _hear(self, child: Child) -> None:
        data = os.read(child.status, 65_536)
        if not data:
            self._died(child)
            return
        *lines, child.heard = (child.heard + data).split(b"\n")
        for line in lines:
            told = json.loads(line)
            child.info = told.get("ready", child.info)
            child.kept = told.get("kept", child.kept)
            if "ready" in told and all(each.info is not None for each in self._children) and not self._stopping:
                self._tell_ready()

    def _tell_ready(self) -> None:
        try:
            tell_ready(self._options, self._ready_line())
        except OSError as error:
            self._untold = error
            self._stop()

    def _died(self, child: Child) -> None:
        asyncio.get_running_loop().remove_reader(child.status)
        os.close(child.status)
        os.close(child.lifeline)
        _pid, status = os.waitpid(child.pid, 0)
        child.code = os.waitstatus_to_exitcode(status)
        ours = self._broken_off and child.code == -signal.SIGKILL
        if child.number in self._killed and child.code == -signal.SIGKILL:
            self._failure = self._failure or ExitCode.INVALID
        elif not ours and (child.code or not self._stopping):
            self._fail(child, child.code)
        if all(each.code is not None for each in self._children):
            self._ended.set()

    def _fail(self, child: Child, code: int) -> None:
        refused = code == ExitCode.USAGE and child.info is None
        if self._failure is None:
            self._failure = ExitCode.USAGE if refused else ExitCode.INVALID
        log(
            _(
                "platform: process {number} of {processes} (pid {pid}) ended by itself: {how}; the platform ends",
                number=child.number + 1,
                processes=len(self._children),
                pid=child.pid,
                how=said(ending(code)),
            )
        )
        self._stop()

    def _told(self, number: signal.Signals) -> None:
        now = asyncio.get_running_loop().time()
        if self._told_at == -math.inf:
            self._told_at = now
            self._stop()
        elif now - self._told_at >= _ONCE_S and number != signal.SIGHUP:
            # A terminal that ends may say so more than once, and nobody has lost patience then.
            self._kill(_("had not ended when {signal} came as a second signal", signal=number.name))

    def _stop(self) -> None:
        if not self._stopping:
            seconds = end_timeout_s(len(self._children))
            why = _("had not ended {seconds:g} s after it was told to", seconds=seconds)
            asyncio.get_running_loop().call_later(seconds, self._kill, why)
        self._stopping = True
        self._send(signal.SIGTERM)

    def _kill(self, why: str) -> None:
        """End those that are left; whoever waits for us would wait for ever, else."""
        for child in self._children:
            if child.code is not None or child.number in self._killed:
                continue
            self._killed.add(child.number)
            log(
                _(
                    "platform: process {number} of {processes} (pid {pid}) {why}: killed with SIGKILL",
                    number=child.number + 1,
                    processes=len(self._children),
                    pid=child.pid,
                    why=why,
                )
            )
        self._send(signal.SIGKILL)

    def _break_off(self) -> None:
        # Of one that has died before, its exit code tells; ours is not the first death then.
        self._broken_off = self._stopping = True
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        for child in self._children:
            if child.code is None:
                # Not reaped yet, so that the number is its own.
                os.kill(child.pid, number)

    def _read_stdin(self) -> None:
        try:
            data = os.read(sys.stdin.fileno(), 4096)
        except OSError:
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
            self._orphaned = True
            self._stop()

    def _ready_line(self) -> str:
        infos = [child.info for child in self._children if child.info is not None]
        first = infos[0]
        processes = [{name: info[name] for name in ("broker", "mqtt", "pid")} for info in infos]
        return json.dumps({**first, "pid": os.getpid(), "processes": processes})

    def _give_account(self) -> None:
        if self._orphaned or self._options.account_file is None:
            return
        kept = [child.kept for child in self._children if child.kept is not None]
        if len(kept) < len(self._children):
            # A sum without one of them would be wrong.
            self._tell_of_missing()
            return
        try:
            tell_kept(self._options, {name: sum(account[name] for account in kept) for name in kept[0]})
        except OSError as error:
            log(_("platform: no account of the ledger: {error}", error=error))

    def _tell_of_missing(self) -> None:
        lost = [str(child.number + 1) for child in self._children if child.kept is None and child.info is not None]
        if lost:
            log(
                _(
                    "platform: no account of the ledger: the figures of process {lost} of {processes} are missing",
                    lost=listed(lost),
                    processes=len(self._children),
                )
            )
