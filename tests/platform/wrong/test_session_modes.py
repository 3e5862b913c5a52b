"""Each mistake in keeping connections is seen where it was asked for, and nowhere else."""

from __future__ import annotations

import asyncio
import base64
import os
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from simulator.platform.wrong import session_modes
from simulator.platform.wrong.modes import MODES
from simulator.platform.wrong.transport import FrameHeads
from tests.platform.harness import IDENTITIES, OK, Running, record, running
from tests.platform.parts import platform_settings
from tests.platform.wrong.walk import names_of

ONE, TWO = IDENTITIES[:2]
HEARTBEAT = "dev.heartbeat"


@asynccontextmanager
async def platform_with(*names: str, **changes: object) -> AsyncIterator[Running]:
    async with running(platform_settings(wrong=names, **changes)) as platform:
        yield platform


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_modes, "ENDS_AFTER_S", 0.01)


@pytest.mark.usefixtures("soon")
async def test_a_connection_is_cut() -> None:
    async with platform_with("session.cut") as platform:
        assert await (await platform.online(ONE)).close_code() == 1006


@pytest.mark.usefixtures("soon")
async def test_a_status_that_may_not_be_sent() -> None:
    async with platform_with("session.close-code") as platform:
        device = await platform.online(ONE)
        await device.close_code()
        assert str(device.socket.protocol.parser_exc) == "invalid status code"


@pytest.mark.usefixtures("soon")
async def test_a_right_connection_stays() -> None:
    async with platform_with("session.keeps-older") as platform:
        device = await platform.online(ONE)
        await asyncio.sleep(0.05)
        assert await device.code(HEARTBEAT) == OK


async def test_the_older_connection_stays_open() -> None:
    async with platform_with("session.keeps-older") as platform:
        older, newer = await platform.online(ONE), await platform.online(ONE)
        assert await older.code(HEARTBEAT) == OK
        assert await newer.code(HEARTBEAT) == OK


async def test_the_newer_connection_is_closed() -> None:
    async with platform_with("session.closes-newer") as platform:
        older, newer = await platform.online(ONE), await platform.connect(ONE)
        credentials = older.credentials
        login = {"funcId": "dev.login", "mid": "m", "sn": ONE.sn}
        await newer.send({**login, "payload": {"params": newer.proof(**credentials)}})
        assert await newer.close_code() == 1008
        assert await older.code(HEARTBEAT) == OK


@pytest.mark.parametrize(("names", "status"), [(["session.normal-status"], 1000), ([], 1008)])
async def test_the_status_for_the_older_connection(names: list[str], status: int) -> None:
    async with platform_with(*names) as platform:
        older = await platform.online(ONE)
        await platform.online(ONE)
        assert await older.close_code() == status


EXTRA = {"funcId": HEARTBEAT, "mid": "extra", "payload": {"params": {"isFree": "1", "more": "5"}}}
REFUSED = {"funcId": HEARTBEAT, "mid": "refused", "payload": {"params": {"isFree": "7"}}}


async def test_closing_on_an_extra_field() -> None:
    async with platform_with("session.closes-on-extra-field") as platform:
        device = await platform.online(ONE)
        assert await device.code(HEARTBEAT, {"isFree": "1"}) == OK
        await device.send(EXTRA)
        assert await device.close_code() == 1008


async def test_closing_on_a_refusal() -> None:
    async with platform_with("session.closes-on-refusal") as platform:
        device = await platform.online(ONE)
        assert (await device.ask(EXTRA))["code"] == OK
        await device.send(REFUSED)
        assert await device.close_code() == 1008


async def test_silence_instead_of_a_refusal() -> None:
    async with platform_with("session.silent-on-refusal") as platform:
        device = await platform.online(ONE)
        with pytest.raises(TimeoutError):
            await device.ask(REFUSED, timeout=0.1)
        assert await device.code(HEARTBEAT) == OK


async def test_violations_are_passed_over() -> None:
    async with platform_with("session.survives-violations") as platform:
        device = await platform.online(ONE)
        await device.socket.send("no JSON")
        await device.socket.send(b"binary")
        assert await device.code(HEARTBEAT) == OK


@pytest.mark.parametrize("wrong", [True, False])
async def test_fragments(wrong: bool) -> None:
    async with platform_with(*(["session.refuses-fragments"] if wrong else [])) as platform:
        device = await platform.online(ONE)
        await device.socket.send(iter(['{"funcId":"dev.heart', 'beat","mid":""}']))
        if wrong:
            assert await device.close_code() == 1003
        else:
            assert (await device.stray())["mid"] == ""
        other = await platform.online(TWO)
        assert await other.code("dev.data.upload.verifyLog", {"verifyLog": [record(n) for n in range(300)]}) == OK


@pytest.mark.parametrize("wrong", [True, False])
async def test_pings(wrong: bool) -> None:
    async with platform_with(*(["session.ignores-pings"] if wrong else [])) as platform:
        device = await platform.online(ONE)
        pong = await device.socket.ping()
        if wrong:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(pong, 0.1)
        else:
            await asyncio.wait_for(pong, 1)
        assert await device.code(HEARTBEAT) == OK


class Raw:
    """A socket that speaks WebSocket frame by frame."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, payload: bytes, opcode: int = 1) -> None:
        assert len(payload) < 126
        self.writer.write(bytes([0x80 | opcode, 0x80 | len(payload)]) + bytes(4) + payload)

    async def frame(self) -> tuple[int, bool, bytes]:
        """First byte, whether it is masked, and payload of the next frame."""
        first, second = await self.reader.readexactly(2)
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", await self.reader.readexactly(2))
        if second & 0x80:
            await self.reader.readexactly(4)
        return first, bool(second & 0x80), await self.reader.readexactly(length)


@asynccontextmanager
async def raw(platform: Running) -> AsyncIterator[Raw]:
    address = urlsplit(platform.info.broker)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET / HTTP/1.1\r\nHost: {address.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    await reader.readuntil(b"\r\n\r\n")
    try:
        yield Raw(reader, writer)
    finally:
        writer.close()


@pytest.mark.parametrize("wrong", [True, False])
async def test_the_answer_to_a_close_frame(wrong: bool) -> None:
    async with platform_with(*(["session.ignores-close"] if wrong else [])) as platform, raw(platform) as socket:
        socket.send(struct.pack("!H", 1000), 8)
        await socket.writer.drain()
        if wrong:
            assert await socket.reader.read() == b""
        else:
            assert (await socket.frame())[0] == 0x88


@pytest.mark.parametrize("names", [["session.ignores-close"], []])
async def test_a_platform_that_ends_says_so(names: list[str]) -> None:
    async with platform_with(*names) as platform:
        device = await platform.online(ONE)
        platform.devices.clear()
    assert await device.close_code() == 1001


FRAMES = {
    "session.masked-frame": (0x81, True),
    "session.reserved-bit": (0xC1, False),
    "session.unknown-opcode": (0x83, False),
    "session.continuation": (0x80, False),
    "session.not-utf8": (0x81, False),
    "session.binary-text": (0x82, False),
}


@pytest.mark.parametrize("name", [*FRAMES, None])
async def test_the_eighth_message(name: str | None) -> None:
    async with platform_with(*([name] if name else [])) as platform:
        for _ in range(MODES[name].every if name else 1):
            async with raw(platform) as socket:
                for number in range(10):
                    socket.send(b'{"funcId":"x","mid":"%d"}' % number)
                frames = [await socket.frame() for _ in range(10)]
        heads = [frame[:2] for frame in frames]
        odd = (0x81, False) if name is None else FRAMES[name]
        assert heads == [(0x81, False)] * 7 + [odd] + [(0x81, False)] * 2
        assert (frames[7][2][-1:] == b"\xff") is (name == "session.not-utf8")


def test_all_mistakes_were_tried() -> None:
    tried = {
        *("session.cut", "session.close-code", "session.keeps-older", "session.closes-newer", "session.normal-status"),
        *("session.closes-on-extra-field", "session.closes-on-refusal", "session.silent-on-refusal"),
        *("session.survives-violations", "session.refuses-fragments", "session.ignores-pings", "session.ignores-close"),
        *FRAMES,
    }
    assert tried == set(names_of("session"))


def test_heads_are_found_however_the_bytes_are_cut() -> None:
    frames = [(True, 1, b"x" * 5), (False, 2, b"y" * 200), (True, 0, b"z" * 70_000), (True, 8, b""), (True, 9, b"p")]
    data = b""
    for fin, opcode, payload in frames:
        size = len(payload)
        length = bytes([0x80 | size]) if size < 126 else b""
        if 126 <= size < 65_536:
            length = bytes([0x80 | 126]) + size.to_bytes(2, "big")
        elif size >= 65_536:
            length = bytes([0x80 | 127]) + size.to_bytes(8, "big")
        data += bytes([(0x80 if fin else 0) | opcode]) + length + b"mask" + payload
    expected = [(fin, opcode) for fin, opcode, _ in frames]
    for piece in (1, 3, 7, 1000, len(data)):
        heads = FrameHeads()
        assert [head for at in range(0, len(data), piece) for head in heads.feed(data[at : at + piece])] == expected


@pytest.mark.parametrize("func_id", ["cmd.control.reboot", "getBrokerServer", "cmd.dev.response"])
async def test_a_device_that_sends_what_is_not_a_devices(func_id: str) -> None:
    async with platform_with("command.mid-missing") as platform:
        device = await platform.online(ONE)
        assert await device.code(func_id) == "E0000001"
        assert await device.code(HEARTBEAT) == OK
