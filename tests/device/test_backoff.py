"""Delays between two attempts to connect: how they grow, and that no two devices wait alike."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.device.backoff import Backoff
from simulator.fields.range import Range


def test_back_off_doubles_to_its_bound() -> None:
    backoff = Backoff(Range(low=30.0, high=300.0), random.Random(1))
    for shortest, longest in [(30, 45), (60, 90), (120, 180), (200, 300), (200, 300), (200, 300)]:
        assert shortest <= backoff.next() <= longest
    backoff.reset()
    assert 30 <= backoff.next() <= 45


def test_back_off_never_overflows_and_differs_between_devices() -> None:
    backoff = Backoff(Range(low=1.0, high=1e6), random.Random(1))
    assert all(backoff.next() <= 1e6 for _ in range(2_000))
    assert len({Backoff(Range(low=30, high=300), random.Random(seed)).next() for seed in range(50)}) == 50


@given(
    seed=st.integers(),
    low=st.floats(0, 1e4),
    factor=st.floats(1, 1e3) | st.sampled_from([1.0, 1.2, 1.5, 2.0]),
    attempts=st.integers(1, 40),
)
def test_no_delay_is_over_the_maximum_and_none_is_shorter_than_the_one_before_but_for_jitter(
    seed: int, low: float, factor: float, attempts: int
) -> None:
    high = low * factor
    backoff = Backoff(Range(low=low, high=high), random.Random(seed))
    delays = [backoff.next() for _ in range(attempts)]
    assert all(min(low, high / 1.5) * (1 - 1e-12) <= delay <= high for delay in delays)
    for before, after in pairwise(delays):
        assert after > before or after >= high / 1.5 - 1e-9


def test_a_fleet_that_waits_as_long_as_may_be_does_not_come_back_in_step() -> None:
    backoffs = [Backoff(Range(low=1.0, high=60.0), random.Random(seed)) for seed in range(200)]
    delays = sorted([backoff.next() for _ in range(9)][-1] for backoff in backoffs)
    assert delays[-1] - delays[0] > 15


@pytest.mark.parametrize(("low", "high"), [(30.0, 30.0), (30.0, 35.0), (30.0, 300.0)])
def test_not_even_a_first_delay_that_is_the_longest_puts_a_fleet_in_step(low: float, high: float) -> None:
    delays = sorted(Backoff(Range(low=low, high=high), random.Random(seed)).next() for seed in range(300))
    longest = min(high, 1.5 * low)
    assert delays[0] >= longest / 1.5
    assert delays[-1] <= longest
    spread = longest / 3
    assert delays[-1] - delays[0] > 0.95 * spread
    for tenth in range(10):
        begin = longest / 1.5 + tenth * spread / 10
        assert 10 <= sum(begin <= delay < begin + spread / 10 for delay in delays) <= 60


def test_a_back_off_of_nothing() -> None:
    assert Backoff(Range(low=0.0, high=0.0), random.Random(1)).next() == 0.0
