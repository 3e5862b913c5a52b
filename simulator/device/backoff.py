"""How long a device waits before it connects again: exponential, bounded, with jitter."""

import random

from simulator.device.settings import Range

_JITTER = 0.5


class Backoff:
    """The delays of one device.

    Jitter only lengthens a delay, by up to a half: a fleet that lost its platform must not come back in step, and no
    device comes back sooner than its settings say.
    """

    __slots__ = ("_attempts", "_bounds", "_rng")

    def __init__(self, bounds: Range, rng: random.Random) -> None:
        self._bounds = bounds
        self._rng = rng
        self._attempts = 0

    def next(self) -> float:
        """Seconds to wait now; the next ones will be longer."""
        base = min(self._bounds.high, self._bounds.low * 2.0 ** min(self._attempts, 32))
        self._attempts += 1
        return base * (1.0 + _JITTER * self._rng.random())

    def reset(self) -> None:
        """The device was online long enough for the next delay to be the first again."""
        self._attempts = 0
