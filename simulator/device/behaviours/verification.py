"""People who verify at the door: records true to the meetings and users that the device knows, some with a picture.

A verification happens whether the device is online or not; what is recorded goes to the store (section 上传验证记录).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from simulator.device.behaviours.arrivals import Arrival, Arrivals, Wave
from simulator.device.behaviours.base import BehaviourFields, DeviceParts
from simulator.device.behaviours.stream import Stream
from simulator.device.door import Camera
from simulator.device.meetings import NEITHER, Meeting
from simulator.device.outbox import Record
from simulator.device.settings import BehaviourSettings
from simulator.fields.limits import LONGEST_RUN
from simulator.fields.quantities import InRun, PhotoSize, PositiveDuration, Rate, Share, within_rate, within_time
from simulator.fields.range import Range
from simulator.fields.section import Section
from simulator.measurements.names import PHOTO_DELIVERY, RECORD_DELIVERY
from simulator.measurements.observation_rules import NOBODY_VERIFIES
from simulator.protocol.catalogue.common import VERIFY_STYLES
from simulator.texts.translation import _


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationSettings(BehaviourSettings):
    """One stream of people who verify at the door; a group may have several."""

    needs: ClassVar[tuple[str, ...]] = ("dev.data.upload.verifyLog",)

    rate: float
    """Verifications per second and device."""
    arrival: Arrival
    photo_share: float
    """Share of verifications (0..1) that a captured photo is uploaded for."""
    photo_bytes: Range
    """Size of the JPEG in bytes."""
    styles: tuple[int, ...]
    """`verifyStyle` values of which a person uses one that he has the means for (vendor PUSH manuals)."""
    visitor_share: float
    """Share of records of visitors who are no users of the device."""
    batch: int
    """How many records at most go up in one verifyLog message."""
    for_meetings: bool
    """Whether people come for the device's meetings; for none where attendance is what happens at these."""
    wave: Wave | None
    """Raises `rate` for a while; Poisson arrivals only."""


class WaveSection(Section):
    """A swell of the rate, as when people sign in before a meeting: a bell curve on top of the steady rate."""

    at: InRun = Field(description="Moment of the peak, counted from the start of the run.")
    width: Annotated[PositiveDuration, within_time("1ms", LONGEST_RUN)] = Field(
        description="How long the rate is above half of the swell."
    )
    peak: Annotated[Rate, within_rate("1000/s")] = Field(description="Rate at the peak, the steady rate included.")


class VerificationSection(Section):
    """People who verify at each device of the group."""

    rate: Annotated[Rate, within_rate("1000/s")] = Field(description="Verifications per device.")
    arrival: Literal["poisson", "fixed"] = Field(
        default="poisson", description="`poisson`: at random; `fixed`: evenly, from a random phase."
    )
    photo_share: Share = Field(default=1.0, description="Share of verifications that a captured photo is uploaded for.")
    photo_size: PhotoSize = Field(
        default=Range(low=9 * 1024, high=25 * 1024),
        description="Size of the JPEG; base64 makes it a third longer on the wire, and what then exceeds the package "
        "size goes up in pieces.",
    )
    styles: list[int] = Field(
        default=[15, 1, 4],
        max_length=100,
        description="`verifyStyle` values to draw from: 15 face, 1 fingerprint, 4 card, 25 palm … A person uses one "
        "that he has the means for; who has none for any is turned away, and somebody else comes.",
    )
    visitor_share: Share = Field(
        default=0.05,
        description="Share of records of visitors who are no users of the "
        "device (`category` 4). A user is a visitor where his `role` is 4.",
    )
    batch: int = Field(default=1, ge=1, le=100, description="Records that may go up in one verifyLog message.")
    wave: WaveSection | None = Field(default=None, description="Raises the rate for a while.")

    @field_validator("styles")
    @classmethod
    def _known_styles(cls, styles: list[int]) -> list[int]:
        unknown = [style for style in styles if str(style) not in VERIFY_STYLES]
        if unknown or not styles:
            raise ValueError(_("{value}: a verifyStyle is 0 to 29, or 200", value=unknown or "an empty list"))
        return styles

    @model_validator(mode="after")
    def _wave_fits(self) -> "VerificationSection":
        if self.wave is not None and self.arrival == "fixed":
            raise ValueError(_("a wave needs `arrival: poisson`"))
        if self.wave is not None and self.wave.peak < self.rate:
            raise ValueError(_("the wave's peak is below the steady rate"))
        return self

    def settings(self, *, for_meetings: bool) -> VerificationSettings:
        wave = self.wave
        return VerificationSettings(
            rate=self.rate,
            arrival=Arrival(self.arrival),
            photo_share=self.photo_share,
            photo_bytes=self.photo_size,
            styles=tuple(self.styles),
            visitor_share=self.visitor_share,
            batch=self.batch,
            for_meetings=for_meetings,
            wave=None if wave is None else Wave(at=wave.at, width=wave.width, peak_rate=wave.peak),
        )


class VerificationFields(BehaviourFields):
    """Verifications in a group."""

    verifications: list[VerificationSection] = Field(
        default=[VerificationSection.model_validate({"rate": "1/min"})],
        max_length=100,
        description="Streams of people who verify; one at 1/min where the key is absent, `[]` for none.",
    )

    @property
    def meetings_attended(self) -> bool:
        """Whether something else says who comes to the meetings."""
        return False

    @property
    def streams(self) -> list[VerificationSection]:
        """`verifications`, which by default are none beside what happens at the meetings."""
        return [] if self.meetings_attended and "verifications" not in self.model_fields_set else self.verifications

    def behaviours(self) -> Iterator[BehaviourSettings]:
        for stream in self.streams:
            if stream.rate or stream.wave:
                yield stream.settings(for_meetings=not self.meetings_attended)


class Verifications(Stream):
    """One stream of verifications of one device."""

    __slots__ = ("_camera", "_settings")

    fields = VerificationFields
    settings_type = VerificationSettings
    flows = (RECORD_DELIVERY, PHOTO_DELIVERY)

    def __init__(self, settings: VerificationSettings, device: DeviceParts) -> None:
        super().__init__(device)
        self._settings = settings
        self._camera = Camera(settings.photo_share, settings.photo_bytes)
        device.delivery.batch = max(device.delivery.batch, settings.batch)

    def switched_on(self) -> None:
        """Users come to a device that has some, whether the platform was ever there or not."""
        if self._device.memory.user_count:
            self._start()

    def _begin(self, now: float) -> Arrivals:
        settings = self._settings
        return Arrivals(self._device.rng, rate=settings.rate, arrival=settings.arrival, wave=settings.wave, start=now)

    def _happen(self, moment: float) -> None:
        record = self.make(moment)
        if record is not None:
            self._device.delivery.add_record(record)

    def make(self, verified: float) -> Record | None:
        """One verification at the monotonic time `verified`; None where nobody may verify.

        Somebody else comes for each who is turned away, so the rate is that of records.
        """
        settings, device = self._settings, self._device
        moment = float(int(device.clock.now()))
        meeting = self._meeting(moment)
        if device.memory.user_count and device.rng.random() >= settings.visitor_share:
            comer = device.door.somebody(moment, settings.styles, meeting)
            if comer is None:
                self._nobody()
                return None
        else:
            comer = device.door.stranger(settings.styles)
        return device.door.record(comer, verified, moment, meeting, self._camera)

    def _nobody(self) -> None:
        styles = ", ".join(f"{style} ({VERIFY_STYLES[str(style)]})" for style in self._settings.styles)
        count = self._device.memory.user_count
        self._device.witness.observation(
            NOBODY_VERIFIES, "", f"of {count} users nobody was found who may verify now by verifyStyle {styles}"
        )

    def _meeting(self, moment: float) -> Meeting | None:
        """The meeting that somebody comes for: one whose window is open, else any that is known."""
        meetings = self._device.memory.meetings
        if not meetings or not self._settings.for_meetings:
            return None
        open_now = [meeting for meeting in meetings.values() if meeting.status_at(moment) != NEITHER]
        return self._device.rng.choice(open_now or list(meetings.values()))
