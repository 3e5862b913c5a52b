"""The cases of register, accredit and login: right on the right platform, and each can fail."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.conform.case import Result
from simulator.conform.cases import login
from simulator.platform import authority, device_session, online
from simulator.protocol.catalogue.validation import Violation, validate_request
from tests.conform.harness import conform_embedded

FAMILIES = ("register", "accredit", "login")
REQUIRED = {case.id for case in login.CASES if case.required}
STEPS = {"register.granted", "accredit.granted", "login.granted"}


@pytest.mark.parametrize("suite", ["plain", "exchange-only", "rsa-aes"])
async def test_the_embedded_platform_conforms(suite: str) -> None:
    found = await conform_embedded(*FAMILIES, suite=suite)
    assert found.judged.reason == ""
    assert found.of(Result.FAILED, Result.NON_STRICT) == {}
    # All identities of these tests have the same key, as those of a vendor may.
    assert found.of(Result.NOT_RUN).keys() == {"register.devKey.of-another"}
    assert found.of(Result.OK).keys() >= REQUIRED - {"register.devKey.of-another"}
    assert found.site.violations.total == 0


async def test_who_takes_whatever_is_presented_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authority, "_same", lambda presented, expected: True)
    found = await conform_embedded(*FAMILIES)
    wrong = {name for name in REQUIRED if ".wrong" in name or ".of-another" in name or name == "register.devKey.plain"}
    # It is the digest that is checked, so a key that is no digest is still out of its format.
    wrong -= {"register.devKey.of-another", "register.devKey.plain"}
    assert found.of(Result.FAILED).keys() == wrong


async def test_who_takes_requests_without_a_serial_number_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def lenient(message: dict[str, object], *rest: Any) -> Violation | None:
        violation = validate_request(message, *rest)
        return None if violation is not None and violation.path == "sn" else violation

    def granted(self: object, sn: str, params: object) -> authority.Answer:
        return "00000000", {"authCode": "a", "secret": "s"}

    monkeypatch.setattr(device_session, "validate_request", lenient)
    for name in ("register", "accredit", "login"):
        monkeypatch.setattr(authority.Authority, name, granted)
    found = await conform_embedded("*.sn.*")
    required = {name for name in REQUIRED if ".sn." in name}
    assert found.of(Result.FAILED).keys() >= required


async def test_who_keeps_both_connections_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(online.OnlineDevices, "has_other", lambda self, sn, session: False)
    monkeypatch.setattr(online.OnlineDevices, "logged_in", lambda self, session, sn: setattr(session, "sn", sn))
    monkeypatch.setattr(device_session, "is_allowed", lambda *args: True)
    found = await conform_embedded("login.second-connection", timeout=0.5)
    assert found.result("login.second-connection") is Result.FAILED


async def test_who_forgets_what_it_granted_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    logins: list[str] = []
    real = authority.Authority.login

    def once(self: authority.Authority, sn: str, params: dict[str, str]) -> authority.Answer:
        logins.append(sn)
        return authority.REFUSED if len(logins) == 1 else real(self, sn, params)

    monkeypatch.setattr(authority.Authority, "login", once)
    found = await conform_embedded("login.warm-start")
    assert found.result("login.warm-start") is Result.FAILED


async def test_an_older_connection_closed_otherwise_departs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(online, "POLICY_VIOLATION", 1000)
    found = await conform_embedded("login.second-connection")
    assert found.result("login.second-connection") is Result.NON_STRICT
