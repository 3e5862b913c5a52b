"""Delays, refusals and silence by rule."""

from __future__ import annotations

from random import Random

import pytest

from simulator.platform.answers import AT_ONCE, AnswerPolicy
from simulator.platform.settings import AnswerRule, FixedDelay, UniformDelay
from tests.platform.parts import answer_rule

UPLOADS = "dev.data.upload.*"


def test_without_rules_everything_is_answered_at_once() -> None:
    assert AnswerPolicy((), Random(1)).decide("dev.heartbeat") is AT_ONCE


def test_the_first_rule_that_matches_counts() -> None:
    rules = (
        answer_rule("dev.data.upload.verifyLog", delay=FixedDelay(seconds=1)),
        answer_rule(UPLOADS, delay=FixedDelay(seconds=2)),
    )
    policy = AnswerPolicy(rules, Random(1))
    delays = [policy.decide(name).delay for name in ("dev.data.upload.verifyLog", "dev.data.upload.user", "dev.login")]
    assert delays == [1, 2, 0]


def test_shares_and_codes() -> None:
    rule = answer_rule(UPLOADS, error_share=0.25, error_code="E1", silence_share=0.5)
    policy = AnswerPolicy((rule,), Random(7))
    decisions = [policy.decide("dev.data.upload.user") for _ in range(4000)]
    silent = sum(decision.silent for decision in decisions)
    refused = sum(decision.code == "E1" for decision in decisions)
    assert 1900 < silent < 2100
    assert 430 < refused < 570, "a quarter of those that are answered"


def test_the_same_seed_decides_the_same() -> None:
    rule = answer_rule("*", delay=UniformDelay(low=0, high=1), error_share=0.5)
    first, second = (
        [policy.decide("dev.heartbeat") for _ in range(50)]
        for policy in (AnswerPolicy((rule,), Random(3)), AnswerPolicy((rule,), Random(3)))
    )
    assert first == second
    assert len({decision.delay for decision in first}) == 50


@pytest.mark.parametrize(
    ("rules", "delays"),
    [
        ((), False),
        ((answer_rule("*", error_share=0.5),), False),
        ((answer_rule("*", error_share=0.5), answer_rule("dev.login", delay=FixedDelay(seconds=1))), True),
    ],
)
def test_whether_any_answer_waits(rules: tuple[AnswerRule, ...], delays: bool) -> None:
    assert AnswerPolicy(rules, Random(1)).delays is delays
