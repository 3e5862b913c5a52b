"""When somebody comes to a meeting and goes again: moments from the meeting's windows, his habits and his own draws.

Nothing here depends on what happened before: a person's draws follow from the device's salt, the meeting's id and his
pin, so that a meeting that is sent again changes nothing, and one that is moved takes everybody along. Moments are
seconds since the epoch as the device believes them; a record carries their whole second. What is decided here stands in
docs/deviations.md, Attendance.
"""

from dataclasses import dataclass
from hashlib import blake2b
from math import ceil, floor
from statistics import NormalDist
from struct import Struct
from typing import Final, NamedTuple

from simulator.device.meetings import Meeting
from simulator.measurements.attendance import DOUBLE_TAP, EARLY_LEAVE, LATE, SIGN_IN, SIGN_OUT, STRANGER

_WORDS: Final = Struct("<8I")
_SCALE: Final = 2.0**-32
_NORMAL: Final = NormalDist()
_IN_SECOND: Final = 0.999
"""How far into its last second a window reaches."""
_HARDLY_ANY: Final = 1e-9
_TAP_AFTER_S: Final = (0.5, 5.0)
"""Somebody who does not trust the device verifies again so soon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """Moments that lie round a mean as people's do (a normal distribution); seconds, to a moment of the meeting."""

    mean: float
    spread: float
    """Standard deviation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How people come to meetings. Shares are 0..1."""

    absent: float
    """Share of the members who never come."""
    arrive: Around
    """To the meeting's start, as far as that is within the sign-in window."""
    late: float
    """Share of the members who come after the sign-in window closed."""
    leave: Around
    """To the meeting's end, as far as that is within the sign-out window."""
    early_leave: float
    """Share of those who came that leave before the sign-out window opens."""
    forget_sign_out: float
    """Share of those who came that do not verify when they leave."""
    double_tap: float
    """Share of verifications after which the same person verifies again within seconds."""
    strangers: tuple[int, int]
    """Fewest and most people at a meeting who are no members of it."""


class Draws(NamedTuple):
    """What chance says about one person at one meeting, each evenly between 0 and 1."""

    comes: float
    arrives: float
    taps: float
    goes: float
    leaves: float
    taps_again: float
    guest: float
    """Of strangers: whether a visitor or a user of the device."""
    pick: float
    """Of strangers: which user."""


class Moment(NamedTuple):
    """Somebody verifies."""

    at: float
    what: str
    """One of `simulator.measurements.attendance.WHAT`."""


def draws(salt: bytes, meeting_id: str, who: str) -> Draws:
    """The draws of `who` at a meeting; `salt` is the device's, up to 64 bytes."""
    digest = blake2b(f"{meeting_id}/{who}".encode("utf-8", "surrogatepass"), digest_size=_WORDS.size, key=salt).digest()
    return Draws(*[(word + 0.5) * _SCALE for word in _WORDS.unpack(digest)])


def last_moment(meeting: Meeting) -> float:
    """After it nothing happens at a meeting any more: its end, or the close of a sign-out window that ends later."""
    return max(meeting.end, meeting.sign_out_to)


def arrival(meeting: Meeting, habits: Habits, person: Draws) -> Moment | None:
    """When a member comes: within the sign-in window or soon after it closed; None where he does not come.

    Nobody is late where no second is left between the sign-in window and the meeting's end.
    """
    window = _sign_in(meeting)
    if window is None or person.comes < habits.absent:
        return None
    if person.comes < habits.absent + habits.late:
        room = _late(meeting)
        if room is not None:
            return Moment(_drawn(room[0], habits.arrive.spread, room, person.arrives), LATE)
    return Moment(_around(habits.arrive, meeting.start, window, person.arrives), SIGN_IN)


def departure(meeting: Meeting, habits: Habits, person: Draws, after: float) -> Moment | None:
    """When somebody who verified last at `after` verifies on his way out; None where he does not.

    Nobody leaves early where no second is left before the sign-out window, and nobody signs out where none is left of
    that window.
    """
    forgets = habits.forget_sign_out
    if person.goes < forgets:
        return None
    since = floor(after) + 1
    closed = floor(meeting.sign_in_to) + 1
    if person.goes < forgets + habits.early_leave:
        room = _seconds(max(since, closed), min(ceil(meeting.sign_out_from) - 1, meeting.end))
        if room is not None:
            return Moment(_drawn(room[1], habits.leave.spread, room, person.leaves), EARLY_LEAVE)
    room = _seconds(max(meeting.sign_out_from, since, closed), min(meeting.sign_out_to, last_moment(meeting)))
    if room is None:
        return None
    return Moment(_around(habits.leave, meeting.end, room, person.leaves), SIGN_OUT)


def second_tap(meeting: Meeting, habits: Habits, first: float, draw: float) -> Moment | None:
    """Whether and when somebody who verified at `first` does so again; `draw` is one of his.

    It has the first one's status: where the window closes before, both fall into the same second.
    """
    if draw >= habits.double_tap:
        return None
    low, high = _TAP_AFTER_S
    at = first + low + (high - low) * draw / habits.double_tap
    status = meeting.status_at(floor(first))
    if floor(at) > last_moment(meeting) or meeting.status_at(floor(at)) != status:
        at = first
    return Moment(at, DOUBLE_TAP)


def strangers(meeting: Meeting, habits: Habits, salt: bytes) -> list[tuple[Moment, Draws]]:
    """The people who come within the sign-in window and are no members; each with the draws that say who he is."""
    window = _sign_in(meeting)
    if window is None:
        return []
    fewest, most = habits.strangers
    number = fewest + int(draws(salt, meeting.id, "strangers").comes * (most - fewest + 1))
    people = (draws(salt, meeting.id, f"stranger {place}") for place in range(number))
    return [(Moment(_around(habits.arrive, meeting.start, window, each.arrives), STRANGER), each) for each in people]


def latest(meeting: Meeting, what: str) -> float:
    """The end of the last second in which `what` can still be done by somebody who was held up."""
    room: tuple[float, float] | None
    if what in (SIGN_IN, STRANGER):
        room = _sign_in(meeting)
    elif what == LATE:
        room = _late(meeting)
    elif what == EARLY_LEAVE:
        room = _seconds(meeting.sign_in_to, min(ceil(meeting.sign_out_from) - 1, meeting.end))
    elif what == SIGN_OUT:
        room = _seconds(meeting.sign_out_from, min(meeting.sign_out_to, last_moment(meeting)))
    else:
        room = None
    return float("-inf") if room is None else room[1]


def _sign_in(meeting: Meeting) -> tuple[float, float] | None:
    return _seconds(meeting.sign_in_from, min(meeting.sign_in_to, last_moment(meeting)))


def _late(meeting: Meeting) -> tuple[float, float] | None:
    """From the close of the sign-in window to the opening of the other; to the meeting's end where that is open."""
    first = floor(meeting.sign_in_to) + 1
    before = _seconds(first, min(ceil(meeting.sign_out_from) - 1, meeting.end))
    return _seconds(first, meeting.end) if before is None else before


def _seconds(first: float, last: float) -> tuple[float, float] | None:
    """The moments of the whole seconds from `first` to `last`, both included; None where there is none."""
    low, high = ceil(first), floor(last)
    return (float(low), high + _IN_SECOND) if low <= high else None


def _around(around: Around, moment: float, window: tuple[float, float], draw: float) -> float:
    return _drawn(moment + around.mean, around.spread, window, draw)


def _drawn(mean: float, spread: float, window: tuple[float, float], draw: float) -> float:
    """A moment within the window, of those that are normally distributed round `mean`.

    Where next to none of these lie within it, any of the window's: cut off at its edge, all would come at once.
    """
    low, high = window
    if spread <= 0:
        return min(max(mean, low), high)
    least, most = _NORMAL.cdf((low - mean) / spread), _NORMAL.cdf((high - mean) / spread)
    share = least + (most - least) * draw
    if most - least < _HARDLY_ANY or not 0 < share < 1:
        return low + (high - low) * draw
    return min(max(mean + spread * _NORMAL.inv_cdf(share), low), high)
