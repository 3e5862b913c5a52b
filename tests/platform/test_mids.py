"""A mid used twice is noticed, whatever form mids have, and counters cost next to nothing."""

from __future__ import annotations

import sys

from hypothesis import given
from hypothesis import strategies as st

from simulator.platform.mids import SeenMids

MIDS = st.one_of(
    st.builds("{}{}".format, st.sampled_from(["", "a", "018bcfe568", "会"]), st.integers(0, 60)),
    st.builds("{}{:03d}".format, st.sampled_from(["", "b"]), st.integers(0, 60)),
    st.text(max_size=3),
)


@given(st.lists(MIDS, max_size=200))
def test_it_says_what_a_set_says(mids: list[str]) -> None:
    seen, expected = SeenMids(), set[str]()
    for mid in mids:
        assert seen.add(mid) is (mid not in expected)
        expected.add(mid)


@given(st.permutations(range(100)), st.integers(0, 99))
def test_any_order_of_a_counter(numbers: list[int], again: int) -> None:
    seen = SeenMids()
    assert all(seen.add(f"m{number}") for number in numbers)
    assert not seen.add(f"m{again}")


def test_runs_with_gaps() -> None:
    seen = SeenMids()
    numbers = [*range(100, 150), *range(200, 250), *range(300, 305), 301 + 100, 160]
    assert all(seen.add(f"m{number}") for number in numbers)
    assert not any(seen.add(f"m{number}") for number in numbers)


def test_leading_zeros_are_other_mids() -> None:
    seen = SeenMids()
    assert all(seen.add(mid) for mid in ("m1", "m01", "m001", "1", "01"))
    assert not seen.add("m01")


def test_a_counter_of_a_hundred_thousand_stays_small() -> None:
    seen = SeenMids()
    for number in range(100_000, 200_000):
        assert seen.add(f"018bcfe56800{number}")
    (counter,) = seen._counters.values()
    assert sys.getsizeof(counter.single) + sys.getsizeof(counter.runs) < 1_000
