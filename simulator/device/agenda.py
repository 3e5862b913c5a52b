"""What is still to happen, in the order of time, in little room: a fleet has thousands of these, of a few entries each.

Numbers in arrays take a tenth of the room of tuples in a heap. Who comes next is looked for among all of them: that is
quick for the members of a meeting.
"""

from array import array
from math import inf
from typing import Final, NamedTuple

from simulator.measurements.attendance import WHAT

_NUMBER: Final = {what: number for number, what in enumerate(WHAT)}


class Due(NamedTuple):
    """Somebody is to verify."""

    at: float
    """Seconds since the epoch, as the device believes."""
    what: str
    """One of `simulator.measurements.attendance.WHAT`."""
    person: int
    """The member's place in the list of members, or the number of the stranger."""


class Agenda:
    """Entries of `Due`.

    Attributes:
        next: moment of the earliest; infinite where there is none.
    """

    __slots__ = ("_at", "_person", "_what", "next")

    def __init__(self) -> None:
        self._at = array("d")
        self._person = array("I")
        self._what = bytearray()
        self.next = inf

    def add(self, at: float, what: str, person: int) -> None:
        """Somebody is to verify at `at`."""
        self._at.append(at)
        self._person.append(person)
        self._what.append(_NUMBER[what])
        self.next = min(self.next, at)

    def pop(self) -> Due:
        """Take out the earliest; of several at the same moment the one that was added first.

        Raises:
            ValueError: If there is none.
        """
        at = self._at
        place = at.index(self.next)
        due = Due(at.pop(place), WHAT[self._what.pop(place)], self._person.pop(place))
        self.next = min(at, default=inf)
        return due

    def entries(self) -> list[Due]:
        """All of them, in the order in which they were added."""
        return [
            Due(at, WHAT[what], person) for at, what, person in zip(self._at, self._what, self._person, strict=True)
        ]

    def clear(self) -> None:
        """Nothing is to happen."""
        del self._at[:], self._person[:], self._what[:]
        self.next = inf
