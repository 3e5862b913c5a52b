"""When people come and go: inside the windows whatever these are, by the shares, and the same for the same draws."""

from dataclasses import replace
from math import floor
from statistics import fmean, pstdev
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.device.attendance_plan import (
    Around,
    Draws,
    Habits,
    arrival,
    departure,
    draws,
    last_moment,
    latest,
    second_tap,
    strangers,
)
from simulator.device.meetings import NEITHER, Meeting, parse_meeting
from simulator.device.meetings import SIGN_IN as IN
from simulator.device.meetings import SIGN_OUT as OUT
from simulator.measurements.attendance import DOUBLE_TAP, EARLY_LEAVE, LATE, SIGN_IN, SIGN_OUT, STRANGER
from tests.device.test_meetings import FULL, at

SALT = b"12345678"
HABITS = Habits(
    absent=0.08,
    arrive=Around(mean=-240.0, spread=180.0),
    late=0.06,
    leave=Around(mean=60.0, spread=120.0),
    early_leave=0.03,
    forget_sign_out=0.05,
    double_tap=0.02,
    strangers=(1, 3),
)
MEETING = parse_meeting(FULL)
"""From 9 to 11; sign-in 8:30 to 9:15, sign-out 10:45 to 11:30."""
PEOPLE = [draws(SALT, MEETING.id, str(pin)) for pin in range(20_000)]

moments = st.floats(min_value=0, max_value=20_000, allow_nan=False)
shares = st.floats(min_value=0, max_value=0.5)
uniform = st.floats(min_value=1e-9, max_value=1 - 1e-9)
arounds = st.builds(
    Around,
    mean=st.floats(min_value=-9_000, max_value=9_000),
    spread=st.floats(min_value=0, max_value=5_000),
)
habits = st.builds(
    Habits,
    absent=shares,
    arrive=arounds,
    late=shares,
    leave=arounds,
    early_leave=shares,
    forget_sign_out=shares,
    double_tap=st.floats(min_value=0, max_value=1),
    strangers=st.tuples(st.integers(0, 3), st.integers(3, 6)),
)
people = st.builds(Draws, *[uniform] * 8)
meetings = st.builds(
    Meeting,
    id=st.sampled_from(["1", "会议"]),
    name=st.just("n"),
    start=moments,
    end=moments,
    sign_in_from=moments,
    sign_in_to=moments,
    sign_out_from=moments,
    sign_out_to=moments,
)
"""Of any order, as a platform may send them."""


def status(meeting: Meeting, moment: float) -> str:
    return meeting.status_at(floor(moment))


@given(meetings, habits, people)
def test_whatever_the_windows_are_everything_falls_into_its_own(meeting: Meeting, habit: Habits, person: Draws) -> None:
    comes = arrival(meeting, habit, person)
    if comes is None:
        return
    assert floor(comes.at) <= last_moment(meeting)
    if comes.what == SIGN_IN:
        assert status(meeting, comes.at) == IN
    else:
        assert comes.what == LATE
        assert status(meeting, comes.at) != IN
        assert meeting.sign_in_to < floor(comes.at) <= meeting.end
    last = comes.at
    tap = second_tap(meeting, habit, comes.at, person.taps)
    if tap is not None:
        assert tap.what == DOUBLE_TAP
        assert 0 <= tap.at - comes.at <= 5
        assert status(meeting, tap.at) == status(meeting, comes.at)
        last = tap.at
    goes = departure(meeting, habit, person, last)
    if goes is None:
        return
    assert floor(last) < floor(goes.at) <= last_moment(meeting)
    if goes.what == SIGN_OUT:
        assert status(meeting, goes.at) == OUT
    else:
        assert goes.what == EARLY_LEAVE
        assert status(meeting, goes.at) == NEITHER
        assert floor(goes.at) < meeting.sign_out_from
        assert floor(goes.at) <= meeting.end
    again = second_tap(meeting, habit, goes.at, person.taps_again)
    if again is not None:
        assert status(meeting, again.at) == status(meeting, goes.at)
        assert floor(again.at) <= last_moment(meeting)


@given(meetings, habits, people, st.floats(min_value=0, max_value=20_000))
def test_who_is_held_up_can_still_do_it_until_the_latest_moment(
    meeting: Meeting, habit: Habits, person: Draws, when: float
) -> None:
    comes = arrival(meeting, habit, person)
    if comes is not None and comes.at <= when <= latest(meeting, comes.what):
        assert (status(meeting, when) == IN) == (comes.what == SIGN_IN)
        assert floor(when) <= last_moment(meeting)
        goes = departure(meeting, habit, person, when)
        if goes is not None and goes.at <= (later := when + 60) <= latest(meeting, goes.what):
            assert status(meeting, later) == (OUT if goes.what == SIGN_OUT else NEITHER)
    assert latest(meeting, DOUBLE_TAP) == float("-inf")


@given(meetings, habits)
def test_strangers_come_within_the_sign_in_window(meeting: Meeting, habit: Habits) -> None:
    found = strangers(meeting, habit, SALT)
    fewest, most = habit.strangers
    assert len(found) in (0, *range(fewest, most + 1))
    for moment, _ in found:
        assert moment.what == STRANGER
        assert status(meeting, moment.at) == IN
        assert moment.at <= latest(meeting, STRANGER)
    assert found == strangers(meeting, habit, SALT)


def test_the_shares_and_moments_are_those_of_the_habits() -> None:
    came = [arrival(MEETING, HABITS, person) for person in PEOPLE]
    absent = came.count(None) / len(PEOPLE)
    late = [each.at for each in came if each is not None and each.what == LATE]
    on_time = [each.at for each in came if each is not None and each.what == SIGN_IN]
    assert absent == pytest.approx(0.08, abs=0.008)
    assert len(late) / len(PEOPLE) == pytest.approx(0.06, abs=0.008)
    assert fmean(on_time) - MEETING.start == pytest.approx(-240, abs=8)
    assert pstdev(on_time) == pytest.approx(180, rel=0.05)
    assert fmean(late) - MEETING.sign_in_to == pytest.approx(180 * 0.798, abs=15)
    left = [departure(MEETING, HABITS, person, MEETING.start) for person in PEOPLE]
    assert left.count(None) / len(PEOPLE) == pytest.approx(0.05, abs=0.008)
    early = [each.at for each in left if each is not None and each.what == EARLY_LEAVE]
    assert len(early) / len(PEOPLE) == pytest.approx(0.03, abs=0.006)
    out = [each.at for each in left if each is not None and each.what == SIGN_OUT]
    assert fmean(out) - MEETING.end == pytest.approx(60, abs=6)
    assert pstdev(out) == pytest.approx(120, rel=0.05)
    taps = [second_tap(MEETING, HABITS, MEETING.start, person.taps) for person in PEOPLE]
    assert 1 - taps.count(None) / len(PEOPLE) == pytest.approx(0.02, abs=0.005)
    numbers = [len(strangers(replace(MEETING, id=str(place)), HABITS, SALT)) for place in range(900)]
    assert {numbers.count(number) > 250 for number in (1, 2, 3)} == {True}
    assert set(numbers) == {1, 2, 3}


def test_draws_are_a_persons_own_and_of_one_meeting_and_device() -> None:
    first = draws(SALT, "1", "1001")
    assert first == draws(SALT, "1", "1001")
    others = {draws(SALT, "1", "1002"), draws(SALT, "2", "1001"), draws(b"another", "1", "1001"), first}
    assert len(others) == 4
    assert all(0 < value < 1 for each in others for value in each)


def always(**shares: Any) -> Habits:
    """Nobody does anything unusual, but for `shares`."""
    quiet = {"absent": 0.0, "late": 0.0, "early_leave": 0.0, "forget_sign_out": 0.0, "double_tap": 0.0}
    return replace(HABITS, **(quiet | shares))


def test_a_draw_outside_the_window_is_moved_into_it() -> None:
    early = replace(MEETING, sign_in_from=at("08:58:00"), sign_in_to=at("08:59:00"))
    came = [arrival(early, always(), person) for person in PEOPLE[:500]]
    seconds = {floor(each.at) for each in came if each is not None}
    assert min(seconds) == at("08:58:00")
    assert max(seconds) == at("08:59:00")
    assert {each.what for each in came if each is not None} == {SIGN_IN}
    assert len({each.at for each in came if each is not None}) > 400  # and not all at the edges


def test_nobody_is_late_or_early_or_signs_out_where_no_second_is_left_for_it() -> None:
    open_to_the_end = replace(MEETING, sign_in_to=MEETING.end)
    late = arrival(open_to_the_end, always(late=1.0), PEOPLE[0])
    assert late is not None
    assert late.what == SIGN_IN
    all_day = replace(MEETING, sign_out_from=MEETING.start)
    out = departure(all_day, always(early_leave=1.0), PEOPLE[0], MEETING.start)
    assert out is not None
    assert out.what == SIGN_OUT
    assert out.at > MEETING.sign_in_to + 1  # within both windows it would be a sign-in
    nothing_left = replace(MEETING, sign_in_to=MEETING.sign_out_to)
    assert departure(nothing_left, always(), PEOPLE[0], MEETING.start) is None


def test_who_is_late_while_people_sign_out_already_has_the_status_of_that_window() -> None:
    all_day = replace(MEETING, sign_out_from=MEETING.start)
    late = arrival(all_day, always(late=1.0), PEOPLE[0])
    assert late is not None
    assert late.what == LATE
    assert status(all_day, late.at) == OUT
    usual = arrival(MEETING, always(late=1.0, arrive=Around(mean=0.0, spread=1e6)), PEOPLE[0])
    assert usual is not None
    assert status(MEETING, usual.at) == NEITHER


def test_a_second_tap_at_the_end_of_a_window_falls_into_the_same_second() -> None:
    tap = second_tap(MEETING, always(double_tap=1.0), MEETING.sign_in_to + 0.9, 0.9)
    assert tap == (MEETING.sign_in_to + 0.9, DOUBLE_TAP)


def test_a_window_that_closes_before_it_opens_lets_nobody_in() -> None:
    closed = replace(MEETING, sign_in_from=MEETING.sign_in_to + 1)
    assert arrival(closed, always(), PEOPLE[0]) is None
    assert arrival(closed, always(late=1.0), PEOPLE[0]) is None
    assert strangers(closed, HABITS, SALT) == []
