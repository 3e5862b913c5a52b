"""The HTTP server under the dispatch: where it listens, what a connection may cost, what goes into the log."""

import asyncio
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from ssl import SSLContext

from aiohttp import web

from simulator.platform.http_guard import HttpGuard
from simulator.platform.notices import Log
from simulator.texts.translation import _
from simulator.wire.errors import ListenFailed, shown_address

_BACKLOG = 4096
_SHUTDOWN_SECONDS = 2.0


class HttpServer:
    """Serves one application.

    Args:
        connections: How many may be without a complete request at a time.
        on_turned_away: told why a connection was ended by the guard.
        log: takes one line for people.
    """

    def __init__(
        self, application: web.Application, *, connections: int, on_turned_away: Callable[[str], None], log: Log
    ) -> None:
        self._guard = HttpGuard(asyncio.get_running_loop(), connections, on_turned_away)
        application.middlewares.append(self._guard.middleware)
        self._runner = web.AppRunner(
            application,
            access_log=None,
            logger=_http_logger(log),
            handler_cancellation=True,
            shutdown_timeout=_SHUTDOWN_SECONDS,
        )
        self._listener: asyncio.Server | None = None

    async def listen(self, host: str, port: int, ssl: SSLContext | None, *, shared: bool = False) -> int:
        """Begin to take connections; returns the port.

        Args:
            shared: other processes of this platform listen there as well, and each gets its part of the connections.

        Raises:
            ListenFailed: If the address cannot be listened at.
        """
        await self._runner.setup()
        make = self._runner.server
        assert make is not None
        try:
            self._listener = await asyncio.get_running_loop().create_server(
                lambda: self._guard.protocol(make), host, port, ssl=ssl, backlog=_BACKLOG, reuse_port=shared or None
            )
        except OSError as error:
            await self.close()
            problem = os.strerror(error.errno or 0).lower()
            raise ListenFailed(
                _(
                    "cannot listen at {shown_address}: {problem}",
                    shown_address=shown_address(host, port),
                    problem=problem,
                )
            ) from error
        return int(self._listener.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Take no more connections, let the answers under way end, and close what is left."""
        if self._listener is not None:
            self._listener.close()
        self._guard.strangers.close()
        await self._runner.cleanup()


class _OneLine(logging.Handler):
    """Says in one line what aiohttp would show with a traceback that quotes the request, secrets and all."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else record.levelname
        with suppress(Exception):
            self._log(f"dispatch: {record.getMessage().splitlines()[0]} ({kind})")


def _http_logger(log: Log) -> logging.Logger:
    logger = logging.getLogger("simulator.platform.http")
    logger.propagate = False
    logger.setLevel(logging.WARNING)
    logger.handlers = [_OneLine(log)]
    return logger
