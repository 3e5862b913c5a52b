"""One meeting as it is attended at one device: what is still to happen, who came, and what is told of it at its end."""

from collections.abc import Collection
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
    SIGN_IN,
    STRANGER,
    MeetingHeld,
)


class Due(NamedTuple):
    """Somebody is to verify; in the order of time."""

    at: float
    """Seconds since the epoch, as the device believes."""
    place: int
    """Keeps the order of what happens at the same moment."""
    pin: str
    """Of a member; empty for a stranger."""
    what: str
    stranger: int
    """Which of the strangers; -1 for a member."""


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

    Args:
        salt: the device's, for the draws of its people.
    """

    __slots__ = (
        "_double_taps",
        "_due",
        "_expected",
        "_habits",
        "_places",
        "_salt",
        "_stays",
        "_strangers_came",
        "deleted",
        "meeting",
        "turned_away",
    )

    def __init__(self, meeting: Meeting, members: Collection[str], habits: Habits, salt: bytes) -> None:
        self._habits = habits
        self._salt = salt
        self._due: list[Due] = []
        self._places = 0
        self._expected: tuple[str, ...] = ()
        self._stays: dict[str, _Stay] = {}
        self._strangers_came: set[int] = set()
        self._double_taps = 0
        self.meeting = meeting
        self.deleted = False
        """Whether the platform deleted it: nothing happens then, unless it is sent again before its end."""
        self.turned_away = False
        """Whether somebody was not let in; he comes again when the device knows him."""
        self.held(meeting, members)

    # --- What the platform does with it ---

    def held(self, meeting: Meeting, members: Collection[str]) -> None:
        """The meeting is held like this from now on, for these members.

        Who came need not come again; everybody else comes and goes by the meeting's new times. A second tap is not
        waited for where these have changed.
        """
        taps = [due for due in self._due if due.what == DOUBLE_TAP] if meeting == self.meeting else []
        self.meeting = meeting
        self.deleted = self.turned_away = False
        self._expected = tuple(members)
        self._due = [due for due in taps if due.pin in members]
        for pin in members:
            stay = self._stays.get(pin)
            if stay is None:
                moment = arrival(meeting, self._habits, self._draws(pin))
            elif stay.left:
                continue
            else:
                tapped = max((due.at for due in taps if due.pin == pin), default=stay.last)
                moment = departure(meeting, self._habits, self._draws(pin), tapped)
            if moment is not None:
                self._expect(moment.at, pin, moment.what)
        for number, (moment, _) in enumerate(strangers(meeting, self._habits, self._salt)):
            if number not in self._strangers_came:
                self._expect(moment.at, "", moment.what, number)
        heapify(self._due)

    def differs(self, meeting: Meeting, members: Collection[str]) -> bool:
        """Whether `held` would change anything."""
        return self.deleted or meeting != self.meeting or tuple(members) != self._expected

    def delete(self) -> None:
        """The platform deleted the meeting; who was expected is remembered."""
        self.deleted = True
        self._due.clear()

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
                self._expect(at, due.pin, due.what, due.stranger, sort=True)
        return found

    def person(self, due: Due) -> Draws:
        """The draws of whoever is to verify."""
        return self._draws(due.pin if due.stranger < 0 else f"stranger {due.stranger}")

    def verified(self, due: Due) -> None:
        """`due` has happened."""
        meeting, habits, what = self.meeting, self._habits, due.what
        if what == STRANGER:
            self._strangers_came.add(due.stranger)
            return
        if what == DOUBLE_TAP:
            self._double_taps += 1
            return
        person = self._draws(due.pin)
        comes = what in (SIGN_IN, LATE)
        tap = second_tap(meeting, habits, due.at, person.taps if comes else person.taps_again)
        if tap is not None:
            self._expect(tap.at, due.pin, tap.what, sort=True)
        if not comes:
            self._stays[due.pin].left = what
            return
        self._stays[due.pin] = _Stay(due.at, what == LATE)
        leaves = departure(meeting, habits, person, due.at if tap is None else tap.at)
        if leaves is not None:
            self._expect(leaves.at, due.pin, leaves.what, sort=True)

    # --- What is told of it ---

    def summary(self, sn: str, ended: str) -> MeetingHeld:
        """The meeting's account; `ended` is `OVER`, `DELETED` or `CUT`."""
        meeting, expected = self.meeting, self._expected
        stays = [stay for pin in expected if (stay := self._stays.get(pin)) is not None]
        return MeetingHeld(
            sn=sn,
            meet_code=meeting.id,
            name=meeting.name,
            start=meeting.start,
            end=meeting.end,
            expected=len(expected),
            came=len(stays),
            late=sum(stay.late for stay in stays),
            missing=tuple(pin for pin in expected if pin not in self._stays),
            left_early=sum(stay.left == EARLY_LEAVE for stay in stays),
            no_sign_out=sum(not stay.left for stay in stays),
            double_taps=self._double_taps,
            strangers=len(self._strangers_came),
            ended=ended,
        )

    # --- Inside ---

    def _draws(self, who: str) -> Draws:
        return draws(self._salt, self.meeting.id, who)

    def _expect(self, at: float, pin: str, what: str, stranger: int = -1, *, sort: bool = False) -> None:
        self._places += 1
        due = Due(at, self._places, pin, what, stranger)
        if sort:
            heappush(self._due, due)
        else:
            self._due.append(due)
