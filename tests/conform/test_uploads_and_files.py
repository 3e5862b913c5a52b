"""Uploads, files and generated faults against the embedded platform, which is right, in every suite."""

from __future__ import annotations

import pytest

from simulator.conform.case import Result
from tests.conform.harness import conform_embedded

_FAMILIES = ("upload", "file", "*.missing.*", "*.format.*", "*.number.*")
_OPEN = {
    "heartbeat.missing.params",
    "heartbeat.missing.payload",
    "file.offset.back",
    "file.size.huge",
    "file.empty-piece",
}


@pytest.mark.parametrize("suite", ["plain", "exchange-only", "rsa-aes"])
async def test_the_embedded_platform_conforms(suite: str) -> None:
    found = await conform_embedded(*_FAMILIES, suite=suite)
    assert found.judged.reason == ""
    assert found.of(Result.FAILED, Result.NON_STRICT, Result.NOT_RUN) == {}
    assert found.of(Result.INFORMATIONAL).keys() == _OPEN
    assert len(found.judged.verdicts) > 400
    assert found.site.violations.total == 0
    assert found.site.internal_errors.total == 0
