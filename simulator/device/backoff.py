"""How long a device waits before it connects again: exponential, bounded, with jitter."""

import random

from simulator.fields.range import Range

_JITTER = 1.5
"""From the shortest to the longest delay of one attempt, as a factor."""


class Backoff:
    """The delays of one device.

    A fleet that lost its platform must not come back in step, so each delay is drawn from a span: it begins at twice
    the last one's and ends half as much above. Where that leads over the upper bound the span moves down below it, so
    that no delay is longer, jitter included; it is as wide then, even where that leads below the lower one.
    """

    __slots__ = ("_attempts", "_bounds", "_rng")

    def __init__(self, bounds: Range, rng: random.Random) -> None:
        self._bounds = bounds
        self._rng = rng
        self._attempts = 0

    def next(self) -> float:
        """Seconds to wait now; the next ones will be longer."""
        low, high = self._bounds.low, self._bounds.high
        longest = min(high, low * _JITTER * 2.0 ** min(self._attempts, 32))
        shortest = longest / _JITTER
        self._attempts += 1
        # `uniform` may round to a hair above its upper end.
        return min(high, self._rng.uniform(shortest, longest))

    def reset(self) -> None:
        """The device was online long enough for the next delay to be the first again."""
        self._attempts = 0
