"""The table of mistakes: names, sentences, and by what they are named."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

import pytest

from simulator.conform.registry import all_cases
from simulator.measurements.rules import RULES
from simulator.platform.wrong.mistakes import Mistakes
from simulator.platform.wrong.mode import MessageMode, Mode, Occasions, Outgoing
from simulator.platform.wrong.modes import MODES
from simulator.platform.wrong.reference import wrong_platform_page
from simulator.protocol.catalogue import CATALOGUE


def test_there_are_many() -> None:
    assert len(MODES) >= 60


@pytest.mark.parametrize("mode", MODES.values(), ids=lambda mode: mode.name)
def test_a_mistake_can_be_named(mode: Mode) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z0-9-]+", mode.name)
    assert not mode.text.endswith(".")
    assert mode.named_by
    assert [rule for rule in mode.rules if rule not in RULES] == []
    assert [glob for glob in mode.cases if not any(fnmatchcase(case.id, glob) for case in all_cases())] == []


@pytest.mark.parametrize(
    "mode", [one for one in MODES.values() if isinstance(one, MessageMode)], ids=lambda one: one.name
)
def test_a_mistake_in_messages_has_messages_to_be_made_in(mode: MessageMode) -> None:
    assert any(mode.applies(func_id) for func_id in CATALOGUE)
    assert not mode.carrier or mode.applies(mode.carrier)


def test_each_stands_on_the_page() -> None:
    page = wrong_platform_page()
    assert [name for name in MODES if f"| `{name}` |" not in page] == []


def outgoing(func_id: str) -> Outgoing:
    message = {"funcId": "cmd.dev.response", "code": "00000000", "message": "success", "mid": "m"}
    return Outgoing(func_id=func_id, message=message, package_bytes=1024)


def test_a_platform_without_mistakes_of_a_message_leaves_it_alone() -> None:
    out = outgoing("dev.heartbeat")
    assert Mistakes(["reply.none"]).reply(out) == [(0.0, outgoing("dev.heartbeat").message)]


def test_mistakes_that_cannot_be_in_one_message_take_turns() -> None:
    mistakes = Mistakes(["reply.mid-missing", "reply.code-missing"])
    missing = [set(outgoing("x").message) - set(mistakes.reply(outgoing("dev.heartbeat"))[0][1]) for _ in range(4)]
    assert missing == [{"code"}, {"mid"}, {"code"}, {"mid"}]


def test_mistakes_of_different_parts_are_made_together() -> None:
    [(_, message)] = Mistakes(["reply.code-short", "reply.message-missing"]).reply(outgoing("dev.heartbeat"))
    assert message == {"funcId": "cmd.dev.response", "code": "0", "mid": "m"}


def test_every_other_occasion() -> None:
    occasions, mode = Occasions(), MODES["reply.no-secret"]
    assert [occasions.due(mode) for _ in range(4)] == [False, True, False, True]
