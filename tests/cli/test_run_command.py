"""`best-fleet run`: what it makes of its options for Locust."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from simulator.cli import main, run_command
from simulator.cli.errors import UsageError


@pytest.fixture(autouse=True)
def _locustfile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_command, "locustfile", lambda: "locustfile.py")


@pytest.fixture
def scenario(tmp_path: Path) -> str:
    path = tmp_path / "small.yaml"
    path.write_text("name: small\n")
    return str(path)


def translate(*arguments: str) -> list[str]:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    run_command.add_arguments(parser)
    options, rest = parser.parse_known_args(arguments)
    return run_command.locust_arguments(options, rest)


def test_headless_by_default(scenario: str) -> None:
    assert translate(scenario) == ["-f", "locustfile.py", "--scenario", scenario, "--headless"]


def test_web_ui_on_request(scenario: str) -> None:
    assert "--headless" not in translate(scenario, "--web")
    assert "--web" not in translate(scenario, "--web")


def test_options_keep_their_meaning(scenario: str) -> None:
    made = translate(
        scenario, "--host", "https://a.example", "-u", "600", "-t", "10m", "--processes", "-1", "--csv", "x"
    )
    assert made[5:] == ["--host=https://a.example", "--users=600", "--run-time=10m", "--processes=-1", "--csv", "x"]


def test_a_worker_needs_no_scenario_and_is_not_told_headless() -> None:
    assert translate("--worker", "--master-host", "10.0.0.5") == [
        "-f", "locustfile.py", "--worker", "--master-host=10.0.0.5"
    ]  # fmt: skip


def test_missing_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run"]) == 2
    assert "which scenario?" in capsys.readouterr().err


def test_scenario_that_is_not_there() -> None:
    with pytest.raises(UsageError, match=r"there is no scenario file nowhere\.yaml"):
        translate("nowhere.yaml")


@pytest.mark.parametrize("arguments", [(), ("mornin-rush",)])
def test_where_the_names_of_scenarios_are_listed(arguments: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="best-fleet scenarios") as refused:
        translate(*arguments)
    assert not arguments or "did you mean morning-rush?" in str(refused.value)


def test_option_of_locust_before_the_scenario(scenario: str) -> None:
    with pytest.raises(UsageError, match="options of locust come after SCENARIO"):
        translate("--csv", "results", scenario)


def test_run_becomes_locust(scenario: str, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr("os.execv", lambda program, arguments: started.append(arguments))
    main(["run", scenario])
    assert started[0][1:3] == ["-m", "simulator.swarm"]


def test_our_options_stand_in_a_group_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--help"]) == 0
    shown = capsys.readouterr().out
    fleet, locust = shown.index("options of the fleet:"), shown.index("options of Locust:")
    for ours in ("--identities", "--report", "--overwrite", *run_command.FURTHER):
        assert fleet < shown.index(f"{ours}", fleet) < locust
    assert locust < shown.index("--spawn-rate N", fleet)
