"""The platform of `best-fleet conform` without a scenario, in the test's own loop, told to make mistakes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from simulator.conform.default_scenario import default_scenario
from simulator.platform.wrong.modes import MODES
from simulator.pubsub.shipped import PROFILE_OF_TYPE, profile_of
from simulator.scenario.scenario import SYSTEM_TRUST, parse_scenario
from tests.conform.harness import Conformed, conform
from tests.platform.harness import running
from tests.platform.parts import platform_tls

TYPE_OF_PROFILE = {name: kind for kind, name in PROFILE_OF_TYPE.items()}


async def conform_mistaken(
    *wrong: str,
    only: tuple[str, ...] = (),
    skip: tuple[str, ...] = (),
    suite: str = "rsa-aes",
    wait: float = 1.5,
    timeout: float = 0.8,
    issues: bool = False,
    mqtt: str = "",
) -> Conformed:
    """Judge a platform that makes these mistakes by the cases that `only` names; over MQTT by a shipped profile."""
    issues = issues or any(MODES[name].issues for name in wrong)
    tls = platform_tls(device_certificates=True) if issues else None
    usual = parse_scenario(default_scenario("best-w")).platform_settings()
    topics = replace(usual.mqtt, channel=suite)
    settings = replace(usual, channel=suite, mqtt=topics, tls=tls, wrong=wrong)
    async with running(settings) as platform:
        trust = SYSTEM_TRUST if platform.info.ca is None else replace(SYSTEM_TRUST, ca=Path(platform.info.ca))
        dispatch = platform.info.dispatch
        return await conform(
            dispatch,
            only=only,
            skip=skip,
            suite=suite,
            wait=wait,
            timeout=timeout,
            tls=trust,
            mqtt=profile_of(mqtt) if mqtt else None,
            broker_type=TYPE_OF_PROFILE.get(mqtt),
        )
