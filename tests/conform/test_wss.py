"""Judging over https and wss: whom the tester trusts, and what it says where it does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from simulator.conform.case import Result
from simulator.scenario.scenario import SYSTEM_TRUST
from tests.conform.harness import conform
from tests.platform.harness import running
from tests.platform.parts import platform_settings, platform_tls


@pytest.mark.parametrize("suite", ["plain", "exchange-only", "rsa-aes"])
async def test_a_platform_with_tls_conforms(suite: str, tmp_path: Path) -> None:
    settings = platform_settings(channel=suite, tls=platform_tls())
    async with running(settings, tls_directory=tmp_path) as platform:
        assert platform.info.ca is not None
        tls = replace(SYSTEM_TRUST, ca=Path(platform.info.ca))
        found = await conform(platform.info.dispatch, only=["lookup.url", "report.accepted"], suite=suite, tls=tls)
    assert found.judged.reason == ""
    assert found.of(Result.OK).keys() == {"lookup.url", "report.accepted"}
    assert found.site.broker_url.startswith("wss://")


async def test_a_certificate_that_nobody_trusts_is_told(tmp_path: Path) -> None:
    settings = platform_settings(tls=platform_tls())
    async with running(settings, tls_directory=tmp_path) as platform:
        found = await conform(platform.info.dispatch, only=["lookup.url"])
    assert found.of(Result.NOT_RUN).keys() == {"lookup.url"}
    assert "certificate" in found.judged.reason
    assert "not trusted" in found.judged.reason
