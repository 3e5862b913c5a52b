"""Devices that misbehave against the embedded platform, over real sockets: over WebSocket with TLS, and over MQTT."""

from __future__ import annotations

import random

import pytest

from simulator.device.misbehaviour.registry import WAYS, impossible
from simulator.measurements.misbehaviours import REFUSED_AS_EXPECTED, SENT
from simulator.protocol.channel.registry import channel_suite
from simulator.scenario.scenario import Scenario, parse_scenario
from tests.fleet.test_mqtt import ledger, over_mqtt
from tests.fleet.test_runtime import fleet_of, scenario_of, within


def _over_tls() -> Scenario:
    text = scenario_of(count=3, suite="rsa-aes").text
    return parse_scenario(text.replace("platform:\n", "platform:\n  tls: {}\n"), "test.yaml")


@pytest.mark.parametrize(
    ("scenario", "suite", "ways"),
    [
        (_over_tls(), "rsa-aes", 12),
        (over_mqtt(count=3), "plain", 7),
        (over_mqtt(count=3, suite="rsa-aes"), "rsa-aes", 7),
    ],
    ids=["tls", "mqtt", "mqtt sealed"],
)
async def test_the_platform_does_what_the_document_says(scenario: Scenario, suite: str, ways: int) -> None:
    async with fleet_of(scenario) as fleet:
        fleet.start(0, 1, 2)
        await fleet.online(3)
        settings = fleet.plan.settings[0]
        possible = {way for way in WAYS if not impossible(way, settings, channel_suite(suite))}
        assert len(possible) == ways
        outcomes = fleet.recorder.misbehaviour
        devices = [device for index in range(3) if (device := fleet.runtime.device(index)) is not None]
        for index, device in enumerate(devices):
            device.misbehave(list(WAYS), 20.0, random.Random(index))
        await fleet.until(lambda: {way for way, outcome in outcomes if outcome == SENT} == possible)
        for device in devices:
            device.behave()
        await fleet.until(lambda: not any(each._misbehaving and each._misbehaving._tasks for each in devices))
        for way in possible:
            assert outcomes[way, REFUSED_AS_EXPECTED] == outcomes[way, SENT] > 0, way
        assert {outcome for _, outcome in outcomes} == {SENT, REFUSED_AS_EXPECTED}
        await within(fleet.runtime.stop_all())
        fleet.check(3)
        assert fleet.recorder.failed() == {}
        assert fleet.recorder.broken() == {}
        assert set(fleet.recorder.reasons()) == {"stopped"}
        counts = fleet.recorder.records
        assert (await ledger(fleet))["totals"]["records"] == counts["acknowledged"] == counts["generated"]
