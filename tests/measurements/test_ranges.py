"""Response-time ranges: every duration is counted once, in the range that holds it."""

import json
from importlib.resources import files

from hypothesis import given
from hypothesis import strategies as st

from simulator.measurements.histogram import Histogram
from simulator.measurements.ranges import RANGES_MS, ranges


def histogram(*values_us: int) -> Histogram:
    found = Histogram()
    for value in values_us:
        found.record(value)
    return found


def test_a_bound_belongs_to_the_range_below_it() -> None:
    found = ranges(histogram(1, 10_000, 10_050, 50_000, 15_000_000, 16_000_000))
    assert [bound for bound, _ in found] == [*RANGES_MS, None]
    assert [count for _, count in found] == [2, 2, 0, 0, 0, 0, 0, 0, 1, 1]


def test_of_nothing_all_ranges_are_empty() -> None:
    assert [count for _, count in ranges(Histogram())] == [0] * (len(RANGES_MS) + 1)


@given(st.lists(st.integers(0, 900_000_000), max_size=60))
def test_every_duration_is_counted_once(values: list[int]) -> None:
    assert sum(int(count or 0) for _, count in ranges(histogram(*values))) == len(values)


def test_the_schema_tells_the_bounds() -> None:
    schema = json.loads(files("reports").joinpath("schema/summary.schema.json").read_text())
    assert (
        ", ".join(f"{bound:,}" for bound in RANGES_MS)
        in schema["$defs"]["series"]["properties"]["ranges"]["description"]
    )
