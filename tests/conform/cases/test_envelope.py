"""The cases of envelope, JSON and WebSocket: right on the right platform, and each can fail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from simulator.conform.case import Result
from simulator.conform.cases import envelope, envelope_json, ws
from simulator.platform import device_session
from simulator.protocol.codes import SUCCESS
from simulator.protocol.envelope import COMMAND_RESPONSE, encode_reply
from simulator.wire.connection import Connection
from tests.conform.harness import conform_embedded

CASES = (*envelope.CASES, *envelope_json.CASES, *ws.CASES)
REQUIRED = {case.id for case in CASES if case.required}
OWN = tuple(case.id for case in CASES)
SHORT = 0.4


@pytest.mark.parametrize("suite", ["plain", "exchange-only", "rsa-aes"])
async def test_the_embedded_platform_conforms(suite: str) -> None:
    found = await conform_embedded(*OWN, suite=suite)
    assert found.judged.reason == ""
    assert found.of(Result.FAILED, Result.NON_STRICT) == {}
    elsewhere = {case.id for case in CASES if case.suites and suite not in case.suites}
    assert found.of(Result.NOT_RUN).keys() == elsewhere
    assert found.of(Result.OK).keys() >= REQUIRED - elsewhere
    assert found.site.violations.total == 0


async def test_who_takes_whatever_comes_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A platform that checks nothing once a device is online."""
    real = device_session.DeviceSession._fault
    flow = ("dev.register", "dev.accredit", "dev.login", "dev.report")

    def fault(self: Any, message: Mapping[str, Any], name: str, mid: Any, size: int) -> str | None:
        if message.get("funcId") in flow or not isinstance(mid, str):
            return real(self, message, name, mid, size)
        return None

    def handle(self: Any, name: str, mid: Any, *rest: Any) -> None:
        if name in flow:
            real_handle(self, name, mid, *rest)
        else:
            self._send(encode_reply(mid if isinstance(mid, str) else "", SUCCESS, "success"))

    real_handle = device_session.DeviceSession._handle
    monkeypatch.setattr(device_session.DeviceSession, "_fault", fault)
    monkeypatch.setattr(device_session.DeviceSession, "_handle", handle)
    found = await conform_embedded("envelope.mid", "envelope.funcId", "envelope.payload", "envelope.params")
    refusals = {name for name in found.judged.verdicts if name in REQUIRED and not name.endswith(".32")}
    # A mid that is no text cannot be matched with its reply at all.
    assert found.of(Result.FAILED).keys() == refusals - {"envelope.mid.number", "envelope.mid.missing"}


async def test_who_refuses_what_is_right_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A platform that takes only what it knows, written as it writes itself."""
    from simulator.protocol.envelope import decode

    known = {"funcId", "sn", "imme", "mid", "payload"}

    def picky(data: bytes) -> dict[str, Any]:
        message = decode(data)
        if set(message) - known or b" " in data or b"\\u" in data or next(iter(message)) != "funcId":
            raise device_session.UnreadableMessage(message, "not as I write it")
        return message

    monkeypatch.setattr(device_session, "decode", picky)
    found = await conform_embedded("envelope")
    assert found.of(Result.FAILED).keys() == {
        f"envelope.{name}" for name in ("further-member", "further-object", "pretty", "escaped", "reversed")
    }


async def test_a_refusal_with_another_mid_departs(monkeypatch: pytest.MonkeyPatch) -> None:
    real = device_session.DeviceSession._reply

    def reply(self: Any, name: str, mid: str, code: str, results: Any, *rest: Any) -> None:
        if mid:
            real(self, name, mid, code, results, *rest)
        else:
            self._send(b'{"funcId":"cmd.dev.response","code":"E0000002","message":"no"}')

    monkeypatch.setattr(device_session.DeviceSession, "_reply", reply)
    found = await conform_embedded("envelope.mid.missing", "envelope.mid.empty")
    assert found.of(Result.NON_STRICT).keys() == {"envelope.mid.missing", "envelope.mid.empty"}


async def test_who_falls_silent_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A platform that says nothing to what it cannot read."""
    monkeypatch.setattr(device_session.DeviceSession, "_violation", lambda self, what: None)
    monkeypatch.setattr(device_session.DeviceSession, "_unreadable", lambda self, message: None)
    found = await conform_embedded("envelope.deep", "envelope.utf-8", suite="rsa-aes", timeout=SHORT)
    assert found.of(Result.FAILED).keys() == {"envelope.deep", "envelope.utf-8"}


async def test_who_takes_a_megabyte_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    real = device_session.DeviceSession._fault
    monkeypatch.setattr(
        device_session.DeviceSession,
        "_fault",
        lambda self, message, name, mid, size: real(self, message, name, mid, 100),
    )
    found = await conform_embedded("envelope.megabyte")
    assert found.result("envelope.megabyte") is Result.FAILED


async def test_who_closes_after_a_refusal_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    real = device_session.DeviceSession._reply

    def reply(self: Any, name: str, mid: str, code: str, results: Any, *rest: Any) -> None:
        real(self, name, mid, code, results, *rest)
        if code != SUCCESS:
            self.close(1000, "refused")

    monkeypatch.setattr(device_session.DeviceSession, "_reply", reply)
    found = await conform_embedded("envelope.lives-on")
    assert found.result("envelope.lives-on") is Result.FAILED


async def test_who_answers_an_answer_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def answered(self: Any, message: Mapping[str, Any], code: str | None) -> None:
        self._reply(COMMAND_RESPONSE, str(message["mid"]), code or SUCCESS, None, None)

    monkeypatch.setattr(device_session.DeviceSession, "_command_answered", answered)
    found = await conform_embedded("envelope.response")
    assert found.result("envelope.response.unasked") is Result.FAILED


async def test_who_takes_a_used_mid_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.platform.mids.SeenMids.add", lambda self, mid: True)
    found = await conform_embedded("envelope.mid.repeated")
    assert found.result("envelope.mid.repeated") is Result.FAILED


# --- WebSocket ---


async def test_who_hears_no_ping_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Connection, "ping", lambda self: None)
    found = await conform_embedded("ws.ping", timeout=SHORT)
    assert found.of(Result.FAILED).keys() == {"ws.ping", "ws.ping.early"}


async def test_who_takes_no_fragments_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from simulator.conform.link import Link

    # Only the last piece arrives.
    monkeypatch.setattr(Link, "send_fragments", lambda self, data, pieces=3: self.send_json(data[-10:]))
    found = await conform_embedded("ws.fragments", "ws.fragments.many", timeout=SHORT)
    assert found.of(Result.FAILED).keys() == {"ws.fragments", "ws.fragments.many"}


async def test_who_closes_a_silent_device_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    real = device_session.DeviceSession._answer

    def answer(self: Any, name: str, *rest: Any) -> None:
        real(self, name, *rest)
        if name == "dev.report":
            asyncio.get_running_loop().call_later(0.05, self.close, 1001, "too quiet")

    monkeypatch.setattr(device_session.DeviceSession, "_answer", answer)
    found = await conform_embedded("ws.idle")
    assert found.result("ws.idle") is Result.FAILED


async def test_who_does_not_answer_a_close_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from simulator.conform.answers import Closed
    from simulator.conform.link import Link

    async def unanswered(self: Link, code: int = 1000, reason: str = "") -> Closed:
        return Closed(1006, "", "the platform did not answer within 5 s", by_us=True)

    monkeypatch.setattr(Link, "close", unanswered)
    found = await conform_embedded("ws.close")
    assert found.of(Result.FAILED).keys() == {"ws.close", "ws.close.going-away"}
