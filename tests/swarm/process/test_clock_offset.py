"""The offset between two clocks, as round trips of messages tell it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.swarm.process.clock_offset import ClockOffset


def test_nothing_is_known_before_the_first_answer() -> None:
    offset = ClockOffset()
    assert not offset.known
    assert offset.ahead_s == 0.0


@pytest.mark.parametrize("ahead", [240.0, -240.0, 3_600.0, 0.8])
def test_the_shortest_round_trip_decides(ahead: float) -> None:
    offset = ClockOffset()
    for sent, there, back in ((100.0, 0.3, 0.0), (101.0, 0.004, 0.004), (102.0, 0.0, 0.2)):
        offset.add(sent, sent + there + ahead, sent + there + back)
    assert offset.ahead_s == pytest.approx(ahead, abs=1e-6)
    assert offset.error_s == pytest.approx(0.004)


def test_clocks_that_agree_as_far_as_can_be_told_are_left_alone() -> None:
    offset = ClockOffset()
    offset.add(100.0, 100.015, 100.02)  # one machine: all of the difference may be the way
    assert offset.known
    assert offset.ahead_s == 0.0


@given(
    st.floats(-1e6, 1e6),
    st.lists(st.tuples(st.floats(0.0, 3.0), st.floats(0.0, 3.0)), min_size=1, max_size=8),
)
def test_the_estimate_is_never_more_wrong_than_it_says(ahead: float, ways: list[tuple[float, float]]) -> None:
    offset = ClockOffset()
    for number, (there, back) in enumerate(ways):
        sent = 1_000.0 + 10 * number
        offset.add(sent, sent + there + ahead, sent + there + back)
    wrong_by = abs(offset.ahead_s - ahead)
    assert wrong_by <= 2 * offset.error_s + 1e-6 if offset.ahead_s == 0 else wrong_by <= offset.error_s + 1e-6
