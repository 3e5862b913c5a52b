"""The page of rules holds every rule, with what it means, what the device does and what helps."""

import pytest

from simulator.measurements.handling import HANDLING
from simulator.measurements.rule import Rule
from simulator.measurements.rules import RULES
from simulator.measurements.violations_page import violations_page

PAGE = violations_page()


def test_what_the_device_does_is_said_of_every_rule_and_of_no_other() -> None:
    assert HANDLING.keys() == RULES.keys()
    assert all(text.endswith(".") for text in HANDLING.values())


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_is_told(rule: Rule) -> None:
    (entry,) = [part for part in PAGE.split("\n### ") if part.startswith(f"{rule.name}\n")]

    for text in (rule.meaning, rule.section, rule.advice, HANDLING[rule.name]):
        assert text in entry


def test_observations_stand_apart() -> None:
    violations, _, observations = PAGE.partition("## Observations")

    assert "### reply.code\n" in violations
    assert "### reply.nine-positions\n" in observations
    assert "### reply.nine-positions\n" not in violations
