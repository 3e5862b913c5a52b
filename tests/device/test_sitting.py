"""One meeting as it is attended: everybody once, whatever the platform changes while it is held."""

from dataclasses import replace
from typing import Any, NamedTuple

from simulator.device.attendance_plan import Around, Habits
from simulator.device.meetings import parse_meeting
from simulator.device.sitting import Sitting
from simulator.measurements.attendance import CUT, DELETED, DOUBLE_TAP, LATE, OVER, SIGN_IN, SIGN_OUT, STRANGER
from tests.device.test_meetings import FULL, at

MEETING = parse_meeting(FULL)
"""From 9 to 11; sign-in 8:30 to 9:15, sign-out 10:45 to 11:30."""
MEMBERS = {str(pin): None for pin in range(1001, 1011)}


def habits(**changes: Any) -> Habits:
    usual = Habits(
        absent=0.0,
        arrive=Around(mean=-240.0, spread=180.0),
        late=0.0,
        leave=Around(mean=60.0, spread=120.0),
        early_leave=0.0,
        forget_sign_out=0.0,
        double_tap=0.0,
        strangers=(0, 0),
    )
    return replace(usual, **changes)


def sitting(members: dict[str, None] = MEMBERS, **changes: Any) -> Sitting:
    return Sitting(MEETING, members, habits(**changes), b"salt")


class Done(NamedTuple):
    at: float
    who: str
    what: str


def live(held: Sitting, until: float) -> list[Done]:
    """Everything that happens in time until then."""
    done = []
    while held.next <= until and held.next < held.over:
        due = held.take(held.next, 1.0)
        if due is not None:
            held.verified(due)
            done.append(Done(due.at, "" if due.what == STRANGER else held.pin(due), due.what))
    return done


def whats(done: list[Done]) -> list[str]:
    return sorted(due.what for due in done)


def test_everybody_comes_once_and_goes_once() -> None:
    held = sitting(strangers=(2, 2))
    done = live(held, held.over)
    assert [due.at for due in done] == sorted(due.at for due in done)
    assert whats(done) == [SIGN_IN] * 10 + [SIGN_OUT] * 10 + [STRANGER] * 2
    for what in (SIGN_IN, SIGN_OUT):
        assert sorted(due.who for due in done if due.what == what) == list(MEMBERS)
    told = held.summary("SN", OVER)
    assert (told.sn, told.meet_code, told.name, told.start, told.end) == (
        *("SN", "1", MEETING.name),
        *(MEETING.start, MEETING.end),
    )
    assert (told.expected, told.came, told.late, told.missing, told.ended) == (10, 10, 0, (), OVER)
    assert (told.left_early, told.no_sign_out, told.double_taps, told.strangers) == (0, 0, 0, 2)
    assert held.over == MEETING.sign_out_to + 1


def test_what_is_told_follows_what_happened() -> None:
    many = {str(pin): None for pin in range(5000, 6000)}
    held = sitting(many, absent=0.1, late=0.2, early_leave=0.1, forget_sign_out=0.2, double_tap=0.3)
    done = live(held, held.over)
    told = held.summary("SN", OVER)
    came = {due.who for due in done if due.what in (SIGN_IN, LATE)}
    assert told.came == len(came) == 1000 - len(told.missing)
    assert set(told.missing) == set(many) - came
    assert told.late == whats(done).count(LATE) > 100
    assert told.left_early == whats(done).count("early-leave") > 50
    assert told.no_sign_out == told.came - told.left_early - whats(done).count(SIGN_OUT) > 100
    assert told.double_taps == whats(done).count(DOUBLE_TAP) > 300


def test_a_moved_meeting_takes_those_along_who_have_not_come() -> None:
    held = sitting()
    before = live(held, at("08:56:00"))
    assert 0 < len(before) < 10
    moved = {
        name: getattr(MEETING, name) + 86_400
        for name in ("start", "end", "sign_in_from", "sign_in_to", "sign_out_from", "sign_out_to")
    }
    held.held(replace(MEETING, **moved), MEMBERS)
    after = live(held, held.over)
    assert held.over == MEETING.sign_out_to + 86_401
    assert min(due.at for due in after) > MEETING.sign_in_from + 86_400
    assert sorted(due.who for due in (*before, *after) if due.what == SIGN_IN) == list(MEMBERS)
    assert sorted(due.who for due in after if due.what == SIGN_OUT) == list(MEMBERS)


def test_the_same_meeting_sent_again_changes_nothing() -> None:
    once, again = sitting(double_tap=1.0, strangers=(1, 3)), sitting(double_tap=1.0, strangers=(1, 3))
    expected = live(once, once.over)
    done: list[Done] = []
    while again.next < again.over:
        done += live(again, again.next)
        again.held(MEETING, MEMBERS)
    assert [(due.at, due.who, due.what) for due in done] == [(due.at, due.who, due.what) for due in expected]
    assert not again.differs(MEETING, MEMBERS)


def test_members_come_and_go_with_the_list() -> None:
    held = sitting()
    first = live(held, at("08:56:00"))
    fewer = dict(list(MEMBERS.items())[:5]) | {"2000": None}
    assert held.differs(MEETING, fewer)
    held.held(MEETING, fewer)
    rest = live(held, held.over)
    assert {due.who for due in rest} <= set(fewer)
    assert sorted({due.who for due in (*first, *rest)} & set(fewer)) == sorted(fewer)
    told = held.summary("SN", OVER)
    assert (told.expected, told.came) == (6, 6)


def test_who_has_left_does_not_come_again_when_he_is_a_member_once_more() -> None:
    held = sitting()
    live(held, held.over)
    held.held(MEETING, {})
    held.held(MEETING, MEMBERS)
    assert held.next == held.over


def test_nothing_happens_at_a_deleted_meeting_until_it_is_sent_again() -> None:
    held = sitting()
    before = live(held, at("08:56:00"))
    held.delete()
    assert held.next == held.over
    assert held.summary("SN", DELETED).expected == 10
    assert held.differs(MEETING, MEMBERS)
    held.held(MEETING, MEMBERS)
    after = live(held, held.over)
    assert whats(before + after) == [SIGN_IN] * 10 + [SIGN_OUT] * 10


def test_who_was_held_up_comes_one_after_another_as_far_as_the_window_allows() -> None:
    held = sitting()
    assert held.take(at("09:14:55"), 1.0) is None
    coming = live(held, at("09:20:00"))
    assert [due.at - at("09:14:55") for due in coming] == [1.0, 2.0, 3.0, 4.0, 5.0]
    told = held.summary("SN", CUT)
    assert (told.came, len(told.missing), told.no_sign_out, told.ended) == (5, 5, 5, CUT)
    assert (told.absent, told.turned_away) == (0, 0)

    too_late = sitting()
    assert too_late.take(at("09:15:00"), 1.0) is None
    assert live(too_late, too_late.over) == []
    assert too_late.summary("SN", OVER).came == 0


def test_somebody_a_little_late_was_not_held_up() -> None:
    held = sitting()
    first = held.next
    due = held.take(first + 0.9, 1.0)
    assert due is not None
    assert due.at == first


def test_who_could_not_leave_in_time_does_not_sign_out() -> None:
    held = sitting()
    live(held, at("09:20:00"))
    assert held.take(at("11:29:58"), 1.0) is None
    assert len(live(held, held.over)) == 2
    assert held.summary("SN", OVER).no_sign_out == 8


def test_of_the_missing_it_is_told_who_was_not_to_come_and_who_was_turned_away() -> None:
    members = {str(pin): None for pin in range(1001, 1101)}
    held = sitting(members, absent=0.3)
    refused = set()
    while held.next < held.over:
        due = held.take(held.next, 1.0)
        assert due is not None
        if due.what == SIGN_IN and len(refused) < 12:
            refused.add(held.pin(due))
            held.not_let_in(due)
        else:
            held.verified(due)
    told = held.summary("SN", OVER)
    assert 15 < told.absent < 45
    assert told.turned_away == 12
    assert len(told.missing) == told.absent + 12
    assert refused < set(told.missing)


def test_who_was_turned_away_is_known_whoever_comes_and_goes_and_forgotten_once_he_came() -> None:
    held = sitting()
    away = []
    for _ in range(3):
        due = held.take(held.next, 1.0)
        assert due is not None
        away.append(held.pin(due))
        held.not_let_in(due)
    assert held.turned_away
    first, second, third = away
    # All places change, and one of them is no member any more.
    held.held(MEETING, {"7": None} | {pin: None for pin in reversed(MEMBERS) if pin != first})
    assert not held.turned_away
    while held.next < held.over:
        due = held.take(held.next, at("11:00:00"))
        assert due is not None
        if due.what == SIGN_IN and held.pin(due) == second:
            continue  # He tries again, and the device is switched off meanwhile.
        held.verified(due)
    told = held.summary("SN", OVER)
    assert (told.missing, told.absent, told.turned_away) == ((second,), 0, 1)
    assert third not in told.missing


def test_a_stranger_who_is_not_let_in_is_none_of_the_missing() -> None:
    held = sitting(strangers=(1, 1))
    while held.next < held.over:
        due = held.take(held.next, 1.0)
        assert due is not None
        if due.what == STRANGER:
            held.not_let_in(due)
        else:
            held.verified(due)
    told = held.summary("SN", OVER)
    assert (told.missing, told.turned_away, told.strangers) == ((), 0, 0)
