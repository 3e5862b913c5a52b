"""People who verify at the door: records true to the meetings and users that the device knows, some with a picture.

A verification happens whether the device is online or not; what is recorded goes to the store (section 上传验证记录).
"""

import random
from collections.abc import Callable

from simulator.clock import TimerHandle, TimerQueue
from simulator.device.behaviours.arrivals import Arrivals
from simulator.device.device_clock import DeviceClock
from simulator.device.meetings import NEITHER, SIGN_IN, SIGN_OUT, Meeting
from simulator.device.memory import Memory
from simulator.device.outbox import Record
from simulator.device.settings import VerificationSettings
from simulator.device.uploads import Upload

NORMAL = "0"
VISITOR = "4"
_NO_MEETING = "0"
_UNKNOWN_VISITORS = 9_999


class Verifications:
    """One stream of verifications of one device.

    Args:
        started: monotonic time of the run's start, from which waves are counted.
        deliver: takes each record, with its picture attached.
    """

    __slots__ = (
        "_arrivals",
        "_clock",
        "_deliver",
        "_memory",
        "_next_log_id",
        "_rng",
        "_settings",
        "_started",
        "_timer",
        "_timers",
    )

    def __init__(
        self,
        settings: VerificationSettings,
        *,
        timers: TimerQueue,
        clock: DeviceClock,
        rng: random.Random,
        memory: Memory,
        started: float,
        next_log_id: Callable[[], int],
        deliver: Callable[[Record], None],
    ) -> None:
        self._settings = settings
        self._timers = timers
        self._clock = clock
        self._rng = rng
        self._memory = memory
        self._started = started
        self._next_log_id = next_log_id
        self._deliver = deliver
        self._timer: TimerHandle | None = None
        self._arrivals: Arrivals | None = None

    def start(self) -> None:
        """People begin to come."""
        if self._timer is not None:
            return
        if self._arrivals is None:
            self._arrivals = Arrivals(
                self._rng,
                rate=self._settings.rate,
                arrival=self._settings.arrival,
                wave=self._settings.wave,
                start=self._timers.clock.monotonic() - self._started,
            )
        self._schedule()

    def stop(self) -> None:
        """Nobody comes any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _schedule(self) -> None:
        assert self._arrivals is not None
        moment = self._arrivals.next()
        self._timer = None if moment is None else self._timers.call_at(self._started + moment, self._verify)

    def _verify(self) -> None:
        timer = self._timer
        assert timer is not None
        self._deliver(self.make(timer.when))
        self._schedule()

    def make(self, verified: float) -> Record:
        """One verification at the monotonic time `verified`."""
        settings, rng, memory = self._settings, self._rng, self._memory
        moment = float(int(self._clock.now()))
        meeting = self._meeting(moment)
        pin = memory.random_pin(rng, meeting)
        visitor = pin is None or rng.random() < settings.visitor_share
        if pin is None:
            pin = str(1 + rng.randrange(_UNKNOWN_VISITORS))
        status = NEITHER if meeting is None else meeting.status_at(moment)
        meet_code = _NO_MEETING if meeting is None else meeting.id
        time = self._clock.format(moment)
        log_id = self._next_log_id()
        fields = {
            "pin": pin,
            "meetCode": meet_code,
            "verifyTime": time,
            "verifyStyle": str(rng.choice(settings.styles)),
            "status": status,
            "category": VISITOR if visitor else NORMAL,
            "logId": str(log_id),
            "recodeType": status if status in (SIGN_IN, SIGN_OUT) else NEITHER,
        }
        photo = None
        if rng.random() < settings.photo_share:
            photo = Upload(
                "dev.data.upload.verifyPhoto",
                "verifyPhotos",
                [{"pin": pin, "meetCode": meet_code, "photoTime": time, "extension": "jpg", "logId": str(log_id)}],
                created=verified,
                size=round(rng.uniform(settings.photo_bytes.low, settings.photo_bytes.high)),
                key=rng.getrandbits(128),
                flow="photo_delivery",
            )
        return Record(log_id, fields, verified, photo)

    def _meeting(self, moment: float) -> Meeting | None:
        """The meeting that somebody comes for: one whose window is open, else any that is known."""
        meetings = self._memory.meetings
        if not meetings:
            return None
        open_now = [meeting for meeting in meetings.values() if meeting.status_at(moment) != NEITHER]
        return self._rng.choice(open_now or list(meetings.values()))
