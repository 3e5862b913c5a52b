"""Before its login a connection to the broker costs little: time, messages, bytes and number."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
import websockets

from simulator.platform.before_login import MESSAGES_BEFORE_LOGIN
from simulator.platform.settings import PlatformSettings
from simulator.wire.strangers import NO_ROOM, TOO_LATE, TOO_MUCH, StrangerLimits
from tests.platform.harness import IDENTITIES, OK, Running, record, running
from tests.platform.parts import platform_settings

ONE, TWO = IDENTITIES[:2]
HEARTBEAT = "dev.heartbeat"
FREE = {"isFree": "1"}


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
