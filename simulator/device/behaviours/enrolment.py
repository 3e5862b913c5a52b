"""People who are enrolled at the device itself: user, portrait, biometric photo and card go up together."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from simulator.device.behaviours.arrivals import Arrival, Arrivals
from simulator.device.behaviours.base import BehaviourFields, DeviceParts
from simulator.device.behaviours.stream import Stream
from simulator.device.enrolled import Desk
from simulator.device.memory import StoreFull, photo_key
from simulator.device.settings import BehaviourSettings
from simulator.device.uploads import Upload
from simulator.fields.quantities import PhotoSize, Rate, within_rate
from simulator.fields.range import Range
from simulator.fields.section import Section
from simulator.fields.texts import Locale
from simulator.measurements.names import ENROLMENT_DELIVERY
from simulator.measurements.observation_rules import STORE_FULL

_USER_BYTES: Final = 1_536
"""Of a message with one user, at most, but for his templates."""
_TEMPLATE_BYTES: Final = 640
"""Of one template in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentSettings(BehaviourSettings):
    """One stream of people who are enrolled; a group may have several."""

    needs: ClassVar[tuple[str, ...]] = ("dev.data.upload.user",)

    rate: float
    """Enrolments per second and device."""
    arrival: Arrival
    portrait_bytes: Range
    bio_photo_bytes: Range
    locale: str

    @property
    def locales(self) -> tuple[str, ...]:
        return (self.locale,)


class EnrolmentSection(Section):
    """People who are enrolled at the device itself: user, portrait, bio photo and card go up together."""

    rate: Annotated[Rate, within_rate("100/s")] = Field(description="Enrolments per device.")
    arrival: Literal["poisson", "fixed"] = Field(default="poisson", description="As for verifications.")
    portrait_size: PhotoSize = Field(default=Range(low=15 * 1024, high=19 * 1024), description="Size of the portrait.")
    bio_photo_size: PhotoSize = Field(
        default=Range(low=66 * 1024, high=76 * 1024),
        description="Size of the face photo; above 48KB it goes up in pieces.",
    )
    locale: Locale = Field(default="zh_CN", description="Language and country of names and addresses (faker).")

    def settings(self) -> EnrolmentSettings:
        return EnrolmentSettings(
            rate=self.rate,
            arrival=Arrival(self.arrival),
            portrait_bytes=self.portrait_size,
            bio_photo_bytes=self.bio_photo_size,
            locale=self.locale,
        )


class EnrolmentFields(BehaviourFields):
    """Enrolments in a group."""

    enrolments: list[EnrolmentSection] = Field(
        default=[], max_length=100, description="Streams of people who are enrolled."
    )

    def behaviours(self) -> Iterator[BehaviourSettings]:
        return (stream.settings() for stream in self.enrolments if stream.rate)


class Enrolments(Stream):
    """One stream of enrolments of one device."""

    __slots__ = ("_desk", "_settings")

    fields = EnrolmentFields
    settings_type = EnrolmentSettings
    flows = (ENROLMENT_DELIVERY,)

    def __init__(self, settings: EnrolmentSettings, device: DeviceParts) -> None:
        super().__init__(device)
        self._settings = settings
        room = device.settings.package_bytes - _USER_BYTES
        self._desk = Desk(device.people, settings.locale, device.memory.bio, room // _TEMPLATE_BYTES)

    def _begin(self, now: float) -> Arrivals:
        settings = self._settings
        return Arrivals(self._device.rng, rate=settings.rate, arrival=settings.arrival, wave=None, start=now)

    def _happen(self, moment: float) -> None:
        try:
            self._device.delivery.add_uploads(self.make(moment))
        except StoreFull as error:
            self._device.witness.observation(STORE_FULL, "", str(error))

    def make(self, enrolled: float) -> list[Upload]:
        """Enrol somebody at the monotonic time `enrolled`.

        Raises:
            StoreFull: If the device has no room for another user or photo.
        """
        device = self._device
        rng, memory, settings = device.rng, device.memory, self._settings
        somebody = self._desk.enrol(memory.free_pin(), rng, device.clock)
        user = somebody.user
        pin = user["pin"]
        sizes = {kind: _size(rng, settings.bio_photo_bytes) for kind in somebody.photo_types}
        memory.put_users([user])
        try:
            memory.put_bio_photos((photo_key(pin, str(kind), "0", "0"), size) for kind, size in sizes.items())
        except StoreFull:
            memory.delete_users([pin])
            raise
        memory.user_photos[pin] = None
        for card in somebody.cards:
            memory.put_card(card)
        return [
            Upload("dev.data.upload.user", "users", [user], created=enrolled),
            self._picture(
                *("dev.data.upload.userPhoto", "userPhotos", {"pin": pin, "extension": "jpg"}),
                *(enrolled, _size(rng, settings.portrait_bytes)),
            ),
            *(
                self._picture(
                    *("dev.data.upload.bioPhoto", "bioPhotos"),
                    {"pin": pin, "no": "0", "index": "0", "type": str(kind), "extension": "jpg"},
                    *(enrolled, size),
                )
                for kind, size in sizes.items()
            ),
            Upload(
                *("dev.data.upload.multiCard", "multiCards", list(somebody.cards)),
                created=enrolled,
                flow=ENROLMENT_DELIVERY.name,
            ),
        ]

    def _picture(self, func_id: str, name: str, item: dict[str, str], created: float, size: int) -> Upload:
        return Upload(func_id, name, [item], created=created, size=size, key=self._device.rng.getrandbits(128))


def _size(rng: random.Random, bounds: Range) -> int:
    return round(rng.uniform(bounds.low, bounds.high))
