"""How long a slow line really held what was on its way, by which a time-out is judged: pure."""

from typing import Final

GRAIN: Final = 0.25
"""Seconds: of what sets out in the same of them only the longest hold is remembered. That decides no time-out."""
_MOST: Final = 512
"""That are remembered at least, where there are so many: those of two minutes, more than one waits for a reply."""


class Holds:
    """What was held in one direction, and when; monotonic seconds.

    False while nothing ever was.
    """

    __slots__ = ("_holds",)

    def __init__(self) -> None:
        self._holds: list[tuple[float, float]] = []
        """From and until when, in the order of setting out."""

    def __bool__(self) -> bool:
        return bool(self._holds)

    def __len__(self) -> int:
        return len(self._holds)

    def add(self, begin: float, end: float) -> None:
        """Something sets out at `begin`, not before what set out last, and arrives at `end`."""
        if end <= begin:
            return
        holds = self._holds
        if holds and begin // GRAIN == holds[-1][0] // GRAIN:
            if end - begin <= holds[-1][1] - holds[-1][0]:
                return
            holds.pop()
        holds.append((begin, end))
        if len(holds) >= 2 * _MOST:
            del holds[:-_MOST]

    def cut(self, now: float) -> None:
        """What has not arrived by `now` is not on its way any more."""
        holds = self._holds
        for place in range(len(holds) - 1, -1, -1):
            begin, end = holds[place]
            if end > now:
                holds[place] = begin, now

    def longest(self, begin: float, end: float) -> float:
        """For how many seconds between `begin` and `end` any one thing was held."""
        return max([0.0, *(min(until, end) - max(since, begin) for since, until in self._holds)])


Ways = tuple[Holds, Holds]
"""Of the way there and the way back. A request waits for something in each, one after the other."""


def both_ways(ways: Ways, begin: float, end: float) -> float:
    """For how many seconds between `begin` and `end` a request and its reply may have been held."""
    return sum(holds.longest(begin, end) for holds in ways)
