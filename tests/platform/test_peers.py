"""The way between the platform's processes: who is busy is waited for, who is gone is not."""

import asyncio
import errno
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from simulator.platform import peers as module
from simulator.platform.peers import PeerGoneError, Peers, PeerSilentError
from simulator.platform.split import Share, owner_of


@asynccontextmanager
async def asking(directory: Path) -> AsyncIterator[Peers]:
    """The first of two processes, which is open; the second is the test's."""
    peers = Peers(Share(0, 2, directory), web.Application(), lambda line: None)
    await peers.open()
    try:
        yield peers
    finally:
        await peers.close()


async def ask(peers: Peers) -> tuple[int, bytes, str]:
    return await peers._ask(1, URL("http://localhost/"), "localhost")


async def test_a_process_that_is_not_there_is_gone(tmp_path: Path) -> None:
    async with asking(tmp_path) as peers:
        with pytest.raises(PeerGoneError):
            await ask(peers)


async def test_all_are_there_as_soon_as_the_last_answers(tmp_path: Path) -> None:
    stop = asyncio.Event()
    async with asking(tmp_path) as peers:
        waiting = asyncio.ensure_future(peers.all_there(stop))
        await asyncio.sleep(0)
        assert not waiting.done()
        other = Peers(Share(1, 2, tmp_path), web.Application(), lambda line: None)
        await other.open()
        await waiting
        assert (await ask(peers))[0] == 404
        await other.close()


async def test_who_is_told_to_stop_waits_for_nobody(tmp_path: Path) -> None:
    stop = asyncio.Event()
    async with asking(tmp_path) as peers:
        waiting = asyncio.ensure_future(peers.all_there(stop))
        await asyncio.sleep(0)
        stop.set()
        await waiting


async def not_ours(request: web.Request) -> web.StreamResponse:
    raise AssertionError("it is the other's")


@asynccontextmanager
async def asked_from_outside(peers: Peers) -> AsyncIterator[tuple[TestClient[web.Request, web.Application], str]]:
    """A client of the first process, and the serial number of a device of the second."""
    application = web.Application()
    application.router.add_get("/", peers.by_owner(not_ours))
    async with TestClient(TestServer(application)) as client:
        yield client, next(name for name in map(str, range(100)) if owner_of(name, 2) == 1)


async def test_a_look_up_for_a_process_that_is_gone_is_cut_off_as_that_does_with_its_own(tmp_path: Path) -> None:
    async with asking(tmp_path) as peers, asked_from_outside(peers) as (client, sn):
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await client.get("/", params={"sn": sn})


async def test_a_look_up_for_a_process_that_is_stuck_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stuck(*_arguments: object) -> None:
        raise PeerSilentError

    async with asking(tmp_path) as peers, asked_from_outside(peers) as (client, sn):
        monkeypatch.setattr(peers, "_ask", stuck)
        async with client.get("/", params={"sn": sn}) as response:
            assert response.status == 503


class Session:
    """A way to another process that fails as often as there are `errors`, and then brings an answer."""

    def __init__(self, errors: list[Exception]) -> None:
        self._errors = errors

    def get(self, *_arguments: object, **_named: object) -> "Session":
        return self

    async def __aenter__(self) -> Any:
        if self._errors:
            raise self._errors.pop()

        async def read() -> bytes:
            return b"ok"

        return SimpleNamespace(status=200, read=read, headers={})

    async def __aexit__(self, *_reason: object) -> None:
        """Nothing is held."""


async def asked(directory: Path, monkeypatch: pytest.MonkeyPatch, errors: list[Exception]) -> tuple[int, bytes, str]:
    async def no_pause(seconds: float) -> None:
        """No time passes."""

    async with asking(directory) as peers:
        monkeypatch.setattr(peers, "_session", lambda number: Session(errors))
        with monkeypatch.context() as patched:
            patched.setattr(module.asyncio, "sleep", no_pause)
            return await ask(peers)


BUSY = BlockingIOError(errno.EAGAIN, "its queue is full")
CLOSED = aiohttp.ServerDisconnectedError()


async def test_a_process_that_takes_no_more_connections_now_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await asked(tmp_path, monkeypatch, [BUSY, CLOSED, BUSY]) == (200, b"ok", "")


@pytest.mark.parametrize(
    "errors", [[BUSY] * 10_000, [CLOSED] * 10_000, [ConnectionRefusedError(errno.ECONNREFUSED, "")]]
)
async def test_a_process_that_never_answers_is_gone_in_the_end(
    errors: list[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(PeerGoneError):
        await asked(tmp_path, monkeypatch, list(errors))


async def test_a_connection_that_was_closed_meanwhile_is_made_anew(tmp_path: Path) -> None:
    asked = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await reader.readuntil(b"\r\n\r\n")
        if asked == 2:
            # Closed instead of answered: it had not seen the question.
            writer.close()
            return
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(handle, str(tmp_path / "1.sock"))
    async with server, asking(tmp_path) as peers:
        assert (await ask(peers))[1] == b"ok"
        assert (await ask(peers))[1] == b"ok"
    assert asked == 3
