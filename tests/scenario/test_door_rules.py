"""Ways to verify that a group wants and its devices do not offer are told with the parameters that say so."""

import pytest

from simulator.scenario.scenario import parse_scenario
from tests.scenario.wrong_scenarios import GROUP, problems_of


def group(styles: str, options: str = "{}") -> str:
    return GROUP + f"    options: {options}\n    verifications:\n      - {{rate: 1/s, styles: {styles}}}\n"


@pytest.mark.parametrize(
    ("styles", "options", "named"),
    [
        ("[15, 25]", "{}", "25 (palm)"),
        ("[21, 4, 24]", "{}", "21 (finger vein), 24 (finger vein, password and card)"),
        ("[4]", '{verifyStyles: "10"}', "4 (card)"),
        ("[200]", '{qrCodeOn: "0"}', "200 (other)"),
        (
            "[15]",
            '{multiBioDataSupport: "0:1:0:0:0:0:0:0:0:0", multiBioPhotoSupport: "0:0:0:0:0:0:0:0:0:0"}',
            "15 (face)",
        ),
    ],
)
def test_a_way_that_is_not_offered(styles: str, options: str, named: str) -> None:
    [problem] = problems_of(group(styles, options))
    assert f"groups[0].verifications[0].styles: {named}: the devices offer no such way to verify" in problem
    assert "verifyStyles" in problem


@pytest.mark.parametrize(
    ("styles", "options"),
    [
        ("[0, 1, 2, 3, 4, 15, 20, 200]", "{}"),
        ("[25]", '{verifyStyles: "1000", multiBioDataSupport: "0:1:0:0:0:0:0:0:1:0"}'),
    ],
)
def test_ways_that_are_offered(styles: str, options: str) -> None:
    parse_scenario(group(styles, options))
