"""A source of chance in a thirtieth of the memory of Python's own, for whoever needs one for each device.

`random.Random` keeps 2.5 KB of state, and each class made of it does too: a sixth of what an online device takes. Here
that is one number. Each draw hashes it, which takes 1 µs in place of 0.04; a verification draws some eight times.
"""

from hashlib import blake2b
from random import Random
from typing import TYPE_CHECKING, Final

_SEED_BYTES: Final = 15
"""Few enough that no series of draws leaves `_STATE_BYTES`, many enough that no two of a fleet ever meet."""
_STATE_BYTES: Final = 16
_HASH_BYTES: Final = 64
_FRACTION_BITS: Final = 53
"""What a float between 0 and 1 holds."""

if TYPE_CHECKING:
    _Draws = Random
else:

    class _Draws:
        """What Python makes of `random` and `getrandbits`, taken from where it stands."""

        __slots__ = ()

        choice = Random.choice
        choices = Random.choices
        expovariate = Random.expovariate
        randbytes = Random.randbytes
        randint = Random.randint
        randrange = Random.randrange
        sample = Random.sample
        shuffle = Random.shuffle
        uniform = Random.uniform
        _randbelow = Random._randbelow_with_getrandbits


class SmallRandom(_Draws):
    """As `random.Random(seed)` in how it is asked and how evenly it answers; the numbers are others.

    Has the methods above and the two below. The same seed gives the same numbers on every system and in every version.
    """

    __slots__ = ("_state",)

    def __init__(self, seed: int) -> None:
        self._state = int.from_bytes(blake2b(b"%d" % seed, digest_size=_SEED_BYTES).digest(), "little")

    def random(self) -> float:
        """At least 0 and less than 1."""
        return self.getrandbits(_FRACTION_BITS) * 2.0**-_FRACTION_BITS

    def getrandbits(self, k: int, /) -> int:
        """A number of `k` bits.

        Raises:
            ValueError: If `k` is negative.
        """
        if k < 0:
            raise ValueError("a number of bits is not negative")
        drawn = b""
        while 8 * len(drawn) < k:
            self._state = state = self._state + 1
            size = min((k + 7) // 8 - len(drawn), _HASH_BYTES)
            drawn += blake2b(state.to_bytes(_STATE_BYTES, "little"), digest_size=size).digest()
        return int.from_bytes(drawn, "little") >> 8 * len(drawn) - k
