"""How fast a device may send where its broker is known to bound that (the profile's limits)."""

from collections import deque

from simulator.clock import TimerQueue
from simulator.device.sleep import sleep

_SECOND = 1.0


class Pace:
    """No more than so many messages in any second, as far as their senders wait for their turn.

    Args:
        most: messages a second, at least 1.
        timers: of the device's clock.
    """

    __slots__ = ("_sent", "_timers")

    def __init__(self, most: int, timers: TimerQueue) -> None:
        self._timers = timers
        self._sent: deque[float] = deque(maxlen=max(1, most))
        """When the last ones went out, monotonic seconds."""

    @classmethod
    def of(cls, rate: float | None, timers: TimerQueue) -> "Pace | None":
        """For a broker that is known to take `rate` messages a second of a device; None where nothing is known."""
        return None if rate is None else cls(int(rate), timers)

    def sent(self) -> None:
        """A message goes out, whether it has waited or not."""
        self._sent.append(self._timers.clock.monotonic())

    async def turn(self) -> None:
        """Return when a message may go out."""
        while len(self._sent) == self._sent.maxlen:
            wait = self._sent[0] + _SECOND - self._timers.clock.monotonic()
            if wait <= 0:
                return
            await sleep(self._timers, wait)
