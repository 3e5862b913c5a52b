"""`conform` over MQTT against each mistake that can be seen there: named by its own cases, and nothing else fails.

The usual run judges a few; `make test-long` each, and by all cases.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest

from simulator.conform.case import Case, Result
from simulator.conform.registry import all_cases, over
from simulator.platform.wrong import reply_modes
from simulator.platform.wrong.mode import WEBSOCKET, Mode
from simulator.platform.wrong.modes import MODES
from tests.conform.harness import Conformed
from tests.conform.mistaken import conform_mistaken

CASES = over(all_cases(), mqtt=True)
SAMPLE = (
    *("lookup.granted", "register.sn.missing", "login.again", "report.reply.form", "heartbeat.free", "time.plausible"),
    *("upload.verifyLog.smallest", "envelope.mid.repeated", "mqtt.session.kept", "mqtt.ping", "mqtt.deliveries"),
)
MODES_OVER_MQTT = [mode for mode in MODES.values() if mode.over != WEBSOCKET]
USUAL = {
    *("reply.number-for-text", "accepts.repeated-mid", "mqtt.retained", "mqtt.no-puback", "mqtt.needs-sn"),
}
FEW = 2
MOST = 8


def matched(patterns: tuple[str, ...], name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def of(mode: Mode) -> str:
    return "plain" if not mode.suites or "plain" in mode.suites else mode.suites[0]


def judged_in(case: Case, mode: Mode) -> bool:
    return case.required and (not case.suites or of(mode) in case.suites) and not isinstance(case.over_mqtt, str)


def some(mode: Mode) -> list[str]:
    """A few cases that may name it: of each pattern the first."""
    found: dict[str, None] = {}
    for pattern in mode.cases:
        found |= dict.fromkeys(
            [each.id for each in CASES if fnmatchcase(each.id, pattern) and judged_in(each, mode)][:FEW]
        )
    return list(found)[:MOST]


def wrong(found: Conformed) -> set[str]:
    return set(found.of(Result.FAILED, Result.NON_STRICT))


def strange(found: Conformed, mode: Mode) -> dict[str, str]:
    """What failed and is not about the mistake."""
    told = found.of(Result.FAILED, Result.NON_STRICT)
    return {name: text for name, text in told.items() if not matched((*mode.cases, *mode.also), name)}


def check(found: Conformed, mode: Mode) -> None:
    assert found.judged.reason == ""
    assert strange(found, mode) == {}
    assert any(matched(mode.cases, name) for name in wrong(found)), found.of(Result.NOT_RUN)
    assert set(found.site.violations.counts()) <= set(mode.rules)


@pytest.fixture(autouse=True)
def _soon_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reply_modes, "LATE_S", 1.2)


@pytest.mark.parametrize(
    "mode",
    [
        pytest.param(mode, marks=() if mode.name in USUAL else pytest.mark.long, id=mode.name)
        for mode in MODES_OVER_MQTT
    ],
)
async def test_it_is_named(mode: Mode) -> None:
    timeout = 0.8 if mode.name == "reply.late" else 2.0
    check(
        await conform_mistaken(
            mode.name, only=(*some(mode), *SAMPLE), suite=of(mode), wait=0.7, timeout=timeout, mqtt="best-m"
        ),
        mode,
    )


@pytest.mark.parametrize(
    "suite", ["plain", *(pytest.param(suite, marks=pytest.mark.long) for suite in ("exchange-only", "rsa-aes"))]
)
async def test_the_right_platform(suite: str) -> None:
    found = await conform_mistaken(only=SAMPLE, suite=suite, wait=0.7, timeout=5, mqtt="best-m")
    assert (wrong(found), set(found.site.violations.counts()), found.judged.reason) == (set(), set(), "")


# --- All cases ---


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("mode", MODES_OVER_MQTT, ids=lambda mode: mode.name)
async def test_it_is_named_and_nothing_else_fails(mode: Mode) -> None:
    timeout = 0.8 if mode.name == "reply.late" else 3.0
    check(await conform_mistaken(mode.name, suite=of(mode), wait=2, timeout=timeout, mqtt="best-m"), mode)


@pytest.mark.long
@pytest.mark.parametrize(
    ("suite", "profile"),
    [("rsa-aes", "best-m"), ("exchange-only", "best-m"), ("plain", "best-m"), ("plain", "tencent")],
)
async def test_all_cases_on_the_right_platform(suite: str, profile: str) -> None:
    found = await conform_mistaken(suite=suite, wait=2, timeout=5, mqtt=profile)
    assert (wrong(found), set(found.site.violations.counts()), found.judged.reason) == (set(), set(), "")
