"""What becomes of what has no known owner."""

import pytest

from simulator.device.ownership import Unknown, UnknownOwner, belonging

ITEMS = [("a", 1), ("x", 2), ("b", 3)]


def test_all_three_ways() -> None:
    owners = {"a": 0, "b": 0}
    assert belonging(ITEMS, owners, Unknown.KEEP, "user") == [1, 2, 3]
    assert belonging(ITEMS, owners, Unknown.IGNORE, "user") == [1, 3]
    with pytest.raises(UnknownOwner, match="unknown user: x"):
        belonging(ITEMS, owners, Unknown.REFUSE, "user")
    assert belonging(ITEMS[:1], owners, Unknown.REFUSE, "user") == [1]
