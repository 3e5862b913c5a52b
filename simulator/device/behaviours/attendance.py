"""People who come to the meetings that a device knows, and go again: each member once (docs/deviations.md, Attendance).

Only meetings that are under way take room: one whose sign-in window has not opened is looked at when it opens. The
moments are of the device's own clock.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import Annotated, ClassVar, Final

from pydantic import Field, model_validator

from simulator.clock import TimerHandle
from simulator.device.agenda import Due
from simulator.device.attendance_plan import Around, Habits, last_moment
from simulator.device.behaviours.base import Behaviour, BehaviourFields, DeviceParts
from simulator.device.door import Camera, Comer
from simulator.device.online import Online
from simulator.device.outbox import Record
from simulator.device.settings import BehaviourSettings
from simulator.device.sitting import Sitting
from simulator.fields.quantities import (
    CountRange,
    Duration,
    PhotoSize,
    Share,
    SignedDuration,
    within_signed_time,
    within_time,
)
from simulator.fields.range import Range
from simulator.fields.section import Section
from simulator.measurements.attendance import CUT, DELETED, OVER, STRANGER, Attended
from simulator.measurements.names import PHOTO_DELIVERY, RECORD_DELIVERY
from simulator.texts.translation import _

STYLES: Final = (15, 1, 4)
"""`verifyStyle` values by which people verify at meetings: face, fingerprint, card."""
_GRACE_S: Final = 1.0
"""Who is up to so much behind his moment was not held up: it was the machine that was slow."""
_EARLY_S: Final = 0.001
"""A moment of the device's clock can come so much before its timer by rounding alone."""
_LOOK_AGAIN_S: Final = 1.0
"""While the device reboots or has no power."""
_MOST_OVER: Final = 100
"""Meetings that are remembered as over: what the platform sends of these changes nothing any more."""
_VISITORS: Final = 0.5
"""Share of visitors among the strangers."""
_TRIES: Final = 8
"""To find a stranger who is no member."""
_DATA: Final = "cmd.data."


@dataclass(frozen=True, slots=True, kw_only=True)
class AttendanceSettings(BehaviourSettings):
    """How people come to the meetings of a device."""

    needs: ClassVar[tuple[str, ...]] = ("dev.data.upload.verifyLog",)

    habits: Habits
    photo_share: float
    """Share of verifications (0..1) that a captured photo is uploaded for."""
    photo_bytes: Range
    """Size of the JPEG in bytes."""


class AroundSection(Section):
    """Moments round a mean, as people's are: a normal distribution."""

    mean: Annotated[SignedDuration, within_signed_time("1d")] = Field(description="Negative for before.")
    spread: Annotated[Duration, within_time("0s", "1d")] = Field(description="Standard deviation.")

    def around(self) -> Around:
        return Around(mean=self.mean, spread=self.spread)


class AttendanceSection(Section):
    """People who come to the meetings that the device knows: each member once, within the meeting's windows."""

    absent: Share = Field(default=0.08, description="Share of the members who never come.")
    arrive: AroundSection = Field(
        default=AroundSection.model_validate({"mean": "-4min", "spread": "3min"}),
        description="When members come, to the meeting's start; within the sign-in window.",
    )
    late: Share = Field(default=0.06, description="Share of the members who come after the sign-in window closed.")
    leave: AroundSection = Field(
        default=AroundSection.model_validate({"mean": "1min", "spread": "2min"}),
        description="When they leave, to the meeting's end; within the sign-out window.",
    )
    early_leave: Share = Field(default=0.03, description="Share of those who leave before the sign-out window opens.")
    forget_sign_out: Share = Field(default=0.05, description="Share of those who do not sign out.")
    double_tap: Share = Field(
        default=0.02, description="Share of verifications after which the same person verifies again within seconds."
    )
    strangers: CountRange = Field(
        default=Range(low=1, high=3), description="People at a meeting who are no members, visitors among them."
    )
    photo_share: Share = Field(default=1.0, description="Share of verifications that a captured photo is uploaded for.")
    photo_size: PhotoSize = Field(default=Range(low=9 * 1024, high=25 * 1024), description="Size of the JPEG.")

    @model_validator(mode="after")
    def _shares_of_one(self) -> "AttendanceSection":
        for names in (("absent", "late"), ("early_leave", "forget_sign_out")):
            if sum(getattr(self, name) for name in names) > 1:
                raise ValueError(_("`{one}` and `{other}` are together more than 100%", one=names[0], other=names[1]))
        return self

    def settings(self) -> AttendanceSettings:
        return AttendanceSettings(
            habits=Habits(
                absent=self.absent,
                arrive=self.arrive.around(),
                late=self.late,
                leave=self.leave.around(),
                early_leave=self.early_leave,
                forget_sign_out=self.forget_sign_out,
                double_tap=self.double_tap,
                strangers=(int(self.strangers.low), int(self.strangers.high)),
            ),
            photo_share=self.photo_share,
            photo_bytes=self.photo_size,
        )


class AttendanceFields(BehaviourFields):
    """Attendance in a group."""

    attendance: AttendanceSection | None = Field(
        default=None,
        description="People who come to the meetings, each member once; `{}` for the usual ones. Takes the place of "
        "`verifications`; where these are given too, they have to do with no meeting.",
    )

    @property
    def meetings_attended(self) -> bool:
        return self.attendance is not None

    def behaviours(self) -> Iterator[BehaviourSettings]:
        if self.attendance is not None:
            yield self.attendance.settings()


class Attendance(Behaviour):
    """The meetings of one device, from the moment on at which it is switched on until it is told to stop."""

    __slots__ = (
        "_away",
        "_camera",
        "_device",
        "_habits",
        "_looked",
        "_opens",
        "_over",
        "_salt",
        "_sittings",
        "_stopped",
        "_timer",
    )

    fields = AttendanceFields
    settings_type = AttendanceSettings
    flows = (RECORD_DELIVERY, PHOTO_DELIVERY)

    def __init__(self, settings: AttendanceSettings, device: DeviceParts) -> None:
        self._habits = settings.habits
        self._camera = Camera(settings.photo_share, settings.photo_bytes)
        self._device = device
        self._salt = device.rng.randbytes(8)
        self._sittings: list[Sitting] = []
        self._over: dict[str, None] = {}
        """Ids of meetings that were told of, the oldest first."""
        self._opens = inf
        """When the sign-in window of the next meeting opens."""
        self._timer: TimerHandle | None = None
        self._away = False
        """Whether somebody came in vain, for the device was down."""
        self._looked = -inf
        """When it was looked last at what the platform has changed."""
        self._stopped = False
        device.delivery.fates.on_fate = self._fate_known

    # --- What the device tells ---

    def switched_on(self) -> None:
        self._look()

    def went_online(self, online: Online) -> None:
        self._look()

    def command_applied(self, func_id: str) -> None:
        if func_id.startswith(_DATA):
            self._look()

    def clock_set(self) -> None:
        self._look()

    def stop(self) -> None:
        if self._stopped:
            return
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = self._device.clock.now()
        for sitting in self._sittings:
            self._tell(sitting, CUT if now < sitting.over else OVER)
        self._sittings.clear()

    # --- Time ---

    def _look(self) -> None:
        """See what has become of the meetings, begin those that are due, and wait for what comes next."""
        if self._stopped:
            return
        self._review()
        self._looked = now = self._device.clock.now()
        self._begin(now)
        self._wait(now)

    def _happens(self) -> None:
        timer = self._timer
        assert timer is not None
        device = self._device
        # The moment for which the timer was set, whenever it was called.
        now = device.clock.now() - (device.timers.clock.monotonic() - timer.when)
        if device.down():
            self._away = True
            device.timers.again(timer, timer.when + _LOOK_AGAIN_S)
            return
        until = now + _EARLY_S
        # Who came while it was down was held up, however short it was; so was who came before the device knew of him.
        grace = 0.0 if self._away else min(_GRACE_S, max(0.0, now - self._looked))
        self._away = False
        meetings = device.memory.meetings
        while True:
            sitting = min(self._sittings, key=_next, default=None)
            if sitting is None or sitting.next > until:
                break
            if not sitting.deleted and meetings.get(sitting.meeting.id) is not sitting.meeting:
                self._review()  # A command is being answered at this moment.
            elif (due := sitting.take(until, grace)) is not None:
                self._verify(sitting, due, timer.when)
            elif sitting.over <= until:
                self._end(sitting)
        if self._opens <= until:
            self._begin(now)
        self._wait(now, timer)

    def _wait(self, now: float, fired: TimerHandle | None = None) -> None:
        """Wait for what happens next; `fired` is the timer where its call is being made."""
        timers = self._device.timers
        upcoming = self._opens
        for sitting in self._sittings:
            upcoming = min(upcoming, sitting.next)
        if self._timer is not None and fired is None:
            self._timer.cancel()
        self._timer = None
        if upcoming < inf:
            when = timers.clock.monotonic() + max(0.0, upcoming - self._device.clock.now())
            if fired is None:
                self._timer = timers.call_at(when, self._happens)
            else:
                self._timer = fired
                timers.again(fired, when)

    # --- Meetings ---

    def _review(self) -> None:
        """Take over what the platform changed of the meetings under way; who was turned away tries again."""
        memory = self._device.memory
        for sitting in self._sittings:
            meeting = memory.meetings.get(sitting.meeting.id)
            if meeting is None:
                if not sitting.deleted:
                    sitting.delete()
                continue
            members = memory.members.get(meeting.id, {})
            if sitting.turned_away or sitting.differs(meeting, members):
                sitting.held(meeting, members)
            else:
                sitting.meeting = meeting

    def _begin(self, now: float) -> None:
        """Begin what is to begin at `now`, and note when the next meeting will."""
        memory = self._device.memory
        self._opens = inf
        under_way = [sitting.meeting.id for sitting in self._sittings]
        for meeting_id, meeting in memory.meetings.items():
            if last_moment(meeting) < now or meeting_id in under_way or meeting_id in self._over:
                continue
            if meeting.sign_in_from > now + _EARLY_S:
                self._opens = min(self._opens, meeting.sign_in_from)
                continue
            members = memory.members.get(meeting_id, {})
            self._sittings.append(Sitting(meeting, members, self._habits, self._salt))

    def _end(self, sitting: Sitting) -> None:
        meeting_id = sitting.meeting.id
        self._sittings.remove(sitting)
        self._over[meeting_id] = None
        if len(self._over) > _MOST_OVER:
            del self._over[next(iter(self._over))]
        self._tell(sitting, OVER)

    def _tell(self, sitting: Sitting, ended: str) -> None:
        device = self._device
        device.recorder.meeting_held(sitting.summary(device.sn, DELETED if sitting.deleted else ended))

    # --- People ---

    def _verify(self, sitting: Sitting, due: Due, verified: float) -> None:
        """`due` comes to the door at the monotonic time `verified`."""
        device = self._device
        moment = float(int(due.at))
        comer = self._comer(sitting, due, moment)
        if comer is None:
            sitting.not_let_in(due)
            return
        record = device.door.record(comer, verified, moment, sitting.meeting, self._camera)
        record.what = due.what
        sitting.verified(due)
        device.delivery.add_record(record)

    def _comer(self, sitting: Sitting, due: Due, moment: float) -> Comer | None:
        door = self._device.door
        memory = self._device.memory
        members = memory.members.get(sitting.meeting.id, {})
        if due.what != STRANGER:
            pin = sitting.pin(due)
            return door.comer(pin, moment, STYLES) if pin in members else None
        person = sitting.person(due)
        if person.guest >= _VISITORS:
            rng = random.Random(person.pick)
            for _ in range(_TRIES):
                user = memory.random_pin(rng)
                if user is not None and user not in members and (comer := door.comer(user, moment, STYLES)) is not None:
                    return comer
        for _ in range(_TRIES):
            comer = door.stranger(STYLES)
            if comer.pin not in members:
                return comer
        return None

    def _fate_known(self, record: Record, acknowledged: bool) -> None:
        device, fields = self._device, record.fields
        device.recorder.attended(
            Attended(
                sn=device.sn,
                meet_code=fields["meetCode"],
                pin=fields["pin"],
                what=record.what,
                verify_time=fields["verifyTime"],
                status=fields["status"],
                log_id=fields["logId"],
                acknowledged=acknowledged,
            )
        )


def _next(sitting: Sitting) -> float:
    return sitting.next
