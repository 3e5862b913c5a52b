"""best-fleet init: the starter folder, in both languages; nothing is overwritten unasked."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator import __version__
from simulator.cli import main
from simulator.cli.init_command import IDENTITIES, STARTER, starter_files
from simulator.scenario.reference import scenario_schema
from simulator.texts.language import LANGUAGES, speak, speaking

EXPECTED = {
    *("README.md", "staging.yaml", "scenario.schema.json", "staging-devices.example.csv"),
    *(".gitignore", ".gitlab-ci.yml", ".github/workflows/fleet.yml"),
}


@pytest.fixture(autouse=True)
def _english_afterwards() -> Any:
    yield
    speak("en")


def files_of(language: str) -> dict[str, str]:
    with speaking(language):
        return dict(starter_files())


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_it_writes_is_right(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BEST_FLEET_LANG", language)
    monkeypatch.chdir(tmp_path)
    assert main(["init", "mine"]) == 0
    folder = tmp_path / "mine"
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == EXPECTED
    assert (folder / IDENTITIES).stat().st_mode & 0o777 == 0o600
    monkeypatch.chdir(folder)
    assert main(["check", "staging.yaml"]) == 0
    assert main(["provision", "staging.yaml"]) == 0
    capsys.readouterr()
    assert main(["check", "staging.yaml"]) == 0
    assert capsys.readouterr().err == ""
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert __version__ in readme
    assert bool(re.search("[\u4e00-\u9fff]", readme)) == (language == "zh")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_scenario_as_its_comment_says_goes_to_the_embedded_platform(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    text, readme = (files_of(language)[name] for name in ("staging.yaml", "README.md"))
    [comment] = re.findall(r"^# \(1\).*\n(?:#     .*\n)*", text, flags=re.MULTILINE)
    for told in (comment, readme):
        assert re.search(r"`target: embedded`.*\(2\)", told, flags=re.DOTALL)
        assert "`identities`" in told
    changed = re.sub(r"^target: .*$", "target: embedded", text, flags=re.MULTILINE)
    changed, taken = re.subn(r"^identities:\n  csv: .*\n", "", changed, flags=re.MULTILINE)
    assert taken == 1
    (tmp_path / "staging.yaml").write_text(changed, encoding="utf-8")
    assert main(["--lang", "en", "check", "staging.yaml"]) == 0
    told = capsys.readouterr()
    assert told.out.startswith("staging.yaml: no problems\n")
    assert re.search(r"^  target +the embedded platform$", told.out, flags=re.MULTILINE)
    assert told.err == ""
    # Only both changes together make it so.
    (tmp_path / "staging.yaml").write_text(text.replace("https://dispatch.staging.example.com", "embedded"), "utf-8")
    assert main(["--lang", "en", "check", "staging.yaml"]) == 0
    assert "no problems" not in capsys.readouterr().out


def test_the_languages_differ_in_comments_alone() -> None:
    english, chinese = (files_of(language) for language in ("en", "zh"))
    assert english.keys() == chinese.keys()
    for name in english:
        if name.endswith((".yaml", ".yml")):
            one, other = (yaml.safe_load(each[name]) for each in (english, chinese))
            one.pop("description", None), other.pop("description", None)
            assert one == other, name
    for name in (".gitignore", "README.md"):
        one, other = ([line for line in each[name].splitlines() if line.strip()] for each in (english, chinese))
        commands = [
            [line for line in lines if line.lstrip().startswith(("best-fleet", "*", "!"))] for lines in (one, other)
        ]
        assert commands[0] == commands[1], name


def test_the_example_of_identities_has_the_columns_and_nothing_real() -> None:
    header, *rows = (STARTER / "devices.example.csv").read_text().splitlines()
    assert header == "sn,secretKey,productId,devKey"
    assert all(row.startswith("EXAMPLE-") and "not-a-real-secret" in row for row in rows)


def test_the_schema_is_the_formats_own() -> None:
    import json

    assert json.loads(files_of("en")["scenario.schema.json"]) == scenario_schema()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_ci_files_call_what_there_is(language: str) -> None:
    """Each line of theirs that calls best-fleet is one that its command can parse; nothing of a clone is needed."""
    from simulator.cli import build_parser

    for name in (".gitlab-ci.yml", ".github/workflows/fleet.yml"):
        text = files_of(language)[name]
        assert f"best-fleet=={__version__}" in text
        assert "make " not in text
        calls = re.findall(r"(?:- |run: )best-fleet (.+)$", text, flags=re.MULTILINE)
        assert len(calls) == 3
        for call in calls:
            words = call.split()
            assert not build_parser(only=words[0]).parse_known_args(words)[1]


def test_nothing_is_overwritten_unasked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / ".gitignore").write_text("mine\n")
    (tmp_path / "README.md").symlink_to("nowhere")
    assert main(["init", str(tmp_path)]) == 2
    assert "already has README.md, .gitignore" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == [".gitignore", "README.md"]
    assert (tmp_path / ".gitignore").read_text() == "mine\n"


def test_force_overwrites_and_follows_no_link(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("keep\n")
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / IDENTITIES).symlink_to(other)
    assert main(["init", str(folder), "--force"]) == 0
    assert other.read_text() == "keep\n"
    assert (folder / IDENTITIES).stat().st_mode & 0o777 == 0o600


def test_a_folder_that_cannot_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main(["init", str(tmp_path / "file" / "x")]) == 2
    assert "cannot be written" in capsys.readouterr().err
