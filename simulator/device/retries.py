"""How often something that the platform refused is sent again, and when: the same for records and uploads."""

from typing import Final

MAX_REFUSALS: Final = 5
"""After so many it is given up, so that it does not hold up the others."""
_FIRST_DELAY: Final = 1.0
_LONGEST_DELAY: Final = 30.0


def retry_delay(refusals: int) -> float:
    """Seconds before something that was refused `refusals` times is sent again."""
    return float(min(_LONGEST_DELAY, _FIRST_DELAY * 2 ** (refusals - 1)))


class Retried:
    """Something that is sent until the platform takes it or has refused it too often."""

    __slots__ = ("due", "refusals")

    def __init__(self) -> None:
        self.refusals = 0
        self.due = 0.0
        """Monotonic seconds before which it is not sent again."""

    def refused(self, now: float) -> bool:
        """Count a refusal at `now` (monotonic s). Returns whether it may be sent again, at `due`."""
        self.refusals += 1
        self.due = now + retry_delay(self.refusals)
        return self.refusals < MAX_REFUSALS
