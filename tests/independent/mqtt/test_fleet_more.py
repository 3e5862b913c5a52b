"""The project's devices at the independent platform over MQTT: small packets, keys of before, another process."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from simulator.scenario.scenario import load_scenario
from tests.fleet.test_runtime import Fleet
from tests.independent.mqtt.codec import Publish
from tests.independent.mqtt.platform import serve
from tests.independent.mqtt.profile import PROFILES
from tests.independent.mqtt.rules import until
from tests.independent.mqtt.test_fleet import ONE, quick_keys, scenario_file, scene

_ = quick_keys
REPLY = b'{"funcId": "cmd.dev.response", "mid": "1", "code": "00000000", "message": ""}'


@pytest.mark.parametrize(("kind", "suite"), [("best-t", "plain"), ("best-m", "rsa-aes")])
async def test_photos_and_users_within_max_packet(tmp_path: Path, kind: str, suite: str) -> None:
    """Payloads are bounded after encryption: a photo goes up in pieces, users over several messages."""
    group = {"users": 60, "verifications": [{"rate": "4/s", "photo_share": "100%"}]}
    async with scene(tmp_path, PROFILES[kind], suite, group=group) as here:
        await here.commands(1, "cmd.data.query.user")
        await until(lambda: len(here.platform.photos) >= 4, 30)
        await until(lambda: sum(len(pins) for _, pins in here.platform.uploads) >= 60, 30)
        largest = max(len(message) for watch in here.platform.witness.watches for message in watch.messages)
        assert largest > 4000
    assert here.fleet.recorder.violations == []


async def test_a_sealed_message_of_before_comes_first(tmp_path: Path) -> None:
    """A broker had it in its queue: neither DUP nor readable. It is acknowledged, and the exchange goes on."""
    async with scene(tmp_path, suite="rsa-aes") as here:
        session = here.platform.sessions[ONE.sn]
        assert session.sealer
        old = session.sealer.seal(REPLY)
        here.broker.order("refuse-3")
        here.cut()
        client = here.broker.sessions[here.platform.client_id(ONE.sn)]
        client.waiting.append(Publish(here.platform.profile.topics(ONE)[1], bytes(old), 1))
        before = len(here.platform.witness.of(ONE.sn))
        await until(lambda: not client.waiting)
        await here.records()
        assert len(here.platform.witness.of(ONE.sn)) == before + 2


async def test_a_sealed_message_of_before_comes_again(tmp_path: Path) -> None:
    """With DUP, while the device was on its way online or after that."""
    async with scene(tmp_path, suite="rsa-aes") as here:
        session = here.platform.sessions[ONE.sn]
        assert session.sealer
        old = bytes(
            session.sealer.seal(b'{"funcId": "cmd.dev.response", "mid": "1", "code": "00000000", "message": ""}')
        )
        client = here.broker.sessions[here.platform.client_id(ONE.sn)]
        down = here.platform.profile.topics(ONE)[1]
        here.broker.order("refuse-3")
        here.cut()
        ident = client.ident()
        client.in_flight[ident] = Publish(down, old, 1, ident)
        before = len(here.platform.witness.of(ONE.sn))
        await until(lambda: ident not in client.in_flight)
        await here.records()
        assert len(here.platform.witness.of(ONE.sn)) == before + 2


async def test_another_process_with_the_session_of_before(tmp_path: Path) -> None:
    """The stored subscription counts; what came while nobody was there is answered once."""
    async with serve([ONE], "plain") as platform:
        scenario = load_scenario(scenario_file(tmp_path))
        queued = []
        for life in range(2):
            fleet = Fleet(scenario, platform.url)
            await fleet.runtime.open()
            fleet.start(0)
            await until(lambda fleet=fleet: fleet.recorder.records["acknowledged"] >= 3)  # type: ignore[misc]
            if life:
                assert [await asyncio.wait_for(one.answer, 10) for one in queued] == ["00000000"] * 3
            await fleet.runtime.stop_all(20)
            await fleet.runtime.close()
            assert fleet.recorder.violations == []
            queued = [platform.queue(ONE.sn, "cmd.data.clear.user") for _ in range(3)]
            await asyncio.sleep(0)
        assert [watch.ending for watch in platform.witness.of(ONE.sn)] == ["DISCONNECT"] * 2
    assert platform.breaches == platform.refusals == platform.observations == []


async def test_a_subscription_granted_with_qos_0(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        here.broker.grants = 0
        here.broker.order("forget-session")
        here.cut()
        await here.records()
        await here.commands(1)


async def test_a_command_comes_again_with_the_mid_of_before(tmp_path: Path) -> None:
    """On the next connection, under another packet id and without DUP: answered once."""
    command = {"funcId": "cmd.data.clear.user", "mid": "twice-1", "payload": {"params": {"cmdId": "77"}}}
    async with scene(tmp_path) as here:
        here.platform.published[ONE.sn, "twice-1"] = "77"
        here.platform.publish(ONE.sn, json.dumps(command).encode())
        await until(lambda: here.platform.answers[ONE.sn, "twice-1"] == 1)
        here.cut()
        here.platform.publish(ONE.sn, json.dumps(command).encode())
        await here.records()
        here.platform.publish(ONE.sn, json.dumps(command).encode())
        await here.commands(1)
        assert here.platform.answers[ONE.sn, "twice-1"] == 1
        command["mid"] = "twice-2"
        here.platform.published[ONE.sn, "twice-2"] = "77"
        here.platform.publish(ONE.sn, json.dumps(command).encode())
        await until(lambda: here.platform.answers[ONE.sn, "twice-2"] == 1)


@pytest.mark.long
@pytest.mark.parametrize(("suite", "clean"), [("plain", True), ("plain", False), ("rsa-aes", True), ("rsa-aes", False)])
async def test_qos_0_without_keep_alive(tmp_path: Path, suite: str, clean: bool) -> None:
    profile = replace(PROFILES["best-m"], qos=0, clean=clean, keep_alive=0, keep_alives=(0, 0))
    keys = {"qos": 0, "clean_session": clean, "keep_alive": "0s"}
    async with scene(tmp_path, profile, suite, mqtt=keys, request_timeout="1s") as here:
        await here.commands(2)
        here.cut()
        await here.records()
        for name in ("cut-before-handling", "ack-only"):
            await here.trouble(name)


@pytest.mark.parametrize("suite", ["plain", pytest.param("rsa-aes", marks=pytest.mark.long)])
async def test_a_profile_of_the_scenario(tmp_path: Path, suite: str) -> None:
    """Topics of companyId, siteId and deviceName, another client id, and 4 KB a packet."""
    keys = {name: f"v/{{companyId}}/{{siteId}}/{{deviceName}}/{name}" for name in ("up", "down")}
    keys["client_id"] = "dev-{sn}"
    profile = replace(PROFILES["best-m"], kind="best-a", max_packet=4096, **keys)
    keys |= {"max_packet": "4KB", "profile": "best-m"}
    group = {"verifications": [{"rate": "4/s", "photo_share": "100%"}]}
    async with scene(tmp_path, profile, suite, mqtt=keys, group=group) as here:
        await here.commands(1)
        here.cut()
        await here.records()
        await until(lambda: len(here.platform.photos) >= 2, 30)
