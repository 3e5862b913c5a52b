"""One meeting as it is attended at one device: what is still to happen, who came, and what is told of it at its end."""

from array import array
from collections.abc import Mapping
from math import isnan, nan
from typing import Final

from simulator.device.agenda import Agenda, Due
from simulator.device.attendance_plan import (
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
from simulator.device.meetings import Meeting
from simulator.measurements.attendance import (
    DOUBLE_TAP,
    EARLY_LEAVE,
    LATE,
    SIGN_OUT,
    STRANGER,
    MeetingHeld,
)

_STAYS: Final = 0
_SIGNED_OUT: Final = 1
_EARLY: Final = 2
_LEAVES: Final = {SIGN_OUT: _SIGNED_OUT, EARLY_LEAVE: _EARLY}


class Sitting:
    """What happens at one meeting from the moment on at which its sign-in window opens.

    There is one in each room whose meeting is under way, so what it holds is kept small: no object for each member.

    Args:
        salt: the device's, for the draws of its people.
    """

    __slots__ = (
        "_double_taps",
        "_due",
        "_former",
        "_habits",
        "_last",
        "_late",
        "_left",
        "_pins",
        "_salt",
        "_strangers_came",
        "_turned_away",
        "deleted",
        "meeting",
        "turned_away",
    )

    def __init__(self, meeting: Meeting, members: Mapping[str, None], habits: Habits, salt: bytes) -> None:
        self._habits = habits
        self._salt = salt
        self._due = Agenda()
        self._pins: tuple[str, ...] = ()
        """Of those who are expected."""
        self._last = array("d")
        """In the same order, when they verified last; no number where they have not come."""
        self._left = bytearray()
        """In the same order, how they left: one of `_STAYS`, `_SIGNED_OUT`, `_EARLY`."""
        self._late = 0
        """A bit for each of them who came late, by place."""
        self._turned_away = 0
        """A bit for each of them who came and was not let in, by place, whatever he did later."""
        self._former: dict[str, tuple[float, int, bool]] | None = None
        """Who came and was taken off the list: when he verified last, how he left, and whether he was late."""
        self._strangers_came = 0
        """A bit for each, by number."""
        self._double_taps = 0
        self.meeting = meeting
        self.deleted = False
        """Whether the platform deleted it: nothing happens then, unless it is sent again before its end."""
        self.turned_away = False
        """Whether somebody was not let in; he comes again when the device knows him."""
        self.held(meeting, members)

    # --- What the platform does with it ---

    def held(self, meeting: Meeting, members: Mapping[str, None]) -> None:
        """The meeting is held like this from now on, for these members.

        Who came need not come again; everybody else comes and goes by the meeting's new times. A second tap is not
        waited for where these have changed.
        """
        tapping: dict[str, float] = {}
        if meeting == self.meeting:
            tapping = {self._pins[due.person]: due.at for due in self._due.entries() if due.what == DOUBLE_TAP}
        self.meeting = meeting
        self.deleted = self.turned_away = False
        self._due.clear()
        self._expect(members)
        for place, (pin, last) in enumerate(zip(self._pins, self._last, strict=True)):
            tap = tapping.get(pin)
            if tap is not None:
                self._due.add(tap, DOUBLE_TAP, place)
            if self._left[place] != _STAYS:
                continue
            person = self._draws(pin)
            if isnan(last):
                moment = arrival(meeting, self._habits, person)
            else:
                moment = departure(meeting, self._habits, person, last if tap is None else tap)
            if moment is not None:
                self._due.add(moment.at, moment.what, place)
        for number, (moment, _) in enumerate(strangers(meeting, self._habits, self._salt)):
            if not self._strangers_came >> number & 1:
                self._due.add(moment.at, moment.what, number)

    def _expect(self, members: Mapping[str, None]) -> None:
        """These and nobody else; what is known of everybody who came is kept."""
        known = dict(self._former or {})
        away = {pin for place, pin in enumerate(self._pins) if self._turned_away >> place & 1}
        for place, (pin, last) in enumerate(zip(self._pins, self._last, strict=True)):
            if not isnan(last):
                known[pin] = last, self._left[place], bool(self._late >> place & 1)
        stays = [known.get(pin, (nan, _STAYS, False)) for pin in members]
        self._pins = tuple(members)
        self._last = array("d", [last for last, _, _ in stays])
        self._left = bytearray(left for _, left, _ in stays)
        self._late = sum(1 << place for place, (_, _, late) in enumerate(stays) if late)
        self._turned_away = sum(1 << place for place, pin in enumerate(self._pins) if pin in away)
        self._former = {pin: found for pin, found in known.items() if pin not in members} or None

    def differs(self, meeting: Meeting, members: Mapping[str, None]) -> bool:
        """Whether `held` would change anything."""
        if self.deleted or len(members) != len(self._pins) or not all(map(members.__contains__, self._pins)):
            return True
        return meeting is not self.meeting and meeting != self.meeting

    def delete(self) -> None:
        """The platform deleted the meeting; who was expected is remembered."""
        self.deleted = True
        self._due.clear()

    # --- What happens ---

    @property
    def next(self) -> float:
        """When something is to happen next, the sitting's end included."""
        return min(self._due.next, self.over)

    @property
    def over(self) -> float:
        """From then on nothing happens any more."""
        return last_moment(self.meeting) + 1.0

    def take(self, now: float, grace: float) -> Due | None:
        """Who verifies next, at `now` at the latest; None where nobody does.

        Who is more than `grace` seconds late was held up: he comes in the next seconds, one after another, as far as
        what he wants can still be done then, and else not at all.
        """
        held_up: list[Due] = []
        found = None
        while self._due.next <= now:
            due = self._due.pop()
            if due.at >= now - grace:
                found = due
                break
            held_up.append(due)
        for number, due in enumerate(held_up, start=1):
            at = now + number
            if at <= latest(self.meeting, due.what):
                self._due.add(at, due.what, due.person)
        return found

    def pin(self, due: Due) -> str:
        """The member who is to verify."""
        return self._pins[due.person]

    def person(self, due: Due) -> Draws:
        """The draws of whoever is to verify."""
        return self._draws(f"stranger {due.person}" if due.what == STRANGER else self._pins[due.person])

    def verified(self, due: Due) -> None:
        """`due` has happened."""
        at, what, place = due
        if what == STRANGER:
            self._strangers_came |= 1 << place
            return
        if what == DOUBLE_TAP:
            self._double_taps += 1
            return
        if what in _LEAVES:
            self._left[place] = _LEAVES[what]
            if self._habits.double_tap:
                self._tap_again(due, self.person(due).taps_again)
            return
        person = self.person(due)
        last = self._tap_again(due, person.taps)
        self._last[place] = at
        if what == LATE:
            self._late |= 1 << place
        leaves = departure(self.meeting, self._habits, person, last)
        if leaves is not None:
            self._due.add(leaves.at, leaves.what, place)

    def not_let_in(self, due: Due) -> None:
        """Whoever was to verify stood at the door in vain."""
        self.turned_away = True
        if due.what != STRANGER:
            self._turned_away |= 1 << due.person

    def _tap_again(self, due: Due, draw: float) -> float:
        """Expect a second tap where there is one; returns when the person has verified last then."""
        tap = second_tap(self.meeting, self._habits, due.at, draw)
        if tap is None:
            return due.at
        self._due.add(tap.at, tap.what, due.person)
        return tap.at

    # --- What is told of it ---

    def summary(self, sn: str, ended: str) -> MeetingHeld:
        """The meeting's account; `ended` is `OVER`, `DELETED` or `CUT`."""
        meeting, expected, left = self.meeting, self._pins, self._left
        lacking = [place for place, last in enumerate(self._last) if isnan(last)]
        missing = tuple(expected[place] for place in lacking)
        absent = self._habits.absent
        return MeetingHeld(
            sn=sn,
            meet_code=meeting.id,
            name=meeting.name,
            start=meeting.start,
            end=meeting.end,
            expected=len(expected),
            came=len(expected) - len(missing),
            late=self._late.bit_count(),
            missing=missing,
            absent=sum(self._draws(pin).comes < absent for pin in missing) if absent else 0,
            turned_away=sum(self._turned_away >> place & 1 for place in lacking) if self._turned_away else 0,
            left_early=left.count(_EARLY),
            no_sign_out=left.count(_STAYS) - len(missing),
            double_taps=self._double_taps,
            strangers=self._strangers_came.bit_count(),
            ended=ended,
        )

    def _draws(self, who: str) -> Draws:
        return draws(self._salt, self.meeting.id, who)
