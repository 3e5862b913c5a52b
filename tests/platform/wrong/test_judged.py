"""The judge finds what is wrong in a message, under the mistake's rules, and nothing else."""

from __future__ import annotations

import json

import pytest

from simulator.judge.commands import read_command
from simulator.judge.lookup import read_lookup
from simulator.judge.replies import reply_judge
from simulator.measurements import violation_rules as rules
from simulator.platform.wrong.mode import MessageMode
from simulator.platform.wrong.modes import MODES
from tests.platform.harness import running
from tests.platform.parts import platform_settings
from tests.platform.wrong.test_lookup_modes import SIGNS, four
from tests.platform.wrong.walk import Seen, is_command, parsed, walk

BY_WHO_RECEIVES = frozenset(
    (
        *(rules.REPLY_UNKNOWN_MID, rules.REPLY_DOUBLED, rules.REPLY_LATE, rules.REPLY_TOO_LARGE, rules.REPLY_NOT_JSON),
        *(rules.COMMAND_TOO_LARGE, rules.COMMAND_URL, rules.RECORD_ACKNOWLEDGED_TWICE_DIFFERENTLY),
    )
)
"""Rules that no single message breaks by itself."""
AMONG_OTHERS = ("command.mid-repeated", "command.cmd-id-reused")
"""Mistakes that only another message shows."""


def rules_of(seen: Seen) -> set[str]:
    """The rules that the messages break."""
    found = set()
    for text, last in zip(seen.texts, seen.last, strict=True):
        message = parsed(text)
        if message:
            judge = read_command if is_command(message) else reply_judge(last).read
            found |= {departure.rule for departure in judge(message).judgement.departures}
    return found


@pytest.mark.parametrize("name", [name for name, mode in MODES.items() if isinstance(mode, MessageMode)])
async def test_a_message(name: str) -> None:
    expected = set() if name in AMONG_OTHERS else set(MODES[name].rules) - BY_WHO_RECEIVES
    assert rules_of(await walk(name)) == expected


async def test_the_messages_of_a_right_platform() -> None:
    assert rules_of(await walk()) == set()


@pytest.mark.parametrize("name", [*SIGNS, None])
async def test_an_answer_to_a_look_up(name: str | None) -> None:
    async with running(platform_settings(wrong=(name,) if name else ())) as platform:
        judged = [read_lookup(answer.status, answer.text.encode(), "best-w") for answer in await four(platform)]
    found = {departure.rule for one in judged for departure in one.judgement.departures}
    assert found == set(MODES[name].rules if name else ())


TEN = (
    *("reply.number-for-text", "reply.eight-positions", "reply.code-short", "reply.message-missing"),
    *("reply.mid-missing", "reply.doubled", "command.mid-missing", "command.card-letters", "command.number-for-text"),
    "command.time-with-z",
)


async def test_ten_mistakes_at_once_are_all_found() -> None:
    seen = await walk(*TEN, turns=4)
    expected = {rule for name in TEN for rule in MODES[name].rules} - BY_WHO_RECEIVES
    assert rules_of(seen) == expected
    assert any("mid" not in json.loads(text) and "code" in json.loads(text) for text in seen.texts)
