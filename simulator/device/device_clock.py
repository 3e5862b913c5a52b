"""A device's own idea of the time: the machine's clock, wrong as the scenario wants it, set by the platform, shown in
the platform's time zone.
"""

import random
from dataclasses import dataclass

from simulator.clock import Clock
from simulator.fields.range import Range
from simulator.protocol.catalogue.formats import TIME_MS, TIMESTAMP
from simulator.protocol.times import format_iso, parse_iso, parse_offset

DEFAULT_OFFSET_MINUTES = 480
"""+08:00, the document's default time zone."""

_AGREEMENT_S = 1.0
"""How far a clock may be from the middle of the second that the platform named without being set."""
_EARLIEST = 946_684_800.0
"""The year 2000, where the clocks of such devices begin."""
_LATEST = 4_102_444_800.0
"""The year 2100, where they end."""
_DATE_AGREES_S = 60.0
"""How far a clock may be from the date of an HTTP answer and still be no cause of a refusal; five minutes are."""
_SEED = 0x0C10C


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSettings:
    """How the clocks of a group's devices are wrong when they are switched on.

    Attributes:
        offset: seconds that they are ahead, drawn for each device.
        drift: seconds that they gain in a second, drawn for each device.
        start_at: the time (epoch seconds) that they show when they are switched on; None for the right one.
    """

    offset: Range
    drift: Range
    start_at: float | None


class DeviceClock:
    """Wall-clock time of one device.

    Args:
        settings: how it is wrong; None for a clock as right as the machine's.
        seed: the device's, from which offset and drift are drawn.
    """

    __slots__ = ("_ahead_of_date", "_by_date", "_clock", "_drift", "_since", "correction", "offset_minutes", "unsure")

    def __init__(self, clock: Clock, settings: ClockSettings | None = None, seed: int = 0) -> None:
        self._clock = clock
        self.correction = 0.0
        """Seconds that the device's time was ahead of the machine's when it was set or switched on."""
        self._drift = 0.0
        self._since = 0.0
        """The machine's time then."""
        self.offset_minutes = DEFAULT_OFFSET_MINUTES
        self._ahead_of_date: float | None = None
        """Seconds by which the machine was ahead of the latest date that a dispatch service gave."""
        self._by_date = False
        self.unsure = settings is not None
        """Whether the device has reason to look at the dates of HTTP answers: nobody has set its clock."""
        if settings is not None:
            # Of its own, so that a clock changes nothing else of the device's life.
            rng = random.Random(seed ^ _SEED)
            self._since = clock.wall()
            started = self._since if settings.start_at is None else settings.start_at
            self.correction = started - self._since + rng.uniform(settings.offset.low, settings.offset.high)
            self._drift = rng.uniform(settings.drift.low, settings.drift.high)
            if settings.start_at is not None:
                # Firmware knows that its clock was never set, and has another time for what a platform checks.
                self._by_date, self._ahead_of_date = True, 0.0

    def now(self) -> float:
        """Seconds since the epoch, as the device believes."""
        wall = self._clock.wall()
        if self._drift:
            return wall + self.correction + self._drift * (wall - self._since)
        return wall + self.correction

    def now_ms(self) -> int:
        """Milliseconds since the epoch, as the device believes."""
        return int(self.now() * 1000)

    def signing_ms(self) -> int:
        """Milliseconds since the epoch for the look-up, whose time a platform checks (section 获取服务器地址).

        The device's own, but for a clock that was never set, or that a dispatch service refused and nobody has set.
        """
        if self._by_date and self._ahead_of_date is not None:
            return int((self._clock.wall() - self._ahead_of_date) * 1000)
        return self.now_ms()

    def date_told(self, date: float) -> None:
        """The dispatch service's answer has this date (epoch seconds; HTTP's `Date`)."""
        self._ahead_of_date = self._clock.wall() - date

    def look_up_refused(self) -> float:
        """The dispatch service said no: from now on look-ups are signed by its date, where the clock is far from it.

        Returns by how many seconds the clock is ahead of that date; 0 where it cannot be the cause.
        """
        if self._by_date or self._ahead_of_date is None:
            return 0.0
        ahead = self.now() - (self._clock.wall() - self._ahead_of_date)
        if abs(ahead) <= _DATE_AGREES_S:
            return 0.0
        self._by_date = True
        return ahead

    def told(self, time: str, *, epoch_ms: bool = False) -> None:
        """The platform says that it is `time`: its clock cut to the second, and its time zone (section 同步时间).

        A clock that agrees within a second is kept: set to a whole second it would be behind from then on. Any other is
        set to the middle of the second that was named, half a second off at most. It goes on drifting.

        Args:
            epoch_ms: whether it is in milliseconds since the epoch: not cut, and without a time zone.

        Raises:
            ValueError: If it is no time as records carry it, or in no year that a device's clock knows.
        """
        if problem := (TIME_MS if epoch_ms else TIMESTAMP).problem(time):
            raise ValueError(problem)
        middle = int(time) / 1000 if epoch_ms else parse_iso(time) + 0.5
        if not _EARLIEST <= middle < _LATEST:
            raise ValueError("a time that no device's clock can be set to")
        if abs(self.now() - middle) > _AGREEMENT_S:
            self._since = self._clock.wall()
            self.correction = middle - self._since
        if not epoch_ms:
            self.offset_minutes = parse_offset(time[-6:])
        self._by_date = self.unsure = False

    def jump(self, seconds: float) -> None:
        """Somebody, or an empty battery, sets the clock forward by so many seconds; back where they are negative."""
        self.correction += seconds
        self.unsure = True

    def format(self, moment: float) -> str:
        """`moment` (seconds since the epoch) as records carry it."""
        return format_iso(moment, self.offset_minutes)
