"""The client's opening handshake: what it needs until it is done, and its failures in words."""

import asyncio
from collections.abc import Mapping

from markupsafe import Markup
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidHandshake, InvalidMessage, InvalidStatus
from websockets.http11 import Response
from websockets.uri import WebSocketURI

from simulator.wire.errors import ConnectFailed, shown_url
from simulator.wire.reaching import Outcome
from simulator.wire.sansio import SILENT

# How much of a refusing HTTP answer's body is worth showing, in characters.
_SHOWN_BODY = 200

# The first byte of what a TLS server answers to plain text.
_TLS_ALERT = 0x15


class Opening(Outcome):
    """One opening handshake; dropped when it is done, which is most of a client connection's memory."""

    __slots__ = ("headers", "protocol", "target")

    def __init__(
        self,
        target: WebSocketURI,
        headers: Mapping[str, str] | None,
        max_size: int,
        done: asyncio.Future[None],
        deadline: float,
    ) -> None:
        """`deadline` is the loop's time at which it has failed."""
        super().__init__(done, deadline)
        self.target = target
        self.headers = headers
        self.protocol = ClientProtocol(target, max_size=max_size, logger=SILENT)

    def send_request(self) -> None:
        request = self.protocol.connect()
        for name, value in (self.headers or {}).items():
            request.headers[name] = value
        self.protocol.send_request(request)

    def explain(self, problem: Exception | None, detail: str = "") -> ConnectFailed:
        """Put a failed opening handshake into words.

        Args:
            problem: What the sans-I/O client found, or None when the connection was lost before that.
            detail: How it was lost.
        """
        where = shown_url(self.target)
        if self.target.secure:
            # With TLS 1.3 the client's certificate is asked for after its own side of the handshake is done.
            hint = " (it may demand a client certificate)"
        else:
            hint = " (if it expects TLS, the URL has to begin with wss://)"
        if isinstance(problem, InvalidStatus):
            return ConnectFailed("handshake", f"{where} answered {self._status(problem.response)}")
        if isinstance(problem, InvalidMessage) and isinstance(problem.__cause__, EOFError):
            return ConnectFailed("handshake", f"{where} hung up during the opening handshake{hint}")
        if isinstance(problem, InvalidMessage):
            return ConnectFailed("handshake", f"{where} did not answer in HTTP/1.1: no WebSocket server{hint}")
        if isinstance(problem, InvalidHandshake):
            return ConnectFailed("handshake", f"{where} broke the opening handshake: {problem}")
        return ConnectFailed("handshake", f"{where} was lost during the opening handshake: {detail}{hint}")

    def explain_no_http(self, first_byte: int) -> ConnectFailed:
        """Put an answer into words that does not begin as HTTP does."""
        where = shown_url(self.target)
        if first_byte == _TLS_ALERT:
            return ConnectFailed("handshake", f"{where} answered in TLS: the URL has to begin with wss://")
        return ConnectFailed("handshake", f"{where} did not answer in HTTP: no WebSocket server")

    def _status(self, response: Response) -> str:
        text = f"HTTP {response.status_code} {response.reason_phrase}".rstrip()
        location = response.headers.get("Location")
        if location is not None and 300 <= response.status_code < 400:
            target = location.partition("?")[0].partition("#")[0]
            return f"{text}: a redirect to {_printable(_without_login(target), _SHOWN_BODY)}, which is not followed"
        body = bytes(response.body[: 10 * _SHOWN_BODY]).decode(errors="replace")
        if "<" in body:
            # The page of a proxy: what it says, without its markup.
            body = Markup(body.replace("<", " <")).striptags()
        if self.target.query:
            body = body.replace(self.target.query, "…")
        body = _printable(body, _SHOWN_BODY)
        return f"{text}: {body}" if body else text


def _printable(text: str, most: int) -> str:
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= most else text[:most] + "…"


def _without_login(url: str) -> str:
    scheme, separator, rest = url.rpartition("//")
    host, slash, path = rest.partition("/")
    return scheme + separator + host.rpartition("@")[2] + slash + path
