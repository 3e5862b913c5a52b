"""Remembers every `mid` of a connection, so that one used twice is noticed (docs/deviations.md).

A device's mids mostly end in a counter. Runs of a counter are kept as two numbers, so that a connection that lives for
days costs no more than a new one; mids of any other form are kept one by one.
"""

_DIGITS = "0123456789"
_LEAST_RUN = 16
"""Shorter runs are kept number by number: a list of runs is searched from end to end."""


class _Counter:
    """The numbers seen behind one prefix, with one count of digits."""

    __slots__ = ("first", "last", "runs", "single")

    def __init__(self, number: int) -> None:
        self.first = number
        self.last = number
        self.runs: list[tuple[int, int]] = []
        self.single: set[int] = set()

    def add(self, number: int) -> bool:
        if self.first <= number <= self.last or number in self.single:
            return False
        if self.runs and any(first <= number <= last for first, last in self.runs):
            return False
        if number == self.last + 1:
            self.last = number
            return True
        if number < self.first:
            self.single.add(number)
            return True
        if self.last - self.first >= _LEAST_RUN:
            self.runs.append((self.first, self.last))
        else:
            self.single.update(range(self.first, self.last + 1))
        self.first = self.last = number
        return True


class SeenMids:
    """The mids of one connection."""

    __slots__ = ("_counters", "_others")

    def __init__(self) -> None:
        self._counters: dict[tuple[str, int], _Counter] = {}
        self._others: set[str] = set()

    def add(self, mid: str) -> bool:
        """Take note of `mid`; False where it was there already."""
        head = mid.rstrip(_DIGITS)
        digits = len(mid) - len(head)
        if not digits:
            if mid in self._others:
                return False
            self._others.add(mid)
            return True
        number = int(mid[-digits:])
        counter = self._counters.get((head, digits))
        if counter is None:
            self._counters[head, digits] = _Counter(number)
            return True
        return counter.add(number)
