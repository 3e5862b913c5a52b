"""Who comes to the door and by what means, and the record that the device makes of it (section 上传验证记录).

What a person has, and whether he is let in, follows from the device's memory; what the device makes of it (a picture or
none) from what it said in `dev.report`.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from simulator.device.device_clock import DeviceClock
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


@dataclass(frozen=True, slots=True)
class Comer:
    """Somebody who is let in.

    Attributes:
        styles: `verifyStyle` values by which he can verify here, at least one.
        category: of his records; the same whenever he comes.
    """

    pin: str
    styles: tuple[int, ...]
    category: str


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
        room_as_meet_code: whether records name the room, and not the meeting.
    """

    __slots__ = ("_clock", "_log_ids", "_memory", "_of_room", "_rng")

    def __init__(
        self,
        memory: Memory,
        clock: DeviceClock,
        rng: random.Random,
        log_ids: Iterator[int],
        *,
        room_as_meet_code: bool = False,
    ) -> None:
        self._memory = memory
        self._clock = clock
        self._rng = rng
        self._log_ids = log_ids
        self._of_room = room_as_meet_code

    def comer(self, pin: str, moment: float, styles: tuple[int, ...]) -> Comer | None:
        """The user `pin` who comes at `moment` (epoch seconds), None where he is turned away.

        Args:
            styles: those of which the caller wants one; a person uses one that he has the means for.
        """
        return Comer(pin, styles, NORMAL) if pin in self._memory else None

    def stranger(self, styles: tuple[int, ...]) -> Comer:
        """Somebody who is no user here: a visitor."""
        return Comer(str(1 + self._rng.randrange(_UNKNOWN_VISITORS)), styles, VISITOR)

    def record(self, comer: Comer, verified: float, moment: float, meeting: Meeting | None, camera: Camera) -> Record:
        """The record of a verification, with its picture where one is taken.

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
        if rng.random() < camera.share:
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
