"""The way from one process of a platform to the others: look-ups go to the device's own, inspections to all.

Each process listens at a Unix socket in a directory that only the platform's user can enter. Its name is there as soon
as it answers, and the platform lets nobody in before the names of all are.
"""

import asyncio
import errno
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from aiohttp import web
from yarl import URL

from simulator.platform.notices import Log
from simulator.platform.split import Share, owner_of
from simulator.texts.translation import _

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

ZERO_PATH = "/zero"
"""Takes `at`: the moment at which the platform's first device came online, at another process."""
_SHUTDOWN_SECONDS = 2.0
_BACKLOG = 4096
"""Connections that may wait for a process that has no time at the moment."""
_PATIENCE_S = 10.0
"""For a process that takes no more connections now; one that is gone refuses them."""
_PAUSE_S = 0.05


class PeerGoneError(Exception):
    """Another process of the platform does not answer: the platform as a whole is about to end."""


class PeerSilentError(PeerGoneError):
    """It is there, and does not take a question for longer than anybody has patience for."""


class Peers:
    """One process' way to the others.

    Args:
        inner: what the others may ask of this process.
    """

    def __init__(self, share: Share, inner: web.Application, log: Log) -> None:
        self._share = share
        self._log = log
        self._runner = web.AppRunner(
            inner, access_log=None, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_SECONDS
        )
        self._sessions: dict[int, aiohttp.ClientSession] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Begin to answer the others."""
        await self._runner.setup()
        socket = self._socket(self._share.number)
        # The system makes a socket's name before anybody listens there.
        silent = socket.with_suffix(".new")
        await web.UnixSite(self._runner, str(silent), backlog=_BACKLOG).start()
        silent.rename(socket)

    async def all_there(self, stop: asyncio.Event) -> None:
        """Wait until all others answer, or the platform is told to stop; of one that ended before, its parent tells."""
        waited_for = list(self._others())
        while not stop.is_set() and (waited_for := [each for each in waited_for if not self._socket(each).exists()]):
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _PAUSE_S)

    async def close(self) -> None:
        """Ask nobody any more, and answer nobody."""
        for task in self._tasks:
            task.cancel()
        for session in self._sessions.values():
            await session.close()
        await self._runner.cleanup()

    def by_owner(self, own: Handler) -> Handler:
        """A handler of requests that name a device (`sn`): `own` for this process' devices and where none is named."""

        async def handle(request: web.Request) -> web.StreamResponse:
            sn = request.query.get("sn")
            owner = self._share.number if not sn else owner_of(sn, self._share.of)
            if owner == self._share.number:
                return await own(request)
            target = _url(request.rel_url.raw_path, request.rel_url.raw_query_string)
            try:
                status, body, content_type = await self._ask(owner, target, request.host)
            except PeerSilentError:
                raise web.HTTPServiceUnavailable from None
            except PeerGoneError:
                # The platform ends, and this process has not heard of it yet. What has ended gives no answer.
                if request.transport is not None:
                    request.transport.abort()
                raise web.HTTPServiceUnavailable from None
            return web.Response(status=status, body=body, headers={"Content-Type": content_type})

        return handle

    async def each(self, path: str) -> list[dict[str, Any]]:
        """The JSON that the other processes answer with.

        Raises:
            PeerGoneError: If one does not answer.
        """
        answers = await asyncio.gather(*(self._ask(number, _url(path), "localhost") for number in self._others()))
        if any(status != 200 for status, _body, _content_type in answers):
            raise PeerGoneError
        return [orjson.loads(body) for _status, body, _content_type in answers]

    async def records(self, sn: str, own: Callable[[], list[dict[str, Any]]], path: str) -> list[dict[str, Any]]:
        """The records of a device, of whichever process it belongs to.

        Raises:
            PeerGoneError: If that does not answer.
        """
        owner = owner_of(sn, self._share.of)
        if owner == self._share.number:
            return own()
        status, body, _content_type = await self._ask(owner, _url(path).with_query(sn=sn), "localhost")
        if status != 200:
            raise PeerGoneError
        held: list[dict[str, Any]] = orjson.loads(body)["records"]
        return held

    def tell_zero(self, zero: float) -> None:
        """Tell the others when the first device came online."""
        for number in self._others():
            task = asyncio.get_running_loop().create_task(self._tell(number, _url(ZERO_PATH, f"at={zero!r}")))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _tell(self, number: int, target: URL) -> None:
        try:
            await self._ask(number, target, "localhost")
        except PeerGoneError:
            self._log(_("platform: process {number} does not answer", number=number + 1))

    async def _ask(self, number: int, target: URL, host: str) -> tuple[int, bytes, str]:
        for _attempt in range(round(_PATIENCE_S / _PAUSE_S)):
            try:
                async with self._session(number).get(target, headers={"Host": host}) as response:
                    return response.status, await response.read(), response.headers.get("Content-Type", "")
            except aiohttp.ServerDisconnectedError:
                # It had closed a connection that nobody had used for a while, before it saw the question.
                pass
            except (aiohttp.ClientError, OSError) as error:
                if not isinstance(error, OSError) or error.errno != errno.EAGAIN:
                    raise PeerGoneError from None
            await asyncio.sleep(_PAUSE_S)
        raise PeerSilentError

    def _session(self, number: int) -> aiohttp.ClientSession:
        session = self._sessions.get(number)
        if session is None:
            # No limits: a look-up that is meant to get no answer keeps its way as long as its device waits.
            session = self._sessions[number] = aiohttp.ClientSession(
                connector=aiohttp.UnixConnector(str(self._socket(number)), limit=0),
                timeout=aiohttp.ClientTimeout(total=None),
                auto_decompress=False,
            )
        return session

    def _others(self) -> Iterator[int]:
        return (number for number in range(self._share.of) if number != self._share.number)

    def _socket(self, number: int) -> Path:
        return self._share.meeting_place / f"{number}.sock"


def _url(path: str, query: str = "") -> URL:
    # As it came: it must arrive at the other process as if the device had asked there.
    return URL(f"http://localhost{path}{'?' if query else ''}{query}", encoded=True)
