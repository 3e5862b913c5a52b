"""Figures of several rounds."""

import pytest

from benchmarks.figures import Target, ratio, spread


def test_a_spread_tells_median_and_bounds() -> None:
    figure = spread([3.0, 1.0, 2.0])
    assert (figure.median, figure.low, figure.high) == (2.0, 1.0, 3.0)
    assert figure.to_json() == {"median": 2.0, "min": 1.0, "max": 3.0, "rounds": [3.0, 1.0, 2.0]}


def test_a_figure_without_rounds_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one round"):
        spread([])


def test_a_ratio_is_taken_round_by_round() -> None:
    # The second round was disturbed: both sides took twice as long, and the ratio does not notice.
    assert ratio([1.0, 2.0, 1.0], [4.0, 8.0, 4.0]).values == (0.25, 0.25, 0.25)


def test_a_ratio_of_unequal_rounds_is_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        ratio([1.0], [1.0, 2.0])


@pytest.mark.parametrize(
    ("value", "limit", "at_least", "reached"),
    [(0.25, 0.25, False, True), (0.26, 0.25, False, False), (300.0, 300.0, True, True), (299.0, 300.0, True, False)],
)
def test_a_target_is_an_upper_or_a_lower_bound(value: float, limit: float, at_least: bool, reached: bool) -> None:
    target = Target("x", value, limit, at_least)
    assert target.reached is reached
    assert target.to_json()["reached"] is reached
