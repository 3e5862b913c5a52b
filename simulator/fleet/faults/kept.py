"""Sockets that devices gave up while their network was silent: open, and silent, until the silence is over."""

from simulator.wire.resets import HasFileno, kept_open, reset, reset_when_closed


class KeptSockets:
    """Of all devices of an engine.

    A silent line opens nothing, so one device has no more of them than it had connections and attempts when the silence
    began. What the process cannot hold beyond that is reset early.

    Args:
        most: descriptors that may be kept at a time.

    Attributes:
        count: kept now.
        peak: kept at once, at most.
        reset_early: reset at the moment at which they were given up, for there was no room.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.count = 0
        self.peak = 0
        self.reset_early = 0

    def keep(self, sock: HasFileno) -> int | None:
        """A descriptor that keeps what `sock` has with its peer; None where `sock` is closed, or is no longer to be.

        Where there is no room, `sock` is left so that closing it resets.
        """
        if self.count >= self._most:
            self._refused(sock)
            return None
        try:
            descriptor = kept_open(sock)
        except OSError:
            self._refused(sock)
            return None
        if descriptor is not None:
            self.count += 1
            self.peak = max(self.peak, self.count)
        return descriptor

    def _refused(self, sock: HasFileno) -> None:
        self.reset_early += 1
        reset_when_closed(sock)

    def reset(self, descriptor: int) -> None:
        """The silence is over: whoever is at the other end sees a reset."""
        self.count -= 1
        reset(descriptor)
