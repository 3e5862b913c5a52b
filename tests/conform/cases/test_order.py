"""The cases of the flow's order: right on the right platform, and each can fail."""

from __future__ import annotations

import pytest

from simulator.conform.case import Result
from simulator.conform.cases import order
from simulator.platform import device_session
from simulator.platform.online import Phase
from simulator.protocol.catalogue import DEVICE_FUNC_IDS
from tests.conform.harness import conform_embedded

IN_EVERY_SUITE = {case.id for case in order.CASES if case.required and not case.suites}


def test_every_business_message_is_tried() -> None:
    flow = {"device.exchange.publicKey", "device.exchange.factor", "dev.register", "dev.accredit", "dev.login"}
    assert set(order.BUSINESS) == set(DEVICE_FUNC_IDS) - flow - {"dev.report", "dev.cmd.response"}


@pytest.mark.parametrize("suite", ["plain", "exchange-only", "rsa-aes"])
async def test_the_embedded_platform_conforms(suite: str) -> None:
    found = await conform_embedded("order", suite=suite)
    assert found.judged.reason == ""
    assert found.of(Result.FAILED, Result.NON_STRICT) == {}
    with_exchange = {case.id for case in order.CASES if case.suites}
    assert found.of(Result.NOT_RUN).keys() == (with_exchange if suite == "plain" else set())
    assert found.of(Result.OK).keys() >= IN_EVERY_SUITE
    assert found.site.violations.total == 0


@pytest.mark.parametrize("suite", ["plain", "exchange-only", "rsa-aes"])
async def test_who_takes_anything_at_any_time_is_found(suite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_session, "is_allowed", lambda *args: True)
    found = await conform_embedded("order", suite=suite)
    wrong = found.of(Result.FAILED, Result.NON_STRICT)
    # With a made-up authCode or secret the flow's own steps are refused as such.
    assert {name for name in wrong if name.startswith("order.dev.accredit")} == set()
    assert all(name in wrong for name in IN_EVERY_SUITE if name.startswith("order.dev.heartbeat"))
    if suite != "plain":
        assert "order.dev.heartbeat.before-exchange" in wrong
        assert "order.dev.register.before-exchange" in wrong


async def test_business_before_the_report_departs_and_does_not_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    real = device_session.is_allowed

    def early(name: str, sn: object, phase: Phase, own_sn: str) -> bool:
        return phase is Phase.LOGGED_IN or real(name, sn, phase, own_sn)

    monkeypatch.setattr(device_session, "is_allowed", early)
    found = await conform_embedded("order")
    assert found.of(Result.FAILED) == {}
    assert "order.dev.heartbeat.before-report" in found.of(Result.NON_STRICT)


async def test_who_takes_made_up_codes_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from simulator.platform import authority

    monkeypatch.setattr(authority, "_same", lambda presented, expected: True)
    found = await conform_embedded("order")
    assert found.of(Result.FAILED).keys() == {"order.dev.accredit.before-register", "order.dev.login.before-accredit"}
