"""How durations are spread: every one is counted once, in the step that holds it."""

from hypothesis import given
from hypothesis import strategies as st

from reports.distribution import distribution
from simulator.measurements.histogram import Histogram


def histogram(*values_us: int) -> Histogram:
    found = Histogram()
    for value in values_us:
        found.record(value)
    return found


def test_of_nothing_there_is_no_distribution() -> None:
    assert distribution(Histogram()) == []


def test_a_distribution_has_ten_steps_a_decade_and_no_gap() -> None:
    rows = distribution(histogram(1_000, 10_000))
    assert rows[0] == [0.794, 1.0, 1]
    assert rows[-1] == [7.94, 10.0, 1]
    assert len(rows) == 11
    assert [row[1] for row in rows[:-1]] == [row[0] for row in rows[1:]]


@given(st.lists(st.integers(0, 900_000_000), max_size=60))
def test_every_duration_is_counted_once(values: list[int]) -> None:
    found = histogram(*values)
    rows = distribution(found)
    assert sum(count for _, _, count in rows) == len(values)
    assert all(low < high for low, high, _ in rows)
    if values:
        assert rows[0][2]
        assert rows[-1][2]
