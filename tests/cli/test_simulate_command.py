"""`best-fleet simulate`: what it prints, and how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.cli import INTERRUPTED, main, simulate_command
from simulator.cli.simulate_command import WEATHER
from simulator.simulation.simulation import Source

SMALL = Path(__file__).resolve().parents[1] / "simulation" / "small.yaml"


def test_a_seed_that_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    history = tmp_path / "history.txt"
    assert main(["simulate", str(SMALL), "--seed", "3", "--days", "0.02", "--history", str(history)]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "small: 0.02 days of virtual time, seed 3"
    assert told[-1] == "PASSED: everything held"
    lines = history.read_text().splitlines()
    assert f"history: {len(lines):,} lines, sha256 " in "\n".join(told)
    assert any(" > dev.data.upload.verifyLog " in line for line in lines)


def test_a_long_one_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(simulate_command, "_PATIENCE_S", 0.0)
    assert main(["simulate", str(SMALL), "--seed", "3", "--days", "0.02"]) == 0
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 20
    assert all(" of 0.02 days, some " in line and line.endswith(" s to go") for line in told)
    assert 0 < float(told[0].split()[0]) < float(told[-1].split()[0]) < 0.02


def test_one_that_is_stopped_says_how_far_it_came(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Stopped(simulate_command.Progress):
        def __call__(self, seconds: float) -> None:
            super().__call__(seconds)
            if seconds > 86_400 * 0.01:
                raise KeyboardInterrupt

    monkeypatch.setattr(simulate_command, "Progress", Stopped)
    assert main(["simulate", str(SMALL), "--seed", "3", "--days", "0.02"]) == INTERRUPTED
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("stopped after 0.01")
    assert line.endswith(" of 0.02 days: nothing is judged")


def test_a_wrong_platform_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(SMALL.read_text().replace("platform:\n", "platform:\n  wrong: [reply.mid-other]\n", 1))
    assert main(["simulate", str(wrong), "--days", "0.01"]) == 1
    assert "FAILED: " in capsys.readouterr().out


def test_an_unknown_command_that_the_scenario_wants_is_no_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "unknown.yaml"
    path.write_text(SMALL.read_text() + "    - {command: cmd.firmware.upgrade, at: 90s, unknown: true}\n")
    assert main(["simulate", str(path), "--days", "0.01"]) == 0
    assert "  unknown  " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere.yaml"], "nowhere.yaml"),
        ([str(SMALL), "--days", "0"], "--days must be at least 0.01"),
        ([str(SMALL), "--days", "nan"], "--days must be at least 0.01"),
        ([str(SMALL), "--history", "/nowhere/at/all"], "/nowhere/at/all cannot be written"),
    ],
)
def test_what_a_user_can_mend(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", *arguments]) == 2
    assert told in capsys.readouterr().err


def test_the_weather_may_be_the_seeds_or_the_scenarios(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, history = tmp_path / "faults.yaml", tmp_path / "history.txt"
    outage = "{what: outage, at: 2min, for: 90s, how: silent, groups: [halls]}"
    path.write_text(SMALL.read_text() + f"faults: [{outage}]\n")

    def faults(weather: str) -> list[str]:
        told = ["--weather", weather, "--history", str(history)]
        assert main(["simulate", str(path), "--days", "0.02", "--seed", "3", *told]) == 0
        return [line for line in history.read_text().splitlines() if " - fault " in line]

    own = "120.000000 - fault outage for 90.000 s how silent devices 1"
    assert faults("scenario") == [own]
    drawn = faults("drawn")
    assert own not in drawn
    assert sorted(faults("both")) == sorted([own, *drawn])
    capsys.readouterr()


def test_the_choices_are_the_sources_of_faults() -> None:
    assert tuple(Source) == WEATHER
