"""A site's own suite, found by its entry point, at work between devices and an embedded platform."""

from pathlib import Path

import pytest

from simulator.measurements.names import ACKNOWLEDGED
from simulator.scenario.scenario import parse_scenario
from tests.fleet.test_runtime import Fleet, platform_for
from tests.protocol.channel.test_registry import distribute, site

__all__ = ["site"]

SCENARIO = """
channel: {{suite: mine{options}}}
defaults: {{users: 3, request_timeout: 15s}}
groups:
  - {{name: rooms, count: 1, verifications: [{{rate: 50/s, photo_share: 0%}}]}}
platform: {{users: 0}}
"""


@pytest.mark.parametrize(("suite", "options"), [("Shifting", ", options: {by: 1}"), ("ReversingSuite", "")])
async def test_a_run_takes_suites_that_want_a_context_and_suites_of_before_it(
    site: Path,
    suite: str,
    options: str,
) -> None:
    module = site / "site_channels.py"
    # A channel whose platform opens by the same shift, as it has to between two ends.
    module.write_text(module.read_text().replace("ShiftingPlatform(context.device)", "ShiftingDevice(self.by)"))
    distribute(site, "site-channels", {"mine": f"site_channels:{suite}"})
    scenario = parse_scenario(SCENARIO.format(options=options))
    async with platform_for(scenario) as info:
        fleet = Fleet(scenario, info.dispatch)
        await fleet.runtime.open()
        fleet.start(0)
        await fleet.until(lambda: fleet.recorder.records[ACKNOWLEDGED] >= 3)
        await fleet.runtime.stop_all()
        await fleet.runtime.close()
    fleet.check(1)
    assert not fleet.recorder.failed()
