"""The business heartbeat: timed from send to send, the first within one interval (section 设备心跳)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from pydantic import Field

from simulator.clock import TimerHandle
from simulator.device.behaviours.base import Behaviour, BehaviourFields, DeviceParts
from simulator.device.online import Online
from simulator.device.session import Session
from simulator.device.settings import BehaviourSettings
from simulator.fields.quantities import PositiveDuration, within_time

HEARTBEAT: Final = "dev.heartbeat"
LATE_S: Final = 1.0
"""A beat that is due for so long when its connection is lost was missed; one that is less late lost a race."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatSettings(BehaviourSettings):
    """How often a device says that it is alive."""

    needs: ClassVar[tuple[str, ...]] = (HEARTBEAT,)

    interval: float | None
    """Seconds; the platform's `heartbeatInterval` where None."""


class HeartbeatFields(BehaviourFields):
    """Heartbeats in a group."""

    heartbeat: Annotated[PositiveDuration, within_time("5ms", "1d")] | None = Field(
        default=None, description="Interval; by default the platform's."
    )

    def behaviours(self) -> Iterator[BehaviourSettings]:
        yield HeartbeatSettings(interval=self.heartbeat)


class Heartbeat(Behaviour):
    """Beats on one connection at a time, where the platform wants it; `isFree` says whether no command is handled."""

    __slots__ = (
        "_commands",
        "_device",
        "_ended",
        "_interval",
        "_session",
        "_settings",
        "_stopped",
        "_timer",
        "_timers",
    )

    fields = HeartbeatFields
    settings_type = HeartbeatSettings

    def __init__(self, settings: HeartbeatSettings, device: DeviceParts) -> None:
        self._settings = settings
        self._device = device
        # Looked up for every beat, so looked up once.
        self._timers = device.timers
        self._commands = device.commands
        self._session: Session | None = None
        self._interval = 0.0
        self._timer: TimerHandle | None = None
        self._ended: float | None = None
        """The last beat on the connections before."""
        self._stopped = False

    @property
    def last(self) -> float | None:
        """Monotonic time at which the latest beat was due that was sent; None before the first.

        Worked out of when the next one is due, so that no beat costs anything more.
        """
        timer = self._timer
        if timer is None or timer.callback == self._first_beat:
            return self._ended
        return timer.when - self._interval

    def went_online(self, online: Online) -> None:
        """Beat from a random phase on."""
        self.fall_silent()
        if not online.terms.heartbeat:
            return
        self._session = online.session
        self._interval = interval = self._settings.interval or online.terms.heartbeat_interval
        # The first is due within one interval, and it has to travel, too.
        first = interval * self._device.rng.uniform(0.02, 0.95)
        self._timer = self._timers.call_later(first, self._first_beat)

    def went_offline(self) -> None:
        """Fall silent, and count what should have been sent before the loss of the connection could be seen."""
        timer = self._timer
        if timer is not None:
            late = self._timers.clock.monotonic() - timer.when
            if late >= LATE_S:
                self._missed(1 + int(late / self._interval))
        self.fall_silent()

    def fall_silent(self) -> None:
        if self._timer is not None:
            self._ended = self.last
            self._timer.cancel()
            self._timer = None
        self._session = None

    def stop(self) -> None:
        self._stopped = True

    def _first_beat(self) -> None:
        timer = self._timer
        if timer is not None:
            # What the timer calls tells whether any beat was sent.
            timer.callback = self._beat
            self._beat()

    def _beat(self) -> None:
        session = self._session
        timer = self._timer
        if session is None or timer is None:
            return
        if not session.usable:
            self.went_offline()
            return
        now = self._timers.clock.monotonic()
        intended = timer.when
        session.send_heartbeat(not self._commands.busy, now - intended)
        # The grid of intended moments keeps the rhythm exact; after a stall it starts again from now, and what lay
        # between is sent by nobody any more.
        following = intended + self._interval
        if following <= now:
            self._missed(int((now - intended) / self._interval))
            following = now + self._interval
        self._timers.again(timer, following)

    def _missed(self, count: int) -> None:
        """So many beats were planned and never sent, because the timers stood still over their moments."""
        # Thousands of closing handshakes at once make the loop late, but the load is over by then.
        if not self._stopped:
            self._device.recorder.missed("dev.heartbeat", count, self._timers.clock.wall())
