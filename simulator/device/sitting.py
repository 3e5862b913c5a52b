"""One meeting as it is attended at one device: what is still to happen, who came, and what is told of it at its end."""

from collections.abc import Mapping
from heapq import heapify, heappop, heappush
from typing import NamedTuple

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
    STRANGER,
    MeetingHeld,
)


class Due(NamedTuple):
    """Somebody is to verify; in the order of time."""

    at: float
    """Seconds since the epoch, as the device believes."""
    place: int
    """Keeps the order of what happens at the same moment."""
    who: str
    """A member's pin, or the number of a stranger (`what` says which)."""
    what: str
    """One of `simulator.measurements.attendance.WHAT`."""


class _Stay:
    """A member who came."""

    __slots__ = ("last", "late", "left")

    def __init__(self, last: float, late: bool) -> None:
        self.last = last
        """When he verified last."""
        self.late = late
        self.left = ""
        """How he left: SIGN_OUT, EARLY_LEAVE, or empty while he did not."""


class Sitting:
    """What happens at one meeting from the moment on at which its sign-in window opens.

    There is one for each room whose meeting is under way, so it is kept small.

    Args:
        salt: the device's, for the draws of its people.
    """

    __slots__ = (
        "_double_taps",
        "_due",
        "_former",
        "_habits",
        "_members",
        "_places",
        "_salt",
        "_strangers_came",
        "deleted",
        "meeting",
        "turned_away",
    )

    def __init__(self, meeting: Meeting, members: Mapping[str, None], habits: Habits, salt: bytes) -> None:
        self._habits = habits
        self._salt = salt
        self._due: list[Due] = []
        self._places = 0
        self._members: dict[str, _Stay | None] = {}
        """Pins of those who are expected, with what is known of those who came."""
        self._former: dict[str, _Stay] | None = None
        """Who came and was taken off the list."""
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
        taps = [due for due in self._due if due.what == DOUBLE_TAP and due.who in members]
        if meeting != self.meeting:
            taps.clear()
        self.meeting = meeting
        self.deleted = self.turned_away = False
        self._expect_only(members)
        self._due = taps
        tapping = {due.who: due.at for due in taps}
        for pin, stay in self._members.items():
            if stay is None:
                moment = arrival(meeting, self._habits, self._draws(pin))
            elif stay.left:
                continue
            else:
                moment = departure(meeting, self._habits, self._draws(pin), tapping.get(pin, stay.last))
            if moment is not None:
                self._expect(moment.at, pin, moment.what)
        for number, (moment, _) in enumerate(strangers(meeting, self._habits, self._salt)):
            if not self._strangers_came & 1 << number:
                self._expect(moment.at, str(number), moment.what)
        heapify(self._due)

    def _expect_only(self, members: Mapping[str, None]) -> None:
        """Who is no member any more is expected no more; that he came is remembered."""
        known: dict[str, _Stay | None] = {**self._members, **(self._former or {})}
        former = {pin: stay for pin, stay in known.items() if stay is not None and pin not in members}
        self._members = {pin: known.get(pin) for pin in members}
        self._former = former or None

    def differs(self, meeting: Meeting, members: Mapping[str, None]) -> bool:
        """Whether `held` would change anything."""
        if self.deleted or self._members.keys() != members.keys():
            return True
        return meeting is not self.meeting and meeting != self.meeting

    def delete(self) -> None:
        """The platform deleted the meeting; who was expected is remembered."""
        self.deleted = True
        self._due = []

    # --- What happens ---

    @property
    def next(self) -> float:
        """When something is to happen next, the sitting's end included."""
        return self._due[0].at if self._due else self.over

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
        while self._due and self._due[0].at <= now:
            due = heappop(self._due)
            if due.at >= now - grace:
                found = due
                break
            held_up.append(due)
        for number, due in enumerate(held_up, start=1):
            at = now + number
            if at <= latest(self.meeting, due.what):
                self._expect(at, due.who, due.what, sort=True)
        return found

    def person(self, due: Due) -> Draws:
        """The draws of whoever is to verify."""
        return self._draws(due.who if due.what != STRANGER else f"stranger {due.who}")

    def verified(self, due: Due) -> None:
        """`due` has happened."""
        at, _, pin, what = due
        if what == STRANGER:
            self._strangers_came |= 1 << int(pin)
            return
        if what == DOUBLE_TAP:
            self._double_taps += 1
            return
        meeting, habits = self.meeting, self._habits
        stay = self._members[pin]
        if stay is not None:
            stay.left = what
            if habits.double_tap:
                self._tap_again(due, self._draws(pin).taps_again)
            return
        person = self._draws(pin)
        last = self._tap_again(due, person.taps)
        self._members[pin] = _Stay(at, what == LATE)
        leaves = departure(meeting, habits, person, last)
        if leaves is not None:
            self._expect(leaves.at, pin, leaves.what, sort=True)

    def _tap_again(self, due: Due, draw: float) -> float:
        """Expect a second tap where there is one; returns when the person has verified last then."""
        tap = second_tap(self.meeting, self._habits, due.at, draw)
        if tap is None:
            return due.at
        self._expect(tap.at, due.who, tap.what, sort=True)
        return tap.at

    # --- What is told of it ---

    def summary(self, sn: str, ended: str) -> MeetingHeld:
        """The meeting's account; `ended` is `OVER`, `DELETED` or `CUT`."""
        meeting, expected = self.meeting, self._members
        stays = [stay for stay in expected.values() if stay is not None]
        return MeetingHeld(
            sn=sn,
            meet_code=meeting.id,
            name=meeting.name,
            start=meeting.start,
            end=meeting.end,
            expected=len(expected),
            came=len(stays),
            late=sum(stay.late for stay in stays),
            missing=tuple(pin for pin, stay in expected.items() if stay is None),
            left_early=sum(stay.left == EARLY_LEAVE for stay in stays),
            no_sign_out=sum(not stay.left for stay in stays),
            double_taps=self._double_taps,
            strangers=self._strangers_came.bit_count(),
            ended=ended,
        )

    # --- Inside ---

    def _draws(self, who: str) -> Draws:
        return draws(self._salt, self.meeting.id, who)

    def _expect(self, at: float, who: str, what: str, *, sort: bool = False) -> None:
        self._places += 1
        due = Due(at, self._places, who, what)
        if sort:
            heappush(self._due, due)
        else:
            self._due.append(due)
