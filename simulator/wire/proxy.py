"""The way through an HTTP proxy: a tunnel that `CONNECT` asks for (RFC 9110, section 9.3.6)."""

import asyncio
import socket
from dataclasses import dataclass
from http import HTTPStatus

from websockets.exceptions import InvalidProxy, WebSocketException
from websockets.http11 import Response
from websockets.proxy import Proxy, parse_proxy, prepare_connect_request
from websockets.streams import StreamReader
from websockets.uri import WebSocketURI

from simulator.wire.errors import ConnectFailed, shown_address

_MAX_HEAD = 64 * 1024
"""Bytes of an answer to CONNECT at most; the page of a proxy that refuses is not read at all."""


class BadProxy(ValueError):  # noqa: N818 - what it is
    """A URL that names no proxy which can be used; the text does not show it."""


@dataclass(frozen=True, slots=True)
class HttpProxy:
    """A proxy by its URL. `repr` and `str` show no login."""

    _proxy: Proxy
    _url: str

    @classmethod
    def parse(cls, url: str) -> "HttpProxy":
        """
        Raises:
            BadProxy: If it is not `http://host:port`, with or without `user:password@`.
        """
        try:
            proxy = parse_proxy(url)
        except (InvalidProxy, ValueError):
            raise BadProxy("must be the URL of a proxy, like http://proxy.example.com:3128") from None
        if proxy.scheme != "http":
            raise BadProxy(f"begins with {proxy.scheme}://: only proxies of HTTP are used, http://host:port")
        return cls(proxy, url)

    @property
    def host(self) -> str:
        return self._proxy.host

    @property
    def port(self) -> int:
        return self._proxy.port

    @property
    def target(self) -> WebSocketURI:
        """The proxy as an address that may fail to be reached."""
        return WebSocketURI(False, self.host, self.port, "/", "")

    @property
    def url(self) -> str:
        """The whole URL, login included."""
        return self._url

    @property
    def secrets(self) -> tuple[str, ...]:
        """The password, in plain and as it stands in the URL; nothing where it needs none."""
        return () if self._proxy.password is None else (self._proxy.password,)

    def __repr__(self) -> str:
        return f"http://{shown_address(self.host, self.port)}"

    async def tunnel(
        self, loop: asyncio.AbstractEventLoop, sock: socket.socket, host: str, port: int, *, secure: bool
    ) -> None:
        """Have the proxy at the other end of `sock` connect to `host` and `port`; what is sent afterwards goes there.

        Raises:
            ConnectFailed: If it does not (kind `proxy`).
        """
        target = WebSocketURI(secure, host, port, "", "")
        reader = StreamReader()
        answer = Response.parse(reader.read_line, reader.read_exact, reader.read_to_eof, proxy=True)
        read = 0
        try:
            await loop.sock_sendall(sock, prepare_connect_request(self._proxy, target, None))
            while read <= _MAX_HEAD:
                data = await loop.sock_recv(sock, _MAX_HEAD)
                read += len(data)
                if data:
                    reader.feed_data(data)
                else:
                    reader.feed_eof()
                try:
                    next(answer)
                except StopIteration as done:
                    self._judge(done.value, host, port)
                    return
                if not data:
                    break
        except OSError as error:
            raise self._failed(f"broke off ({error.strerror or error})") from error
        except (EOFError, ValueError, WebSocketException) as error:
            raise self._failed("gave no answer of HTTP to CONNECT") from error
        raise self._failed("gave no answer of HTTP to CONNECT")

    def unreachable(self, why: ConnectFailed) -> ConnectFailed:
        """As a failed attempt to reach the proxy itself is told."""
        return ConnectFailed("proxy", f"the proxy cannot be used (network.proxy): {why.detail}", after=why.after)

    def refused(self, status: int, host: str, port: int) -> str:
        """For people: the proxy answered with `status` instead of leading to `host` and `port`."""
        known = {each.value: each.phrase for each in HTTPStatus}.get(status, "")
        login = (
            ": its user and password belong into the URL" if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED else ""
        )
        answered = f"answered {status} {known}".rstrip()
        return f"the proxy {self} (network.proxy) {answered} to the wish for {shown_address(host, port)}{login}"

    def _judge(self, response: Response, host: str, port: int) -> None:
        if not 200 <= response.status_code < 300:
            raise ConnectFailed("proxy", self.refused(response.status_code, host, port))

    def _failed(self, what: str) -> ConnectFailed:
        return ConnectFailed("proxy", f"the proxy {self} (network.proxy) {what}")
