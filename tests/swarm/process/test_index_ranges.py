"""Ranges of device indexes behave as sets of whole numbers do, on the wire as well."""

import random

import pytest

from simulator.swarm.process.index_ranges import Ranges


@pytest.mark.parametrize("seed", range(100))
def test_ranges_agree_with_sets(seed: int) -> None:
    source = random.Random(seed)
    left, right = ({source.randrange(40) for _ in range(source.randrange(30))} for _ in range(2))
    a, b = Ranges.of(left), Ranges.of(right)
    # As values, too: whatever they were made of, their ranges ascend and do not touch.
    assert a | b == Ranges.of(left | right)
    assert a - b == Ranges.of(left - right)
    assert a & b == Ranges.of(left & right)
    assert a.take(5) == Ranges.of(sorted(left)[:5])
    assert set(a) == left
    assert len(a) == len(left)
    assert Ranges.from_wire(a.to_wire()) == a
    assert all((number in a) == (number in left) for number in range(40))


def test_ranges_that_touch_or_overlap_become_one() -> None:
    assert Ranges([(4, 6), (0, 2), (2, 4), (9, 9)]).to_wire() == [[0, 6]]
    assert repr(Ranges([(0, 2), (5, 6)])) == "Ranges(0..1, 5..5)"


def test_equal_sets_are_equal_values() -> None:
    assert {Ranges([(0, 3)]), Ranges.of([2, 0, 1])} == {Ranges([(0, 3)])}
    assert not Ranges()


@pytest.mark.parametrize("pairs", [[[1]], [[1, 2, 3]], [["a", 2]]])
def test_what_is_no_pair_of_numbers_is_refused(pairs: list[list[int]]) -> None:
    with pytest.raises(ValueError, match=r"unpack|invalid literal"):
        Ranges.from_wire(pairs)
