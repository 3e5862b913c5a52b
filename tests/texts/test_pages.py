"""Generated documents in other languages: each text of a page is in its catalogue, and nothing else is."""

from __future__ import annotations

import re
from typing import Any

import pytest

from simulator.scenario import reference
from simulator.texts.language import CHINESE, speaking
from simulator.texts.pages import page_texts


class Asked(dict[str, str]):
    """A catalogue without texts, which keeps what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def get(self, text: str, default: Any = None) -> Any:
        self.texts.append(text)
        return default


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    asked = Asked()
    monkeypatch.setattr(reference, "page_texts", lambda page: asked)
    reference.scenario_markdown()
    return set(asked.texts)


def test_each_text_of_the_scenario_page_is_translated(said: set[str]) -> None:
    with speaking(CHINESE):
        translated = page_texts("scenario")
    assert not said - {text for text, translation in translated.items() if translation}, "translate what is new"
    unsaid = set(translated) - said - {"number"}
    assert not unsaid, "take out what no page says any more"


def test_a_translation_names_the_same_keys(said: set[str]) -> None:
    with speaking(CHINESE):
        translated = page_texts("scenario")
    own = re.compile(r"`[^`\n]+`")
    for text, translation in translated.items():
        if text.startswith("#"):
            continue
        assert set(own.findall(text)) == set(own.findall(translation)), text


def test_english_is_what_stands_there() -> None:
    assert page_texts("scenario") == {}
    with speaking(CHINESE):
        page = reference.scenario_markdown()
    assert page.startswith("# 场景文件")
    assert "**必填**" in page
    assert page.count("\n| ") == reference.scenario_markdown().count("\n| ")
