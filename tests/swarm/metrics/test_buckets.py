"""The buckets of Prometheus hold what the HDR histograms hold."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from simulator.measurements.histogram import Histogram, bucket_of
from simulator.swarm.metrics.buckets import BOUNDS_S, cumulative


def test_bounds_ascend_and_one_of_them_is_the_protocols_promise() -> None:
    assert list(BOUNDS_S) == sorted(set(BOUNDS_S))
    assert 15.0 in BOUNDS_S
    assert all(upper / lower <= 2.5 for lower, upper in pairwise(BOUNDS_S)), "no coarse one"


def test_nothing_measured_is_nothing_in_each() -> None:
    assert cumulative(Histogram()) == [0] * len(BOUNDS_S)


@given(st.lists(st.integers(0, 700_000_000)))
def test_each_value_counts_from_the_first_bound_that_its_own_bucket_does_not_exceed(values: list[int]) -> None:
    histogram = Histogram()
    for value in values:
        histogram.record(value)
    found = cumulative(histogram)
    assert found == sorted(found)
    assert found[-1] <= histogram.count == len(values)
    capped = [min(value, 600_000_000) for value in values]
    assert found == [sum(bucket_of(value) <= bucket_of(round(bound * 1e6)) for value in capped) for bound in BOUNDS_S]
    for bound, count in zip(BOUNDS_S, found, strict=True):
        # To the resolution of the histogram: 0.1 %.
        assert sum(value <= bound * 1e6 for value in capped) <= count
        assert count <= sum(value <= bound * 1.001e6 + 1 for value in capped)
