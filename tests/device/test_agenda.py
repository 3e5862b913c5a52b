"""An agenda is a list that is sorted by time, whatever is added and taken out."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.device.agenda import Agenda, Due
from simulator.measurements.attendance import SIGN_IN, SIGN_OUT, STRANGER, WHAT

entries = st.builds(
    Due,
    at=st.floats(min_value=-1e9, max_value=1e10).map(lambda moment: moment + 0.0),
    what=st.sampled_from(WHAT),
    person=st.integers(0, 100_000),
)


@given(st.lists(st.one_of(entries, st.none())))
def test_it_gives_back_what_was_added_the_earliest_first(steps: list[Due | None]) -> None:
    agenda, expected = Agenda(), list[Due]()
    for entry in steps:
        if entry is not None:
            agenda.add(*entry)
            expected.append(entry)
        elif expected:
            first = min(expected, key=lambda due: due.at)
            assert agenda.pop() == first
            expected.remove(first)
        assert agenda.next == min((due.at for due in expected), default=inf)
        assert agenda.entries() == expected


def test_an_empty_one_has_nothing_to_give() -> None:
    agenda = Agenda()
    agenda.add(5.0, SIGN_IN, 1)
    agenda.add(3.0, SIGN_OUT, 65_535)
    agenda.add(3.0, STRANGER, 0)
    assert agenda.pop() == (3.0, SIGN_OUT, 65_535)
    agenda.clear()
    assert (agenda.next, agenda.entries()) == (inf, [])
    with pytest.raises(ValueError, match="not in array"):
        agenda.pop()
