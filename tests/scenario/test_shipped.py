"""The scenarios that come along: all are named, and a word means what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reports.thresholds import wrong_threshold
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import load_scenario
from simulator.scenario.shipped import SHIPPED, TEMPLATE, directory, meant, scenario_file, shown

ROOT = Path(__file__).resolve().parent.parent.parent


def test_every_scenario_of_the_folder_has_its_name() -> None:
    assert {path.stem for path in (ROOT / "scenarios").glob("*.yaml")} == {*SHIPPED, TEMPLATE}


def test_the_readme_lists_them_all() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[([\w-]+)\.yaml\]\(scenarios/\1\.yaml\) \|", readme, flags=re.MULTILINE)
    assert {*listed} == {*SHIPPED, TEMPLATE}


@pytest.mark.parametrize("name", SHIPPED)
def test_each_is_right_and_is_called_by_its_name(name: str) -> None:
    scenario = load_scenario(scenario_file(name), wrong_threshold)
    assert scenario.file == name
    assert scenario.embedded
    assert (scenario.identities_file, scenario.state_file) == (None, None), "it would lie in the installed package"


@pytest.mark.parametrize("word", ["./smoke", "smoke.yaml", "folder/smoke", "other"])
def test_whatever_is_no_shipped_name_is_a_file(word: str) -> None:
    assert scenario_file(word) == Path(word)


def test_a_shipped_name_beats_a_file_that_is_called_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "smoke").write_text("name: mine\n")
    monkeypatch.chdir(tmp_path)
    assert scenario_file("smoke") == directory() / "smoke.yaml"
    assert scenario_file("./smoke").read_text() == "name: mine\n"


def test_a_file_of_ones_own_is_shown_as_it_was_given() -> None:
    assert shown(Path("scenarios/smoke.yaml")) == "scenarios/smoke.yaml"
    assert shown(directory() / "staging.yaml") == str(directory() / "staging.yaml")


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("smok", "smoke"),
        ("scenarios/smoke.yaml", "smoke"),
        ("bad_weather", "bad-weather"),
        ("my-flete.yaml", "my-fleet.yaml"),
        ("my-fleet", "my-fleet.yaml"),
        ("staging", "best-fleet init"),
        ("xyzzy", None),
        ("nowhere/xyzzy.yaml", None),
    ],
)
def test_what_may_have_been_meant(word: str, hint: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my-fleet.yaml").touch()
    monkeypatch.chdir(tmp_path)
    assert meant(Path(word)) == hint


def test_the_error_says_what_may_have_been_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ScenarioError, match=r"^smok: there is no such file \(did you mean smoke\?\)$"):
        load_scenario(scenario_file("smok"))
