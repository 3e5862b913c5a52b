"""Each mistake in replies is on the wire where it was asked for, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.platform.wrong import session
from simulator.platform.wrong.reply_modes import LATE_S
from tests.platform.wrong.walk import Seen, Shows, names_of, walk

HEARTBEAT, UPLOAD, TIME, REPORT = "dev.heartbeat", "dev.data.upload.verifyLog", "dev.system.sync.time", "dev.report"


def result(func_id: str, name: str, test: Any) -> Shows:
    def shows(seen: Seen) -> bool:
        found = [reply.get("payload", {}).get("results", {}) for reply in seen.replies(func_id)]
        return any(name in results and test(results[name]) for results in found)

    return shows


def no_result(func_id: str, name: str) -> Shows:
    return lambda seen: any(name not in one.get("payload", {}).get("results", {}) for one in seen.replies(func_id))


def member(name: str, test: Any) -> Shows:
    return lambda seen: any(
        name in one and test(one[name]) for one in (*seen.replies(HEARTBEAT), *seen.replies(UPLOAD))
    )


def lacks(name: str) -> Shows:
    return lambda seen: any(name not in one for one in (*seen.replies(HEARTBEAT), *seen.replies(UPLOAD)))


def codes_twice(seen: Seen) -> set[str]:
    """The codes of a heartbeat's two replies."""
    codes = [one.get("code", "") for one in seen.replies(UPLOAD)]
    return set(codes) if len(codes) >= 4 else set()


SHOWS: dict[str, Shows] = {
    "reply.number-for-text": result(REPORT, "heartbeatInterval", lambda value: value == 60 and type(value) is int),
    "reply.boolean-for-text": result(REPORT, "supportHeartbeat", lambda value: value is True),
    "reply.null-for-absent": result(REPORT, "timezone", lambda value: value is None),
    "reply.eight-positions": result(REPORT, "multiBioDataSupport", lambda value: value.count(":") == 7),
    "reply.eleven-positions": result(REPORT, "multiBioDataSupport", lambda value: value.count(":") == 10),
    "reply.zone-name": result(REPORT, "timezone", lambda value: value == "Asia/Shanghai"),
    "reply.func-ids-text": result(REPORT, "funcIds", lambda value: isinstance(value, str)),
    "reply.interval-zero": result(REPORT, "heartbeatInterval", lambda value: value == "0"),
    "reply.interval-huge": result(REPORT, "heartbeatInterval", lambda value: value == "999999999"),
    "reply.interval-words": result(REPORT, "heartbeatInterval", lambda value: value == "one minute"),
    "reply.bare-results": lambda seen: any("results" in one for one in seen.replies(REPORT)),
    "reply.no-report-results": lambda seen: any(
        set(one) & {"payload", "results"} == set() for one in seen.replies(REPORT)
    ),
    "reply.code-number": member("code", lambda value: value == 0 and type(value) is int),
    "reply.code-short": member("code", lambda value: value == "0"),
    "reply.code-missing": lacks("code"),
    "reply.message-missing": lacks("message"),
    "reply.message-number": member("message", lambda value: value == 0),
    "reply.func-id-missing": lacks("funcId"),
    "reply.func-id-other": member("funcId", lambda value: value == "dev.cmd.response"),
    "reply.mid-other": member("mid", lambda value: value == "never-sent-by-anybody"),
    "reply.mid-missing": lacks("mid"),
    "reply.doubled": lambda seen: codes_twice(seen) == {"00000000"},
    "reply.doubled-differently": lambda seen: codes_twice(seen) == {"00000000", "E0000006"},
    "reply.late": lambda seen: len(seen.replies(UPLOAD)) == 0,
    "reply.too-large": lambda seen: any(len(text) > 64 * 1024 for text in seen.texts),
    "reply.not-json": lambda seen: any(text.startswith("<") for text in seen.texts),
    "reply.in-a-list": lambda seen: any(text.startswith("[") for text in seen.texts),
    "reply.none": lambda seen: seen.replies(TIME) == [] and len(seen.replies(UPLOAD)) == 2,
    "reply.no-time": no_result(TIME, "time"),
    "reply.time-with-milliseconds": result(TIME, "time", lambda value: "." in value),
    "reply.time-with-z": result(TIME, "time", lambda value: value.endswith("Z")),
    "reply.time-epoch": result(TIME, "time", str.isdigit),
    "reply.time-wrong": result(TIME, "time", lambda value: value < "2026"),
    "reply.no-auth-code": no_result("dev.register", "authCode"),
    "reply.no-secret": no_result("dev.accredit", "secret"),
}


def test_every_mistake_has_its_sign() -> None:
    assert list(SHOWS) == names_of("reply")


@pytest.mark.parametrize("name", SHOWS)
async def test_the_mistake_is_on_the_wire(name: str) -> None:
    assert SHOWS[name](await walk(name)), name


async def test_a_right_platform_shows_none() -> None:
    seen = await walk()
    assert [name for name, shows in SHOWS.items() if shows(seen)] == []


async def test_a_late_reply_comes_when_its_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    real = session.WrongSession._send_later

    def soon(self: session.WrongSession, delay: float, data: bytes) -> None:
        assert delay == LATE_S
        real(self, 0.01, data)

    monkeypatch.setattr(session.WrongSession, "_send_later", soon)
    assert len((await walk("reply.late")).replies(UPLOAD)) == 2
