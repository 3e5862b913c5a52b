"""People who are enrolled at the device itself: user, portrait, biometric photo and card go up together."""

import random
from collections.abc import Callable

from simulator.clock import TimerQueue
from simulator.device.behaviours.arrivals import Arrivals
from simulator.device.behaviours.stream import Stream
from simulator.device.memory import VISIBLE_FACE, Memory, StoreFull, photo_key
from simulator.device.people import People
from simulator.device.settings import EnrolmentSettings
from simulator.device.uploads import Upload
from simulator.fields.range import Range
from simulator.measurements.names import ENROLMENT_DELIVERY


class Enrolments(Stream):
    """One stream of enrolments of one device.

    Args:
        deliver: takes the uploads of one enrolment, in the order in which they go up.
        on_full: told when a store had no room and nobody could be enrolled.
    """

    __slots__ = ("_deliver", "_memory", "_on_full", "_people", "_settings")

    def __init__(
        self,
        settings: EnrolmentSettings,
        *,
        timers: TimerQueue,
        rng: random.Random,
        memory: Memory,
        people: People,
        started: float,
        deliver: Callable[[list[Upload]], None],
        on_full: Callable[[str], None],
    ) -> None:
        super().__init__(timers=timers, rng=rng, started=started)
        self._settings = settings
        self._memory = memory
        self._people = people
        self._deliver = deliver
        self._on_full = on_full

    def _begin(self, now: float) -> Arrivals:
        settings = self._settings
        return Arrivals(self._rng, rate=settings.rate, arrival=settings.arrival, wave=None, start=now)

    def _happen(self, moment: float) -> None:
        try:
            self._deliver(self.make(moment))
        except StoreFull as error:
            self._on_full(str(error))

    def make(self, enrolled: float) -> list[Upload]:
        """Enrol somebody at the monotonic time `enrolled`.

        Raises:
            StoreFull: If the device has no room for another user or photo.
        """
        rng, memory = self._rng, self._memory
        pin = memory.free_pin()
        user = self._people.enrolled(pin, rng, self._settings.locale)
        card = {"pin": pin, "card": str(rng.randrange(10**9, 10**10)), "type": "0", "lossFlag": "0"}
        bio_size = _size(rng, self._settings.bio_photo_bytes)
        memory.put_users([user])
        try:
            memory.put_bio_photos([(photo_key(pin, str(VISIBLE_FACE), "0", "0"), bio_size)])
        except StoreFull:
            memory.delete_users([pin])
            raise
        memory.user_photos.add(pin)
        memory.put_card(card)
        return [
            Upload("dev.data.upload.user", "users", [user], created=enrolled),
            Upload(
                "dev.data.upload.userPhoto",
                "userPhotos",
                [{"pin": pin, "extension": "jpg"}],
                created=enrolled,
                size=_size(rng, self._settings.portrait_bytes),
                key=rng.getrandbits(128),
            ),
            Upload(
                "dev.data.upload.bioPhoto",
                "bioPhotos",
                [{"pin": pin, "no": "0", "index": "0", "type": str(VISIBLE_FACE), "extension": "jpg"}],
                created=enrolled,
                size=bio_size,
                key=rng.getrandbits(128),
            ),
            Upload("dev.data.upload.multiCard", "multiCards", [card], created=enrolled, flow=ENROLMENT_DELIVERY.name),
        ]


def _size(rng: random.Random, bounds: Range) -> int:
    return round(rng.uniform(bounds.low, bounds.high))
