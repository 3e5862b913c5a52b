"""What a connection to the dispatch may cost: bytes and time until its request is complete, and how many there are.

Stands between the socket and the HTTP server, which knows limits for a line and none for a connection. Requests have no
bodies here; whatever a connection sends before its answer is counted as the head of a request.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

from aiohttp import web

from simulator.wire.strangers import NO_ROOM, StrangerLimits, Strangers

MAX_HEAD_BYTES = 32 * 1024
"""A look-up has 300 bytes, what a browser sends along some KB."""
DEADLINE_S = 30.0
"""For the head of a request, from the connection's beginning or the last answer; so idle connections end too."""

_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class HttpGuard:
    """The connections of one HTTP server.

    Args:
        connections: How many may be without a complete request at a time.
        deadline: Seconds for a request to come.
        on_turned_away: told why a connection was ended.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        connections: int,
        on_turned_away: Callable[[str], None],
        deadline: float = DEADLINE_S,
    ) -> None:
        limits = StrangerLimits(deadline=deadline, connections=connections)
        self.strangers = Strangers(loop, limits, on_turned_away)
        self.on_turned_away = on_turned_away
        self.by_handler: dict[asyncio.BaseProtocol, GuardedConnection] = {}

    def protocol(self, make: Callable[[], asyncio.Protocol]) -> "GuardedConnection":
        """The protocol of a new connection; `make` makes the HTTP server's own."""
        return GuardedConnection(self, make())

    @web.middleware
    async def middleware(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Notes that a request is complete, and that it was answered."""
        connection = self.by_handler.get(request.protocol)
        if connection is not None:
            connection.requested()
        try:
            return await handler(request)
        finally:
            if connection is not None:
                connection.answered()


class GuardedConnection(asyncio.Protocol):
    """Passes everything on to the HTTP server's protocol, within limits."""

    def __init__(self, guard: HttpGuard, inner: asyncio.Protocol) -> None:
        self._guard = guard
        self._inner = inner
        self._transport: asyncio.Transport | None = None
        self._head = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._guard.by_handler[self._inner] = self
        self._inner.connection_made(transport)
        if not self._guard.strangers.join(self):
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        self._head += len(data)
        if self._head > MAX_HEAD_BYTES:
            self._guard.on_turned_away("too large a request")
            transport.write(_TOO_LARGE)
            transport.close()
            return
        self._guard.strangers.holds(self, self._head)
        self._inner.data_received(data)

    def requested(self) -> None:
        """A request is complete; what follows is the head of the next."""
        self._head = 0
        self._guard.strangers.leave(self)

    def answered(self) -> None:
        """The next request may come now."""
        transport = self._transport
        if transport is not None and not transport.is_closing() and not self._guard.strangers.join(self):
            # The answer itself is not written yet.
            asyncio.get_running_loop().call_soon(transport.close)

    def turn_away(self, why: str) -> None:
        """End the connection (`Stranger`)."""
        if self._transport is not None:
            if why == NO_ROOM or self._head:
                self._transport.abort()
            else:
                self._transport.close()

    def eof_received(self) -> bool | None:
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._guard.strangers.leave(self)
        self._guard.by_handler.pop(self._inner, None)
        self._inner.connection_lost(exc)
