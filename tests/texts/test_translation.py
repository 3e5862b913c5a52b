"""Texts in the language that is spoken, with their values."""

from __future__ import annotations

from gettext import NullTranslations

import pytest

from simulator.texts import translation
from simulator.texts.language import CHINESE, speaking
from simulator.texts.translation import N_, _, ngettext


class Loud(NullTranslations):
    def gettext(self, message: str) -> str:
        return message.upper().replace("{COUNT}", "{count}")

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        return f"{{number}} 台 {plural}"


def test_english_is_what_stands_there() -> None:
    assert _("{count} devices of {{all}}", count=3) == "3 devices of {all}"
    assert _("braces {stay} without values") == "braces {stay} without values"
    assert (ngettext("{number} device", "{number} devices", 1), N_("kept")) == ("1 device", "kept")


def test_values_go_into_the_translation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translation, "translations", lambda language: Loud())
    assert _("{count} devices", count=3) == "3 DEVICES"
    assert ngettext("a device", "devices", 2) == "2 台 devices"


def test_the_shipped_catalogues_are_read() -> None:
    with speaking(CHINESE):
        assert _("compare runs and find what got slower") == "比较多次运行，找出变慢之处"
        assert ngettext("{number} case", "{number} cases", 1) == "1 个用例"
        assert ngettext("{number} case", "{number} cases", 76) == "76 个用例"
