"""Each mistake of the look-up is in its answers where it was asked for, and nowhere else."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import Any

import pytest

from tests.platform.harness import IDENTITIES, Identity, Running, running
from tests.platform.parts import platform_settings
from tests.platform.wrong.walk import names_of

ONE = IDENTITIES[0]
OK = "00000000"


@dataclass
class Answer:
    status: int
    text: str

    @property
    def json(self) -> dict[str, Any]:
        try:
            return json.loads(self.text)
        except ValueError:
            return {}

    @property
    def results(self) -> dict[str, Any]:
        return self.json.get("payload", {}).get("results", {})

    @property
    def code(self) -> Any:
        return self.json.get("code")


async def ask(platform: Running, identity: Identity = ONE, upper: bool = False, **changes: Any) -> Answer:
    values: dict[str, Any] = {
        "sn": identity.sn,
        "type": "best-w",
        "nonce": secrets.token_hex(8),
        "timestamp": str(int(platform.clock.wall() * 1000) + changes.pop("shift_ms", 0)),
        **{name: value for name, value in changes.items() if name != "sign"},
    }
    text = "".join(str(values[name]) for name in ("sn", "nonce", "timestamp")) + identity.secret_key
    sign = hashlib.md5(text.encode()).hexdigest()
    values["sign"] = changes.get("sign", sign.upper() if upper else sign)
    query = {name: value for name, value in values.items() if value is not None}
    async with platform.http.get(f"{platform.info.dispatch}/v3/device/getBrokerServer", params=query) as response:
        return Answer(response.status, await response.text())


async def four(platform: Running) -> list[Answer]:
    """Right look-ups and one with a wrong sign."""
    return [await ask(platform), await ask(platform), await ask(platform), await ask(platform, sign="0" * 32)]


SIGNS: dict[str, Any] = {
    "lookup.fault": lambda answer: answer.status == 500,
    "lookup.created": lambda answer: answer.status == 201,
    "lookup.html": lambda answer: answer.status == 200 and answer.text.startswith("<html>"),
    "lookup.cut-off": lambda answer: answer.text.startswith("{") and not answer.text.endswith("}"),
    "lookup.code-number": lambda answer: answer.code == 0 and type(answer.code) is int,
    "lookup.code-missing": lambda answer: "message" in answer.json and answer.code is None,
    "lookup.message-missing": lambda answer: answer.code == OK and "message" not in answer.json,
    "lookup.null-for-absent": lambda answer: "rootCA" in answer.results and answer.results["rootCA"] is None,
    "lookup.url-missing": lambda answer: answer.code == OK and "url" not in answer.results,
    "lookup.url-scheme": lambda answer: answer.results.get("url", "").startswith("mqtts://"),
    "lookup.certificate": lambda answer: "certificate" in (answer.results.get("rootCA") or ""),
    "lookup.forbidden": lambda answer: answer.status == 403,
}
MINUTE = 60_000
ASKED: dict[str, dict[str, Any]] = {
    "lookup.accepts-sign": {"sign": "0" * 32},
    "lookup.accepts-upper-case-sign": {"upper": True},
    "lookup.accepts-stale": {"shift_ms": -6 * MINUTE},
    "lookup.accepts-future": {"shift_ms": 6 * MINUTE},
    "lookup.accepts-repeated-nonce": {"nonce": "again"},
    "lookup.accepts-long-nonce": {"nonce": "n" * 33},
    "lookup.accepts-unknown-sn": {"identity": Identity("NOBODY")},
    "lookup.accepts-unknown-type": {"type": "best-x"},
    "lookup.accepts-missing": {"sign": None},
}
REFUSED: dict[str, dict[str, Any]] = {
    "lookup.refuses-nonce-of-32": {"nonce": "n" * 32},
    "lookup.refuses-four-minutes": {"shift_ms": -4 * MINUTE},
}


def test_every_mistake_has_its_sign() -> None:
    assert sorted([*SIGNS, *ASKED, *REFUSED]) == sorted(names_of("lookup"))


@pytest.mark.parametrize("name", SIGNS)
async def test_the_mistake_is_in_the_answer(name: str) -> None:
    async with running(platform_settings(wrong=(name,))) as platform:
        found = [SIGNS[name](answer) for answer in await four(platform)]
        assert any(found)
        assert not all(found) or name == "lookup.created"


async def test_a_right_platform_answers_rightly() -> None:
    async with running() as platform:
        assert [name for answer in await four(platform) for name, sign in SIGNS.items() if sign(answer)] == []


@pytest.mark.parametrize("name", ASKED)
async def test_what_is_taken_although_it_is_wrong(name: str) -> None:
    for wrong in (True, False):
        async with running(platform_settings(wrong=(name,) if wrong else ())) as platform:
            if name == "lookup.accepts-repeated-nonce":
                await ask(platform, **ASKED[name])
            answer = await ask(platform, **ASKED[name])
            assert (answer.code == OK) is wrong
            assert ("url" in answer.results) is wrong


@pytest.mark.parametrize("name", ASKED)
async def test_nothing_else_is_taken(name: str) -> None:
    async with running(platform_settings(wrong=(name,))) as platform:
        for other, asked in ASKED.items():
            # An upper-case sign is a wrong one, and a missing one too.
            if other == name or (name == "lookup.accepts-sign" and other.startswith("lookup.accepts-upper")):
                continue
            if other == "lookup.accepts-repeated-nonce":
                await ask(platform, **asked)
            assert (await ask(platform, **asked)).code != OK, other
        assert (await ask(platform)).code == OK


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_refused_although_it_is_right(name: str) -> None:
    for wrong in (True, False):
        async with running(platform_settings(wrong=(name,) if wrong else ())) as platform:
            assert ((await ask(platform, **REFUSED[name])).code != OK) is wrong
            assert (await ask(platform)).code == OK
