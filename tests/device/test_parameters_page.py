"""The page of the report's parameters: a row for each, as it is stored."""

from pathlib import Path

from simulator.device.parameters_page import parameters_page
from simulator.protocol.catalogue import CATALOGUE

ROOT = Path(__file__).parents[2]


def test_each_parameter_has_a_row_of_four_cells() -> None:
    rows = [line for line in parameters_page().splitlines() if line.startswith("| `")]
    names = [f"`{field.name}`" for field in CATALOGUE["dev.report"].params.fields]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == names
    assert all(row.count(" | ") == 3 for row in rows)


def test_the_stored_page_is_up_to_date() -> None:
    stored = (ROOT / "docs" / "device-parameters.md").read_text("utf-8")
    assert stored == parameters_page(), "run `best-fleet docs`"
