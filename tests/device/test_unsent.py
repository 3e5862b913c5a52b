"""What the store between runs is told of a device's records, and what the next life makes of it."""

from simulator.device.unsent import Unsent


def test_a_row_is_plain_values_that_travel() -> None:
    row = Unsent(7, b"{}", None)
    assert tuple(row) == (7, b"{}", None)
    assert Unsent(*row) == row
