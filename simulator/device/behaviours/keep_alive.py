"""WebSocket pings of the device, which find a connection that is half-open: the peer is gone and nobody said so.

Heartbeats find it as well, for they are requests with a deadline. So by default a device pings only where the platform
wants no heartbeats (docs/deviations.md, Heartbeat).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import Field

from simulator.clock import TimerHandle
from simulator.device.behaviours.base import Behaviour, BehaviourFields, DeviceParts
from simulator.device.behaviours.heartbeat import HEARTBEAT
from simulator.device.end_reason import EndReason
from simulator.device.online import Online
from simulator.device.session import Session
from simulator.device.settings import BehaviourSettings
from simulator.fields.quantities import Duration, within_time

DEFAULT_INTERVAL_S: Final = 60.0
"""As often as the usual heartbeat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepAliveSettings(BehaviourSettings):
    """How often a device pings."""

    interval: float | None
    """Seconds from ping to ping; where None, `DEFAULT_INTERVAL_S`, and only without heartbeats."""


class KeepAliveFields(BehaviourFields):
    """Pings in a group."""

    ping: Annotated[Duration, within_time("0s", "1d")] | None = Field(
        default=None,
        description="Interval of the device's WebSocket pings, `0s` for none. By default a device pings once a minute "
        "where the platform wants no heartbeats, so that a half-open connection is found.",
    )

    def behaviours(self) -> Iterator[BehaviourSettings]:
        if self.ping is None or self.ping > 0:
            yield KeepAliveSettings(interval=self.ping)


class KeepAlive(Behaviour):
    """Pings on one connection at a time; whatever arrives within the request time-out is a sign of life."""

    __slots__ = ("_device", "_heard", "_interval", "_session", "_timer")

    fields = KeepAliveFields
    settings_type = KeepAliveSettings

    def __init__(self, settings: KeepAliveSettings, device: DeviceParts) -> None:
        self._device = device
        self._interval = settings.interval
        self._session: Session | None = None
        self._timer: TimerHandle | None = None
        self._heard = 0

    def went_online(self, online: Online) -> None:
        """Ping from a random phase on."""
        self.went_offline()
        if (
            self._interval is None
            and online.terms.heartbeat
            and not self._device.settings.functions.lacks((HEARTBEAT,))
        ):
            return
        self._session = online.session
        self._ping_in(self._every * self._device.rng.uniform(0.5, 1.0))

    def went_offline(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._session = None

    @property
    def _every(self) -> float:
        return DEFAULT_INTERVAL_S if self._interval is None else self._interval

    @property
    def _patience(self) -> float:
        """Seconds that a ping may go without an answer."""
        return min(self._device.settings.request_timeout, self._every)

    def _ping_in(self, seconds: float) -> None:
        self._timer = self._device.timers.call_later(seconds, self._ping)

    def _ping(self) -> None:
        session = self._session
        if session is None or not session.usable:
            return
        self._heard = session.bytes_in
        session.ping()
        self._timer = self._device.timers.call_later(self._patience, self._look)

    def _look(self) -> None:
        session = self._session
        if session is None or not session.usable:
            return
        if session.bytes_in == self._heard:
            session.abort(EndReason.NO_PONG)
            return
        self._ping_in(self._every - self._patience)
