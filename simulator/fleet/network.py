"""The fleet's network: look-ups and downloads over aiohttp, WebSockets over the wire layer, paced and spread.

Each look-up opens a connection of its own, as a real device does. Everything here runs on the engine's loop.
"""

import asyncio
import socket
import ssl
import tempfile
from collections import deque
from collections.abc import Sequence
from contextvars import ContextVar
from pathlib import Path

import aiohttp
from websockets.uri import WebSocketURI
from yarl import URL

from simulator.device.environment import Connection, ConnectionHandler, NetworkError
from simulator.loop_timers import RESOLUTION_S
from simulator.wire import ConnectFailed, connect
from simulator.wire.addresses import AddressBook
from simulator.wire.errors import TlsFileError, connect_failure
from simulator.wire.local_ports import LocalPorts, bound, prompt, system_range
from simulator.wire.tls import client_context

MAX_LOOKUP_BYTES = 256 * 1024
"""A look-up's answer holds a URL and a few certificates."""
_http_source: ContextVar[str | None] = ContextVar("http_source", default=None)
"""Where the current task's HTTP connection leaves from: aiohttp has one source address for all or none."""
MAX_FIRST_MESSAGE_BYTES = 128 * 1024
"""Until the platform took the login: whoever answers at its address must not cost a fleet gigabytes."""


class FleetNetwork:
    """The ways out for all devices of an engine; implements `Network`.

    Args:
        tls: settings of https and wss; None for the system's CAs.
        client_cert, client_key: shown to brokers beside a `rootCA` of the look-up too, which has settings of its own.
        source_ips: local addresses, used in turn by device index; empty leaves the choice to the system.
        connect_rate: devices that may begin to come online per second; None for no limit.
        open_timeout: seconds for a look-up, a download, or the opening of a WebSocket.
        socket_type: what sockets are made of, where `socket.socket` was replaced by a library that has its
            own idea of waiting.
    """

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        verify: bool = True,
        client_cert: Path | None = None,
        client_key: Path | None = None,
        source_ips: Sequence[str] = (),
        connect_rate: float | None = None,
        open_timeout: float = 10.0,
        socket_type: type[socket.socket] = socket.socket,
    ) -> None:
        self._tls = tls
        self._verify = verify
        self._client_cert = client_cert
        self._client_key = client_key
        self._source_ips = tuple(source_ips)
        self._turns = Turns(connect_rate) if connect_rate else None
        self._open_timeout = open_timeout
        self._socket_type = prompt(socket_type)
        self._http: aiohttp.ClientSession | None = None
        self._addresses = AddressBook()
        self._local_ports = LocalPorts(system_range(), self._socket_type)
        self._contexts: dict[str, ssl.SSLContext] = {}

    async def open(self) -> None:
        """Get ready; call it on the loop that the devices live on."""
        # The limit is the open-file limit's business, not the pool's.
        connector = aiohttp.TCPConnector(
            ssl=self._tls or True,
            force_close=True,
            limit=0,
            ttl_dns_cache=None,
            socket_factory=self._http_socket,
        )
        self._http = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=self._open_timeout),
            auto_decompress=True,
            trust_env=False,
        )

    async def close(self) -> None:
        """Let go of what is open."""
        if self._http is not None:
            await self._http.close()
            self._http = None

    async def turn(self) -> None:
        if self._turns is not None:
            await self._turns.take()

    async def look_up(self, url: str, *, index: int) -> tuple[int, bytes]:
        return await self._get(url, MAX_LOOKUP_BYTES, index)

    async def download(self, url: str, limit: int, *, index: int) -> bytes:
        status, body = await self._get(url, limit, index)
        if status != 200:
            raise NetworkError(f"http {status}", f"the server answered with status {status}")
        return body

    async def connect(self, url: str, handler: ConnectionHandler, *, index: int, root_ca: str | None) -> Connection:
        source = self._source(index)
        try:
            return await connect(
                url,
                handler,
                ssl=self._context(root_ca) if url.startswith("wss:") else None,
                local_addr=None if source is None else (source, 0),
                max_size=MAX_FIRST_MESSAGE_BYTES,
                open_timeout=self._open_timeout,
                addresses=self._addresses,
                local_ports=self._local_ports,
            )
        except ConnectFailed as error:
            raise NetworkError(error.kind, _in_words_of_scenarios(error.detail)) from error

    def _source(self, index: int) -> str | None:
        return self._source_ips[index % len(self._source_ips)] if self._source_ips else None

    def _http_socket(self, address: aiohttp.AddrInfoType) -> socket.socket:
        """A socket for an HTTP connection; its source address is that of the device whose task asks for it."""
        return bound(self._socket_type(*address[:3]), _http_source.get())

    async def _get(self, url: str, limit: int, index: int) -> tuple[int, bytes]:
        """Status and body of a GET.

        Raises:
            NetworkError: No answer, or a body over `limit` bytes. The text holds no query, which would show the sign.
        """
        assert self._http is not None, "the network is not open"
        _http_source.set(self._source(index))
        try:
            async with self._http.get(URL(url, encoded=True), allow_redirects=False) as response:
                body = await response.content.read(limit + 1)
                while len(body) <= limit and not response.content.at_eof():
                    body += await response.content.read(limit + 1 - len(body))
                if len(body) > limit:
                    raise NetworkError("too large", f"the answer is larger than {limit} bytes")
                return response.status, body
        except aiohttp.ClientConnectorDNSError as error:
            raise NetworkError("dns", f"no address found for {error.host!r}") from error
        except aiohttp.ClientConnectorError as error:
            raise _not_reached(error, secure=url.startswith("https:")) from error
        except TimeoutError as error:
            raise NetworkError("timeout", f"no answer within {self._open_timeout:g} s") from error
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError, ValueError) as error:
            raise NetworkError("bad url", "the URL cannot be used") from error
        except (aiohttp.ClientError, OSError) as error:
            raise NetworkError("http", f"the server broke off ({type(error).__name__})") from error

    def _context(self, root_ca: str | None) -> ssl.SSLContext | None:
        """TLS settings for the broker: those of the look-up's `rootCA` where it named one.

        Raises:
            NetworkError: If the `rootCA` is no certificate.
        """
        if root_ca is None or not self._verify:
            return self._tls
        context = self._contexts.get(root_ca)
        if context is None:
            with tempfile.TemporaryDirectory(prefix="best-fleet-") as directory:
                path = Path(directory, "root.pem")
                path.write_text(root_ca, encoding="ascii", errors="replace")
                try:
                    context = client_context(path, self._client_cert, self._client_key)
                except TlsFileError as error:
                    problem = f"the rootCA of the look-up cannot be used: {error.problem}"
                    raise NetworkError("tls", problem) from error
            self._contexts[root_ca] = context
        return context


class Turns:
    """A queue of devices that want to come online, let through at an even rate; for one event loop.

    Somebody who is cancelled while waiting leaves the queue, and the others move up.
    """

    def __init__(self, rate: float) -> None:
        """`rate` is how many are let through per second."""
        self._interval = 1.0 / rate
        self._next = 0.0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    async def take(self) -> None:
        """Wait for one's turn."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        if not self._waiting and now >= self._next:
            self._next = now + self._interval
            return
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        if self._timer is None:
            self._timer = loop.call_at(self._next, self._let_through, loop)
        await turn

    def _let_through(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        # A late timer lets several through, so that the rate is kept; a stall of seconds makes no burst.
        self._next = max(self._next, now - 1.0)
        # A turn that comes before the loop's timers could tell is given now: to wait for it would be to spin.
        while self._waiting and self._next <= now + RESOLUTION_S:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                self._next += self._interval
        while self._waiting and self._waiting[0].done():
            self._waiting.popleft()
        if self._waiting:
            self._timer = loop.call_at(self._next, self._let_through, loop)


def _not_reached(error: aiohttp.ClientConnectorError, *, secure: bool) -> NetworkError:
    """Why an HTTP server could not be reached, in the words of the wire layer."""
    cause = error.certificate_error if isinstance(error, aiohttp.ClientConnectorCertificateError) else error.os_error
    if not isinstance(cause, OSError):
        return NetworkError("tls", str(cause))
    failed = connect_failure(cause, WebSocketURI(secure, error.host, error.port or 0, "", ""), None)
    detail = _in_words_of_scenarios(failed.detail).replace("wss://", "https://").replace("ws://", "http://")
    return NetworkError(failed.kind, detail)


def _in_words_of_scenarios(detail: str) -> str:
    """The wire layer's advice with the names that its settings have in a scenario."""
    return detail.replace("(ca_file)", "(tls.ca)").replace(
        "(client_cert, client_key)", "(tls.client_cert, tls.client_key)"
    )
