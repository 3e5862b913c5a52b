"""best-fleet scenarios, and the names of scenarios in the commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.cli import main
from simulator.scenario.shipped import SHIPPED, directory


@pytest.mark.parametrize("arguments", [["scenarios"], ["run", "--list"]])
def test_all_are_listed(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(SHIPPED)
    assert lines[0].endswith("20 devices through the main flow, under 90 s; for CI")


def test_where_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenarios", "--directory"]) == 0
    assert Path(capsys.readouterr().out.strip()) == directory()


def test_commands_take_a_name_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["check", "smoke", "bad-weather"]) == 0
    assert "smoke: no problems" in capsys.readouterr().out
    assert main(["provision", "smoke", "--out", "-", "-u", "1"]) == 0
    assert capsys.readouterr().out.startswith("sn,secretKey")


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "smok"],
        ["run", "smok"],
        ["device", "--scenario", "smok"],
        ["platform", "--scenario", "smok"],
        ["conform", "--scenario", "smok", "--report", "x"],
        ["simulate", "smok"],
        ["provision", "smok"],
    ],
)
def test_a_wrong_name_is_told_what_was_meant(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert "did you mean smoke?" in capsys.readouterr().err
