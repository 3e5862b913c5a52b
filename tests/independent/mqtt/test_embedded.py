"""The independent device over MQTT at the embedded platform: each rule that a platform must keep."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from simulator.scenario.scenario import load_scenario
from tests.fleet.test_runtime import platform_for
from tests.independent import channel
from tests.independent.mqtt.profile import PROFILES
from tests.independent.mqtt.rules import RULES, Target
from tests.independent.store import Identity

MANY = [Identity(f"EM{number:04}", f"s{number}", "product-1", "MTIzNDU2") for number in range(1, 20)]
_KEYS: dict[int, RSAPrivateKey] = {}
real_key = channel.new_key


def key(bits: int = 2048) -> RSAPrivateKey:
    """One for all tests: making them is the slow part."""
    if bits not in _KEYS:
        _KEYS[bits] = real_key(bits)
    return _KEYS[bits]


@pytest.fixture(autouse=True)
def quick_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.platform.assembly.generate_key", key)
    monkeypatch.setattr(channel, "new_key", key)


def scenario(directory: Path, suite: str, kind: str, **platform: Any) -> Any:
    rows = "".join(f"{one.sn},{one.secret_key},{one.product_id},{one.dev_key}\n" for one in MANY)
    (directory / "devices.csv").write_text(f"sn,secretKey,productId,devKey\n{rows}")
    text = {
        "seed": 4,
        "identities": {"csv": "devices.csv"},
        "channel": {"suite": suite, "key_pool": 1},
        "groups": [{"name": "rooms", "count": len(MANY), "broker_type": kind}],
        "platform": {"users": 0, "meetings": {"count": 0}, **platform},
    }
    path = directory / "s.yaml"
    path.write_text(yaml.safe_dump(text), encoding="utf-8")
    return load_scenario(path)


@asynccontextmanager
async def embedded(directory: Path, suite: str, kind: str, **platform: Any) -> AsyncIterator[Target]:
    """The embedded platform; nothing was found in the end."""
    async with platform_for(scenario(directory, suite, kind, **platform)) as info:
        identities: Iterator[Identity] = iter(MANY)
        target = Target(info.dispatch, identities, suite, PROFILES[kind], ca=str(info.ca or ""))
        yield target
        assert target.breaches == []


LONG = pytest.mark.long
ALWAYS = {"entrance", "frames_of_an_earlier_connection", "what_cannot_be_read", "sent_again_with_dup"}
WAYS = [
    pytest.param(kind, suite, rule, marks=() if rule in always else LONG)
    for (kind, suite, always), rule in itertools.product(
        [
            ("best-m", "plain", RULES.keys() - {"keep_alive"}),
            ("best-m", "rsa-aes", ALWAYS),
            ("best-t", "plain", {"entrance", "too_large"}),
            ("best-a", "exchange-only", ()),
        ],
        RULES,
    )
]


@pytest.mark.parametrize(("kind", "suite", "rule"), WAYS)
async def test_rule(tmp_path: Path, rule: str, kind: str, suite: str) -> None:
    async with embedded(tmp_path, suite, kind) as target:
        await RULES[rule](target)


@pytest.mark.parametrize("suite", ["plain", "rsa-aes"])
@pytest.mark.parametrize("rule", ["entrance", "taken_over"])
async def test_rule_over_tls_with_certificates_of_the_look_up(tmp_path: Path, rule: str, suite: str) -> None:
    async with embedded(tmp_path, suite, "best-a", tls={"device_certificates": True}) as target:
        await RULES[rule](target)
