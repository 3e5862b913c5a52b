"""A device's own idea of the time: the machine's clock, set by the platform, shown in the platform's time zone."""

from simulator.clock import Clock
from simulator.protocol.catalogue.formats import TIMESTAMP
from simulator.protocol.times import format_iso, parse_iso, parse_offset

DEFAULT_OFFSET_MINUTES = 480
"""+08:00, the document's default time zone."""

_AGREEMENT_S = 1.0
"""How far a clock may be from the middle of the second that the platform named without being set."""
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

    def told(self, time: str) -> None:
        """The platform says that it is `time`: its clock cut to the second, and its time zone (section 同步时间).

        A clock that agrees within a second is kept: set to a whole second it would be behind from then on. Any other is
        set to the middle of the second that was named, half a second off at most.

        Raises:
            ValueError: If it is no time as records carry it, or in no year that a device's clock knows.
        """
        if problem := TIMESTAMP.problem(time):
            raise ValueError(problem)
        middle = parse_iso(time) + 0.5
        if not _EARLIEST <= middle < _LATEST:
            raise ValueError("a time that no device's clock can be set to")
        machine = self._clock.wall()
        if abs(machine + self.correction - middle) > _AGREEMENT_S:
            self.correction = middle - machine
        self.offset_minutes = parse_offset(time[-6:])

    def format(self, moment: float) -> str:
        """`moment` (seconds since the epoch) as records carry it."""
        return format_iso(moment, self.offset_minutes)
