"""argparse in our languages: it still says what the catalogue translates, and says it in Chinese."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Iterator

import pytest

from simulator.cli import main
from simulator.texts import argparse_texts
from simulator.texts.language import ENGLISH, VARIABLE, speak, speaking


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(VARIABLE, ENGLISH)
    before = vars(argparse)["_"]
    yield
    vars(argparse).update(_=before)
    speak(ENGLISH)


def test_argparse_has_the_texts() -> None:
    source = inspect.getsource(argparse)
    lacking = [text for text in argparse_texts.TEXTS if repr(text)[1:-1] not in source and text not in source]
    assert not lacking


def test_help_in_chinese(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--lang", "zh", "check", "--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("用法：best-fleet check")
    assert all(word in text for word in ("位置参数：", "选项：", "显示本帮助并退出", "示例："))
    assert "usage" not in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check"], "缺少必需的参数：SCENARIO"),
        (["check", "-u", "many", "x.yaml"], "int 值无效：'many'"),
        (["conform", "--type", "best-x"], "无效的选择：'best-x'"),
        (["device", "--scenario"], "需要一个值"),
    ],
)
def test_a_wrong_command_line_in_chinese(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--lang", "zh", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_english_stays(capsys: pytest.CaptureFixture[str]) -> None:
    argparse_texts.install()
    with speaking("en"):
        assert argparse.ArgumentParser(prog="x").format_usage() == "usage: x [-h]\n"
