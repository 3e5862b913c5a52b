"""A device's own idea of the time: the machine's clock, set by the platform, shown in the platform's time zone."""

from simulator.clock import Clock
from simulator.protocol.times import format_iso

DEFAULT_OFFSET_MINUTES = 480
"""+08:00, the document's default time zone."""

_EARLIEST = 946_684_800.0
"""The year 2000, where the clocks of such devices begin."""
_LATEST = 4_102_444_800.0
"""The year 2100, where they end."""


class DeviceClock:
    """Wall-clock time of one device."""

    __slots__ = ("_clock", "correction", "offset_minutes")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.correction = 0.0
        """Seconds by which the platform's time is ahead of the machine's."""
        self.offset_minutes = DEFAULT_OFFSET_MINUTES

    def now(self) -> float:
        """Seconds since the epoch, as the device believes."""
        return self._clock.wall() + self.correction

    def now_ms(self) -> int:
        """Milliseconds since the epoch, as the device believes."""
        return int(self.now() * 1000)

    def set(self, now: float) -> None:
        """The platform says that it is `now` (seconds since the epoch).

        Raises:
            ValueError: If that is in no year that a device's clock knows.
        """
        if not _EARLIEST <= now < _LATEST:
            raise ValueError("a time that no device's clock can be set to")
        self.correction = now - self._clock.wall()

    def format(self, moment: float) -> str:
        """`moment` (seconds since the epoch) as records carry it."""
        return format_iso(moment, self.offset_minutes)
