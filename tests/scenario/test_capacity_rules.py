"""First users, and the fingerprints that every fourth of them has, must have room in the device."""

import pytest

from simulator.scenario.scenario import parse_scenario
from tests.scenario.wrong_scenarios import GROUP, problems_of


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("users: 50, capacities: {users: 49}", "50 users are more than the 49"),
        ("users: 41, capacities: {templates: 10}", "41 users have 11 fingerprints, more than the 10"),
        ("users: 41, options: {maxMultiBioDataCount: '0:10:0:0:0:0:0:0:0:0'}", "options.maxMultiBioDataCount"),
    ],
)
def test_what_has_no_room(keys: str, said: str) -> None:
    text = GROUP + "".join(f"    {key.strip()}\n" for key in keys.split(", "))
    [problem] = problems_of(text)
    assert problem.startswith("f.yaml:4: groups[0].users: ")
    assert said in problem


@pytest.mark.parametrize(
    "keys",
    [
        "users: 40, capacities: {templates: 10}",
        "users: 400, capacities: {templates: 10}, verifications: [], "
        "options: {multiBioDataSupport: '0:0:0:0:0:0:0:0:0:1'}",
    ],
)
def test_what_has_room(keys: str) -> None:
    parse_scenario(GROUP + "".join(f"    {key.strip()}\n" for key in keys.split(", ")))
