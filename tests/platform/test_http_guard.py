"""Before its request is complete a connection to the dispatch costs little: time, bytes and number."""

from __future__ import annotations

import asyncio

import pytest

from simulator.platform import http_guard
from simulator.wire.strangers import TOO_LATE, StrangerLimits
from tests.platform.harness import IDENTITIES, OK, Running, running
from tests.platform.parts import answer_rule, platform_settings

ONE = IDENTITIES[0]
LOOKUP = "/v3/device/getBrokerServer"


async def raw(platform: Running, *parts: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = platform.info.dispatch.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    for part in parts:
        writer.write(part)
        await writer.drain()
    return reader, writer


async def rest_of(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(5):
        try:
            return await reader.read()
        except ConnectionError:
            return b""


@pytest.mark.parametrize(
    "request_",
    [
        b"GET " + LOOKUP.encode() + b"?sn=" + b"x" * 5_000_000,
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 100_000,
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999\r\n\r\n" + b"x" * 1_000_000,
    ],
    ids=["url", "headers", "body"],
)
async def test_a_request_without_end_is_cut_off(platform: Running, request_: bytes) -> None:
    reader, writer = await raw(platform)
    writer.write(request_)
    answer = await rest_of(reader)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
    writer.close()
    assert (await platform.look_up(ONE))["code"] == OK


async def test_slow_heads_and_idle_connections_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_guard.HttpGuard.__init__, "__defaults__", (0.3,))
    async with running() as platform:
        silent = await raw(platform)
        slow = await raw(platform, b"GET / HTTP/1.1\r\nHost: h\r\n")
        served = await raw(platform, b"GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n")
        assert await rest_of(silent[0]) == b""
        assert b" 200 " not in await rest_of(slow[0])
        assert (await rest_of(served[0])).count(b"HTTP/1.1 404") == 1, "kept alive after its answer, but not for ever"
        assert (await platform.ledger())["events"][f"turned away from the dispatch: {TOO_LATE}"] == 3


async def test_a_request_that_is_being_answered_is_not_hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    from simulator.platform.settings import FixedDelay

    monkeypatch.setattr(http_guard.HttpGuard.__init__, "__defaults__", (0.2,))
    rule = answer_rule("getBrokerServer", delay=FixedDelay(seconds=0.6))
    async with running(platform_settings(answers=(rule,))) as platform:
        assert (await platform.look_up(ONE))["code"] == OK


async def test_a_connection_that_is_kept_for_many_requests_is_welcome(platform: Running) -> None:
    request = b"GET /nothing HTTP/1.1\r\nHost: h\r\nX: " + b"y" * 4_000 + b"\r\n\r\n"
    reader, writer = await raw(platform)
    for _ in range(2 * http_guard.MAX_HEAD_BYTES // len(request)):
        writer.write(request)
        assert b" 404 " in await asyncio.wait_for(reader.readuntil(b"404: Not Found"), 5)
    writer.close()


async def test_idle_connections_to_the_dispatch_are_bounded() -> None:
    async with running(platform_settings(before_login=StrangerLimits(connections=4))) as platform:
        kept = [await raw(platform) for _ in range(4)]
        reader, _ = await raw(platform)
        assert await rest_of(reader) == b""
        kept[0][1].close()
        async with asyncio.timeout(5):
            while True:
                try:
                    assert (await platform.look_up(ONE))["code"] == OK
                    break
                except OSError:
                    await asyncio.sleep(0.01)
