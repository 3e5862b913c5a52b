"""The language of an answer: what asks for it, and that nobody else hears it."""

import json
import re
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

import pytest

from simulator.swarm.web.language import AskedLanguage, asked_language, dictionary
from simulator.texts.language import CHINESE, ENGLISH, speaking, spoken


@pytest.mark.parametrize(
    ("query", "cookie", "language"),
    [
        ("", "", ENGLISH),
        ("lang=zh", "", CHINESE),
        ("since=3&lang=en", "best-fleet-lang=zh", ENGLISH),
        ("", "session=1; best-fleet-lang=zh", CHINESE),
        ("lang=fr", "best-fleet-lang=zh", CHINESE),
        ("lang=fr", "best-fleet-lang=<b>", ENGLISH),
        ("lang=zh&lang=en", "", CHINESE),
    ],
)
def test_who_asks_for_a_language(query: str, cookie: str, language: str) -> None:
    request = {"QUERY_STRING": query, "HTTP_COOKIE": cookie, "HTTP_ACCEPT_LANGUAGE": "zh-CN,zh"}
    assert asked_language(request) == language


def test_without_a_wish_the_process_language_is_spoken() -> None:
    with speaking(CHINESE):
        assert asked_language({}) == CHINESE
        assert asked_language({"QUERY_STRING": "lang=en"}) == ENGLISH


def test_an_answer_is_made_in_the_language_it_was_asked_in() -> None:
    def application(request: Any, start_response: Any) -> Iterable[bytes]:
        return [spoken().encode()]

    asked = AskedLanguage(application)
    assert list(asked({"QUERY_STRING": "lang=zh"}, None)) == [b"zh"]
    assert spoken() == ENGLISH
    assert list(asked({}, None)) == [b"en"]


def test_the_dictionary_has_no_empty_text() -> None:
    assert dictionary(ENGLISH) == {}
    assert all(dictionary(CHINESE).values())


def test_every_text_of_the_scripts_is_found_by_the_extractor() -> None:
    """Babel sees no text within another text's values: such a one would stay English without a word."""
    missing = []
    for path in files("simulator.swarm.web").joinpath("assets").iterdir():
        if path.name.endswith(".js"):
            said = re.findall(r"\b(?:_|ngettext)\(\s*(\"(?:[^\"\\]|\\.)*\")", path.read_text(encoding="utf-8"))
            missing += [f"{path.name}: {text}" for text in map(json.loads, said) if text not in dictionary(CHINESE)]
    assert not missing
