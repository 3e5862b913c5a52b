"""A scenario that kills the embedded platform cannot be run against another one."""

import pytest

from simulator.fleet.restarts import platform_problem, restarts_platform
from simulator.scenario.scenario import parse_scenario

OUTAGE = "{what: outage, at: 1s, for: 1s}"
RESTART = "{what: platform_restart, at: 1s, down: 1s}"
ANOTHER = "{what: platform_restart, at: 5s, down: 1s}"


@pytest.mark.parametrize(
    ("faults", "place"), [([], None), ([OUTAGE], None), ([RESTART], 0), ([OUTAGE, RESTART, ANOTHER], 1)]
)
def test_the_first_restart_is_named(faults: list[str], place: int | None) -> None:
    text = f"groups: [{{name: a, count: 1}}]\nfaults: [{', '.join(faults)}]\n"
    scenario = parse_scenario(text, "a.yaml")
    assert restarts_platform(scenario) is (place is not None)
    assert platform_problem(scenario, None) is None
    problem = platform_problem(scenario, "http://platform.example")
    if place is None:
        assert problem is None
    else:
        assert problem is not None
        assert problem.startswith(f"faults[{place}] (platform_restart) ")
        assert "--host" in problem
