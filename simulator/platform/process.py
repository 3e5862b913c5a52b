"""The platform as a process: the ready line, signals, the end of standard input, and an end in order."""

import _thread
import asyncio
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Protocol

import uvloop

from simulator.clock import Clock, SystemClock
from simulator.exit_codes import ExitCode
from simulator.garbage import GarbagePolicy
from simulator.gathering import Gathering
from simulator.large_pages import LargePages
from simulator.platform.assembly import assembled
from simulator.platform.ledger.errors import DAMAGE, LedgerError
from simulator.platform.ledger.shares import claim
from simulator.platform.options import PlatformOptions
from simulator.platform.server import Platform, ReadyInfo
from simulator.platform.wrong.mistakes import UnseenMistake
from simulator.protocol.channel.registry import BrokenSuite, UnknownSuite
from simulator.shown import detail
from simulator.texts.translation import _
from simulator.wire.errors import ListenFailed, TlsFileError

_LINE_CHARS = 600


class PlatformError(Exception):
    """The platform cannot start; the text says why and is meant for people."""


def log(line: str) -> None:
    """One line on standard error, whatever a device put into its names and values."""
    # A parent that has gone must not take the platform's answers with it.
    with suppress(OSError):
        print(detail(line, _LINE_CHARS), file=sys.stderr, flush=True)  # noqa: T201 - the process's log


def _memory_is_left(error: Exception) -> None:
    log(f"platform: memory is left as it is: {error!r}")


class Listener(Protocol):
    """Whoever is told how a platform's process fares."""

    def ready(self, info: ReadyInfo) -> None:
        """It accepts devices."""

    def kept(self, kept: dict[str, int]) -> None:
        """It was told to stop: what its ledger keeps."""


class _Files:
    """Tells those who started the command: the ready line on standard output, and what files were asked for."""

    def __init__(self, options: PlatformOptions) -> None:
        self._options = options

    def ready(self, info: ReadyInfo) -> None:
        tell_ready(self._options, info.line())

    def kept(self, kept: dict[str, int]) -> None:
        tell_kept(self._options, kept)


def tell_ready(options: PlatformOptions, line: str) -> None:
    """Print the ready line, and write it into the file that was asked for."""
    if options.ready_file is not None:
        _write_at_once(options.ready_file, line + "\n")
    print(line, flush=True)  # noqa: T201 - the ready line is this command's output


def tell_kept(options: PlatformOptions, kept: dict[str, int]) -> None:
    """Write what the ledger keeps into the file that was asked for."""
    if options.account_file is not None:
        _write_at_once(options.account_file, json.dumps(kept) + "\n")


def run(options: PlatformOptions, listener: Listener | None = None) -> int:
    """The whole process: serves until SIGTERM or SIGINT and returns the exit code.

    One of several is told by its parent alone, with SIGTERM, which that holds back until there is somebody to take it.

    Args:
        listener: told in place of standard output and the files of `options`.
    """
    told = _Files(options) if listener is None else listener
    orphaned = asyncio.Event()

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT) if options.share is None else (signal.SIGTERM,):
            loop.add_signal_handler(number, stop.set)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        if options.stop_with_stdin:
            loop.add_reader(sys.stdin.fileno(), _read_stdin, loop, stop, orphaned)

        def told_to_stop(kept: dict[str, int]) -> None:
            if not orphaned.is_set():
                told.kept(kept)

        Gathering(loop, options.gather, time.sleep).begin()
        garbage = GarbagePolicy()
        garbage.begin()
        pages = LargePages(_thread.start_new_thread, on_error=_memory_is_left)
        pages.begin()
        account = None if options.account_file is None else told_to_stop
        try:
            await run_platform(options, stop=stop, ready=told.ready, garbage=garbage, account=account)
        finally:
            pages.end()

    try:
        uvloop.run(main())
    except PlatformError as error:
        log(f"platform: {error}")
        return ExitCode.USAGE
    finally:
        if orphaned.is_set() and options.left_behind is not None:
            shutil.rmtree(options.left_behind, ignore_errors=True)
    return ExitCode.PASSED


async def run_platform(
    options: PlatformOptions,
    *,
    stop: asyncio.Event,
    ready: Callable[[ReadyInfo], None],
    clock: Clock | None = None,
    garbage: GarbagePolicy | None = None,
    account: Callable[[dict[str, int]], None] | None = None,
) -> None:
    """Serve on the running loop until `stop` is set.

    Args:
        ready: Called once both ports listen.
        clock: The system's where none is given.
        garbage: Where the process is the platform's own: told of new connections.
        account: Told what the ledger keeps, once `stop` is set; not where the ledger cannot be read, which is logged.

    Raises:
        PlatformError: If the platform cannot start: a port in use, a ledger or certificate that cannot be used.
    """
    with ExitStack() as resources:
        try:
            if options.ledger is not None and options.share is None:
                claim(options.ledger, 1)
            platform = assembled(options, clock=clock or SystemClock(), log=log, garbage=garbage, resources=resources)
            await platform.listen(stop)
        except (LedgerError, TlsFileError, ListenFailed, UnknownSuite, BrokenSuite, UnseenMistake, OSError) as error:
            raise PlatformError(str(error)) from None
        try:
            ready(platform.info())
            await stop.wait()
            if account is not None:
                _give_account(platform, account)
        finally:
            await platform.close()


def _give_account(platform: Platform, account: Callable[[dict[str, int]], None]) -> None:
    # Before the connections end, which takes its time: nobody may have the patience for that.
    try:
        account(platform.kept())
    except (*DAMAGE, OSError) as error:
        log(_("platform: no account of the ledger: {error}", error=error))


def _read_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event, orphaned: asyncio.Event) -> None:
    try:
        data = os.read(sys.stdin.fileno(), 4096)
    except OSError:
        data = b""
    if not data:
        loop.remove_reader(sys.stdin.fileno())
        orphaned.set()
        stop.set()


def _write_at_once(path: Path, text: str) -> None:
    with _beside(path) as temporary:
        temporary.write_text(text)
        temporary.replace(path)


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)
