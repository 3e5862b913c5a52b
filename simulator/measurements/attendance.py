"""What the devices know of attendance: who came to which meeting, and what a platform's own sheet must therefore say.

Each record of an attendance is told once, when its fate is known: acknowledged, or not when the device ended its life.
meeting is told once, when it is over, was deleted, or the device's life ended before that.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

SIGN_IN: Final = "sign-in"
"""Came, within the sign-in window."""
LATE: Final = "late"
"""Came, after the sign-in window closed."""
SIGN_OUT: Final = "sign-out"
"""Left, within the sign-out window."""
EARLY_LEAVE: Final = "early-leave"
"""Left, before the sign-out window opened."""
DOUBLE_TAP: Final = "double-tap"
"""The same person again within seconds."""
STRANGER: Final = "stranger"
"""Somebody who is no member of the meeting."""
OVER: Final = "over"
"""A meeting that took its course."""
DELETED: Final = "deleted"
"""By the platform, before it was over."""
CUT: Final = "cut"
"""The device's life ended before the meeting was over."""
MEANINGS: Final[Mapping[str, str]] = {
    SIGN_IN: "a member came within the sign-in window",
    LATE: "a member came after it closed",
    SIGN_OUT: "a member left within the sign-out window",
    EARLY_LEAVE: "a member left before it opened",
    DOUBLE_TAP: "somebody verified again within seconds",
    STRANGER: "somebody came who is no member of the meeting",
}
WHAT: Final = tuple(MEANINGS)
MEETINGS: Final = "meetings"
FIGURES: Final[Mapping[str, str]] = {
    MEETINGS: "meetings that were over before the run was",
    DELETED: "meetings that the platform deleted before they were over",
    CUT: "meetings that were not over when their devices stopped",
    "expected": "members of the meetings that were over, each once a meeting; what follows is of these meetings too",
    "came": "members who came, late ones included",
    "on_time": "members who signed in before the sign-in window closed",
    "late": "members who came after it closed",
    "missing": "members who never came",
    "absent": "of the missing, those who were not to come: the scenario's share",
    "turned_away": "of the missing, those who came and were not let in: unknown, blocked, not valid, without the means",
    "left_early": "members who left before the sign-out window opened",
    "no_sign_out": "members who came and never signed out",
    "double_taps": "records of somebody who verified again within seconds",
    "strangers": "people at a meeting who are no members of it",
    "records": "records of attendance at all meetings, which are the rows of `attendance.csv`",
    "acknowledged": "of these records, those that the platform acknowledged",
    "unacknowledged": "of these records, those that it did not",
}
"""What is counted -> what it means, in the order in which it is shown."""


class Attended(NamedTuple):
    """A record of somebody at a meeting: a row of attendance.csv, the wire's values as they were sent."""

    sn: str
    meet_code: str
    pin: str
    what: str
    """One of `WHAT`."""
    verify_time: str
    status: str
    log_id: str
    acknowledged: bool


class MeetingHeld(NamedTuple):
    """What became of one meeting of one device. Times are epoch seconds."""

    sn: str
    meet_code: str
    name: str
    start: float
    end: float
    expected: int
    """Members."""
    came: int
    """Of them, late ones included."""
    late: int
    missing: tuple[str, ...]
    """Pins of members who have not come; they could have come later where the meeting was deleted or cut."""
    absent: int
    """Of them, those who were not to come."""
    turned_away: int
    """Of them, those who came and were not let in."""
    left_early: int
    no_sign_out: int
    """Came and did not sign out when they left."""
    double_taps: int
    strangers: int
    ended: str
    """`OVER`, `DELETED` or `CUT`."""
