"""What command line a run's embedded platform gets."""

from pathlib import Path

import pytest

from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import parse_scenario
from simulator.swarm.run.embedded import embedded_platform


@pytest.mark.parametrize(
    ("faults", "comes_back"), [("", False), ("faults: [{what: platform_restart, at: 1s, down: 1s}]\n", True)]
)
def test_it_can_come_back_where_the_scenario_kills_it(tmp_path: Path, faults: str, comes_back: bool) -> None:
    scenario = parse_scenario(f"groups: [{{name: a, count: 1}}]\n{faults}", "a.yaml")
    platform = embedded_platform(scenario, tmp_path, None)
    assert (platform._comes_back, platform._arguments) == (comes_back, ("--scenario", "a.yaml"))
    platform = embedded_platform(scenario, tmp_path, tmp_path / "devices.csv")
    assert platform._arguments == ("--scenario", "a.yaml", "--identities", str(tmp_path / "devices.csv"))


@pytest.mark.parametrize(
    ("platform", "devices", "generators", "processes"),
    [
        ("", None, 1, 1),
        ("", 250_000, 1, 14),
        ("", 12_000, 8, 2),
        ("", 9_000, 8, 1),
        ("platform: {processes: 3}\n", 1, 1, 3),
        ("platform: {mqtt: {broker: mqtt://127.0.0.1:1883}}\n", 250_000, 8, 1),
    ],
)
def test_as_many_processes_as_the_fleet_asks_for(
    platform: str,
    devices: int | None,
    generators: int,
    processes: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("simulator.fleet.platform_size.most_open_files", lambda: 20_000)
    monkeypatch.setattr("simulator.fleet.platform_size.cores", lambda: 2)
    scenario = parse_scenario(f"groups: [{{name: a, count: 1}}]\n{platform}", "a.yaml")
    assert embedded_platform(scenario, tmp_path, None, devices, generators)._processes == processes


def test_several_processes_and_a_broker_that_is_none_of_theirs() -> None:
    text = "groups: [{name: a, count: 1}]\nplatform:\n  mqtt: {broker: mqtt://127.0.0.1}\n  processes: 2\n"
    with pytest.raises(ScenarioError, match=r"a.yaml:4: platform.processes.*several processes"):
        parse_scenario(text, "a.yaml")
