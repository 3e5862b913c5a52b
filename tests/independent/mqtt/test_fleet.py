"""Devices of the project at the independent platform over MQTT: whatever trouble comes, nothing is found in them."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from simulator.measurements.names import ACKNOWLEDGED
from simulator.scenario.scenario import load_scenario
from simulator.wire.authority import CertificateAuthority
from tests.fleet.test_runtime import Fleet
from tests.independent import channel
from tests.independent.mqtt.codec import Publish
from tests.independent.mqtt.device import Link, Memory
from tests.independent.mqtt.platform import MqttPlatform, serve
from tests.independent.mqtt.profile import PROFILES, Profile
from tests.independent.mqtt.rules import until
from tests.independent.store import Identity

ONE = Identity("IN0001", "secret-1", "product-1", "MTIzNDU2")
OK = "00000000"
_KEYS: dict[int, RSAPrivateKey] = {}
real_key = channel.new_key


def key(bits: int = 2048) -> RSAPrivateKey:
    """One for all tests: making them is the slow part."""
    if bits not in _KEYS:
        _KEYS[bits] = real_key(bits)
    return _KEYS[bits]


@pytest.fixture(autouse=True)
def quick_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.fleet.stock.generate_key", key)
    monkeypatch.setattr("simulator.fleet.stock._keys", {})
    monkeypatch.setattr(channel, "new_key", key)


class Scene:
    """One device of the project at the independent platform."""

    def __init__(self, platform: MqttPlatform, fleet: Fleet) -> None:
        self.platform, self.fleet, self.broker = platform, fleet, platform.broker

    @property
    def acknowledged(self) -> int:
        return self.fleet.recorder.records[ACKNOWLEDGED]

    async def records(self, more: int = 3) -> None:
        """Until so many more records are acknowledged."""
        there = self.acknowledged
        await until(lambda: self.acknowledged >= there + more, 20)

    async def trouble(self, name: str, func_id: str = "", times: int = 1) -> None:
        """Made, and got over."""
        made, connections = len(self.broker.troubled), len(self.platform.witness.of(ONE.sn))
        self.broker.order(name, times, lambda payload: func_id.encode() in payload)
        await until(lambda: len(self.broker.troubled) >= made + times, 20)
        if name in ("cut-before-puback", "cut-before-handling", "ack-only"):
            await until(lambda: len(self.platform.witness.of(ONE.sn)) > connections, 20)
        await self.records()

    def cut(self) -> None:
        assert self.broker.cut(self.platform.client_id(ONE.sn))

    async def commands(self, count: int = 3, func_id: str = "cmd.data.clear.user", again: int = 0) -> None:
        """Each is answered with success."""
        queued = [self.platform.queue(ONE.sn, func_id, again=again) for _ in range(count)]
        assert [await asyncio.wait_for(one.answer, 20) for one in queued] == [OK] * count
        assert all(len(one.codes) == again + 1 for one in queued)


def scenario_file(
    directory: Path,
    profile: Profile = PROFILES["best-m"],
    suite: str = "plain",
    *,
    request_timeout: str = "5s",
    mqtt: Any = None,
    group: Any = None,
    tls_files: Any = None,
) -> Path:
    """A scenario of one device that makes ten records a second."""
    rows = f"sn,secretKey,productId,devKey\n{ONE.sn},{ONE.secret_key},{ONE.product_id},{ONE.dev_key}\n"
    (directory / "devices.csv").write_text(rows)
    rooms = {"name": "rooms", "count": 1, "broker_type": profile.kind}
    text: dict[str, Any] = {
        "seed": 4,
        "identities": {"csv": "devices.csv"},
        "channel": {"suite": suite, "key_pool": 1},
        "defaults": {"users": 3, "request_timeout": request_timeout, "reconnect": {"first": "100ms", "max": "200ms"}},
        "groups": [{**rooms, "verifications": [{"rate": "10/s", "photo_share": "0%"}], **(group or {})}],
    }
    text |= {name: value for name, value in (("mqtt", mqtt), ("tls", tls_files)) if value}
    path = directory / "s.yaml"
    path.write_text(yaml.safe_dump(text, allow_unicode=True), encoding="utf-8")
    return path


@asynccontextmanager
async def scene(
    directory: Path,
    profile: Profile = PROFILES["best-m"],
    suite: str = "plain",
    style: str = "A",
    *,
    tls: Any = None,
    **more: Any,
) -> AsyncIterator[Scene]:
    """Online; checked in the end: nothing found, an orderly end, and the ledger equal."""
    keys = {name: more.pop(name) for name in ("request_timeout", "mqtt", "group", "tls_files") if name in more}
    path = scenario_file(directory, profile, suite, **keys)
    async with serve([ONE], suite, style, profile=profile, **(tls or {}), **more) as platform:
        platform.witness.paced = True
        fleet = Fleet(load_scenario(path), platform.url)
        await fleet.runtime.open()
        fleet.start(0)
        here = Scene(platform, fleet)
        try:
            await here.records()
            yield here
            await fleet.runtime.stop_all(20)
        finally:
            fleet.runtime.abort_all()
            await fleet.runtime.close()
        await until(lambda: bool(platform.witness.of(ONE.sn)[-1].ending))
    assert platform.breaches == []
    assert platform.refusals == []
    assert platform.observations == []
    assert platform.closed == []
    assert fleet.recorder.internal_errors == []
    endings = [(watch.ending, watch.sent[-3:]) for watch in platform.witness.of(ONE.sn)]
    assert endings[-1][0] == "DISCONNECT", (endings, fleet.recorder.reasons())
    assert len(platform.records) == here.acknowledged
    for (sn, _), record in platform.records.items():
        assert (sn, bool(record)) == (ONE.sn, True)


LONG = pytest.mark.long
FEW = {("plain", "best-m", "B"), ("exchange-only", "best-a", "A"), ("rsa-aes", "best-m", "A")}
"""The others, as elsewhere here, are run by make test-long."""
LIVES = [
    pytest.param(*life, marks=() if life in FEW else LONG)
    for life in itertools.product(("plain", "exchange-only", "rsa-aes"), sorted(PROFILES), "AB")
]


@pytest.mark.parametrize(("suite", "kind", "style"), LIVES)
async def test_a_life(tmp_path: Path, suite: str, kind: str, style: str) -> None:
    async with scene(tmp_path, PROFILES[kind], suite, style, seed=1) as here:
        await here.commands(2)
        here.cut()
        await here.records(5)
    assert here.fleet.recorder.violations == []


BEGINNINGS = (
    *("cut-before-connack", "cut-before-suback", "refuse-1", "refuse-2", "refuse-3", "refuse-4", "refuse-5"),
    *("forget-session", "suback-failure", "no-suback", "garbage"),
)
PLAIN_BEGINNINGS = {"cut-before-connack", "cut-before-suback", "refuse-5", "forget-session", "suback-failure"}
"""Those of every run; `no-suback` takes its 10 s."""


@pytest.mark.parametrize(
    ("suite", "name"),
    [
        pytest.param(suite, name, marks=() if suite == "plain" and name in PLAIN_BEGINNINGS else LONG)
        for suite, name in itertools.product(("plain", "rsa-aes"), BEGINNINGS)
    ],
)
async def test_trouble_at_the_beginning(tmp_path: Path, suite: str, name: str) -> None:
    """That of SUBSCRIBE needs a session that is not present."""
    async with scene(tmp_path, suite=suite, request_timeout="1s") as here:
        if name != "forget-session":
            here.broker.order("forget-session")
        here.broker.order(name)
        here.cut()
        await until(lambda: name in here.broker.troubled)
        await here.records()


PUBLISH_TROUBLES = ("cut-before-puback", "cut-before-handling", "ack-only", "puback-late")
EARLY = {("cut-before-puback", "verifyLog"), ("cut-before-puback", "dev.login")}


@pytest.mark.parametrize(
    ("kind", "name", "func_id"),
    [
        pytest.param(kind, name, func_id, marks=() if kind == "best-m" and (name, func_id) in EARLY else LONG)
        for kind, name, func_id in itertools.product(
            ("best-m", "best-a"),
            PUBLISH_TROUBLES,
            ("verifyLog", "dev.heartbeat", "dev.cmd.response", "dev.report", "dev.login"),
        )
        if (name, func_id) != ("ack-only", "dev.cmd.response")  # nobody would know of that answer
    ],
)
async def test_trouble_with_a_publish(tmp_path: Path, kind: str, name: str, func_id: str) -> None:
    async with scene(tmp_path, PROFILES[kind], style="C", request_timeout="1s", heartbeat=1) as here:
        if func_id in ("dev.report", "dev.login"):
            here.cut()
        await here.trouble(name, func_id)
        await here.commands(1)


@pytest.mark.parametrize(
    "name", [PUBLISH_TROUBLES[0], *(pytest.param(one, marks=LONG) for one in PUBLISH_TROUBLES[1:])]
)
async def test_trouble_with_a_sealed_publish(tmp_path: Path, name: str) -> None:
    async with scene(tmp_path, suite="rsa-aes", request_timeout="1s") as here:
        for _ in range(3):
            await here.trouble(name)
        await here.commands(1)


@pytest.mark.parametrize("name", ["twice", "twice-dup"])
async def test_delivered_twice(tmp_path: Path, name: str) -> None:
    """Replies and commands: neither is a violation, and a command is answered once."""
    async with scene(tmp_path) as here:
        await here.trouble(name, "00000000", times=3)
        here.broker.order(name, 3, lambda payload: b"cmdId" in payload)
        await here.commands()
        assert here.broker.troubled == [name] * 6
    assert here.fleet.recorder.violations == []


@pytest.mark.parametrize("suite", ["plain", "rsa-aes"])
async def test_a_cmd_id_with_a_new_mid_is_answered_again(tmp_path: Path, suite: str) -> None:
    async with scene(tmp_path, suite=suite) as here:
        await here.commands(3, again=2)


async def test_commands_queued_while_away(tmp_path: Path) -> None:
    """Answered once each, though they come before dev.report is answered; what they trigger waits until online."""
    async with scene(tmp_path) as here:
        here.broker.order("refuse-3", 2)
        here.cut()
        names = ("cmd.data.query.user", "cmd.system.sync.time", "cmd.data.clear.user")
        queued = [here.platform.queue(ONE.sn, name) for name in names]
        await asyncio.sleep(0)
        assert [await asyncio.wait_for(one.answer, 20) for one in queued] == [OK] * 3
        await here.records()
        await until(lambda: bool(here.platform.uploads))
        await until(lambda: (ONE.sn, "dev.system.sync.time") in here.platform.heard)
    assert here.platform.answers.most_common(1)[0][1] == 1
    assert here.fleet.recorder.violations == []


async def test_a_command_before_the_report_is_answered(tmp_path: Path) -> None:
    async with scene(tmp_path, request_timeout="1s") as here:
        here.broker.order("ack-only", when=lambda payload: b"dev.report" in payload)
        here.cut()
        await until(lambda: here.broker.troubled == ["ack-only"])
        command = {"funcId": "cmd.data.query.user", "mid": "early-1", "payload": {"params": {"cmdId": "77"}}}
        here.platform.published[ONE.sn, "early-1"] = "77"
        here.platform.publish(ONE.sn, json.dumps(command).encode())
        await until(lambda: here.platform.answers[ONE.sn, "early-1"] == 1)
        await until(lambda: bool(here.platform.uploads))
        await here.records()


@pytest.mark.parametrize("name", ["retained", "wrong-topic"])
async def test_what_no_profile_does(tmp_path: Path, name: str) -> None:
    """A retained message, a message on another topic: told, and nothing else comes of it."""
    command = {"funcId": "cmd.data.clear.user", "mid": "odd-1", "payload": {"params": {"cmdId": "77"}}}
    async with scene(tmp_path) as here:
        here.broker.extra = Publish("another/topic", json.dumps(command).encode())
        here.platform.published[ONE.sn, "odd-1"] = "77"
        here.broker.order("forget-session")
        here.broker.order(name)
        here.cut()
        await until(lambda: name in here.broker.troubled)
        await here.records()
        if name == "wrong-topic":
            assert here.platform.answers[ONE.sn, "odd-1"] == 0
    assert [found[0] for found in here.fleet.recorder.violations] != []


@LONG
async def test_it_is_never_silent_longer_than_its_keep_alive(tmp_path: Path) -> None:
    profile = replace(PROFILES["best-m"], keep_alive=1)
    group = {"verifications": [{"rate": "1/s", "photo_share": "0%"}]}
    async with scene(tmp_path, profile, mqtt={"keep_alive": "1s"}, group=group) as here:
        watch = here.platform.witness.of(ONE.sn)[-1]
        await until(lambda: watch.sent.count("PINGREQ") >= 3)
        assert watch.ending == ""
        here.broker.order("no-pingresp", 50)
        await until(lambda: bool(watch.ending))
        here.broker.orders.clear()
        await until(lambda: len(here.platform.witness.of(ONE.sn)) > 1)
        await here.records(1)


async def test_taken_over(tmp_path: Path) -> None:
    """Another client with its id drops it; it comes again and drops that one."""
    async with scene(tmp_path) as here:
        memory = Memory(ONE)
        link = await Link.reach(here.platform.ws_url, memory)
        await link.connect(memory.profile.login(ONE, Random(1), time.time()))
        await asyncio.wait_for(link.lost.wait(), 10)
        link.cut()
        await here.records()


@pytest.mark.parametrize(("kind", "suite"), [("best-a", "rsa-aes"), ("best-m", "plain")])
async def test_over_tls_with_certificates_of_the_look_up(tmp_path: Path, kind: str, suite: str) -> None:
    """Another CA signs for the broker than for the look-up, and for the device, whose certificate the broker wants."""
    now = datetime.now(UTC)
    day = timedelta(days=1)
    for name in ("dispatch", "broker"):
        (tmp_path / name).mkdir()
    of_look_up, of_broker = CertificateAuthority("one", now), CertificateAuthority("another", now)
    https = of_look_up.server(tmp_path / "dispatch", ["127.0.0.1"], now)
    files = of_broker.server(tmp_path / "broker", ["127.0.0.1"], now)
    own = of_broker.client(ONE.sn, now - day, now + day)
    tls = {
        "tls": (files.cert, files.key),
        "root_ca": of_broker.root,
        "client_ca": files.ca,
        "certificate": (own.certificate, own.private_key),
        "https": (https.cert, https.key),
    }
    async with scene(tmp_path, PROFILES[kind], suite, tls=tls, tls_files={"ca": str(https.ca)}) as here:
        assert here.platform.ws_url.startswith("mqtts://")
        here.cut()
        await here.records()
    assert here.fleet.recorder.violations == []


@LONG
@pytest.mark.parametrize("name", ["cut-before-puback", "ack-only"])
async def test_a_backlog_within_the_rates_of_tencent(tmp_path: Path, name: str) -> None:
    """30 messages a second and one connect in 5 s, also when much waits."""
    group = {"verifications": [{"rate": "20/s", "photo_share": "0%"}]}
    async with scene(tmp_path, PROFILES["best-t"], group=group, request_timeout="1s") as here:
        for _ in range(2):
            await here.trouble(name, "verifyLog")
