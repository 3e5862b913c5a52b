"""How far another process' clock is ahead of ours, from round trips of messages (as NTP does it). Pure.

The other side read its clock at some moment between our sending and our receiving, so half the round trip is the most
by which the estimate can be wrong. Of several the shortest is the best: whatever delayed the others is not in it.
"""

ROUNDS = 5
"""One of them, at least, is seldom delayed by a greenlet that works."""


class ClockOffset:
    """The best estimate so far. All times are wall-clock seconds of their side."""

    def __init__(self) -> None:
        self._ahead_s = 0.0
        self.error_s = float("inf")
        """By how much `ahead_s` can be wrong; infinite before the first round trip."""

    def add(self, sent: float, told: float, received: float) -> None:
        """A question left at `sent`, was answered when the other clock showed `told`, and that came at `received`."""
        error = max(received - sent, 0.0) / 2
        if error < self.error_s:
            self.error_s = error
            self._ahead_s = told - (sent + received) / 2

    @property
    def known(self) -> bool:
        return self.error_s != float("inf")

    @property
    def ahead_s(self) -> float:
        """By how much the other clock is ahead; 0 where that is less than can be told, as on one machine."""
        return self._ahead_s if self.known and abs(self._ahead_s) > self.error_s else 0.0
