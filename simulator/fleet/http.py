"""HTTP of the fleet: one GET at a time, each on a connection of its own as of a real device.

Names are resolved by the fleet's `AddressBook`, addresses are raced, and a `judge` may forbid the one that would be
connected to. Where redirects lead is the caller's business.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from markupsafe import Markup
from websockets.uri import WebSocketURI
from yarl import URL

from simulator.device.environment import NOT_ALLOWED, NetworkError
from simulator.measurements.names import BAD_URL, NO_HTTP, PROXY, TIMEOUT, TOO_LARGE
from simulator.wire.addresses import AddressBook, from_place
from simulator.wire.errors import connect_failure
from simulator.wire.local_ports import bound
from simulator.wire.proxy import HttpProxy
from simulator.wire.resets import connected, made

REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SHOWN_BODY = 2_000
"""Bytes of a refusing answer that are looked at for what it says."""

Judge = Callable[[str], str | None]
"""Given the IP address that is about to be connected to; says why it must not be."""


@dataclass(slots=True)
class Way:
    """How one GET goes out, and what became of it.

    Attributes:
        source: local address, or None.
        place: which of several addresses is tried first.
        tried: addresses that were connected to, or begun to be.
        refusal: why the last address that was refused must not be connected to.
    """

    source: str | None
    place: int
    judge: Judge | None = None
    tried: list[str] = field(default_factory=list)
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered; `location` is where a redirect leads, whose body nobody reads.

    `date` is epoch seconds, as far as the answer told a date that can be read.
    """

    status: int
    body: bytes
    location: URL | None
    date: float | None = None


_way: ContextVar[Way] = ContextVar("way")
"""Of the current task's GET: aiohttp has one source address and one resolver for all."""


class _Refused(OSError):  # noqa: N818 - what has happened
    """An address that must not be connected to."""


class _Resolver(AbstractResolver):
    """aiohttp's view of an `AddressBook`; the addresses stand in the order of the current task's way."""

    def __init__(self, addresses: AddressBook) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        way = _way.get()
        if way.source is not None:
            family = socket.AF_INET6 if ":" in way.source else socket.AF_INET
        found = from_place(await self._addresses.addresses(host, port, family), way.place)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in found
        ]

    async def close(self) -> None:
        return


class _Connector(aiohttp.TCPConnector):
    """Tells of what it connects: aiohttp takes its leave of a server, over TLS with words, even when cancelled."""

    async def connect(
        self, req: aiohttp.ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout
    ) -> Connection:
        connection = await super().connect(req, traces, timeout)
        if connection.transport is not None:
            connected(connection.transport)
        return connection


class Http:
    """Makes the GETs; from `open` to `close`, on the loop that the devices live on.

    Args:
        tls: settings of https; None for the system's CAs.
        timeout: seconds for a whole GET, from the resolution of the name to the body's end.
        socket_type: what sockets are made of.
        proxy: through which all of them go; the addresses that are resolved and judged are the proxy's then.
    """

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None,
        timeout: float,
        socket_type: type[socket.socket],
        addresses: AddressBook,
        proxy: HttpProxy | None = None,
    ) -> None:
        self._tls = tls
        self._timeout = timeout
        self._socket_type = socket_type
        self._addresses = addresses
        self._proxy = proxy
        self._session: aiohttp.ClientSession | None = None

    def open(self) -> None:
        """Get ready."""
        # The limit is the open-file limit's business, not the pool's.
        connector = _Connector(
            ssl=self._tls or True,
            force_close=True,
            limit=0,
            use_dns_cache=False,
            resolver=_Resolver(self._addresses),
            socket_factory=self._socket,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            # aiohttp's own time-outs are rounded up to whole seconds, and the deadline is a matter of `get`.
            timeout=aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None),
            # Devices share nothing, so no cookies either.
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=True,
            trust_env=False,
        )

    async def close(self) -> None:
        """Let go of what is open."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def deadline(self) -> float:
        """The loop's time at which a GET that begins now has failed."""
        return asyncio.get_running_loop().time() + self._timeout

    async def get(self, url: URL, limit: int, way: Way, deadline: float) -> Answer:
        """What the server at `url` answers; redirects are not followed.

        Args:
            limit: bytes that the body may have.
            deadline: the loop's time at which it must be here.

        Raises:
            NetworkError: If no answer came in time, or one that is too large. The text holds no query, which would
                show the sign, and no login.
        """
        if not _usable(url):
            raise NetworkError(BAD_URL, f"{shown(url)} cannot be used: it has to be a URL of http or https")
        try:
            async with asyncio.timeout_at(deadline):
                answer = await self._get(url, limit, way)
            if asyncio.get_running_loop().time() >= deadline:
                # The moment of its arrival decides, not that the timer of the deadline has not come by yet.
                raise TimeoutError
            return answer
        except TimeoutError as error:
            self._forget(url)
            detail = f"{shown(url)} gave no answer within {self._timeout:g} s"
            raise NetworkError(TIMEOUT, detail, after=self._timeout) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            self._forget(url)
            raise self._failure(error, url, way) from error

    async def _get(self, url: URL, limit: int, way: Way) -> Answer:
        assert self._session is not None, "the network is not open"
        _way.set(way)
        proxy = None if self._proxy is None else self._proxy.url
        async with self._session.get(url, allow_redirects=False, proxy=proxy) as response:
            if self._proxy is not None and response.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
                raise NetworkError(PROXY, self._proxy.refused(response.status, url.host or "", url.port or 0))
            location = response.headers.get("Location") if response.status in REDIRECTS else None
            if location is not None:
                # As it stands, where it can: a signed one must not be written in another way.
                plain = location.isascii() and " " not in location
                return Answer(response.status, b"", url.join(URL(location, encoded=plain)))
            body = await response.content.read(limit + 1)
            while len(body) <= limit and not response.content.at_eof():
                body += await response.content.read(limit + 1 - len(body))
            if len(body) > limit:
                raise NetworkError(TOO_LARGE, f"the answer of {shown(url)} is larger than {limit} bytes")
            return Answer(response.status, body, None, _date(response.headers.get("Date")))

    def _forget(self, url: URL) -> None:
        self._addresses.forget((url.raw_host or "") if self._proxy is None else self._proxy.host)

    def _socket(self, address: aiohttp.AddrInfoType) -> socket.socket:
        """A socket for the connection to `address`, which is the very one that will be connected to."""
        way = _way.get()
        target = str(address[4][0])
        if way.judge is not None and (refusal := way.judge(target)) is not None:
            way.refusal = refusal
            raise _Refused(refusal)
        way.tried.append(target)
        sock = bound(self._socket_type(*address[:3]), way.source)
        made(sock)
        return sock

    def _failure(self, error: Exception, url: URL, way: Way) -> NetworkError:
        if way.refusal is not None and not way.tried:
            return NetworkError(NOT_ALLOWED, f"{shown(url)}: {way.refusal}")
        if self._proxy is not None and (failed := _by_proxy(error, self._proxy, url, way)) is not None:
            return failed
        if isinstance(error, aiohttp.ClientConnectorDNSError):
            cause = error.os_error
            why = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)
            return NetworkError("dns", f"no address found for {error.host!r} ({why})")
        if isinstance(error, aiohttp.ClientConnectorError):
            return _not_reached(error, secure=url.scheme == "https", source=way.source)
        if isinstance(error, aiohttp.InvalidURL) or not isinstance(error, aiohttp.ClientError | OSError):
            return NetworkError(BAD_URL, f"{shown(url)} leads to, or is, what cannot be used as a URL")
        return NetworkError(NO_HTTP, f"{shown(url)} broke off ({_in_words(error)})")


def _date(text: str | None) -> float | None:
    try:
        return None if text is None else parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None


def _by_proxy(error: Exception, proxy: HttpProxy, url: URL, way: Way) -> NetworkError | None:
    """The failure, where the proxy was not reached or did not want to go on."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return NetworkError(PROXY, proxy.refused(error.status, url.host or "", url.port or 0))
    if isinstance(error, aiohttp.ClientProxyConnectionError | aiohttp.ClientConnectorDNSError):
        source = None if way.source is None else (way.source, 0)
        return NetworkError(PROXY, proxy.unreachable(connect_failure(error.os_error, proxy.target, source)).detail)
    return None


def _usable(url: URL) -> bool:
    """Whether it is a URL of HTTP; what stands in it is looked at only when somebody asks for it."""
    try:
        return url.scheme in ("http", "https") and bool(url.host) and url.port is not None
    except ValueError:
        return False


def shown(url: URL) -> str:
    """A URL as messages may show it: without login, query and fragment."""
    try:
        return str(url.with_user(None).with_query(None).with_fragment(None))
    except ValueError:
        return "the URL"


def said_by(body: bytes) -> str:
    """What a refusing answer says, without its markup: the page of a proxy, or the text of an error."""
    text = body[:_SHOWN_BODY].decode("utf-8", "replace")
    # A blank before each tag, so that a heading and what follows it stay two words.
    return Markup(text.replace("<", " <")).striptags() if "<" in text else " ".join(text.split())


def _not_reached(error: aiohttp.ClientConnectorError, *, secure: bool, source: str | None) -> NetworkError:
    """Why an HTTP server could not be reached, in the words of the wire layer."""
    cause = error.certificate_error if isinstance(error, aiohttp.ClientConnectorCertificateError) else error.os_error
    if not isinstance(cause, OSError):
        return NetworkError("tls", str(cause))
    local = None if source is None else (source, 0)
    failed = connect_failure(cause, WebSocketURI(secure, error.host, error.port or 0, "", ""), local)
    detail = in_words_of_scenarios(failed.detail).replace("wss://", "https://").replace("ws://", "http://")
    return NetworkError(failed.kind, detail)


def in_words_of_scenarios(detail: str) -> str:
    """The wire layer's advice with the names that its settings have in a scenario."""
    return detail.replace("(ca_file)", "(tls.ca)").replace(
        "(client_cert, client_key)", "(tls.client_cert, tls.client_key)"
    )


def _in_words(error: Exception) -> str:
    """What broke, without what the server sent: it may be anything."""
    if isinstance(error, aiohttp.ClientConnectionResetError | ConnectionResetError):
        return "connection reset"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "it hung up before the answer was complete"
    if isinstance(error, aiohttp.ClientResponseError):
        return "what it answered is no HTTP"
    return type(error).__name__
