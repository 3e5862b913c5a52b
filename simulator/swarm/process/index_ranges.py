"""Sets of whole numbers kept as ascending, disjoint ranges: how device indexes are handed about.

A fleet of a million devices is leased in a few hundred ranges, so sets of single numbers would be the dearer form, in
memory and on the wire. Values are immutable; the wire form is a list of `[first, end]` pairs, `end` excluded.
"""

from collections.abc import Iterable, Iterator, Sequence


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
        return Ranges((*self._pairs, *other._pairs)) if other._pairs else self

    def __sub__(self, other: "Ranges") -> "Ranges":
        if not other._pairs:
            return self
        left: list[tuple[int, int]] = []
        cuts = other._pairs
        start = 0
        for first, end in self._pairs:
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
        return Ranges(left)

    def __and__(self, other: "Ranges") -> "Ranges":
        return self - (self - other)

    def take(self, count: int) -> "Ranges":
        """The `count` smallest members (all of them, when there are fewer)."""
        taken: list[tuple[int, int]] = []
        for first, end in self._pairs:
            if count <= 0:
                break
            taken.append((first, min(end, first + count)))
            count -= end - first
        return Ranges(taken)

    def __iter__(self) -> Iterator[int]:
        for first, end in self._pairs:
            yield from range(first, end)

    def __contains__(self, number: int) -> bool:
        return any(first <= number < end for first, end in self._pairs)

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
