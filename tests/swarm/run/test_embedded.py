"""What command line a run's embedded platform gets."""

from pathlib import Path

import pytest

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
