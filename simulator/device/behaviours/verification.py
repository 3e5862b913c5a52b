"""People who verify at the door: records true to the meetings and users that the device knows, some with a picture.

A verification happens whether the device is online or not; what is recorded goes to the store (section 上传验证记录).
"""

import random
from collections.abc import Callable

from simulator.clock import TimerQueue
from simulator.device.behaviours.arrivals import Arrivals
from simulator.device.behaviours.stream import Stream
from simulator.device.device_clock import DeviceClock
from simulator.device.meetings import NEITHER, SIGN_IN, SIGN_OUT, Meeting
from simulator.device.memory import Memory
from simulator.device.outbox import Record
from simulator.device.settings import VerificationSettings
from simulator.device.uploads import Upload
from simulator.measurements.names import PHOTO_DELIVERY

NORMAL = "0"
VISITOR = "4"
_NO_MEETING = "0"
_UNKNOWN_VISITORS = 9_999


class Verifications(Stream):
    """One stream of verifications of one device.

    Args:
        started: see `Stream`.
        deliver: takes each record, with its picture attached.
    """

    __slots__ = ("_clock", "_deliver", "_memory", "_next_log_id", "_settings")

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
        super().__init__(timers=timers, rng=rng, started=started)
        self._settings = settings
        self._clock = clock
        self._memory = memory
        self._next_log_id = next_log_id
        self._deliver = deliver

    def _begin(self, now: float) -> Arrivals:
        settings = self._settings
        return Arrivals(self._rng, rate=settings.rate, arrival=settings.arrival, wave=settings.wave, start=now)

    def _happen(self, moment: float) -> None:
        self._deliver(self.make(moment))

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
                flow=PHOTO_DELIVERY.name,
            )
        return Record(log_id, fields, verified, photo)

    def _meeting(self, moment: float) -> Meeting | None:
        """The meeting that somebody comes for: one whose window is open, else any that is known."""
        meetings = self._memory.meetings
        if not meetings:
            return None
        open_now = [meeting for meeting in meetings.values() if meeting.status_at(moment) != NEITHER]
        return self._rng.choice(open_now or list(meetings.values()))
