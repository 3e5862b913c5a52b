"""The platform as a process: two ports on one event loop, the ready line, signals, and an end in order."""

import asyncio
import dataclasses
import json
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from ssl import SSLContext

import uvloop
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from simulator.clock import Clock, SystemClock, TimerQueue
from simulator.exit_codes import ExitCode
from simulator.garbage import GarbagePolicy
from simulator.loop_timers import LoopTimers
from simulator.platform.answers import AnswerPolicy
from simulator.platform.authority import Authority
from simulator.platform.broker import GOING_AWAY, Broker
from simulator.platform.commander import Commander
from simulator.platform.directory import Directory
from simulator.platform.dispatch import Addresses, Dispatch
from simulator.platform.http_server import HttpServer
from simulator.platform.inspection import records_of, summary_of
from simulator.platform.inspection_guard import InspectionGuard
from simulator.platform.ledger import DAMAGE, Ledger, LedgerError
from simulator.platform.settings import PlatformSettings, PlatformTls
from simulator.platform.tally import Tally
from simulator.protocol.channel.keys import generate_key
from simulator.protocol.channel.registry import BrokenSuite, UnknownSuite, channel_suite
from simulator.shown import detail
from simulator.wire.errors import ListenFailed, TlsFileError
from simulator.wire.files import raise_open_file_limit
from simulator.wire.server import Server, serve
from simulator.wire.tls import self_signed, server_context

_FLUSH_SECONDS = 1.0
"""How often the counts go into the ledger: what a kill may cost of them."""
_WRITE_BUFFER = 1024 * 1024
_OPEN_FILES = 65_536
_LINE_CHARS = 600
_NEARLY = 0.95
"""Share of the allowed open files from which on there is a warning."""


class PlatformError(Exception):
    """The platform cannot start; the text says why and is meant for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformOptions:
    """How the process runs. What the platform says and does is in `settings`."""

    settings: PlatformSettings
    directory: Directory
    host: str = "127.0.0.1"
    dispatch_port: int = 0
    """0 takes a free one, as for the broker."""
    broker_port: int = 0
    public_host: str | None = None
    """Put into the broker's and the photos' addresses; `None` puts the host that a device asked."""
    ledger: Path | None = None
    """SQLite file; `None` keeps everything in memory."""
    ledger_token: str | None = field(default=None, repr=False)
    """Lets in whoever presents it to the ledger's pages; `None` lets in this machine alone."""
    ready_file: Path | None = None
    """Gets the ready line, in one go."""
    seed: int = 0
    tls_directory: Path | None = None
    """Where a self-made certificate is put; `None` takes a temporary directory."""
    idle_timeout: float | None = None
    """Seconds without a message after which a connection is closed; `None` for never."""
    max_message_bytes: int = 16 * 1024 * 1024
    """A larger message ends its connection with 1009."""
    stop_with_stdin: bool = False
    """Stop when standard input ends, so that an embedded platform does not outlive its parent."""
    verbose: bool = False


@dataclass(frozen=True, slots=True)
class ReadyInfo:
    """Where a platform that is ready can be found."""

    dispatch: str
    broker: str
    pid: int
    ca: str | None
    """Path of the CA file that devices need, for a self-made certificate."""

    def line(self) -> str:
        """The ready line."""
        return json.dumps({"dispatch": self.dispatch, "broker": self.broker, "pid": self.pid, "ca": self.ca})


def log(line: str) -> None:
    """One line on standard error, whatever a device put into its names and values."""
    # A parent that has gone must not take the platform's answers with it.
    with suppress(OSError):
        print(detail(line, _LINE_CHARS), file=sys.stderr, flush=True)  # noqa: T201 - the process's log


def run(options: PlatformOptions) -> int:
    """The whole process: serves until SIGTERM or SIGINT and returns the exit code."""

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        if options.stop_with_stdin:
            loop.add_reader(sys.stdin.fileno(), _read_stdin, loop, stop)

        def ready(info: ReadyInfo) -> None:
            if options.ready_file is not None:
                _write_at_once(options.ready_file, info.line() + "\n")
            print(info.line(), flush=True)  # noqa: T201 - the ready line is this command's output

        garbage = GarbagePolicy()
        garbage.begin()
        await run_platform(options, stop=stop, ready=ready, garbage=garbage)

    try:
        uvloop.run(main())
    except PlatformError as error:
        log(f"platform: {error}")
        return ExitCode.USAGE
    return ExitCode.PASSED


async def run_platform(
    options: PlatformOptions,
    *,
    stop: asyncio.Event,
    ready: Callable[[ReadyInfo], None],
    clock: Clock | None = None,
    garbage: GarbagePolicy | None = None,
) -> None:
    """Serve on the running loop until `stop` is set.

    Args:
        ready: Called once both ports listen.
        clock: The system's where none is given.
        garbage: Where the process is the platform's own: told of new connections.

    Raises:
        PlatformError: If the platform cannot start: a port in use, a ledger or certificate that cannot be used.
    """
    with ExitStack() as resources:
        try:
            platform = _assembled(options, clock or SystemClock(), resources)
            platform.garbage = garbage
            await platform.listen()
        except (LedgerError, TlsFileError, ListenFailed, UnknownSuite, BrokenSuite, OSError) as error:
            raise PlatformError(str(error)) from None
        try:
            ready(platform.info())
            await stop.wait()
        finally:
            await platform.close()


class _Platform:
    """All parts of a running platform, and the order in which they start and stop."""

    def __init__(
        self, options: PlatformOptions, broker: Broker, dispatch: Dispatch, addresses: Addresses, timers: TimerQueue
    ) -> None:
        self._options = options
        self._broker = broker
        self._dispatch = dispatch
        self._addresses = addresses
        self._timers = timers
        self._clockwork = LoopTimers(timers)
        self._server: Server | None = None
        self._http: HttpServer | None = None
        self._open_files = raise_open_file_limit(_OPEN_FILES)
        self._warned = False
        self._connections = 0
        self.garbage: GarbagePolicy | None = None
        self.context: SSLContext | None = None
        self.ca: Path | None = None

    async def listen(self) -> None:
        """Open both ports, the broker's first: an address is only given out when something listens there."""
        options = self._options
        strangers = options.settings.before_login
        # Half of the files are for those that are known: nobody else can take them all.
        most = max(1, min(strangers.connections, self._open_files.soft // 4))
        self._server = await serve(
            options.host,
            options.broker_port,
            self._broker.newcomer,
            ssl=self.context,
            max_size=options.max_message_bytes,
            max_write_buffer=_WRITE_BUFFER,
            on_error=_report,
            strangers=dataclasses.replace(strangers, connections=most),
            on_turned_away=self._broker.turned_away,
        )
        self._addresses.broker_port = self._server.port
        self._http = HttpServer(
            self._dispatch.application(),
            connections=most,
            on_turned_away=lambda why: self._broker.turned_away(why, "from the dispatch"),
            log=log,
        )
        try:
            self._addresses.dispatch_port = await self._http.listen(options.host, options.dispatch_port, self.context)
        except ListenFailed:
            await self.close()
            raise
        self._clockwork.start(self._broker.loop)
        self._every(_FLUSH_SECONDS, self._flush)
        if options.idle_timeout is not None:
            idle = options.idle_timeout
            self._every(min(idle / 4, 1.0), lambda: self._broker.close_silent(idle))

    def info(self) -> ReadyInfo:
        """Where the platform is found."""
        host = self._addresses.host
        ca = None if self.ca is None else str(self.ca)
        return ReadyInfo(self._addresses.dispatch(host), self._addresses.broker(host), os.getpid(), ca)

    async def close(self) -> None:
        """Close every connection with 1001 and wait for their ends."""
        self._clockwork.stop()
        if self._server is not None:
            self._server.close(GOING_AWAY)
        if self._http is not None:
            await self._http.close()
        if self._server is not None:
            await self._server.wait_closed()
        self._broker.ledger.perform(self._broker.commander.active)
        self._broker.tally.flush()

    def _every(self, seconds: float, task: Callable[[], None]) -> None:
        def turn() -> None:
            self._timers.call_later(seconds, turn)
            task()

        self._timers.call_later(seconds, turn)

    def _flush(self) -> None:
        self._broker.ledger.tend()
        self._broker.tally.flush()
        self._broker.ledger.perform(self._broker.commander.active)
        connections = 0 if self._server is None else self._server.connections
        if self.garbage is not None:
            if connections > self._connections:
                self.garbage.grow()
            self.garbage.tidy()
        self._connections = connections
        limit = self._open_files.soft
        if not self._warned and connections > _NEARLY * limit:
            self._warned = True
            log(f"platform: {connections} connections, and at most {limit} open files are allowed")


class _OneKey:
    """One key pair for all connections, made when it is first asked for.

    The factors, and so the session keys, are each connection's own.
    """

    def __init__(self) -> None:
        self._key: RSAPrivateKey | None = None

    def take(self) -> RSAPrivateKey:
        """The key pair."""
        if self._key is None:
            self._key = generate_key()
        return self._key


def _assembled(options: PlatformOptions, clock: Clock, resources: ExitStack) -> _Platform:
    loop = asyncio.get_running_loop()
    settings = options.settings
    suite = channel_suite(settings.channel)
    tls = settings.tls
    addresses = Addresses(options.host, options.public_host, tls is not None)
    ledger = Ledger(options.ledger, loop.call_soon, loop.call_later)
    resources.callback(ledger.close)
    tally = Tally(ledger)
    timers = TimerQueue(clock)
    authority = Authority(options.directory, ledger, clock)
    answers = AnswerPolicy(settings.answers, Random(f"{options.seed}/answers"))
    keys = _OneKey()
    # Made now, where the suite uses one at all: the first device must not wait for it.
    suite.platform_side(keys)
    try:
        commander = Commander(settings, ledger, tally, timers, clock, seed=options.seed, photo_url=addresses.photo)
    except DAMAGE as error:
        raise LedgerError(f"{options.ledger}: it cannot be read as a whole, perhaps it is damaged ({error})") from None
    broker = Broker(
        settings,
        suite=suite,
        keys=keys,
        ledger=ledger,
        tally=tally,
        authority=authority,
        commander=commander,
        answers=answers,
        clock=clock,
        loop=loop,
        log=log,
        verbose=options.verbose,
    )

    def summary() -> dict[str, object]:
        tally.flush()
        return summary_of(ledger.database, broker.online_sns)

    dispatch = Dispatch(
        addresses,
        authority,
        ledger,
        tally,
        answers,
        summary=summary,
        records=lambda sn: records_of(ledger.database, sn),
        trace=log if options.verbose else _no_trace,
        guard=InspectionGuard(options.ledger_token),
    )
    platform = _Platform(options, broker, dispatch, addresses, timers)
    if tls is not None:
        platform.context, platform.ca = _tls(tls, options, resources)
        if platform.ca is not None:
            addresses.root_ca = platform.ca.read_text()
    return platform


def _tls(tls: PlatformTls, options: PlatformOptions, resources: ExitStack) -> tuple[SSLContext, Path | None]:
    """The server's TLS settings, and the CA file for devices where the certificate is self-made."""
    if tls.certificate is not None:
        return server_context(tls.certificate, tls.key, tls.client_ca), None
    directory = options.tls_directory
    if directory is None:
        directory = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="best-fleet-tls-")))
    hosts = dict.fromkeys(["127.0.0.1", "::1", "localhost", options.host, options.public_host])
    made = self_signed(directory, [host for host in hosts if host and host not in ("0.0.0.0", "::")])
    return server_context(made.cert, made.key, tls.client_ca), made.cert


def _no_trace(line: str) -> None:
    pass


def _report(fault: BaseException) -> None:
    """A fault of ours in a handler: the connection is closed with 1011 by the wire."""
    log("platform: internal fault\n" + "".join(traceback.format_exception(fault)))


def _read_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    try:
        data = os.read(sys.stdin.fileno(), 4096)
    except OSError:
        data = b""
    if not data:
        loop.remove_reader(sys.stdin.fileno())
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
