"""Which language is spoken, and by whom."""

from __future__ import annotations

import contextvars

import pytest

from simulator.texts.language import CHINESE, ENGLISH, of_locale, speak, speaking, spoken, wanted


@pytest.mark.parametrize(
    ("name", "language"),
    [
        *(("zh_CN.UTF-8", "zh"), ("zh-CN", "zh"), ("zh_TW", "zh"), ("zh_Hans_CN", "zh"), ("zh", "zh")),
        *(("en_US.UTF-8", "en"), ("de_DE@euro", "en"), ("C.UTF-8", "en"), ("POSIX", "en"), ("", "en"), ("??", "en")),
    ],
)
def test_a_locale_s_language(name: str, language: str) -> None:
    assert of_locale(name) == language


@pytest.mark.parametrize(
    ("arguments", "environment", "language"),
    [
        (["--lang", "zh"], {"LANG": "en_US.UTF-8"}, "zh"),
        (["run", "--lang=zh"], {}, "zh"),
        (["--lang", "en"], {"LANG": "zh_CN.UTF-8"}, "en"),
        (["--lang"], {"LANG": "zh_CN.UTF-8"}, "en"),
        (["--lang", "fr"], {"LANG": "zh_CN.UTF-8"}, "en"),
        ([], {"LANG": "zh_CN.UTF-8"}, "zh"),
        ([], {"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ([], {"LANG": "de_DE.UTF-8", "LANGUAGE": "zh:en"}, "zh"),
        ([], {"LANG": "zh_CN.UTF-8", "BEST_FLEET_LANG": "en"}, "en"),
        ([], {}, "en"),
    ],
)
def test_what_a_command_line_asks_for(arguments: list[str], environment: dict[str, str], language: str) -> None:
    assert wanted(arguments, environment) == language


def test_one_answer_in_another_language() -> None:
    assert spoken() == ENGLISH
    with speaking(CHINESE):
        assert spoken() == CHINESE
        assert contextvars.Context().run(spoken) == ENGLISH, "nobody else is spoken to so"
    assert spoken() == ENGLISH


def test_no_language_of_ours_is_refused() -> None:
    with pytest.raises(ValueError, match="there are en, zh"):
        speak("fr")
