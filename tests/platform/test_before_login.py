"""Before its login a connection costs little: time, messages, bytes and number, at the broker and at the dispatch."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
import websockets

from simulator.platform import http_guard
from simulator.platform.before_login import MESSAGES_BEFORE_LOGIN
from simulator.platform.settings import PlatformSettings
from simulator.wire.strangers import NO_ROOM, TOO_LATE, TOO_MUCH, StrangerLimits
from tests.platform.harness import IDENTITIES, OK, Running, record, running
from tests.platform.parts import answer_rule, platform_settings

ONE, TWO = IDENTITIES[:2]
HEARTBEAT = "dev.heartbeat"
FREE = {"isFree": "1"}
LOOKUP = "/v3/device/getBrokerServer"


def limited(**limits: float) -> PlatformSettings:
    return platform_settings(before_login=StrangerLimits(**limits))  # type: ignore[arg-type]


async def events(platform: Running) -> dict[str, int]:
    return (await platform.ledger())["events"]


async def test_who_does_not_log_in_is_closed_and_who_did_stays() -> None:
    async with running(limited(deadline=0.6)) as platform:
        device = await platform.online(ONE)
        idle = await platform.connect(TWO)
        await idle.register()
        assert await idle.close_code() == 1008
        assert await device.code(HEARTBEAT, FREE) == OK
        assert (await events(platform))[f"turned away before the login: {TOO_LATE}"] == 1


async def test_large_messages_are_for_those_who_logged_in(platform: Running) -> None:
    stranger = await platform.connect(TWO)
    limit = StrangerLimits().message_bytes
    params = {"protType": "x" * (limit - 1_000)}
    assert await stranger.code("dev.register", params, sn=TWO.sn) == "E0000002", "too large a package is answered"
    await stranger.send("x" * (limit + 1))
    assert await stranger.close_code() == 1009
    device = await platform.online(ONE, maxPackageSize="1024")
    records = [record(number, pin="1" * 1_000) for number in range(300)]
    assert await device.code("dev.data.upload.verifyLog", {"verifyLog": records}) == OK


async def test_a_login_takes_no_hundred_messages(platform: Running) -> None:
    device = await platform.connect(ONE)
    for _ in range(MESSAGES_BEFORE_LOGIN):
        assert await device.code(HEARTBEAT, FREE) == "E0010004"
    await device.send({"funcId": HEARTBEAT, "mid": "last"})
    assert await device.close_code() == 1008
    known = await platform.online(ONE)
    for _ in range(MESSAGES_BEFORE_LOGIN + 10):
        assert await known.code(HEARTBEAT, FREE) == OK
    assert (await events(platform)) == {"turned away before the login: too many messages": 1}


async def test_all_together_are_bounded_in_number() -> None:
    async with running(limited(connections=3)) as platform:
        devices = [await platform.online(identity) for identity in IDENTITIES[:5]]
        for _ in range(3):
            await platform.connect(ONE)
        with pytest.raises((websockets.InvalidMessage, ConnectionError, EOFError)):
            await platform.connect(TWO)
        for device in devices:
            assert await device.code(HEARTBEAT, FREE) == OK
        assert (await events(platform))[f"turned away before the login: {NO_ROOM}"] == 1


async def test_half_messages_are_bounded_over_all() -> None:
    async with running(limited(held_bytes=100_000)) as platform:
        ends = []
        for _ in range(6):
            device = await platform.connect(ONE)
            # A fragment that is never followed by another.
            ends.append(asyncio.create_task(_endless(device.socket)))
        for number, end in enumerate(ends):
            if number < 4:
                await asyncio.wait_for(end, 5)
            else:
                end.cancel()
        assert (await events(platform))[f"turned away before the login: {TOO_MUCH}"] == 4


async def _endless(socket: websockets.ClientConnection) -> None:
    async def parts():  # type: ignore[no-untyped-def]
        yield b"x" * 40_000
        await socket.wait_closed()
        raise websockets.ConnectionClosedError(None, None)

    with suppress(websockets.ConnectionClosed):
        await socket.send(parts())


# The dispatch.


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
        assert (await events(platform))[f"turned away from the dispatch: {TOO_LATE}"] == 3


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
    async with running(limited(connections=4)) as platform:
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
