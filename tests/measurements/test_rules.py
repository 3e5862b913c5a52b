"""The declared rules: names, kinds and texts."""

import re

import pytest

from simulator.measurements.rule import Rule, RuleKind
from simulator.measurements.rules import RULES, section_of


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_is_named_and_told(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z]+(-[a-z]+)*", rule.name)
    assert rule.section
    assert not rule.meaning.endswith(".")
    assert rule.advice.endswith(".")


@pytest.mark.parametrize(
    "name",
    [
        *("reply.unknown-mid", "reply.doubled", "reply.late", "reply.func-id", "reply.code", "reply.message"),
        *("reply.field-missing", "reply.field-format", "reply.field-type", "reply.not-json", "reply.too-large"),
        *("command.mid", "command.cmd-id", "command.field-missing", "command.field-format", "command.field-type"),
        *("command.too-large", "command.too-many", "command.not-negotiated", "command.unknown"),
        *("command.before-online", "command.url", "session.heartbeat-terms", "session.closed-unannounced"),
        *("session.close-code", "channel.counter", "channel.tag", "channel.plain-after-exchange", "channel.key"),
        *("channel.factor-repeated", "lookup.status", "lookup.not-json", "lookup.url", "lookup.certificate"),
        "record.acknowledged-twice-differently",
    ],
)
def test_the_names_that_others_script_against_stand(name: str) -> None:
    assert RULES[name].kind is RuleKind.VIOLATION


def test_a_rule_that_is_not_declared_has_no_section() -> None:
    assert section_of("others") == ""
    assert section_of("reply.code") == "4.3.1 服务端回复"
