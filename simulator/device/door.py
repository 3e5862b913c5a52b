"""Who comes to the door and by what means, and the record that the device makes of it (section 上传验证记录).

What a person has, and whether he is let in, follows from the device's memory; what the device makes of it (a picture or
none) from what it said in `dev.report`.
"""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from simulator.device.device_clock import DeviceClock
from simulator.device.entrance import AS_REPORTED, EVERYTHING, Entrance
from simulator.device.means import STYLES
from simulator.device.meetings import NEITHER, SIGN_IN, SIGN_OUT, Meeting
from simulator.device.memory import Memory
from simulator.device.outbox import Record
from simulator.device.uploads import Upload
from simulator.fields.range import Range
from simulator.measurements.names import PHOTO_DELIVERY
from simulator.protocol.reading import NO_MEETING

NORMAL = "0"
VISITOR = "4"
_UNKNOWN_VISITORS = 9_999
ROOM_NUMBER = "meetRoomName"
"""Under this the platform tells the room's number (section 设置设备参数（会议室相关）)."""
_FIRST_VISITOR = 9_000_001
"""Beyond the PINs of a fleet's users, so that nobody is a visitor and a user in turn."""
_DRAWS = 8
"""So often somebody is drawn at random; mostly the first one may come."""
_ASKED = 256
"""So many are asked in turn where nobody was found by chance: an arrival has to stay cheap."""


class Comer(NamedTuple):
    """Somebody who is let in."""

    pin: str
    styles: tuple[int, ...]
    """`verifyStyle` values by which he can verify here, at least one."""
    category: str
    """Of his records; the same whenever he comes."""


@dataclass(frozen=True, slots=True)
class Camera:
    """How often a verification has a picture, as far as the device takes any, and of what size.

    Attributes:
        share: of verifications, 0..1.
        bytes: size of the JPEG in bytes.
    """

    share: float
    bytes: Range


class Door:
    """The door of one device.

    Args:
        log_ids: numbers of its records.
        entrance: what it does, as the device reports it.
        room_as_meet_code: whether records name the room, and not the meeting.
    """

    __slots__ = ("_clock", "_entrance", "_log_ids", "_memory", "_of_room", "_rng")

    def __init__(
        self,
        memory: Memory,
        clock: DeviceClock,
        rng: random.Random,
        log_ids: Iterator[int],
        entrance: Entrance = AS_REPORTED,
        *,
        room_as_meet_code: bool = False,
    ) -> None:
        self._memory = memory
        self._clock = clock
        self._rng = rng
        self._log_ids = log_ids
        self._of_room = room_as_meet_code
        self._entrance = entrance

    def comer(self, pin: str, moment: float, styles: tuple[int, ...]) -> Comer | None:
        """The user `pin` who comes at `moment` (epoch seconds), None where he is turned away.

        That is somebody who is unknown, blocked or not valid at `moment`, or has nothing to verify with in one of
        `styles` as far as the device offers them. Who is turned away leaves no record.

        Args:
            styles: those of which the caller wants one; a person uses one that he has the means for.
        """
        person = self._memory.person(pin)
        if person is None or person.blocked:
            return None
        if self._entrance.checks_validity and not person.since <= moment <= person.until:
            return None
        ways = self._entrance.ways(person.has, styles)
        return Comer(pin, ways, VISITOR if person.visitor else NORMAL) if ways else None

    def somebody(self, moment: float, styles: tuple[int, ...], meeting: Meeting | None = None) -> Comer | None:
        """A user who is let in: a member of `meeting` where one of them can be, else anybody.

        None where nobody was found: in a large store somebody may be left who was not asked.
        """
        memory, rng = self._memory, self._rng
        members = None if meeting is None else memory.known_members(meeting)
        for _ in range(_DRAWS):
            pin = rng.choice(members) if members else memory.random_pin(rng)
            if pin is None:
                return None
            if (comer := self.comer(pin, moment, styles)) is not None:
                return comer
        if members:
            return self._first(members, moment, styles) or self.somebody(moment, styles)
        return self._first(memory.pins_from(rng.randrange(memory.user_count)), moment, styles)

    def _first(self, pins: Iterable[str], moment: float, styles: tuple[int, ...]) -> Comer | None:
        asked = (self.comer(pin, moment, styles) for pin in islice(pins, _ASKED))
        return next(filter(None, asked), None)

    def stranger(self, styles: tuple[int, ...]) -> Comer:
        """Somebody who is no user here: a visitor, who has whatever the device asks for."""
        entrance = self._entrance
        ways = entrance.ways(EVERYTHING, styles) or entrance.ways(EVERYTHING, STYLES) or styles
        return Comer(self._unknown_pin(), ways, VISITOR)

    def _unknown_pin(self) -> str:
        while (pin := str(_FIRST_VISITOR + self._rng.randrange(_UNKNOWN_VISITORS))) in self._memory:
            pass
        return pin

    def record(self, comer: Comer, verified: float, moment: float, meeting: Meeting | None, camera: Camera) -> Record:
        """The record of a verification, with its picture where one is taken and kept (`capturePic` and its like).

        Args:
            verified: monotonic seconds.
            moment: the same moment in whole epoch seconds, as the device believes.
            meeting: for which it is, None for none.
        """
        rng = self._rng
        status = NEITHER if meeting is None else meeting.status_at(moment)
        meet_code = self._meet_code(meeting)
        time = self._clock.format(moment)
        log_id = next(self._log_ids)
        fields = {
            "pin": comer.pin,
            "meetCode": meet_code,
            "verifyTime": time,
            "verifyStyle": str(rng.choice(comer.styles)),
            "status": status,
            "category": comer.category,
            "logId": str(log_id),
            "recodeType": status if status in (SIGN_IN, SIGN_OUT) else NEITHER,
        }
        photo = None
        if self._entrance.takes_pictures and rng.random() < camera.share:
            photo = Upload(
                "dev.data.upload.verifyPhoto",
                "verifyPhotos",
                [
                    {
                        "pin": comer.pin,
                        "meetCode": meet_code,
                        "photoTime": time,
                        "extension": "jpg",
                        "logId": str(log_id),
                    }
                ],
                created=verified,
                size=round(rng.uniform(camera.bytes.low, camera.bytes.high)),
                key=rng.getrandbits(128),
                flow=PHOTO_DELIVERY.name,
            )
        return Record(log_id, fields, verified, photo)

    def _meet_code(self, meeting: Meeting | None) -> str:
        if self._of_room:
            # Whoever verifies is in the room, whether there is a meeting or not.
            return self._memory.options.get(ROOM_NUMBER) or NO_MEETING
        return NO_MEETING if meeting is None else meeting.id
