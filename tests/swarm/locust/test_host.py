"""The host in Locust's form."""

import pytest

from simulator.fields.dispatch_url import DispatchUrlError
from simulator.scenario.scenario import parse_scenario
from simulator.swarm.locust.host import asked_host, preset_host
from tests.swarm.manual_run import SCENARIO, TARGET

EMBEDDED = parse_scenario(SCENARIO.replace(TARGET, ""), "tiny.yaml")
ELSEWHERE = parse_scenario(SCENARIO, "tiny.yaml")
RESTARTED = parse_scenario(
    SCENARIO.replace(TARGET, "") + "faults: [{what: platform_restart, at: 20s, down: 4s}]\n", "tiny.yaml"
)


def test_what_stands_there_before_anybody_wrote() -> None:
    assert preset_host(EMBEDDED, None) == "embedded platform"
    assert preset_host(ELSEWHERE, None) == "http://127.0.0.1:9"
    assert preset_host(EMBEDDED, "https://one.example") == "https://one.example"
    assert preset_host(None, None) == ""
    urls = ", ".join(f"http://p{number}.example" for number in range(9))
    many = parse_scenario(SCENARIO.replace(TARGET, f"target: [{urls}]\n"), "tiny.yaml")
    assert preset_host(many, None).endswith("http://p2.example, … (6 more)")
    assert asked_host(preset_host(many, None), many, None) is None


@pytest.mark.parametrize("written", [None, "", "  ", "embedded platform"])
def test_what_nobody_changed_is_the_scenarios_own(written: str | None) -> None:
    assert asked_host(written, EMBEDDED, None) is None


def test_what_somebody_wrote_goes_before() -> None:
    assert asked_host(" https://one.example/ ", EMBEDDED, None) == "https://one.example"
    assert asked_host("http://127.0.0.1:9", ELSEWHERE, None) is None
    assert asked_host("", ELSEWHERE, "https://given.example") == "https://given.example"
    with pytest.raises(DispatchUrlError):
        asked_host("embedded platform", ELSEWHERE, None)
    with pytest.raises(DispatchUrlError, match="platform_restart"):
        asked_host("https://one.example", RESTARTED, None)
