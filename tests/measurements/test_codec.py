"""Histograms and series over time as plain lists: every form comes back as it was, and adds up exactly."""

import random
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from simulator.measurements.codec import dump_histogram, dump_plain, dump_sparse, load_histogram
from simulator.measurements.histogram import HIGHEST_US, Histogram

Dump = Callable[[Histogram], list[Any] | None]
FORMS = [dump_histogram, dump_plain, dump_sparse]


def of(*values_us: int) -> Histogram:
    histogram = Histogram()
    for value in values_us:
        histogram.record(value)
    return histogram


def told(histogram: Histogram, dump: Dump) -> Histogram:
    return load_histogram(orjson.loads(orjson.dumps(dump(histogram))))


def some(seed: int, count: int = 400) -> Histogram:
    pick = random.Random(seed)
    histogram = Histogram()
    histogram.record_seconds([pick.lognormvariate(-4.0, 0.6) for _ in range(count)])
    return histogram


@pytest.mark.parametrize("dump", FORMS)
@pytest.mark.parametrize(
    "histogram",
    [
        of(),
        of(0),
        of(0, 0, 1),
        of(HIGHEST_US, 5, 5, 5, 1_000_000),
        of(HIGHEST_US + 7),
        of(*[40] * 300, *[2_000] * 70_000),
        some(1),
    ],
    ids=["empty", "zero", "first buckets", "far apart", "beyond the last bucket", "large counts", "a second of many"],
)
def test_every_form_comes_back_exactly(histogram: Histogram, dump: Dump) -> None:
    found = told(histogram, dump)
    assert found == histogram
    assert found.count == histogram.count


@pytest.mark.parametrize("dump", FORMS)
def test_every_form_adds_up_exactly(dump: Dump) -> None:
    alone, together = Histogram(), Histogram()
    for seed in range(20):
        alone.add(some(seed))
        together.add(told(some(seed), dump))
    assert together == alone
    assert together.percentiles((0.1, 50.0, 99.0, 100.0)) == alone.percentiles((0.1, 50.0, 99.0, 100.0))


def test_what_is_merged_soon_is_short() -> None:
    for count, longest in ((40, 1.3), (400, 3.5)):
        histogram = some(1, count)
        sparse, plain, encoded = (
            len(orjson.dumps(dump(histogram) or ())) for dump in (dump_sparse, dump_plain, dump_histogram)
        )
        assert sparse < longest * encoded
        assert sparse < 0.8 * plain


def test_the_sparse_form_knows_no_order_of_counting() -> None:
    assert dump_sparse(of(900, 3, 70_000)) == dump_sparse(of(3, 70_000, 900))


@pytest.mark.parametrize(
    ("counts", "why"), [([5, 1, 7], "cut off"), ([1, 7, 3], "argument"), ([[5, 1], [7]], "argument")]
)
def test_counts_without_their_bucket_are_refused(counts: list[Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        load_histogram([counts, 5, 12, 17])


def test_what_came_seldom_is_told_as_often_as_it_came() -> None:
    histogram = of(7, 7, 7, *[9] * 5, 900)
    assert dump_sparse(histogram) == [[2, 9, 5, 7, 0, 0, 893], 7, 900, 966]
