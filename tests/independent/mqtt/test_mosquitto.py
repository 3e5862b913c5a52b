"""Through a real broker: the independent halves, then each of them with the project's other half."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from pathlib import Path

import pytest

from simulator.measurements.names import ACKNOWLEDGED
from simulator.scenario.scenario import load_scenario
from tests.fleet.test_runtime import Fleet
from tests.independent.mqtt.codec import Packet
from tests.independent.mqtt.middle import Middle
from tests.independent.mqtt.platform import serve
from tests.independent.mqtt.profile import PROFILES
from tests.independent.mqtt.remote import Remote
from tests.independent.mqtt.rules import RULES, Target, until
from tests.independent.mqtt.test_embedded import MANY as EMBEDDED
from tests.independent.mqtt.test_embedded import embedded
from tests.independent.mqtt.test_fleet import ONE, scenario_file
from tests.independent.mqtt.witness import Witness
from tests.independent.store import Identity
from tests.mosquitto import mosquitto, needed

pytestmark = needed
LONG = pytest.mark.long
MANY = [Identity(f"SN{number:04}", f"s{number}", "product-1", "MTIzNDU2") for number in range(2, 20)]
OPEN = {"refused_connects", "other_topics", "what_cannot_be_read", "too_large", "frames_of_an_earlier_connection"}
"""Rules that a broker without an authority, and a platform behind it, cannot keep."""


@pytest.mark.long
@pytest.mark.parametrize("suite", ["plain", "rsa-aes"])
@pytest.mark.parametrize("rule", sorted(RULES.keys() - OPEN))
async def test_the_independent_halves(tmp_path: Path, suite: str, rule: str) -> None:
    profile = PROFILES["best-m"]
    witness = Witness(profile, MANY, time.time)
    async with mosquitto(tmp_path) as broker, Middle(witness, broker.url()).serve() as middle:
        remote = Remote(broker.url(), [])
        async with serve(MANY, suite, profile=profile, remote=remote, shown=middle.url) as platform:
            target = Target(platform.url, iter(MANY), suite, profile)
            await RULES[rule](target)
            assert target.breaches == []
            expected = ["the sn 'SN0003' on this device's topic"] if rule == "another_device_s_sn" else []
            assert [breach.partition(": ")[2] for breach in platform.breaches] == expected


BEHIND = OPEN | {"another_device_s_sn"}
EVERY_RUN = {"entrance", "cut_before_the_puback", "sent_again_with_dup", "unacknowledged_is_delivered_again"}


@pytest.mark.parametrize(
    ("suite", "rule"),
    [
        pytest.param(suite, rule, marks=() if suite == "plain" and rule in EVERY_RUN else LONG)
        for suite, rule in itertools.product(("plain", "rsa-aes"), sorted(RULES.keys() - BEHIND))
    ],
)
async def test_the_independent_device_at_the_embedded_platform(tmp_path: Path, suite: str, rule: str) -> None:
    """Through the man in the middle go both of them: nothing is found in the platform's own conduct as a client."""
    witness = Witness(PROFILES["best-m"], EMBEDDED, time.time)
    async with mosquitto(tmp_path) as broker, Middle(witness, broker.url()).serve() as middle:
        async with embedded(tmp_path, suite, "best-m", mqtt={"broker": middle.url}) as target:
            await RULES[rule](target)
        clients = {watch.connect.client_id for watch in witness.watches if watch.connect}
        ours = clients - {one.sn for one in EMBEDDED}
        assert len(ours) == 1
        found = [breach for breach in witness.breaches if breach.partition(":")[0] in ours]
        assert found == []


@pytest.mark.parametrize("suite", ["plain", pytest.param("rsa-aes", marks=LONG)])
@pytest.mark.parametrize("cut", ["PUBACK", pytest.param("PUBLISH", marks=LONG)])
async def test_the_fleet_at_the_independent_platform(tmp_path: Path, suite: str, cut: str) -> None:
    """Through the man in the middle, who cuts before each 20th PUBACK, or before each 20th message to the device."""
    witness = Witness(PROFILES["best-m"], [ONE], time.time)
    passed: Counter[str] = Counter()

    def cut_at(from_device: bool, packet: Packet) -> bool:
        passed[packet.name] += not from_device
        return not from_device and packet.name == cut and passed[cut] % 20 == 0

    async with mosquitto(tmp_path) as broker, Middle(witness, broker.url()).serve() as middle:
        middle.cut_at = cut_at
        remote = Remote(broker.url(), [])
        async with serve([ONE], suite, remote=remote, shown=middle.url) as platform:
            fleet = Fleet(load_scenario(scenario_file(tmp_path, suite=suite)), platform.url)
            await fleet.runtime.open()
            try:
                fleet.start(0)
                await until(lambda: middle.cuts >= 3 and fleet.recorder.records[ACKNOWLEDGED] >= 30, 30)
                await fleet.runtime.stop_all(20)
            finally:
                fleet.runtime.abort_all()
                await fleet.runtime.close()
            assert len(platform.records) == fleet.recorder.records[ACKNOWLEDGED]
            assert (platform.breaches, platform.refusals, platform.observations) == ([], [], [])
    assert witness.breaches == []
    assert fleet.recorder.violations == []
    if cut == "PUBACK":
        assert witness.known[ONE.sn].resent >= 1
