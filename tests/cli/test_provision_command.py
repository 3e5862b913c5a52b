"""`best-fleet provision`: the identities of a scenario as a file that only its owner can read."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from simulator.cli import main


@pytest.fixture
def scenario(tmp_path: Path) -> str:
    path = tmp_path / "scenario.yaml"
    path.write_text("seed: 7\ngroups: [{name: doors, count: 3}]\n")
    return str(path)


def test_writes_a_private_file(scenario: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "devices.csv"
    assert main(["provision", scenario, "--out", str(out)]) == 0
    assert out.stat().st_mode & 0o777 == 0o600
    with out.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [*rows[0]] == ["sn", "secretKey", "productId", "devKey"]
    assert len({row["sn"] for row in rows}) == 3
    assert rows[0]["secretKey"] not in capsys.readouterr().out


def test_the_file_fits_its_scenario(scenario: str, tmp_path: Path) -> None:
    out = tmp_path / "devices.csv"
    assert main(["provision", scenario, "--out", str(out), "-u", "50"]) == 0
    assert main(["check", scenario, "-u", "50", "--identities", str(out)]) == 0


def test_same_scenario_same_identities(scenario: str, capsys: pytest.CaptureFixture[str]) -> None:
    texts = []
    for _ in range(2):
        assert main(["provision", scenario, "--out", "-"]) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]
    assert len(texts[0].splitlines()) == 4


def test_an_existing_file_stays(scenario: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "devices.csv"
    out.write_text("mine")
    assert main(["provision", scenario, "--out", str(out)]) == 2
    assert "exists already" in capsys.readouterr().err
    assert out.read_text() == "mine"


def test_a_directory_that_is_not_there(scenario: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["provision", scenario, "--out", str(tmp_path / "no" / "devices.csv")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_at_least_one_device(scenario: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["provision", scenario, "--out", "-", "-u", "0"]) == 2
    assert "at least one device" in capsys.readouterr().err


@pytest.fixture
def staging(tmp_path: Path) -> str:
    """A scenario whose CSV file is still to be written."""
    path = tmp_path / "staging.yaml"
    path.write_text("identities: {csv: devices.csv}\ngroups: [{name: doors, count: 3}]\n")
    return str(path)


def test_the_file_that_a_scenario_names_is_checked_written_and_found(
    staging: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", staging]) == 0
    told = capsys.readouterr()
    assert f"{tmp_path / 'devices.csv'}, which is not there yet" in told.out
    assert f"best-fleet provision {staging}" in told.err
    assert main(["provision", staging]) == 0
    assert main(["check", staging]) == 0
    told = capsys.readouterr()
    assert "not there yet" not in told.out
    assert told.err == ""
    assert main(["check", staging, "-u", "4"]) == 2
    assert "holds 3 identities, but the fleet has 4 devices" in capsys.readouterr().err


def test_a_quiet_check_still_says_that_the_file_is_missing(staging: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--quiet", staging]) == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert "a run needs" in told.err


def test_the_scenarios_own_devices_are_copied_where_they_are_there(staging: str, tmp_path: Path) -> None:
    own, copy = tmp_path / "devices.csv", tmp_path / "copy.csv"
    own.write_text("sn;secretKey;productId;devKey\n" + "".join(f"D{number};k;p;d\n" for number in range(3)))
    assert main(["provision", staging, "--out", str(copy), "-u", "2"]) == 0
    assert copy.read_text() == "sn,secretKey,productId,devKey\nD0,k,p,d\nD1,k,p,d\n"


def test_somewhere_to_write_is_needed(scenario: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["provision", scenario]) == 2
    assert "--out is missing" in capsys.readouterr().err


def test_a_file_that_the_command_line_names_must_be_there(staging: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", staging, "--identities", "nowhere.csv"]) == 2
    assert "nowhere.csv: there is no such file" in capsys.readouterr().err
