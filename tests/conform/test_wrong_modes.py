"""`conform` against each mistake of a wrong platform: it is named by its own cases, and nothing else fails.

The usual run judges every other one by some cases that name it and a sample of others; `make test-long` each, and by
all cases, exactly.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest

from simulator.conform.case import Case, Result
from simulator.conform.registry import all_cases
from simulator.platform.wrong import reply_modes
from simulator.platform.wrong.mode import MQTT, Mode
from simulator.platform.wrong.modes import MODES
from tests.conform.harness import Conformed
from tests.conform.mistaken import conform_mistaken

CASES = all_cases()
OVER_WEBSOCKET = [mode for mode in MODES.values() if mode.over != MQTT]
"""The others are judged in `test_wrong_modes_over_mqtt`."""
SAMPLE = (
    *("lookup.granted", "lookup.sign.wrong", "channel.factor.fresh", "channel.no-json", "register.productId.wrong"),
    *("login.warm-start", "report.reply.form", "heartbeat.free", "heartbeat.missing.params", "time.plausible"),
    *("upload.user.smallest", "upload.verifyLog.smallest", "file.one-piece", "envelope.mid.32", "ws.ping"),
)
"""Cases of every family that take no time."""
FEW = 2
"""Cases of each pattern that the usual run judges by."""
MOST = 8


def matched(patterns: tuple[str, ...], name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def of(mode: Mode) -> str:
    """A channel suite that shows it; without an exchange, if that will do, for it takes time."""
    return "plain" if not mode.suites or "plain" in mode.suites else mode.suites[0]


def judged_in(case: Case, mode: Mode) -> bool:
    return case.required and (not case.suites or of(mode) in case.suites)


def some(mode: Mode) -> list[str]:
    """A few cases that may name it: of each pattern the first."""
    found: dict[str, None] = {}
    for pattern in mode.cases:
        names = [case.id for case in CASES if fnmatchcase(case.id, pattern) and judged_in(case, mode)]
        found |= dict.fromkeys(names[:FEW])
    return list(found)[:MOST]


def wrong(found: Conformed) -> set[str]:
    return set(found.of(Result.FAILED, Result.NON_STRICT))


def strange(found: Conformed, mode: Mode) -> dict[str, str]:
    """What failed and is not about the mistake."""
    told = found.of(Result.FAILED, Result.NON_STRICT)
    return {name: text for name, text in told.items() if not matched((*mode.cases, *mode.also), name)}


def broken(found: Conformed) -> set[str]:
    return set(found.site.violations.counts())


@pytest.fixture(autouse=True)
def _soon_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reply_modes, "LATE_S", 1.2)


def test_every_mistake_is_named_by_a_case() -> None:
    assert [mode.name for mode in MODES.values() if not mode.cases] == []


@pytest.mark.parametrize("mode", MODES.values(), ids=lambda mode: mode.name)
def test_the_cases_exist(mode: Mode) -> None:
    ids = [case.id for case in CASES]
    assert [one for one in (*mode.cases, *mode.also) if not any(fnmatchcase(name, one) for name in ids)] == []


@pytest.mark.parametrize(
    "mode",
    [
        pytest.param(mode, marks=() if place % 2 else pytest.mark.long, id=mode.name)
        for place, mode in enumerate(OVER_WEBSOCKET)
    ],
)
async def test_it_is_named(mode: Mode) -> None:
    timeout = 0.8 if mode.name == "reply.late" else 2.0
    only = (*some(mode), *SAMPLE)
    found = await conform_mistaken(mode.name, only=only, suite=of(mode), wait=0.7, timeout=timeout)
    assert found.judged.reason == ""
    assert strange(found, mode) == {}
    assert any(matched(mode.cases, name) for name in wrong(found)), found.of(Result.NOT_RUN)
    assert broken(found) <= set(mode.rules)


@pytest.mark.parametrize("suite", ["rsa-aes", "exchange-only", "plain"])
async def test_the_right_platform(suite: str) -> None:
    found = await conform_mistaken(only=SAMPLE, suite=suite, wait=0.7, timeout=5)
    assert (wrong(found), broken(found), found.judged.reason) == (set(), set(), "")


TEN = (
    *("lookup.created", "lookup.accepts-stale", "channel.key-of-1024", "session.ignores-pings", "session.keeps-older"),
    *("reply.number-for-text", "reply.message-number", "command.number-for-text", "command.card-letters"),
    *("accepts.long-mid", "accepts.secret", "accepts.file-checksum", "refuses.urgent", "refuses.file-id-of-64"),
)


async def test_more_than_ten_at_once_are_all_named() -> None:
    only = [name for mistake in TEN for name in some(MODES[mistake])]
    found = await conform_mistaken(*TEN, only=(*only, *SAMPLE), wait=1, timeout=3)
    assert [name for name in TEN if not any(matched(MODES[name].cases, each) for each in wrong(found))] == []
    patterns = tuple(pattern for name in TEN for pattern in (*MODES[name].cases, *MODES[name].also))
    assert {name for name in wrong(found) if not matched(patterns, name)} == set()
    assert broken(found) <= {rule for name in TEN for rule in MODES[name].rules}
    assert found.judged.reason == ""


# --- All cases ---


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("mode", OVER_WEBSOCKET, ids=lambda mode: mode.name)
async def test_it_is_named_by_its_cases_and_nothing_else(mode: Mode) -> None:
    timeout = 0.8 if mode.name == "reply.late" else 3.0
    found = await conform_mistaken(mode.name, suite=of(mode), wait=2, timeout=timeout)
    assert found.judged.reason == ""
    assert strange(found, mode) == {}
    assert [one for one in mode.cases if not any(fnmatchcase(name, one) for name in wrong(found))] == []
    assert broken(found) <= set(mode.rules)


@pytest.mark.long
@pytest.mark.parametrize("suite", ["rsa-aes", "exchange-only", "plain"])
async def test_all_cases_on_the_right_platform(suite: str) -> None:
    found = await conform_mistaken(suite=suite, wait=2, timeout=5)
    assert (wrong(found), broken(found), found.judged.reason) == (set(), set(), "")
