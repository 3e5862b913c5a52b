"""The look-up's cases against the embedded platform, which is right."""

from __future__ import annotations

from simulator.conform.case import Result
from simulator.conform.registry import all_cases
from tests.conform.harness import conform_embedded


async def test_the_embedded_platform_conforms() -> None:
    found = await conform_embedded("lookup")
    assert found.judged.reason == ""
    assert found.of(Result.FAILED, Result.NON_STRICT, Result.NOT_RUN) == {}
    assert len(found.judged.verdicts) > 30
    assert found.site.violations.total == 0


async def test_the_whole_flow_is_walked() -> None:
    steps = [case.id for case in all_cases() if case.id.endswith((".granted", ".accepted", ".opened", ".exchanged"))]
    for suite in ("plain", "exchange-only", "rsa-aes"):
        found = await conform_embedded(*steps, suite=suite)
        assert found.judged.reason == ""
        assert found.of(Result.OK).keys() == set(steps), found.of(*Result)
