"""Whether a text has a shape, and with which values: as a regular expression would say it, and in one pass."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.retold import retold
from simulator.texts.english import english
from simulator.texts.language import CHINESE, speaking
from simulator.texts.shape import Shape, parts_of


def shape(message: str, barred: str = "") -> Shape:
    return Shape([(literal, name) for literal, name, _spec in parts_of(message)], barred)


@pytest.mark.parametrize(
    ("message", "text", "values"),
    [
        ("{count} devices", "3 devices", {"count": "3"}),
        ("{count} devices", " devices", None),
        ("from {a} to {b}", "from x to y to z", {"a": "x", "b": "y to z"}),
        ("{a}{b}", "xyz", {"a": "x", "b": "yz"}),
        ("{a}{b}", "x", None),
        ("({a})", "(x", None),
        ("{a}: {b}.", "x: y.", {"a": "x", "b": "y"}),
        ("{a}: {b}.", "x: .", None),
        ("aba{x}aba", "aba", None),
    ],
)
def test_values(message: str, text: str, values: dict[str, str] | None) -> None:
    assert shape(message).values(text) == values


def test_a_value_does_not_hold_what_is_barred() -> None:
    assert shape("{a}: {b}", "; ").values("x: y; z") is None


@given(st.lists(st.text("ab: ", max_size=2), min_size=2, max_size=4), st.text("ab: ", max_size=12))
def test_it_says_what_a_regular_expression_says(literals: list[str], text: str) -> None:
    parts = [(literal, f"v{number}") for number, literal in enumerate(literals[:-1])]
    told = Shape([*parts, (literals[-1], None)]).values(text)
    pattern = "".join(f"{re.escape(literal)}(?P<{name}>.+?)" for literal, name in parts) + re.escape(literals[-1])
    found = re.fullmatch(pattern, text, re.DOTALL)
    assert told == (None if found is None else found.groupdict())


@pytest.mark.timeout(60)
@pytest.mark.parametrize("joint", [": ", ", ", "; ", " of ", " is ", "（", "：", "a: b, c; d (e) f ", "（是）：，；"])
def test_words_of_nothing_but_joints_hold_nobody_up(joint: str) -> None:
    """A platform's own words; read by regular expressions and without bounds these took for ever."""
    text = (joint * 500)[:500]
    with speaking(CHINESE):
        assert isinstance(retold(text), str)
        assert isinstance(english(text), str)
