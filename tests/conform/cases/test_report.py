"""The cases of report, heartbeat and time: right on the right platform, and each can fail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from simulator.conform.case import Result
from simulator.conform.cases import report
from simulator.platform import device_session
from simulator.protocol.catalogue.validation import validate_request
from simulator.protocol.codes import BAD_VALUE, SUCCESS
from tests.conform.harness import conform_embedded

FAMILIES = ("report", "heartbeat", "time")
REQUIRED = {case.id for case in report.CASES if case.required}
OPEN = {case.id for case in report.CASES if not case.required}
OWN = tuple(case.id for case in report.CASES)


@pytest.mark.parametrize("suite", ["plain", "exchange-only", "rsa-aes"])
async def test_the_embedded_platform_conforms(suite: str) -> None:
    found = await conform_embedded(*OWN, suite=suite)
    assert found.judged.reason == ""
    assert found.of(Result.FAILED, Result.NON_STRICT, Result.NOT_RUN) == {}
    assert found.of(Result.OK).keys() >= REQUIRED
    assert found.of(Result.INFORMATIONAL).keys() == OPEN
    assert found.site.violations.total == 0


def _answering(monkeypatch: pytest.MonkeyPatch, name: str, code: str, results: Mapping[str, Any] | None) -> None:
    """Have every success to `name` answered otherwise, once the devices are online."""
    real = device_session.DeviceSession._reply

    def reply(self: Any, func_id: str, mid: str, own: str, own_results: Any, *rest: Any) -> None:
        if func_id == name and own == SUCCESS:
            real(self, func_id, mid, code, results, *rest)
        else:
            real(self, func_id, mid, own, own_results, *rest)

    monkeypatch.setattr(device_session.DeviceSession, "_reply", reply)


async def test_who_refuses_heartbeats_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    _answering(monkeypatch, "dev.heartbeat", BAD_VALUE, None)
    found = await conform_embedded("heartbeat")
    required = {name for name in REQUIRED if name.startswith("heartbeat.")}
    # A refusal has the right form.
    assert found.of(Result.FAILED).keys() == required - {"heartbeat.reply.form"}


async def test_who_refuses_what_may_be_left_out_or_added_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def strict(message: Mapping[str, Any]) -> Any:
        params = message.get("payload", {}).get("params", {})
        if message.get("funcId") == "dev.report" and (
            "maxPackageSize" not in params or "vendorNote" in params or "sipOn" in params or len(params["funcIds"]) > 31
        ):
            return device_session.validate_request({})
        return validate_request(message)

    real = device_session.DeviceSession._fault
    monkeypatch.setattr(
        device_session.DeviceSession,
        "_fault",
        lambda self, message, name, mid, size: BAD_VALUE if strict(message) else real(self, message, name, mid, size),
    )
    found = await conform_embedded("report")
    assert found.of(Result.FAILED).keys() >= {"report.required-only", "report.all", "report.further-field"}


@pytest.mark.parametrize(
    ("results", "failed", "departing"),
    [
        ({}, {"time.reply.form", "time.plausible", "time.twice"}, set()),
        ({"time": "2001-01-01T00:00:00+08:00"}, {"time.plausible"}, set()),
        ({"time": "yesterday"}, {"time.reply.form", "time.plausible", "time.twice"}, set()),
        ({"time": "2001-01-01T00:00:00Z"}, {"time.plausible"}, {"time.reply.form"}),
    ],
)
async def test_a_wrong_time_is_found(
    results: dict[str, str], failed: set[str], departing: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _answering(monkeypatch, "dev.system.sync.time", SUCCESS, results)
    found = await conform_embedded("time")
    assert found.of(Result.FAILED).keys() == failed
    assert found.of(Result.NON_STRICT).keys() == departing


async def test_a_time_that_goes_back_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter(["2026-01-01T00:00:01+08:00", "2026-01-01T00:00:00+08:00"])
    real = device_session.DeviceSession._reply

    def reply(self: Any, func_id: str, mid: str, code: str, results: Any, *rest: Any) -> None:
        real(self, func_id, mid, code, {"time": next(times)} if func_id.endswith("sync.time") else results, *rest)

    monkeypatch.setattr(device_session.DeviceSession, "_reply", reply)
    found = await conform_embedded("time.twice")
    assert found.result("time.twice") is Result.FAILED


async def test_terms_in_another_form_depart(monkeypatch: pytest.MonkeyPatch) -> None:
    flags = ":".join("0" * 10)
    results = {"multiBioDataSupport": flags, "multiBioPhotoSupport": flags, "heartbeatInterval": 60}
    _answering(monkeypatch, "dev.report", SUCCESS, results)
    found = await conform_embedded("report.reply.form")
    assert found.result("report.reply.form") is Result.NON_STRICT


async def test_a_report_without_its_flags_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    _answering(monkeypatch, "dev.report", SUCCESS, None)
    found = await conform_embedded("report.reply.form")
    assert found.result("report.reply.form") is Result.FAILED


async def test_without_heartbeats_nothing_of_them_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    flags = ":".join("0" * 10)
    results = {"multiBioDataSupport": flags, "multiBioPhotoSupport": flags, "supportHeartbeat": "0"}
    _answering(monkeypatch, "dev.report", SUCCESS, results)
    found = await conform_embedded("heartbeat", "channel.frames")
    assert found.result("channel.frames") is Result.OK
    assert all(name.startswith("heartbeat.") for name in found.of(Result.NOT_RUN))
    assert found.of(Result.FAILED) == {}
