"""Tests of `simulator.device.commands.prefixes`: the longest name that fits decides."""

import pytest

from simulator.device.commands.prefixes import by_prefix


@pytest.mark.parametrize(
    ("func_id", "found"),
    [("cmd.data.update.user", 3), ("cmd.data.update.meeting", 2), ("cmd.data", 1), ("cmd.control.reboot", 0)],
)
def test_the_longest_prefix_decides(func_id: str, found: int) -> None:
    assert by_prefix({"": 0, "cmd.data": 1, "cmd.data.update": 2, "cmd.data.update.user": 3}, func_id) == found


def test_a_prefix_ends_where_a_word_ends() -> None:
    assert by_prefix({"cmd.data.up": 1}, "cmd.data.update.user") is None
    assert by_prefix({}, "cmd.data") is None
