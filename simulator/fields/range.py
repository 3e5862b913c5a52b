"""An interval of numbers, as scenario files write `9KB..25KB`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A closed interval from which a value is drawn evenly."""

    low: float
    high: float
