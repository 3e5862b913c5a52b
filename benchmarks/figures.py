"""Figures of several rounds: a median with its spread, and what is derived from it."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Spread:
    """One figure, measured in every round."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def low(self) -> float:
        return min(self.values)

    @property
    def high(self) -> float:
        return max(self.values)

    def to_json(self) -> dict[str, Any]:
        """Median, bounds, and the rounds' own values in their order."""
        return {
            "median": _digits(self.median),
            "min": _digits(self.low),
            "max": _digits(self.high),
            "rounds": [_digits(value) for value in self.values],
        }


def spread(values: Sequence[float]) -> Spread:
    """The figure's values, one a round.

    Raises:
        ValueError: If there are none.
    """
    if not values:
        raise ValueError("a figure needs at least one round")
    return Spread(tuple(values))


def ratio(rounds: Sequence[float], base: Sequence[float]) -> Spread:
    """`rounds` divided by `base`, round by round: what disturbed a round disturbed both."""
    return spread([value / other for value, other in zip(rounds, base, strict=True)])


@dataclass(frozen=True, slots=True)
class Target:
    """What design section 6 asks of a figure."""

    name: str
    value: float
    limit: float
    at_least: bool = False
    """The limit is a lower bound."""

    @property
    def reached(self) -> bool:
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def to_json(self) -> dict[str, Any]:
        return {
            "target": self.name,
            "value": _digits(self.value),
            "limit": self.limit,
            "bound": "at least" if self.at_least else "at most",
            "reached": self.reached,
        }


def _digits(value: float) -> float:
    """Four significant digits: more than the machine's noise leaves."""
    return float(f"{value:.4g}")
