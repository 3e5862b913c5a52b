"""Texts that are stored in English and said in the reader's language."""

from __future__ import annotations

import orjson
import pytest

from simulator.texts import told, translation
from simulator.texts.told import Told, joined, said

CHINESE = {"{count} of {things} came": "收到 {things} 中的 {count} 个", "frames": "帧", "closed": "已关闭"}


@pytest.fixture(autouse=True)
def chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told, "_", lambda text, **values: translation._filled(CHINESE.get(text, text), values))


def test_the_text_itself_is_english() -> None:
    text = Told("{count} of {things} came", count=3, things="frames")
    assert text == "3 of frames came"
    assert orjson.dumps({"observed": text}) == b'{"observed":"3 of frames came"}'


def test_it_is_said_with_its_values_translated() -> None:
    assert said(Told("{count} of {things} came", count=3, things="frames")) == "收到 帧 中的 3 个"


def test_a_value_that_is_told_is_translated_too() -> None:
    inner = Told("{count} of {things} came", count=1, things="frames")
    assert said(Told("{what}; closed {why}", what=inner, why="{1000}")) == "收到 帧 中的 1 个; closed {1000}"


def test_what_is_joined_is_said_part_by_part() -> None:
    text = joined("; ", ["closed", Told("{count} of {things} came", count=2, things="frames"), "code {7}"])
    assert text == "closed; 2 of frames came; code {7}"
    assert said(text) == "已关闭; 收到 帧 中的 2 个; code {7}"
    assert (joined(", ", []), said(joined(", ", []))) == ("", "")


def test_a_text_that_nobody_translated_stays() -> None:
    assert (said("no such text"), said("")) == ("no such text", "")
