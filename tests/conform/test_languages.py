"""Every case is told in Chinese too, while conformance.json stays English."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from simulator.conform.case import Case
from simulator.conform.expect import first_of
from simulator.conform.registry import all_cases
from simulator.texts.language import CHINESE, speaking
from simulator.texts.told import Told, said

ENGLISH = re.compile(r"(?<!-)\b(?:the|of|with|without|whose|and|is|are|a|an|after|before|not|no)\b")
"""Words that stand in no name of the protocol."""


def texts() -> Iterator[tuple[str, str]]:
    for case in all_cases():
        for each in (case, case.over_mqtt):
            if isinstance(each, Case):
                yield from ((each.id, text) for text in (each.title, each.sends, each.expects))


def test_no_case_is_left_in_english() -> None:
    with speaking(CHINESE):
        told = [(name, said(text)) for name, text in texts()]
    # `no` is a field of the document as well, quoted values are not ours to translate.
    left = [f"{name}: {text}" for name, text in told if ENGLISH.search(re.sub(r"'[^']*'|\bno\b", "", text))]
    assert len(told) > 1_000
    assert not left, "\n".join(left)


def test_what_is_stored_is_english() -> None:
    departures = [Told("is missing, should be {expected}", expected="a text"), "is null", "is null"]
    observed = first_of(departures, 1)
    assert observed == "is missing, should be a text; and 1 more"
    with speaking(CHINESE):
        assert observed == "is missing, should be a text; and 1 more"
        assert said(observed) == "缺失，应为文本；另有 1 处"


@pytest.mark.parametrize("secret", ["0123456789abcdef"])
def test_a_secret_is_taken_out_of_what_is_said_in_any_language(secret: str) -> None:
    observed = Told("the first of the two: {told}", told=Told("it was answered with {pop}", pop=f"E1 {secret}"))
    clean = observed.map(lambda value: value.replace(secret, "***"))
    with speaking(CHINESE):
        assert secret not in said(clean)
        assert "***" in said(clean)
    assert secret not in clean
