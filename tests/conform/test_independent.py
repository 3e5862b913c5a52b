"""The second platform, written from the documents alone: right ones pass, each mistake is named, and no other.

Its styles differ in everything that the documents leave open; `tests/independent/mistakes.py` lists its mistakes.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from simulator.conform.case import Result
from simulator.conform.registry import all_cases
from simulator.device.settings import Credentials
from simulator.scenario.scenario import SYSTEM_TRUST
from simulator.wire.tls import self_signed
from tests.conform.harness import Conformed, conform
from tests.independent import channel
from tests.independent.mistakes import WRONG
from tests.independent.platform import serve
from tests.independent.store import Identity

IDENTITIES = [Identity(f"IN000{one}", f"secret-{one}", f"product-{one}", f"key-{one}") for one in "123"]
TESTERS = [
    Credentials(sn=one.sn, secret_key=one.secret_key, product_id=one.product_id, dev_key=one.dev_key)
    for one in IDENTITIES
]
WRONG_RESULTS = (Result.FAILED, Result.NON_STRICT)
NOT_ABOUT_IT = ("is about the channel suite", "the look-up's answer holds no certificate", "not applicable")


@lru_cache(maxsize=1)
def server_keys() -> tuple[RSAPrivateKey, ...]:
    return tuple(channel.new_key() for _ in range(3))


@pytest.fixture(autouse=True)
def _keys_from_a_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    """Style B makes a key for each connection, which takes most of the time."""
    keys = itertools.cycle(server_keys())
    monkeypatch.setattr(channel, "new_key", lambda bits=2048: next(keys))


async def judged(
    style: str,
    suite: str,
    *wrong: str,
    only: tuple[str, ...] = (),
    wait: float = 1.5,
    timeout: float = 10.0,
    tls: tuple[str, str] | None = None,
) -> Conformed:
    """What `best-fleet conform` finds on a platform of this style that makes these mistakes."""
    trust = replace(SYSTEM_TRUST, ca=Path(tls[0])) if tls else SYSTEM_TRUST
    async with serve(IDENTITIES, suite, style, wrong=wrong, seed=11, tls=tls) as platform:
        platform.style.delay = min(platform.style.delay, 0.003)
        return await conform(
            platform.url, only=only, suite=suite, wait=wait, timeout=timeout, identities=TESTERS, tls=trust
        )


def nothing_is_wrong(found: Conformed) -> None:
    assert found.judged.reason == ""
    assert found.of(*WRONG_RESULTS) == {}
    assert found.site.violations.counts() == {}
    assert found.site.internal_errors.counts() == {}


# --- Right ones ---


@pytest.mark.parametrize("suite", ["plain", "exchange-only", "rsa-aes"])
async def test_the_terse_style_conforms(suite: str) -> None:
    found = await judged("A", suite, wait=0.2)
    nothing_is_wrong(found)
    # It pushes nothing, and gives a device the same authCode again.
    left = {name for name, why in found.of(Result.NOT_RUN).items() if not why.startswith(NOT_ABOUT_IT)}
    assert {name for name in left if not name.startswith("command.")} == {"accredit.authCode.old", "login.old"}


@pytest.mark.parametrize(
    ("style", "suite"),
    [
        ("B", "rsa-aes"),
        pytest.param("B", "exchange-only", marks=pytest.mark.long),
        pytest.param("C", "plain", marks=pytest.mark.long),
    ],
)
async def test_a_verbose_style_conforms(style: str, suite: str) -> None:
    found = await judged(style, suite, wait=4.0)
    nothing_is_wrong(found)
    # On a busy machine one connection may not last for long enough.
    left = {name for name, why in found.of(Result.NOT_RUN).items() if not why.startswith(NOT_ABOUT_IT)}
    assert left <= {"command.cmdId.same-again"}


async def test_a_verbose_style_conforms_over_tls(tmp_path: Path) -> None:
    made = self_signed(tmp_path, ["127.0.0.1"])
    tls = (str(made.cert), str(made.key))
    found = await judged("B", "plain", only=("lookup.*", "ws.*", "report.*"), wait=0.5, tls=tls)
    nothing_is_wrong(found)
    assert found.site.broker_url.startswith("wss://")


async def test_a_second_judgement_finds_the_same() -> None:
    """What the first one left on the platform accuses nobody."""
    async with serve(IDENTITIES, "plain", "A") as platform:
        for _ in range(2):
            found = await conform(platform.url, suite="plain", wait=0.1, timeout=10.0, identities=TESTERS)
            nothing_is_wrong(found)


# --- Mistakes ---


@dataclass(frozen=True)
class Named:
    """Which cases a mistake fails, and under which rules it is counted."""

    cases: tuple[str, ...]
    """Globs; each names one that is FAILED or NON-STRICT."""
    also: tuple[str, ...] = ()
    """Globs of cases that the same mistake may fail as well."""
    rules: tuple[str, ...] = ()
    style: str = "A"
    wait: float = 0.3

    def explains(self, case_id: str) -> bool:
        return any(fnmatchcase(case_id, glob) for glob in (*self.cases, *self.also))


def _pushed(*cases: str, also: tuple[str, ...] = (), rules: tuple[str, ...] = ()) -> Named:
    """Of a style that pushes commands."""
    return Named(cases, also, rules, style="C", wait=3.0)


_REPLIES = ("form.dev.login", "report.reply.form", "heartbeat.reply.form")
_FORMS = ("form.dev.*", "*.form", "lookup.*")
NAMED = {
    "any-sign": Named(
        ("lookup.sign.wrong", "lookup.sign.other-nonce"), ("lookup.sign.upper-case", "lookup.refusal.form")
    ),
    "stale-timestamp": Named(("lookup.timestamp.behind-6min", "lookup.timestamp.ahead-6min"), ("lookup.timestamp.*",)),
    "repeated-nonce": Named(("lookup.nonce.repeated", "lookup.replayed")),
    "long-nonce": Named(("lookup.nonce.33",)),
    "http-403": Named(("lookup.sign.wrong", "lookup.nonce.33"), ("lookup.*",), ("lookup.status",)),
    "same-factor": Named(("channel.factor.fresh",)),
    "short-factor": Named(("channel.factor.form",), ("channel.frames", "channel.exchanged"), ("channel.key",)),
    "skips-counter": Named(("channel.frames",), rules=("channel.counter",)),
    "forgives-frames": Named(
        ("channel.tag.wrong", "channel.counter.*", "channel.replayed", "channel.of-another-connection"),
        ("channel.frame.*",),
    ),
    "takes-text": Named(("channel.text",)),
    "repeated-mid": Named(("envelope.mid.repeated",)),
    "silent-without-mid": Named(("envelope.mid.missing", "envelope.mid.empty")),
    "cuts-mids": Named(("envelope.mid.32",), ("envelope.mid.33", "form.replies.own"), ("reply.unknown-mid",)),
    "no-message": Named(_REPLIES, (*_FORMS, "form.refusal*"), ("reply.message",)),
    "number-code": Named(_REPLIES, _FORMS, ("reply.code",)),
    "short-code": Named(_REPLIES, _FORMS, ("reply.code",)),
    "null-payload": Named(("form.dev.login", "heartbeat.reply.form"), _FORMS, ("reply.field-type",)),
    "any-size": Named(("file.package.above-limit",), ("file.package.*", "envelope.megabyte")),
    "takes-numbers": Named(("register.number.protVer", "report.number.*"), ("*.number.*", "*.number")),
    "unknown-ok": Named(("envelope.funcId.unknown",), ("envelope.funcId.*", "envelope.lives-on", "form.refusal")),
    "silent-refusals": Named(("register.devKey.wrong", "envelope.funcId.unknown")),
    "closes-on-refusal": Named(("register.devKey.wrong", "envelope.funcId.unknown")),
    "any-devkey": Named(
        ("register.devKey.wrong", "accredit.devKey.wrong", "login.devKey.wrong"), ("*.devKey", "*.devKey.*")
    ),
    "any-authcode": Named(
        ("accredit.authCode.wrong", "login.authCode.wrong"), ("*.authCode.*", "order.dev.accredit.before-register")
    ),
    "any-secret": Named(
        ("login.secret.wrong",), ("login.secret.*", "login.after-refusal", "order.dev.login.before-accredit")
    ),
    "before-login": Named(("order.dev.heartbeat.before-register",), ("order.*",)),
    "before-report": Named(("order.dev.heartbeat.before-report",), ("order.*.before-report",)),
    "keeps-older": Named(("login.second-connection",)),
    "number-heartbeat": Named(("report.reply.form",), rules=("reply.field-type",), style="C"),
    "short-timezone": Named(("report.reply.form",), rules=("reply.field-format",), style="C"),
    "no-bio-support": Named(("report.reply.form",), rules=("reply.field-missing",)),
    "millis": Named(("time.reply.form",), rules=("reply.field-format",)),
    "any-offset": Named(("file.offset.gap",), ("file.offset.first",)),
    "any-checksum": Named(("file.checksum.wrong",)),
    "forgets-files": Named(("file.after-reconnect",)),
    "half-batches": Named(("upload.verifyLog.one-bad",), ("upload.verifyLog.*",)),
    "duplicate-refused": Named(("upload.verifyLog.again",), ("upload.verifyLog.again.*",)),
    "same-cmdid": _pushed("command.cmdId.unique"),
    # Such a platform does not know itself what is unanswered.
    "same-mid": _pushed("command.mid.unique", also=("command.pending",)),
    "long-mids": _pushed("command.cmd.data.update.user.form", also=("command.*.form",), rules=("command.mid",)),
    "too-many-pending": _pushed("command.pending"),
    "answers-answers": _pushed("form.replies.own", also=("envelope.response.unasked",), rules=("reply.unknown-mid",)),
    "number-values": _pushed(
        "command.cmd.data.update.user.form", also=("command.*.form",), rules=("command.field-type",)
    ),
    "not-listed": _pushed("command.negotiated"),
    "absent-picture": _pushed("command.bioPhoto.url"),
}
INVISIBLE = {"stores-nothing"}
"""Records go one way only, and what was acknowledged is acknowledged again: no device could tell."""
BESIDE = ("lookup.url", "report.accepted", "heartbeat.free", "heartbeat.imme.*", "upload.verifyLog.complete")
"""Cases that no mistake but one about them concerns."""
IN_FULL = ("any-sign", "repeated-mid", "forgets-files", "null-payload", "skips-counter", "millis", "takes-numbers")
"""Mistakes that all cases are run for."""


def test_every_mistake_is_here() -> None:
    assert NAMED.keys() | INVISIBLE == WRONG.keys()


@pytest.mark.parametrize("name", NAMED)
def test_what_is_named_are_cases(name: str) -> None:
    """A glob of no case would be a check of nothing."""
    known = [case.id for case in all_cases()]
    globs = (*NAMED[name].cases, *NAMED[name].also, *BESIDE)
    assert [glob for glob in globs if not any(fnmatchcase(each, glob) for each in known)] == []


def only_named(found: Conformed, named: Named) -> None:
    wrong = found.of(*WRONG_RESULTS)
    for glob in named.cases:
        assert any(fnmatchcase(name, glob) for name in wrong), f"{glob} is not among {sorted(wrong)}"
    assert {name: told for name, told in wrong.items() if not named.explains(name)} == {}
    assert set(found.site.violations.counts()) <= set(named.rules)
    assert found.site.internal_errors.counts() == {}
    assert found.judged.reason == ""


@pytest.mark.parametrize("name", NAMED)
async def test_a_mistake_is_named_and_no_other(name: str) -> None:
    named = NAMED[name]
    only = (*named.cases, *BESIDE)
    found = await judged(named.style, "rsa-aes", name, only=only, wait=named.wait, timeout=1.0)
    only_named(found, named)
    assert set(named.rules) <= set(found.site.violations.counts())


@pytest.mark.long
@pytest.mark.parametrize("name", IN_FULL)
async def test_a_mistake_is_named_and_no_other_by_all_cases(name: str) -> None:
    named = NAMED[name]
    found = await judged(named.style, "rsa-aes", name, wait=named.wait, timeout=2.0)
    only_named(found, named)


async def test_commands_after_a_report_that_came_too_early_are_no_further_mistake() -> None:
    only = ("order.*", "command.before-online")
    # A twelfth of it is what commands have to come in after the report; of 80 ms that was not always enough.
    found = await judged("C", "plain", "before-login", only=only, wait=4.0, timeout=2.0)
    only_named(found, NAMED["before-login"])
    assert found.result("command.before-online") is Result.OK


@pytest.mark.parametrize("name", sorted(INVISIBLE))
async def test_what_no_device_can_see_is_not_made_up(name: str) -> None:
    nothing_is_wrong(await judged("A", "plain", name, only=("upload.*", "file.*"), wait=0.1))
