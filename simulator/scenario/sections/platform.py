"""The `platform` section: what the embedded platform tells its devices, pushes to them, and how it answers."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from simulator.fields.limits import LONGEST_RUN
from simulator.fields.quantities import (
    Duration,
    GatherTime,
    InRun,
    InYear,
    PackageSize,
    PositiveDuration,
    Share,
    SignedDuration,
    Size,
    within_signed_time,
    within_time,
)
from simulator.fields.section import Section, known
from simulator.fields.texts import Line
from simulator.platform.reading import PlatformReading
from simulator.platform.settings import (
    MeetingPlan,
    MqttSettings,
    PlatformSettings,
    PlatformTls,
    PushMoment,
    PushRule,
)
from simulator.platform.split import MOST_PROCESSES
from simulator.platform.wrong.modes import MODES
from simulator.protocol.catalogue import CATALOGUE, NEGOTIATED_FUNC_IDS
from simulator.protocol.catalogue.formats import BIO_FLAGS, OFFSET, Format
from simulator.protocol.channel.registry import NO_OPTIONS, Options
from simulator.scenario.sections.answers import AnswerSection
from simulator.scenario.sections.mqtt import PlatformMqttSection
from simulator.scenario.sections.platform_tls import PlatformTlsSection
from simulator.texts.translation import _, listed
from simulator.wire.strangers import StrangerLimits

_LIMITS = StrangerLimits()
_ON_MEETINGS = (
    *("cmd.data.update.meeting", "cmd.data.delete.meeting"),
    *("cmd.data.update.meetingMember", "cmd.data.delete.meetingMember"),
)


def _in_format(format_: Format) -> AfterValidator:
    def check(value: str) -> str:
        problem = format_.problem(value)
        if problem is not None:
            raise ValueError(f"'{value}' {problem}")
        return value

    return AfterValidator(check)


BioFlags = Annotated[str, _in_format(BIO_FLAGS)]


class HeartbeatSection(Section):
    """The business heartbeat, as the report's reply announces it."""

    supported: bool = Field(default=True, description="`supportHeartbeat`.")
    interval: Annotated[Duration, within_time("0s", "1d")] = Field(
        default=60.0, description="`heartbeatInterval`; whole seconds."
    )

    @field_validator("interval")
    @classmethod
    def _whole_seconds(cls, interval: float) -> float:
        if interval < 1 or interval != int(interval):
            raise ValueError(_("the protocol counts the interval in whole seconds, 1s or more"))
        return interval


class MeetingsSection(Section):
    """The meetings each device gets after it first came online. Zero of the clock: the first device came online."""

    count: int = Field(default=1, ge=0, le=1000, description="Meetings per device, one after the other; 0 for none.")
    starts_in: Annotated[SignedDuration, within_signed_time("365d")] = Field(
        default=600.0, description="Start of the first; negative for one that is under way."
    )
    duration: Annotated[PositiveDuration, within_time("1s", "365d")] = Field(
        default=3600.0, description="Length of each."
    )
    gap: InYear = Field(default=900.0, description="Pause between two.")
    sign_in_before: InYear = Field(default=900.0, description="Sign-in opens so long before the start.")
    sign_in_after: InYear = Field(default=600.0, description="Sign-in closes so long after the start.")
    sign_out_before: InYear = Field(default=600.0, description="Sign-out opens so long before the end.")
    sign_out_after: InYear = Field(default=900.0, description="Sign-out closes so long after the end.")

    def plan(self, members: int) -> MeetingPlan:
        """The meetings with so many members each."""
        return MeetingPlan(members=members, **self.model_dump())


class PushSection(Section):
    """A command that the platform sends by itself. Give one of `on`, `every` and `at`; without, it is `on: online`."""

    command: Line = Field(min_length=1, max_length=64, description="Any `cmd.*` funcId.")
    on: Literal["online"] | None = Field(default=None, description="`online`: each time a device came online.")
    after: InRun | None = Field(default=None, description="With `on: online`: so long afterwards.")
    every: Annotated[PositiveDuration, within_time("100ms", LONGEST_RUN)] | None = Field(
        default=None, description="Again and again while a device is online."
    )
    at: InRun | None = Field(
        default=None, description="Once, so long after the first device came online, to all that are online."
    )
    count: int = Field(default=1, ge=0, le=1000, description="Users, cards, meetings, pins … in one command.")
    share: Share = Field(default=1.0, description="Share of the devices that get it, the same ones each time.")
    times: int | None = Field(default=None, ge=1, le=1_000_000, description="At most so many to one device.")
    imme: bool = Field(default=False, description="Sent as urgent (`imme` 1).")
    unknown: bool = Field(
        default=False, description="The funcId is none of the protocol's: the device must refuse it, not stay silent."
    )
    meeting: int | None = Field(
        default=None,
        ge=1,
        le=1000,
        description="Of a command on meetings or members: the first of the planned meetings (`platform.meetings`) that "
        "it is about, each time the next ones. Members that are added come from those who are none.",
    )
    moved: Annotated[SignedDuration, within_signed_time("365d")] = Field(
        default=0.0, description="With `meeting` of `cmd.data.update.meeting`: so much later than planned."
    )
    longer: Annotated[SignedDuration, within_signed_time("365d")] = Field(
        default=0.0, description="With `meeting` of `cmd.data.update.meeting`: so much longer than planned."
    )
    params: dict[str, Any] = Field(
        default={}, description="Laid over the params the platform makes up, in the shape of the wire."
    )

    @model_validator(mode="after")
    def _one_moment(self) -> "PushSection":
        given = [name for name in ("on", "every", "at") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(
                _(
                    "give one of {names}, not {given} of them",
                    names=listed(f"`{name}`" for name in given),
                    given=len(given),
                )
            )
        if self.after is not None and given and given != ["on"]:
            raise ValueError(_("`after` goes with `on: online`, not with `{given}`", given=given[0]))
        return self

    @model_validator(mode="after")
    def _of_a_meeting(self) -> "PushSection":
        if self.meeting is not None and self.command not in _ON_MEETINGS:
            raise ValueError(
                _(
                    "`meeting` goes with {on_meetings}, not with {command}",
                    on_meetings=listed(_ON_MEETINGS),
                    command=self.command,
                )
            )
        if (self.moved or self.longer) and (self.meeting is None or self.command != "cmd.data.update.meeting"):
            raise ValueError(_("`moved` and `longer` go with `meeting` of cmd.data.update.meeting"))
        return self

    def rule(self) -> PushRule:
        if self.every is not None:
            moment, seconds = PushMoment.EVERY, self.every
        elif self.at is not None:
            moment, seconds = PushMoment.AT, self.at
        else:
            moment, seconds = PushMoment.ONLINE, self.after or 0.0
        return PushRule(
            command=self.command,
            moment=moment,
            seconds=seconds,
            count=self.count,
            share=self.share,
            times=self.times,
            urgent=self.imme,
            unknown=self.unknown,
            meeting=None if self.meeting is None else self.meeting - 1,
            moved=self.moved,
            longer=self.longer,
            params=dict(self.params),
        )


class BeforeLoginSection(Section):
    """What connections may cost that have not logged in yet: anybody who reaches the port can open them."""

    deadline: Annotated[PositiveDuration, within_time("100ms", "1d")] = Field(
        default=_LIMITS.deadline, description="A connection without a login is closed after it."
    )
    connections: int = Field(
        default=_LIMITS.connections,
        ge=1,
        le=1_000_000,
        description="Of all together; a quarter of the open files that the platform may have, where that is less.",
    )
    memory: Size = Field(
        default=_LIMITS.held_bytes,
        ge=64 * 1024,
        le=4 * 1024**3,
        description="Held of unfinished messages, of all together.",
    )

    def limits(self) -> StrangerLimits:
        return StrangerLimits(deadline=self.deadline, connections=self.connections, held_bytes=self.memory)


class PlatformSection(Section):
    """What the embedded platform does. A target of your own ignores it."""

    heartbeat: HeartbeatSection = Field(default=HeartbeatSection(), description="The heartbeat it asks for.")
    timezone: Annotated[str, _in_format(OFFSET)] = Field(default="+08:00", description="Offset of its devices.")
    func_ids: list[str] | None = Field(
        default=None,
        max_length=1000,
        description="`funcIds` it supports; none listed means all, `[]` only the six basic ones.",
    )
    multi_bio_data: BioFlags = Field(
        default="0:1:1:0:0:0:0:0:1:1", description="`multiBioDataSupport` of the report's reply."
    )
    multi_bio_photo: BioFlags = Field(
        default="0:0:0:0:0:0:0:0:0:1", description="`multiBioPhotoSupport` of the report's reply."
    )
    max_package: PackageSize | None = Field(
        default=None,
        description="Larger messages are refused (`E0000002`), and none sent, where it is less than a device's own "
        "`max_package`. By default the device's own limit alone counts.",
    )
    users: int = Field(default=20, ge=0, le=30_000, description="Users given to each device that first came online.")
    members: int = Field(default=10, ge=0, le=30_000, description="Members of each meeting, of these users.")
    meetings: MeetingsSection = Field(default=MeetingsSection(), description="Meetings given to each device.")
    pushes: list[PushSection] = Field(default=[], max_length=1000, description="Commands it sends by itself.")
    answers: list[AnswerSection] = Field(default=[], max_length=1000, description="Delays, refusals and silence.")
    before_login: BeforeLoginSection = Field(
        default=BeforeLoginSection(), description="Limits for connections that have not logged in."
    )
    tls: PlatformTlsSection | None = Field(default=None, description="https and wss instead of http and ws.")
    mqtt: PlatformMqttSection = Field(default=PlatformMqttSection(), description="Its broker for devices over MQTT.")
    processes: Annotated[int, Field(ge=1, le=MOST_PROCESSES)] | Literal["auto"] = Field(
        default="auto",
        description="Processes that share its devices, each with a broker of its own; the dispatch is one. `auto`: as "
        "many as the devices ask for, by the open files that a process may have; with 10,000 devices or more as many "
        "as Locust's `--processes` too, up to one a core.",
    )
    gather: GatherTime = Field(
        default=0.0,
        description="How long each of its processes lets gather what arrives or is due before it looks, as "
        "`workers.gather`. It answers up to so much later.",
    )
    wrong: list[str] = Field(
        default=[],
        max_length=1000,
        description="Mistakes that it makes on purpose, to prove that they are found: names of `wrong-platform.md`.",
    )

    @field_validator("func_ids")
    @classmethod
    def _known_func_ids(cls, names: list[str] | None) -> list[str] | None:
        for name in names or ():
            known(name, sorted({*NEGOTIATED_FUNC_IDS, *CATALOGUE}), _("funcId of the protocol"))
        return names

    @field_validator("processes")
    @classmethod
    def _can_be_split(cls, processes: int | str, info: ValidationInfo) -> int | str:
        mqtt = info.data.get("mqtt")
        if isinstance(processes, int) and processes > 1 and mqtt is not None and mqtt.broker is not None:
            raise ValueError(
                _(
                    "several processes each have a broker of their own, and `mqtt.broker` names one: "
                    "leave one of them out"
                )
            )
        return processes

    @field_validator("wrong")
    @classmethod
    def _known_mistakes(cls, names: list[str]) -> list[str]:
        for name in names:
            known(name, MODES, _("mistake of a platform (`best-fleet platform --list-wrong` lists them)"))
        return names

    def settings(
        self,
        channel: str,
        tls: PlatformTls | None,
        reading: PlatformReading,
        mqtt: MqttSettings,
        options: Options = NO_OPTIONS,
    ) -> PlatformSettings:
        return PlatformSettings(
            channel=channel,
            channel_options=options,
            tls=tls,
            reading=reading,
            mqtt=mqtt,
            supports_heartbeat=self.heartbeat.supported,
            heartbeat_interval=int(self.heartbeat.interval),
            before_login=self.before_login.limits(),
            timezone=self.timezone,
            func_ids=None if self.func_ids is None else tuple(self.func_ids),
            multi_bio_data_support=self.multi_bio_data,
            multi_bio_photo_support=self.multi_bio_photo,
            max_package_kb=None if self.max_package is None else self.max_package // 1024,
            users=self.users,
            meetings=self.meetings.plan(min(self.members, self.users)),
            pushes=tuple(push.rule() for push in self.pushes),
            answers=tuple(answer.rule() for answer in self.answers),
            wrong=tuple(dict.fromkeys(self.wrong)),
        )
