"""Each mistake in the secure channel is on the wire where it was asked for, and nowhere else."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import websockets
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from simulator.platform.process import PlatformError
from tests.platform.harness import DEVICE_KEY, IDENTITIES, OAEP, Device, Running, running
from tests.platform.parts import platform_settings
from tests.platform.wrong.walk import names_of

ONE = IDENTITIES[0]
UNKNOWN = "E0000001"


class Pipe:
    """A sealed connection, frame by frame."""

    def __init__(self, device: Device, factor: bytes, other: bytes) -> None:
        self.device = device
        derived = HKDF(SHA256(), 64, b"", b"BEST-W channel v1").derive(factor + other)
        self.out, self.back = AESGCM(derived[:32]), AESGCM(derived[32:])
        self.other = other
        self.sent = 0

    def sealed(self, counter: int) -> bytes:
        head = counter.to_bytes(8, "big")
        text = json.dumps({"funcId": "nothing", "mid": f"m{secrets.token_hex(4)}"}).encode()
        return head + self.out.encrypt(bytes(4) + head, text, None)

    def opened(self, frame: bytes) -> bytes:
        return self.back.decrypt(bytes(4) + frame[:8], frame[8:], None)


class Keys:
    """What a connection's exchanges gave."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket

    async def ask(self, func_id: str, params: dict[str, str]) -> dict[str, Any]:
        await self.socket.send(
            json.dumps({"funcId": func_id, "mid": secrets.token_hex(8), "payload": {"params": params}})
        )
        return json.loads(await asyncio.wait_for(self.socket.recv(), 2))["payload"]["results"]

    async def public_key(self) -> Any:
        der = DEVICE_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        results = await self.ask("device.exchange.publicKey", {"publicKey": base64.b64encode(der).decode()})
        return load_der_public_key(base64.b64decode(results["publicKey"]))

    async def factors(self, server: Any) -> tuple[bytes, bytes]:
        factor = secrets.token_bytes(32)
        sent = base64.b64encode(server.encrypt(factor, OAEP)).decode()
        results = await self.ask("device.exchange.factor", {"factor": sent})
        return factor, DEVICE_KEY.decrypt(base64.b64decode(results["factor"]), OAEP)


@asynccontextmanager
async def pipe(platform: Running) -> AsyncIterator[Pipe]:
    async with websockets.connect(platform.info.broker, max_size=None, compression=None) as socket:
        keys = Keys(socket)
        factor, other = await keys.factors(await keys.public_key())
        yield Pipe(socket, factor, other)  # type: ignore[arg-type]


@asynccontextmanager
async def platform_with(*names: str, channel: str = "rsa-aes") -> AsyncIterator[Running]:
    async with running(platform_settings(wrong=names, channel=channel)) as platform:
        yield platform


async def frames_of(platform: Running, count: int = 7) -> tuple[Pipe, list[bytes | str]]:
    async with pipe(platform) as one:
        socket: Any = one.device
        for counter in range(count):
            await socket.send(one.sealed(counter))
        return one, [await asyncio.wait_for(socket.recv(), 2) for _ in range(count)]


def counters(frames: list[bytes | str]) -> list[int]:
    return [int.from_bytes(frame[:8], "big") for frame in frames if isinstance(frame, bytes)]


async def test_a_right_platform() -> None:
    async with platform_with() as platform:
        one, frames = await frames_of(platform)
        assert counters(frames) == list(range(7))
        assert all(b"E0000001" in one.opened(frame) for frame in frames if isinstance(frame, bytes))


async def test_a_counter_is_skipped() -> None:
    async with platform_with("channel.counter-skipped") as platform:
        one, frames = await frames_of(platform)
        assert counters(frames) == [0, 1, 2, 3, 5, 6, 7]
        assert UNKNOWN.encode() in one.opened(frames[4])  # type: ignore[arg-type]


async def test_a_counter_is_repeated() -> None:
    async with platform_with("channel.counter-repeated") as platform:
        _, frames = await frames_of(platform)
        assert counters(frames) == [0, 1, 2, 3, 3, 4, 5]


async def test_a_tag_is_broken() -> None:
    async with platform_with("channel.tag-broken") as platform:
        await frames_of(platform)
        one, frames = await frames_of(platform)
        with pytest.raises(InvalidTag):
            one.opened(frames[4])  # type: ignore[arg-type]
        one.opened(frames[5])  # type: ignore[arg-type]


async def test_text_after_the_exchange() -> None:
    async with platform_with("channel.plain-after-exchange") as platform:
        _, frames = await frames_of(platform)
        assert [isinstance(frame, str) for frame in frames] == [False] * 4 + [True] + [False] * 2
        assert json.loads(frames[4])["code"] == UNKNOWN


async def test_a_frame_that_is_too_short() -> None:
    async with platform_with("channel.short-frame") as platform:
        await frames_of(platform)
        _, frames = await frames_of(platform)
        assert [len(frame) < 24 for frame in frames] == [False] * 4 + [True] + [False] * 2


@pytest.mark.parametrize("channel", ["rsa-aes", "exchange-only"])
async def test_a_key_that_is_none(channel: str) -> None:
    async with platform_with("channel.key-unreadable", channel=channel) as platform:
        await platform.connect(ONE, channel)
        with pytest.raises(ValueError, match="key"):
            await platform.connect(ONE, channel)
        await platform.connect(ONE, channel)


@pytest.mark.parametrize("channel", ["rsa-aes", "exchange-only"])
async def test_a_factor_that_cannot_be_decrypted(channel: str) -> None:
    async with platform_with("channel.factor-unreadable", channel=channel) as platform:
        await platform.connect(ONE, channel)
        with pytest.raises(ValueError):  # noqa: PT011 - of base64 or of the decryption
            await platform.connect(ONE, channel)
        await platform.connect(ONE, channel)


@pytest.mark.parametrize(("names", "bits"), [(["channel.key-of-1024"], 1024), ([], 2048)])
async def test_the_size_of_the_key(names: list[str], bits: int) -> None:
    async with platform_with(*names) as platform, websockets.connect(platform.info.broker, compression=None) as socket:
        keys = Keys(socket)
        server = await keys.public_key()
        assert server.key_size == bits
        await keys.factors(server)


@pytest.mark.parametrize("wrong", [True, False])
async def test_the_factor_of_each_connection(wrong: bool) -> None:
    async with platform_with(*(["channel.factor-repeated"] if wrong else [])) as platform:
        factors = []
        for _ in range(2):
            async with pipe(platform) as one:
                factors.append(one.other)
        assert (factors[0] == factors[1]) is wrong


def bad_tag(one: Pipe) -> bytes:
    frame = one.sealed(1)
    return frame[:-1] + bytes([frame[-1] ^ 1])


TAKEN = {
    "channel.accepts-wrong-tag": bad_tag,
    "channel.accepts-replay": lambda one: one.sealed(0),
    "channel.accepts-gap": lambda one: one.sealed(5),
    "channel.accepts-text": lambda one: '{"funcId":"nothing","mid":"text"}',
}


@pytest.mark.parametrize("wrong", TAKEN)
@pytest.mark.parametrize("sent", TAKEN)
async def test_what_is_taken(sent: str, wrong: str) -> None:
    async with platform_with(wrong) as platform, pipe(platform) as one:
        socket: Any = one.device
        await socket.send(one.sealed(0))
        assert UNKNOWN.encode() in one.opened(await socket.recv())
        await socket.send(TAKEN[sent](one))
        if sent == wrong:
            assert UNKNOWN.encode() in one.opened(await socket.recv())
            await socket.send(one.sealed(6 if sent.endswith("gap") else 2 if sent.endswith("tag") else 1))
            assert UNKNOWN.encode() in one.opened(await socket.recv())
        else:
            await asyncio.wait_for(socket.wait_closed(), 2)
            assert socket.close_code == 1008


async def test_a_mistake_that_nobody_could_see() -> None:
    with pytest.raises(PlatformError, match=r"channel\.tag-broken.*rsa-aes"):
        async with platform_with("channel.tag-broken", channel="plain"):
            pass


async def test_devices_come_online_before_the_fifth_frame() -> None:
    async with platform_with("channel.tag-broken") as platform:
        device = await platform.online(ONE, "rsa-aes")
        assert device.received == 4


def test_all_mistakes_were_tried() -> None:
    tried = {
        *("channel.counter-skipped", "channel.counter-repeated", "channel.tag-broken", "channel.plain-after-exchange"),
        *(
            "channel.short-frame",
            "channel.key-of-1024",
            "channel.key-unreadable",
            "channel.factor-unreadable",
            "channel.factor-repeated",
        ),
        *TAKEN,
    }
    assert tried == set(names_of("channel"))
