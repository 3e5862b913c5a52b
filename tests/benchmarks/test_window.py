"""A window begins and ends where a total that moves in steps has just moved."""

from collections.abc import Iterable

import pytest

from benchmarks.programs.window import STEP_S, STEPS, await_step


def steps(totals: Iterable[int]) -> int:
    """How many steps of a total's way are waited for."""
    way, slept = iter(totals), list[float]()
    await_step(lambda: next(way), slept.append)
    assert set(slept) <= {STEP_S}
    return len(slept)


@pytest.mark.parametrize(
    ("totals", "waited"),
    [
        ([0, 0, 0, 9, 9], 4),
        ([0, 9, 9], 2),
        ([0, 0, 9, 12, 15, 15], 5),
        (range(100), STEPS),
        ([7] * 100, STEPS),
    ],
)
def test_until_it_has_moved_and_stands_still_or_never_does(totals: Iterable[int], waited: int) -> None:
    assert steps(totals) == waited


@pytest.mark.parametrize("begins", range(25))
def test_wherever_it_begins_all_that_one_period_handed_over_is_in(begins: int) -> None:
    now = begins

    def total() -> int:
        """Moves by one in each of the first three steps of 25, as what one period handed over in three pieces."""
        return 3 * (now // 25) + min(now % 25, 3)

    def sleep(_seconds: float) -> None:
        nonlocal now
        now += 1

    await_step(total, sleep)
    assert total() % 3 == 0
    assert now - begins <= STEPS
