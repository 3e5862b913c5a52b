"""Devices and an embedded platform with the suite `configurable`, over real sockets: alike, and different in one."""

from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from simulator.measurements.names import ACKNOWLEDGED, INIT, DeviceState
from simulator.protocol.channel.keys import generate_key
from simulator.scenario.scenario import Scenario, parse_scenario
from tests.fleet.test_runtime import Fleet, platform_for

_KEYS: dict[int, RSAPrivateKey] = {}


def key(bits: int = 2048) -> RSAPrivateKey:
    """One for all tests: making them is the slow part."""
    if bits not in _KEYS:
        _KEYS[bits] = generate_key(bits)
    return _KEYS[bits]


@pytest.fixture(autouse=True)
def quick_keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("simulator.fleet.stock.generate_key", key)
    monkeypatch.setattr("simulator.fleet.stock._keys", {})
    monkeypatch.setattr("simulator.platform.assembly.generate_key", key)
    return


def scenario(channel: str) -> Scenario:
    return parse_scenario(
        f"""
seed: 4
channel: {{suite: configurable, key_pool: 1{", " if channel else ""}{channel}}}
defaults: {{users: 3, request_timeout: 15s, reconnect: {{first: 10s, max: 10s}}}}
groups:
  - name: rooms
    count: 1
    verifications: [{{rate: 50/s, photo_share: 0%}}]
platform: {{users: 0}}
"""
    )


ALIKE = [
    "",
    "device_key_bits: 1024",
    "public_key: pem",
    "public_key: pkcs1",
    "public_key: pkcs1-pem",
    "padding: oaep-sha1",
    "padding: pkcs1v15",
    "factor: {bytes: 16}",
    "factor: {bytes: 64, text: hex}",
    "order: platform-first",
    "derive: none",
    "derive: xor",
    "derive: md5, cipher: aes-128-gcm",
    "derive: sha256",
    "info: 会议室, salt: 00ff",
    "keys: per-direction",
    "cipher: aes-128-gcm",
    "cipher: aes-128-cbc",
    "cipher: aes-256-cbc",
    "cipher: aes-128-ecb",
    "cipher: aes-256-ecb",
    "iv: counter",
    "cipher: aes-256-cbc, iv: counter",
    "iv: zero",
    "iv: factors",
    "framing: base64-text",
    "framing: hex-text",
]


@pytest.mark.parametrize("channel", ALIKE)
async def test_devices_come_online_at_a_platform_that_demands_the_same(channel: str) -> None:
    found = scenario(channel)
    async with platform_for(found) as info:
        fleet = Fleet(found, info.dispatch)
        await fleet.runtime.open()
        fleet.start(0)
        await fleet.until(lambda: fleet.recorder.records[ACKNOWLEDGED] >= 3)
        await fleet.runtime.stop_all()
        await fleet.runtime.close()
    fleet.check(1)
    assert fleet.recorder.violations == []
    assert not fleet.recorder.failed()


DIFFERENT = [
    ("device_key_bits: 1024", "", "the device's publicKey has 1024 bits: channel.device_key_bits"),
    ("public_key: pem", "", "the device's publicKey is PEM: channel.public_key"),
    ("public_key: pkcs1", "", "the device's publicKey is PKCS#1 in base64: channel.public_key"),
    ("", "public_key: pkcs1-pem", "the device's publicKey is a SubjectPublicKeyInfo in base64: channel.public_key"),
    ("padding: oaep-sha1", "", "the device's factor is encrypted with oaep-sha1: channel.padding"),
    ("padding: pkcs1v15", "", "the device's factor cannot be decrypted: channel.padding"),
    ("factor: {bytes: 16}", "", "the device's factor has 16 bytes, 32 are wanted: channel.factor.bytes"),
    ("factor: {text: hex}", "", "the device's factor is hex: channel.factor.text"),
    ("order: platform-first", "", "channel.order"),
    ("derive: sha256", "", "channel.derive"),
    ("derive: none", "derive: xor", "channel.derive"),
    ("info: other", "", "channel.info"),
    ("salt: '01'", "", "channel.salt"),
    ("keys: per-direction", "", "channel.keys"),
    ("", "keys: per-direction", "channel.keys"),
    ("cipher: aes-128-gcm", "", "channel.cipher"),
    ("cipher: aes-256-cbc", "cipher: aes-256-ecb, derive: sha256", "channel.cipher"),
    ("iv: counter", "", "channel.iv"),
    ("iv: zero", "iv: factors", "channel.iv"),
    ("cipher: aes-256-cbc, iv: zero", "cipher: aes-256-cbc, iv: factors", "channel.iv"),
    ("framing: base64-text", "", "a text frame where a binary one is due: channel.framing"),
    ("", "framing: hex-text", "a binary frame where a text one is due: channel.framing"),
    ("framing: hex-text", "framing: base64-text", "a text frame in hex: channel.framing"),
]


@pytest.mark.parametrize(("of_device", "of_platform", "told"), DIFFERENT)
async def test_a_device_at_a_platform_that_demands_something_else_says_what_to_change(
    of_device: str, of_platform: str, told: str
) -> None:
    async with platform_for(scenario(of_platform)) as info:
        fleet = Fleet(scenario(of_device), info.dispatch)
        await fleet.runtime.open()
        fleet.start(0)
        recorder = fleet.recorder
        await fleet.until(lambda: DeviceState.WAITING.value in {state for _, _, state, _ in recorder.states})
        fleet.runtime.abort_all()
        await fleet.runtime.close()
    assert DeviceState.ONLINE.value not in {state for _, _, state, _ in recorder.states}
    [failed] = recorder.failed()
    assert told in recorder.details[failed]
    [code] = recorder.flow_codes(INIT.name)
    assert code == failed[1]
    assert told in recorder.details[INIT.tag, code]
