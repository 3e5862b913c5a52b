"""What the tests of wrong scenarios share."""

import pytest

from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import parse_scenario

GROUP = "groups:\n  - name: rooms\n    count: 5\n"
"""A complete scenario of three lines; what follows it begins in line 4 and may belong to the group."""


def problems_of(text: str) -> list[str]:
    """What is said of a scenario that is refused, each problem as people see it."""
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(text, "f.yaml", check_threshold=lambda text: "is nonsense" if "nonsense" in text else None)
    return [str(problem) for problem in caught.value.problems]
