"""The suite `configurable` against one written from its description alone: each value of each option, on both sides.

Devices of the project talk to the independent platform, and the independent device talks to the embedded platform.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from simulator.measurements.names import ACKNOWLEDGED
from simulator.scenario.scenario import Scenario, load_scenario
from tests.fleet.test_runtime import Fleet, platform_for
from tests.independent import channel
from tests.independent.client import Client, look_up
from tests.independent.configurable import DEFAULTS, Configurable, Direction
from tests.independent.platform import Platform, serve
from tests.independent.store import Identity

ONE = Identity("IN0001", "secret-1", "product-1", "key-1")
OK = "00000000"
RECORD = {
    "pin": "1",
    "meetCode": "0",
    "verifyTime": "2024-06-26T00:00:00+08:00",
    "verifyStyle": "15",
    "status": "255",
    "category": "0",
    "logId": "1",
    "recodeType": "255",
}
BEAT = {"funcId": "dev.heartbeat", "mid": "last", "payload": {"params": {"isFree": "1"}}}
COMBINATIONS: list[dict[str, Any]] = [
    {},
    {
        "public_key": "pem",
        "padding": "oaep-sha1",
        "factor": {"bytes": 16, "text": "hex"},
        "derive": "none",
        "cipher": "aes-128-cbc",
        "iv": "factors",
        "framing": "base64-text",
    },
    {
        "public_key": "pkcs1",
        "padding": "pkcs1v15",
        "factor": {"bytes": 24},
        "derive": "md5",
        "cipher": "aes-128-gcm",
        "iv": "counter",
        "framing": "hex-text",
    },
    {
        "public_key": "pkcs1-pem",
        "factor": {"bytes": 64},
        "order": "platform-first",
        "derive": "sha256",
        "cipher": "aes-256-cbc",
        "iv": "zero",
    },
    {"derive": "xor", "factor": {"bytes": 64, "text": "hex"}, "keys": "per-direction", "cipher": "aes-256-ecb"},
    {
        "info": "会议 info",
        "salt": "00Ff10",
        "keys": "per-direction",
        "cipher": "aes-128-ecb",
        "order": "platform-first",
    },
    {
        "device_key_bits": 1024,
        "padding": "pkcs1v15",
        "derive": "sha256",
        "keys": "per-direction",
        "cipher": "aes-128-cbc",
    },
    {"derive": "none", "keys": "per-direction", "iv": "zero", "order": "platform-first"},
    {"device_key_bits": 1024, "padding": "oaep-sha1", "derive": "none", "cipher": "aes-256-cbc", "iv": "counter"},
    {"derive": "xor", "iv": "factors", "order": "platform-first", "framing": "hex-text"},
    {
        "device_key_bits": 1024,
        "factor": {"bytes": 17},
        "derive": "md5",
        "cipher": "aes-128-ecb",
        "public_key": "pkcs1-pem",
    },
    {
        "info": "",
        "factor": {"bytes": 63, "text": "hex"},
        "keys": "per-direction",
        "cipher": "aes-256-cbc",
        "iv": "factors",
    },
    {"keys": "per-direction", "iv": "counter"},
]
_KEYS: dict[int, RSAPrivateKey] = {}


def key(bits: int = 2048) -> RSAPrivateKey:
    """One for all tests: making them is the slow part."""
    if bits not in _KEYS:
        _KEYS[bits] = real_key(bits)
    return _KEYS[bits]


real_key = channel.new_key


@pytest.fixture(autouse=True)
def quick_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.fleet.stock.generate_key", key)
    monkeypatch.setattr("simulator.fleet.stock._keys", {})
    monkeypatch.setattr("simulator.platform.assembly.generate_key", key)
    monkeypatch.setattr(channel, "new_key", key)


def scenario(directory: Path, options: dict[str, Any]) -> Scenario:
    """One device whose channel has these options."""
    rows = f"sn,secretKey,productId,devKey\n{ONE.sn},{ONE.secret_key},{ONE.product_id},{ONE.dev_key}\n"
    (directory / "devices.csv").write_text(rows)
    text = {
        "seed": 4,
        "identities": {"csv": "devices.csv"},
        "channel": {"suite": "configurable", "key_pool": 1, **options},
        "defaults": {"users": 3, "request_timeout": "5s", "reconnect": {"first": "10s", "max": "10s"}},
        "groups": [{"name": "rooms", "count": 1, "verifications": [{"rate": "50/s", "photo_share": "0%"}]}],
        "platform": {"users": 0, "meetings": {"count": 0}},
    }
    path = directory / "s.yaml"
    path.write_text(yaml.safe_dump(text, allow_unicode=True), encoding="utf-8")
    return load_scenario(path)


def test_each_value_occurs() -> None:
    values = {
        "public_key": {"der", "pem", "pkcs1", "pkcs1-pem"},
        "padding": {"oaep-sha256", "oaep-sha1", "pkcs1v15"},
        "order": {"device-first", "platform-first"},
        "derive": {"none", "xor", "md5", "sha256", "hkdf-sha256"},
        "keys": {"one", "per-direction"},
        "cipher": {f"aes-{bits}-{mode}" for bits, mode in itertools.product((128, 256), ("gcm", "cbc", "ecb"))},
        "iv": {"counter", "random", "zero", "factors"},
        "framing": {"binary", "base64-text", "hex-text"},
        "device_key_bits": {1024, 2048},
    }
    for name, every in values.items():
        default = DEFAULTS[name]
        assert {options.get(name, default) for options in COMBINATIONS} == every, name


def test_it_is_rsa_aes_with_a_counter_and_two_keys() -> None:
    vectors = json.loads((Path(__file__).parent / "channel-vectors.json").read_text())
    factors = (bytes.fromhex(vectors[f"{side}_factor_hex"]) for side in ("device", "server"))
    ways = Configurable({"keys": "per-direction", "iv": "counter"}).directions(*factors)
    for name, direction in zip(("device_to_server", "server_to_device"), ways, strict=True):
        frames = [frame for frame in vectors["frames"] if frame["direction"] == name]
        assert [direction.seal(one["json"].encode()) for one in frames] == [
            bytes.fromhex(one["frame_hex"]) for one in frames
        ]


async def met(directory: Path, options: dict[str, Any], platform: Platform) -> Fleet:
    """A device of the project that has been at the platform until some records were acknowledged."""
    fleet = Fleet(scenario(directory, options), platform.url)
    await fleet.runtime.open()
    fleet.start(0)
    await fleet.until(lambda: fleet.recorder.records[ACKNOWLEDGED] >= 3 or bool(fleet.recorder.failed()))
    await fleet.runtime.stop_all()
    await fleet.runtime.close()
    return fleet


@pytest.mark.parametrize("number", range(len(COMBINATIONS)))
async def test_devices_at_the_independent_platform(tmp_path: Path, number: int) -> None:
    options = COMBINATIONS[number]
    async with serve([ONE], "configurable", "A", seed=number, options=options) as platform:
        fleet = await met(tmp_path, options, platform)
        assert len(platform.records) >= 3
    assert (platform.refusals, platform.closed, platform.observations) == ([], [], [])
    assert fleet.recorder.violations == []
    assert not fleet.recorder.failed()


class Way(Configurable):
    """The device's side of it, whose texts `spoilt` may change."""

    spoilt: Mapping[str, Callable[[str], str]] = MappingProxyType({})

    def read_public(self, text: str) -> Any:
        ours, self.bits = self.bits, 2048
        try:
            return super().read_public(text)
        finally:
            self.bits = ours

    def public_text(self, own: RSAPrivateKey) -> str:
        return self.spoilt.get("key", str)(super().public_text(own))

    def wrap(self, factor: bytes, theirs: Any) -> str:
        return self.spoilt.get("factor", str)(super().wrap(factor, theirs))


async def connected(stack: AsyncExitStack, dispatch: str, way: Configurable) -> Client:
    url = (await look_up(dispatch, ONE))["payload"]["results"]["url"]
    client: Client = await stack.enter_async_context(Client.connected(url, ONE, "configurable", way=way))
    client.patience = 5
    return client


@pytest.mark.parametrize("number", range(len(COMBINATIONS)))
async def test_the_independent_device_at_the_embedded_platform(tmp_path: Path, number: int) -> None:
    options = COMBINATIONS[number]
    async with platform_for(scenario(tmp_path, options)) as info, AsyncExitStack() as stack:
        client = await connected(stack, info.dispatch, Way(options))
        await client.enter()
        assert (await client.ask("dev.data.upload.verifyLog", {"verifyLog": [RECORD]}))["code"] == OK


PEMS: dict[str, Callable[[str], str]] = {
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "no newline at the end": str.rstrip,
    "CRLF, none at the end": lambda text: text.replace("\n", "\r\n").rstrip(),
}


@pytest.mark.parametrize("form", ["pem", "pkcs1-pem"])
@pytest.mark.parametrize("name", PEMS)
async def test_how_pem_and_hex_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, name: str) -> None:
    options = {"public_key": form, "factor": {"text": "hex"}}
    odd = {"key": PEMS[name], "factor": str.upper}
    async with platform_for(scenario(tmp_path, options)) as info, AsyncExitStack() as stack:
        way = Way(options)
        way.spoilt = odd
        await (await connected(stack, info.dispatch, way)).enter()
    async with serve([ONE], "configurable", options=options) as platform:
        public_text, wrap = platform.way.public_text, platform.way.wrap
        monkeypatch.setattr(platform.way, "public_text", lambda own: odd["key"](public_text(own)))
        monkeypatch.setattr(platform.way, "wrap", lambda *given: wrap(*given).upper())
        assert not (await met(tmp_path, options, platform)).recorder.failed()
        assert platform.records


@pytest.mark.parametrize("padding", ["oaep-sha256", "oaep-sha1", "pkcs1v15"])
@pytest.mark.parametrize("length", [31, 33])
async def test_a_factor_of_another_length(tmp_path: Path, padding: str, length: int) -> None:
    options = {"padding": padding}
    async with platform_for(scenario(tmp_path, options)) as info, AsyncExitStack() as stack:
        way = Way(options)
        client = await connected(stack, info.dispatch, way)
        reply = await client.ask("device.exchange.publicKey", {"publicKey": way.public_text(key())})
        theirs = way.read_public(reply["payload"]["results"]["publicKey"])
        reply = await client.ask("device.exchange.factor", {"factor": way.wrap(os.urandom(length), theirs)})
        assert reply["code"] == "E0000004"
        reply = await client.ask("device.exchange.factor", {"factor": way.wrap(os.urandom(32), theirs)})
        assert reply["code"] == OK
    async with serve([ONE], "configurable", options=options) as platform:
        platform.way.new_factor = lambda: os.urandom(length)
        assert (await met(tmp_path, options, platform)).recorder.failed()
        assert not platform.records


def _flip(direction: Direction, text: bytes) -> bytes:
    frame = bytearray(direction.seal(text))
    frame[-1] ^= 1
    return bytes(frame)


def _skip(direction: Direction, text: bytes) -> bytes | str:
    direction.counter += 1
    return direction.seal(text)


def _bare(direction: Direction, text: bytes) -> bytes | str:
    """Blocks without padding, as if the last one were whole."""
    whole = direction.seal(text)
    assert isinstance(whole, bytes)
    return whole[:-16]


CBC = {"cipher": "aes-128-cbc", "iv": "zero"}
SPOILT: dict[str, tuple[dict[str, Any], Callable[[Direction, bytes], bytes | str]]] = {
    "a wrong tag": ({}, _flip),
    "a counter left out": ({"iv": "counter"}, _skip),
    "wrong padding": (CBC, _bare),
    "no whole blocks": ({"cipher": "aes-256-ecb"}, lambda way, text: way.seal(text)[:-1]),
    "no JSON": (CBC, lambda way, _: way.seal(b"hello")),
    "no JSON object": (CBC, lambda way, _: way.seal(b"[]")),
    "a text frame": ({}, lambda way, text: base64.b64encode(bytes(way.seal(text))).decode()),  # type: ignore[arg-type]
    "a text in the clear": ({}, lambda _, text: text.decode()),
    "a binary frame": ({"framing": "hex-text"}, lambda way, text: bytes.fromhex(str(way.seal(text)))),
    "upper-case hex": ({"framing": "hex-text"}, lambda way, text: str(way.seal(text)).upper()),
    "base64 without its padding": (
        {"framing": "base64-text", "cipher": "aes-128-ecb"},
        lambda way, text: str(way.seal(text + b" " * (-len(text) % 16))).rstrip("="),
    ),
    "nothing": ({}, lambda *_: b""),
}


@pytest.mark.parametrize("fault", SPOILT)
async def test_what_cannot_be_read_ends_the_connection(tmp_path: Path, fault: str) -> None:
    options, spoil = SPOILT[fault]
    async with platform_for(scenario(tmp_path, options)) as info, AsyncExitStack() as stack:
        client = await connected(stack, info.dispatch, Way(options))
        await client.enter()
        assert isinstance(client.sealer, Direction)
        await client.ws.send(spoil(client.sealer, json.dumps(BEAT).encode()))
        await asyncio.wait_for(client.ws.wait_closed(), 5)
        assert client.ws.close_code == 1008


async def test_a_random_iv_that_comes_again_is_read_and_counted(tmp_path: Path) -> None:
    async with platform_for(scenario(tmp_path, {})) as info, AsyncExitStack() as stack:
        client = await connected(stack, info.dispatch, Way({}))
        await client.enter()
        assert isinstance(client.sealer, Direction)
        client.sealer.next_iv = bytes(12)
        for _ in range(3):
            assert (await client.ask("dev.heartbeat", {}))["code"] == OK
    async with serve([ONE], "configurable", options={}) as platform:
        directions = platform.way.directions

        def stuck(*factors: bytes) -> tuple[Direction, Direction]:
            there, back = directions(*factors)
            back.next_iv = bytes(12)
            return there, back

        platform.way.directions = stuck
        fleet = await met(tmp_path, {}, platform)
    assert {found[0] for found in fleet.recorder.violations} == {"channel.iv-repeated"}
    assert fleet.recorder.records[ACKNOWLEDGED] >= 3
