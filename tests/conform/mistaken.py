"""The platform of `best-fleet conform` without a scenario, in the test's own loop, told to make mistakes."""

from __future__ import annotations

from dataclasses import replace

from simulator.conform.default_scenario import TEXT
from simulator.scenario.scenario import parse_scenario
from tests.conform.harness import Conformed, conform
from tests.platform.harness import running


async def conform_mistaken(
    *wrong: str,
    only: tuple[str, ...] = (),
    skip: tuple[str, ...] = (),
    suite: str = "rsa-aes",
    wait: float = 1.5,
    timeout: float = 0.8,
) -> Conformed:
    """Judge a platform that makes these mistakes by the cases that `only` names."""
    section = parse_scenario(TEXT).document.platform
    settings = replace(section.settings(suite, None), wrong=wrong)
    async with running(settings) as platform:
        return await conform(platform.info.dispatch, only=only, skip=skip, suite=suite, wait=wait, timeout=timeout)
