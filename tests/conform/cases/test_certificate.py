"""The cases about certificates: they hold for a right platform, fail for a wrong one, and say why they are not run."""

from __future__ import annotations

import pytest

from simulator.conform.case import Result
from simulator.platform.wrong.modes import MODES
from tests.conform.harness import conform_embedded
from tests.conform.mistaken import conform_mistaken

CASES = {f"certificate.{name}" for name in ("pair", "time", "works", "missing", "of-another")}

ONLY = ("certificate", "lookup.rootCA", "login.warm-start")


@pytest.mark.parametrize("suite", ["plain", "rsa-aes"])
async def test_a_right_platform(suite: str) -> None:
    found = await conform_mistaken(only=ONLY, suite=suite, timeout=5, issues=True)
    assert found.of(Result.OK).keys() == {*CASES, *ONLY[1:]}
    assert found.outcome("certificate.missing").observed.count("demands a client certificate") == 1
    assert "E0010004" in found.outcome("certificate.of-another").observed
    assert found.site.violations.counts() == {}


async def test_a_platform_without_certificates_is_not_judged_by_them() -> None:
    found = await conform_embedded("certificate")
    assert found.of(Result.NOT_RUN).keys() == CASES
    assert {*found.of(Result.NOT_RUN).values()} == {
        "the look-up's answer holds no certificate: this is not the security mode certificate"
    }


@pytest.mark.parametrize("name", [name for name in MODES if name.startswith("certificate.")])
async def test_each_mistake_is_named_by_its_cases_alone(name: str) -> None:
    mode = MODES[name]
    found = await conform_mistaken(
        name, only=("certificate", "lookup.rootCA", "lookup.answer.form"), suite="plain", timeout=5
    )
    assert set(found.of(Result.FAILED, Result.NON_STRICT)) == set(mode.cases)


async def test_keys_are_in_no_trace() -> None:
    found = await conform_mistaken(only=("certificate",), suite="plain", timeout=5, issues=True)
    traces = b"".join(verdict.trace for verdict in found.judged.verdicts.values())
    assert b"certificate" in traces
    assert b"PRIVATE KEY-----" not in traces
