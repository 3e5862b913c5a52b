"""Through a real broker: the independent halves, then each of them with the project's other half."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.independent.mqtt.middle import Middle
from tests.independent.mqtt.mosquitto import NEEDED, Remote, mosquitto
from tests.independent.mqtt.platform import serve
from tests.independent.mqtt.profile import PROFILES
from tests.independent.mqtt.rules import RULES, Target
from tests.independent.mqtt.witness import Witness
from tests.independent.store import Identity

pytestmark = NEEDED
MANY = [Identity(f"SN{number:04}", f"s{number}", "product-1", "MTIzNDU2") for number in range(2, 20)]
OPEN = {"refused_connects", "other_topics", "what_cannot_be_read", "too_large", "frames_of_an_earlier_connection"}
"""Rules that a broker without an authority, and a platform behind it, cannot keep."""


@pytest.mark.long
@pytest.mark.parametrize("suite", ["plain", "rsa-aes"])
@pytest.mark.parametrize("rule", sorted(RULES.keys() - OPEN))
async def test_the_independent_halves(tmp_path: Path, suite: str, rule: str) -> None:
    profile = PROFILES["best-m"]
    witness = Witness(profile, MANY, time.time)
    async with mosquitto(tmp_path) as url, Middle(witness, url).serve() as middle:
        remote = Remote(url, [])
        async with serve(MANY, suite, profile=profile, remote=remote, shown=middle.url) as platform:
            target = Target(platform.url, iter(MANY), suite, profile)
            await RULES[rule](target)
            assert target.breaches == []
            expected = ["the sn 'SN0003' on this device's topic"] if rule == "another_device_s_sn" else []
            assert [breach.partition(": ")[2] for breach in platform.breaches] == expected
