"""What `check`, the help texts and wrong command lines say is marked for translation, found by a pseudo-language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from simulator.cli import main
from simulator.cli.commands import COMMANDS
from simulator.scenario.yaml_source import read_yaml
from tests.cli.test_broken_scenarios import BROKEN
from tests.scenario import test_function_rules, test_validation
from tests.scenario.sections import test_channel, test_faults
from tests.texts.pseudo import Pseudo, speak_pseudo, unmarked

WRONG = (test_validation, test_function_rules, test_channel, test_faults)
"""Modules whose tests are given scenarios that are refused."""
OTHERS = ("YAML", "thresholds[", "File name too long")
"""In lines that the YAML parser, the reports or the system have words in."""
SCENARIOS = sorted((Path(__file__).resolve().parent.parent.parent / "scenarios").glob("*.yaml"))


def scenarios_of(module: ModuleType) -> Iterator[str]:
    """What the tests of a module are given that looks like a scenario."""
    for test in vars(module).values():
        for mark in getattr(test, "pytestmark", ()):
            for given in mark.args[1] if mark.name == "parametrize" else ():
                text = given[0] if isinstance(given, tuple) else given
                if isinstance(text, str) and "\n" in text:
                    yield text


@pytest.fixture(autouse=True)
def pseudo(monkeypatch: pytest.MonkeyPatch) -> None:
    speak_pseudo(monkeypatch)


def test_what_is_marked_stands_in_brackets() -> None:
    said = Pseudo().gettext("{count} devices of {{all}} are %(what)s there").format(count=3)
    assert said == "3⟦ devices of {all} are ⟧%(what)s⟦ there⟧"


def test_what_is_not_marked_is_found() -> None:
    assert list(unmarked("⟦said⟧: nobody marked this, 'though quoted words' pass; see docs/some file.md")) == [
        "nobody marked this"
    ]


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_s_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    assert not list(unmarked(capsys.readouterr().out, ["inspect FILE"]))


def test_the_help_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert not list(unmarked(capsys.readouterr().out))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_a_scenario_that_is_right(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", str(path)])
    told = capsys.readouterr()
    own = " ".join(read_yaml(path.read_text(encoding="utf-8"), "").data.get("description", "").split())
    names = [own, *re.findall(r"name: ([a-z ]+)", path.read_text(encoding="utf-8"))]
    assert not list(unmarked(told.out + told.err, names))


@pytest.mark.parametrize("module", WRONG, ids=lambda module: module.__name__.rpartition(".")[2])
def test_a_wrong_scenario(module: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "wrong.yaml"
    texts = list(scenarios_of(module))
    for text in texts:
        path.write_text(text, encoding="utf-8")
        main(["check", "--quiet", str(path)])
    lines = [line for line in capsys.readouterr().err.splitlines() if not any(word in line for word in OTHERS)]
    assert len(lines) > 10
    assert not sorted({found for line in lines for found in unmarked(line)})


@pytest.mark.parametrize("kind", BROKEN)
def test_a_file_that_is_no_scenario(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content, _ = BROKEN[kind]
    path = tmp_path / "broken.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    main(["check", "--quiet", str(path)])
    lines = [line for line in capsys.readouterr().err.splitlines() if not any(word in line for word in OTHERS)]
    assert not list(unmarked("\n".join(lines)))
