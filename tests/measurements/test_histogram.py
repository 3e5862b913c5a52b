import random

import orjson
import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given
from hypothesis import strategies as st

from simulator.measurements import histogram as module
from simulator.measurements.accumulate import HistogramSum
from simulator.measurements.codec import dump_sparse, load_histogram
from simulator.measurements.histogram import (
    HIGHEST_US,
    Histogram,
    HistogramFormatError,
    bucket_of,
    highest_of,
    lowest_of,
    rank_of,
)

VALUES = st.lists(st.integers(0, HIGHEST_US), max_size=200)


def filled(values: list[int]) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.record(value)
    return histogram


@given(st.integers(0, HIGHEST_US))
def test_bucket_holds_its_value_within_a_thousandth(value: int) -> None:
    bucket = bucket_of(value)
    assert lowest_of(bucket) <= value <= highest_of(bucket)
    assert highest_of(bucket) - lowest_of(bucket) <= value / 1000


@given(VALUES)
def test_encoding_is_read_by_the_reference_implementation(values: list[int]) -> None:
    histogram = filled(values)
    reference = HdrHistogram.decode(histogram.encode_text().encode())
    assert reference.get_total_count() == len(values)
    for percent in (0.1, 50, 99, 100):
        expected = histogram.percentile(percent)
        if values:
            assert reference.get_value_at_percentile(100) == highest_of(bucket_of(max(values)))
            assert min(values) <= expected <= max(values)


@given(VALUES)
def test_reads_what_the_reference_implementation_encodes(values: list[int]) -> None:
    reference = HdrHistogram(1, HIGHEST_US, 3)
    for value in values:
        reference.record_value(value)
    assert Histogram.decode(reference.encode().decode()).counts == filled(values).counts


@given(VALUES, VALUES)
def test_merging_is_the_same_as_recording_together(one: list[int], two: list[int]) -> None:
    merged = filled(one)
    merged.add(filled(two))
    assert merged == filled(one + two)
    total = HistogramSum()
    total.add(filled(one).encode())
    total.add(filled(two).encode())
    assert total.histogram().counts == merged.counts


def travelled(values: list[int]) -> Histogram:
    """A histogram as a master has it of a worker."""
    return load_histogram(orjson.loads(orjson.dumps(dump_sparse(filled(values)))))


@given(st.lists(st.tuples(VALUES, st.booleans(), st.booleans()), max_size=8), st.integers(0, 300))
def test_what_waits_to_be_counted_is_counted_whenever_it_is_read(
    parts: list[tuple[list[int], bool, bool]], most: int
) -> None:
    total, twin, told = Histogram(), Histogram(), list[int]()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "MOST_WAITING", most)
        for values, elsewhere, read in parts:
            part = travelled(values) if elsewhere else filled(values)
            told += values
            # Of one part, both that it is added to count for themselves.
            total.add(part)
            twin.add(part)
            assert total.count == len(told)
            if read:
                assert total == filled(told)
            if elsewhere:
                assert part == filled(values)
    assert total == filled(told)
    assert (twin.encode(), twin.count) == (total.encode(), total.count)


def test_not_more_waits_than_a_millisecond_counts() -> None:
    total = Histogram()
    part = travelled(list(range(0, 600_000_000, 100_000)))
    for _ in range(20):
        total.add(part)
        assert len(total._waiting) <= module.MOST_WAITING
    assert total.count == sum(total.counts.values()) == 20 * 6_000


@pytest.mark.parametrize("shape", ["lognormal", "bimodal", "uniform", "pareto"])
@pytest.mark.parametrize("percent", [1, 25, 50, 75, 90, 95, 99, 99.9, 99.99, 100])
def test_percentiles_agree_with_raw_samples_within_a_thousandth(shape: str, percent: float) -> None:
    rng = random.Random(shape)
    draw = {
        "lognormal": lambda: rng.lognormvariate(-5, 1),
        "bimodal": lambda: rng.gauss(0.005, 0.0002) if rng.random() < 0.9 else rng.gauss(2.0, 0.1),
        "uniform": lambda: rng.uniform(0.001, 9.0),
        "pareto": lambda: 0.001 * rng.paretovariate(1.2),
    }[shape]
    samples = [min(max(draw(), 0.0005), 599.0) for _ in range(50_000)]
    histogram = Histogram()
    for start in range(0, len(samples), 777):
        histogram.record_seconds(samples[start : start + 777])
    exact = sorted(samples)[rank_of(percent, len(samples)) - 1] * 1e6
    assert histogram.percentile(percent) == pytest.approx(exact, rel=0.001)


def test_mean_and_extremes_are_exact() -> None:
    histogram = Histogram()
    histogram.record_seconds([0.001234, 5.000007, 0.7])
    assert (histogram.min_us, histogram.max_us, histogram.sum_us) == (1_234, 5_000_007, 5_701_241)
    assert histogram.percentile(100) == 5_000_007


def test_rank_is_not_moved_by_binary_fractions() -> None:
    assert rank_of(99.9, 1000) == 999
    assert rank_of(99.9, 1001) == 1000
    assert rank_of(50, 1) == 1


def test_what_is_beyond_ten_minutes_or_negative_is_counted_at_the_end() -> None:
    histogram = Histogram()
    histogram.record_seconds([-0.5, 5000.0])
    assert histogram.count == 2
    assert histogram.min_us == 0
    assert histogram.max_us == 5_000_000_000
    assert Histogram.decode(histogram.encode()).count == 2


def test_empty_histogram() -> None:
    histogram = Histogram()
    assert histogram.percentiles((50, 99)) == [0, 0]
    assert Histogram.decode(histogram.encode()).count == 0
    assert histogram.share_at_most(5) == 1.0


def test_share_at_most() -> None:
    histogram = filled([1, 2, 3, 4_000_000])
    assert histogram.share_at_most(3) == 0.75
    assert histogram.share_at_most(4_000_000) == 1.0


@pytest.mark.parametrize("data", [b"", b"junk", b"\x1c\x84\x93\x14\x00\x00\x00\x04abcd", "no base64!"])
def test_foreign_bytes_are_refused(data: bytes | str) -> None:
    with pytest.raises(HistogramFormatError):
        Histogram.decode(data)


def test_sum_refuses_foreign_bytes() -> None:
    with pytest.raises(HistogramFormatError):
        HistogramSum().add(b"\x1c\x84\x93\x14\x00\x00\x00\x04abcd")
