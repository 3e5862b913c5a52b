"""The random moments of a behaviour: a Poisson process, or a fixed rhythm with a random phase."""

import random
from dataclasses import dataclass
from enum import Enum
from math import exp2, inf


class Arrival(Enum):
    """How the moments of a random behaviour follow each other."""

    POISSON = "poisson"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """A swell of a rate, as when people sign in before a meeting: a bell curve on top of the steady rate."""

    at: float
    """Moment of the peak, in seconds after the start of the run (not of the device): the same for the whole fleet."""
    width: float
    """Seconds for which the rate is above the middle between the steady rate and the peak."""
    peak_rate: float
    """Rate per second and device at the peak, the steady rate included."""

    def rate_at(self, steady: float, seconds: float) -> float:
        """The rate `seconds` after the start of the run; never below `steady` nor above `peak_rate`."""
        distance = (seconds - self.at) / self.width
        return steady + (self.peak_rate - steady) * exp2(-4.0 * distance * distance)


class Arrivals:
    """Draws the moments of one stream, one after the other; times in seconds after the start of the run.

    The moments depend on the random source alone, never on how the platform answers (an open loop).
    """

    __slots__ = ("_arrival", "_next", "_rate", "_rng", "_wave")

    def __init__(self, rng: random.Random, *, rate: float, arrival: Arrival, wave: Wave | None, start: float) -> None:
        self._rng = rng
        self._rate = rate
        self._arrival = arrival
        self._wave = wave
        # A fixed rhythm begins at a random phase, or the whole fleet would verify in step.
        self._next = start - (rng.random() / rate if arrival is Arrival.FIXED and rate > 0 else 0.0)

    def next(self) -> float | None:
        """The next moment, or None when the stream has no more."""
        if self._wave is None:
            if self._rate <= 0:
                return None
            step = 1.0 / self._rate if self._arrival is Arrival.FIXED else self._rng.expovariate(self._rate)
            self._next += step
            return self._next
        return self._thinned(self._wave)

    def _thinned(self, wave: Wave) -> float | None:
        """Thinning (Lewis and Shedler): arrivals at the highest rate, of which each is kept by the rate of its time."""
        highest = max(self._rate, wave.peak_rate)
        if highest <= 0:
            return None
        moment = self._next
        passed = wave.at + 4 * wave.width
        while True:
            moment += self._rng.expovariate(highest)
            if self._rate <= 0 and moment > passed:
                self._next = inf  # It is over for good, whoever asks again.
                return None
            if self._rng.random() * highest <= wave.rate_at(self._rate, moment):
                self._next = moment
                return moment
