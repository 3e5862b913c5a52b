"""Sets of whole numbers kept as ascending, disjoint ranges: how device indexes are handed about.

A fleet of a million devices is leased in a few hundred ranges, so sets of single numbers would be the dearer form, in
memory and on the wire. Values are immutable; the wire form is a list of `[first, end]` pairs, `end` excluded.

What comes and goes is mostly a range or two: what lies before and after is taken over as it is.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter

_first, _end = itemgetter(0), itemgetter(1)


class Ranges:
    """An immutable set of whole numbers."""

    __slots__ = ("_pairs",)

    def __init__(self, pairs: Iterable[tuple[int, int]] = ()) -> None:
        merged: list[tuple[int, int]] = []
        for first, end in sorted(pairs):
            if end <= first:
                continue
            if merged and first <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(merged[-1][1], end))
            else:
                merged.append((first, end))
        self._pairs = tuple(merged)

    @classmethod
    def of(cls, numbers: Iterable[int]) -> "Ranges":
        """The set of `numbers`, in any order."""
        return cls((number, number + 1) for number in numbers)

    @classmethod
    def from_wire(cls, pairs: Iterable[Sequence[int]]) -> "Ranges":
        """The inverse of `to_wire`.

        Raises:
            ValueError: If a pair has not two numbers.
        """
        return cls((int(first), int(end)) for first, end in pairs)

    def to_wire(self) -> list[list[int]]:
        """`[[first, end], …]`, ascending, `end` excluded."""
        return [[first, end] for first, end in self._pairs]

    def __or__(self, other: "Ranges") -> "Ranges":
        if not other._pairs or not self._pairs:
            return self if self._pairs else other
        low, high = self._meeting(other)
        between = Ranges((*self._pairs[low:high], *other._pairs))._pairs
        return _ordered((*self._pairs[:low], *between, *self._pairs[high:]))

    def __sub__(self, other: "Ranges") -> "Ranges":
        if not other._pairs or not self._pairs:
            return self
        low, high = self._meeting(other)
        left: list[tuple[int, int]] = []
        cuts = other._pairs
        start = 0
        for first, end in self._pairs[low:high]:
            while start < len(cuts) and cuts[start][1] <= first:
                start += 1
            at = start
            while at < len(cuts) and cuts[at][0] < end:
                if cuts[at][0] > first:
                    left.append((first, cuts[at][0]))
                first = max(first, cuts[at][1])
                at += 1
            if first < end:
                left.append((first, end))
        return _ordered((*self._pairs[:low], *left, *self._pairs[high:]))

    def __and__(self, other: "Ranges") -> "Ranges":
        if not other._pairs or not self._pairs:
            return Ranges()
        low, high = self._meeting(other)
        # Only what meets the other at all is looked at twice.
        near = _ordered(self._pairs[low:high])
        return near - (near - other)

    def _meeting(self, other: "Ranges") -> tuple[int, int]:
        """From which of its pairs on, and up to which, any can meet one of `other` or touch it; neither is empty."""
        pairs, first, end = self._pairs, other._pairs[0][0], other._pairs[-1][1]
        return bisect_left(pairs, first, key=_end), bisect_right(pairs, end, key=_first)

    def take(self, count: int) -> "Ranges":
        """The `count` smallest members (all of them, when there are fewer)."""
        taken: list[tuple[int, int]] = []
        for first, end in self._pairs:
            if count <= 0:
                break
            taken.append((first, min(end, first + count)))
            count -= end - first
        return _ordered(tuple(taken))

    def __iter__(self) -> Iterator[int]:
        for first, end in self._pairs:
            yield from range(first, end)

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self._pairs, number, key=_end)
        return at < len(self._pairs) and self._pairs[at][0] <= number

    def __len__(self) -> int:
        return sum(end - first for first, end in self._pairs)

    def __bool__(self) -> bool:
        return bool(self._pairs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ranges) and self._pairs == other._pairs

    def __hash__(self) -> int:
        return hash(self._pairs)

    def __repr__(self) -> str:
        return "Ranges(" + ", ".join(f"{first}..{end - 1}" for first, end in self._pairs) + ")"


def _ordered(pairs: tuple[tuple[int, int], ...]) -> Ranges:
    """The set of pairs that ascend, and of which no two meet."""
    ranges = Ranges()
    ranges._pairs = pairs
    return ranges
