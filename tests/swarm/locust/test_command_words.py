"""What Locust's parser says of a wrong command line."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import pytest

from simulator.swarm.locust import command_words
from simulator.texts.language import speaking


@pytest.fixture
def parser(monkeypatch: pytest.MonkeyPatch) -> Iterator[argparse.ArgumentParser]:
    before = vars(argparse)["_"]
    monkeypatch.setattr("sys.argv", ["/somewhere/locust/__main__.py"])
    made = argparse.ArgumentParser(prog="__main__.py")
    made.add_argument("--users", type=int)
    made.add_argument("classes", nargs="*")
    command_words.install(made)
    yield made
    vars(argparse).update(_=before)


@pytest.mark.parametrize(
    ("arguments", "said", "chinese"),
    [
        (
            ["--nosuch"],
            "best-fleet run: error: there is no option --nosuch\n",
            "best-fleet run：错误：没有选项 --nosuch",
        ),
        (["--usres=3"], "there is no option --usres (did you mean --users?)", "（是不是想写 --users？）"),
        (["--users", "x"], "best-fleet run: error: argument --users: invalid int value: 'x'", "int 值无效：'x'"),
    ],
)
def test_it_names_the_command_and_the_option(
    arguments: list[str], said: str, chinese: str, parser: argparse.ArgumentParser, capsys: pytest.CaptureFixture[str]
) -> None:
    for language, expected in (("en", said), ("zh", chinese)):
        with speaking(language), pytest.raises(SystemExit) as end:
            parser.parse_args(arguments)
        assert end.value.code == 2
        assert expected in capsys.readouterr().err


def test_locust_itself_keeps_its_name(monkeypatch: pytest.MonkeyPatch, parser: argparse.ArgumentParser) -> None:
    monkeypatch.setattr("sys.argv", ["/usr/bin/locust"])
    own = argparse.ArgumentParser(prog="locust")
    command_words.install(own)
    assert own.prog == "locust"


def test_what_config_arg_parse_says_in_english_alone(
    parser: argparse.ArgumentParser, capsys: pytest.CaptureFixture[str]
) -> None:
    with speaking("zh"), pytest.raises(SystemExit):
        parser.error("unrecognized arguments: 3 --nosuch")
    assert capsys.readouterr().err == "best-fleet run：错误：没有选项 --nosuch\n"


def test_words_alone_are_no_option(parser: argparse.ArgumentParser) -> None:
    assert command_words.unknown_option(parser, ["3"]) is None
