"""Belongings that are derived until they go."""

from hypothesis import given
from hypothesis import strategies as st

from simulator.device.derived import Derived, first_user
from simulator.device.kept_user import packed, person
from tests.device.harness import PEOPLE


@given(until=st.integers(0, 12), taken=st.lists(st.integers(0, 15)))
def test_they_are_there_until_taken(until: int, taken: list[int]) -> None:
    derived = Derived(lambda number: number % 3 != 1, until)
    for number in taken:
        derived.take(number)
    there = [number for number in range(until) if number % 3 != 1 and number not in taken]
    assert derived.numbers() == there
    assert [number for number in range(20) if derived.of(number)] == there
    derived.take(None)
    derived.clear()
    assert derived.numbers() == []


@given(number=st.integers(0, 10**6))
def test_what_the_first_users_have_is_what_they_are_shown_with(number: int) -> None:
    shown = person(packed(PEOPLE.user(7, number, "en_US")))
    assert first_user(number) == (shown.has, shown.since, shown.until)
