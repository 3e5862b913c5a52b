"""What `best-fleet conform` gives its embedded platform where nobody has a scenario."""

import pytest

from simulator.conform.default_scenario import default_scenario
from simulator.scenario.scenario import parse_scenario


@pytest.mark.parametrize(
    ("broker_type", "profile"), [("best-w", None), ("best-m", "best-m"), ("best-t", "tencent"), ("best-a", "aws")]
)
def test_the_platform_serves_the_profile_that_is_judged(broker_type: str, profile: str | None) -> None:
    scenario = parse_scenario(default_scenario(broker_type))
    assert [settings.broker_type for settings in scenario.group_settings()] == [broker_type]
    served = [each.name for each in scenario.platform_settings().mqtt.of_groups]
    assert served == ([] if profile is None else [profile])
