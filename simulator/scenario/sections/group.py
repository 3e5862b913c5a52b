"""A group of equal devices: what the scenario says about them, and how it becomes `DeviceSettings`."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from simulator.device.behaviours.registry import GroupBehaviours
from simulator.device.settings import DeviceSettings, OnTimeout, OwnMeeting, Start
from simulator.fields.limits import MOST_DEVICES
from simulator.fields.quantities import (
    Duration,
    DurationRange,
    InYear,
    PackageSize,
    PositiveDuration,
    within_time,
)
from simulator.fields.range import Range
from simulator.fields.section import Section, known
from simulator.fields.texts import Line, Locale, Name
from simulator.protocol.broker import is_publish_subscribe
from simulator.protocol.catalogue import CATALOGUE, COMMAND_FUNC_IDS
from simulator.pubsub.profile import Profile
from simulator.scenario.sections.clock import ClockSection
from simulator.scenario.sections.command_failures import CommandFailuresSection
from simulator.scenario.sections.functions import FunctionsSection
from simulator.scenario.sections.mqtt import MqttSection
from simulator.scenario.sections.ownership import UnknownSection
from simulator.scenario.sections.reading import GroupReadingFields
from simulator.texts.translation import N_, _

SET_ELSEWHERE = {
    "fwVer": "`firmware`",
    "devModel": "`model`",
    "maxPackageSize": "`max_package`",
    "maxPendingCmdCount": "`max_pending_commands`",
    "maxUserCount": "`capacities.users`",
    "maxTransactionCount": "`capacities.records`",
    "funcIds": "`functions`",
    "userCount": N_("the device's memory"),
    "transactionCount": N_("the device's memory"),
    "multiBioDataCount": N_("the device's memory"),
    "multiBioPhotoCount": N_("the device's memory"),
    "mac": N_("the serial number: every device has its own"),
}
"""Parameters of `dev.report` that `options` may not override, and what sets them."""


class OwnMeetingSection(Section):
    """A meeting the device knows by itself, for platforms that send none. Times count from the device's start."""

    id: Line = Field(min_length=1, max_length=64, description="The meeting's id (`meetCode` of its records).")
    name: Line = Field(default="Meeting", min_length=1, max_length=100, description="Its name.")
    starts: InYear = Field(description="Start.")
    ends: InYear = Field(description="End.")
    sign_in_opens: InYear | None = Field(default=None, description="Start of the sign-in window.")
    sign_in_closes: InYear | None = Field(default=None, description="End of the sign-in window.")
    sign_out_opens: InYear | None = Field(default=None, description="Start of the sign-out window.")
    sign_out_closes: InYear | None = Field(default=None, description="End of the sign-out window.")
    members: int = Field(default=0, ge=0, le=30_000, description="So many of the device's `users`, the first ones.")

    @model_validator(mode="after")
    def _in_order(self) -> "OwnMeetingSection":
        if self.ends <= self.starts:
            raise ValueError(_("the meeting ends before it starts"))
        for what, opens, closes in (
            (_("sign-in"), self.sign_in_opens, self.sign_in_closes),
            (_("sign-out"), self.sign_out_opens, self.sign_out_closes),
        ):
            if opens is not None and closes is not None and closes < opens:
                raise ValueError(_("the {what} window closes before it opens", what=what))
        return self

    def settings(self) -> OwnMeeting:
        return OwnMeeting(**self.model_dump())


class ReconnectSection(Section):
    """How a device comes back after it lost the connection: exponential back-off with jitter."""

    first: Annotated[PositiveDuration, within_time("10ms", "1d")] = Field(
        default=30.0, description="Delay before the first attempt; up to half as much again, by chance."
    )
    max: Annotated[PositiveDuration, within_time("10ms", "1d")] = Field(
        default=300.0, description="Bound of the delay. Near it, delays are up to a third shorter, by chance."
    )

    @model_validator(mode="after")
    def _in_order(self) -> "ReconnectSection":
        if self.max < self.first:
            raise ValueError(_("`max` is below `first`"))
        return self


class CapacitiesSection(Section):
    """How much a device can hold."""

    users: int = Field(default=30_000, ge=1, le=1_000_000, description="Users.")
    records: int = Field(
        default=100_000, ge=1, le=10_000_000, description="Verification records that wait or are kept."
    )
    photos: int = Field(default=5_000, ge=1, le=1_000_000, description="Captured photos.")
    bio_photos: int = Field(default=10_000, ge=1, le=1_000_000, description="Biometric photos of each type.")
    templates: int = Field(default=10_000, ge=1, le=1_000_000, description="Biometric templates of each type.")


def _command_prefix(value: Any) -> str:
    if isinstance(value, str) and any(name == value or name.startswith(f"{value}.") for name in COMMAND_FUNC_IDS):
        return value
    prefixes = {name.rsplit(".", cut)[0] for name in COMMAND_FUNC_IDS for cut in (0, 1, 2)}
    return known(str(value), sorted({*COMMAND_FUNC_IDS, *prefixes} - {"cmd"}), _("cmd.* funcId or a prefix of one"))


def _option_name(value: Any) -> str:
    if value in SET_ELSEWHERE:
        raise ValueError(_("{value} is set by {setter}", value=value, setter=_(SET_ELSEWHERE[value])))
    fields = [field.name for field in CATALOGUE["dev.report"].params.fields]
    return known(str(value), [name for name in fields if name not in SET_ELSEWHERE], _("parameter of dev.report"))


CommandPrefix = Annotated[str, BeforeValidator(_command_prefix)]
OptionName = Annotated[str, BeforeValidator(_option_name)]


class _DeviceFields(Section):
    """What a device is and holds."""

    model: Line = Field(default="TDB08Z-PLUS", min_length=1, max_length=64, description="`devModel` of the report.")
    firmware: Line = Field(
        default="ZAM170-NF-Ver1.1.21", min_length=1, max_length=64, description="`fwVer` of the report."
    )
    device_type: Literal["att", "acc", "elev", "icc", "meet"] = Field(default="meet", description="`devType`.")
    broker_type: Literal["push", "best-w", "best-t", "best-m", "best-a"] = Field(
        default="best-w",
        description="What the look-up asks for: `best-w` WebSocket; `best-m` MQTT, `best-t` Tencent's and `best-a` "
        "AWS's, each by its profile of `mqtt`; `push` ends after the look-up.",
    )
    start: Literal["as listed", "cold", "warm"] = Field(
        default="as listed",
        description="`cold` registers; `warm` logs in with `authCode` and `secret` of the CSV or `state_file`; "
        "`as listed`: warm where the CSV gives them, else cold.",
    )
    users: int = Field(default=50, ge=0, le=1_000_000, description="Users in the device's memory at its first start.")
    user_locale: Locale = Field(default="zh_CN", description="Language and country of their names (faker).")
    meetings: list[OwnMeetingSection] = Field(
        default=[], max_length=1000, description="Meetings known without the platform."
    )


class GroupFields(GroupBehaviours, GroupReadingFields, _DeviceFields):
    """What `defaults` and each group may say about devices; a group's own value replaces the default as a whole."""

    request_timeout: Annotated[PositiveDuration, within_time("10ms", "1h")] = Field(
        default=10.0, description="A request without a reply so long has failed."
    )
    on_timeout: Literal["reconnect", "retry"] = Field(
        default="reconnect", description="What a device then does: take the connection for dead, or send again."
    )
    reconnect: ReconnectSection = Field(default=ReconnectSection(), description="Back-off after a lost connection.")
    handling: dict[CommandPrefix, Annotated[DurationRange, within_time("0s", "1h")]] = Field(
        default={}, description="Time a command takes, by funcId or prefix (`cmd.data.update: 20ms..80ms`); else none."
    )
    reboot: Annotated[DurationRange, within_time("0s", "1d")] = Field(
        default=Range(low=5.0, high=10.0), description="How long a rebooting device is away."
    )
    functions: FunctionsSection = Field(
        default=FunctionsSection(), description="What firmware of another age cannot do, or says that it can."
    )
    mqtt: MqttSection = Field(
        default=MqttSection(),
        description="How devices of `broker_type` best-m, best-t and best-a speak to their broker.",
    )
    report_room: bool = Field(
        default=True,
        description="Whether `dev.report` tells the `meetRoom…` options that the platform has set, which the "
        "document's table does not list.",
    )
    options: dict[OptionName, Line] = Field(
        default={}, description="Other values for parameters of `dev.report`, by wire name; text, as on the wire."
    )
    capacities: CapacitiesSection = Field(default=CapacitiesSection(), description="What a device can hold.")
    max_package: PackageSize = Field(default=64 * 1024, description="`maxPackageSize`: largest message, in whole KB.")
    max_pending_commands: int = Field(default=20, ge=1, le=1000, description="`maxPendingCmdCount`.")
    clock: ClockSection | None = Field(default=None, description="Clocks that are wrong; right ones where absent.")
    command_failures: CommandFailuresSection | None = Field(
        default=None, description="Commands that fail by chance, to see how a platform takes it."
    )
    unknown: UnknownSection = Field(
        default=UnknownSection(), description="What becomes of what belongs to somebody or something unknown."
    )
    members: Literal["add", "replace"] = Field(
        default="add",
        description="What the pins of a `cmd.data.update.meetingMember` do to the meeting's earlier members.",
    )
    strict: bool = Field(
        default=False,
        description="Refuse what departs from the document, as strict firmware would; else it is used wherever its "
        "meaning is plain. It is counted either way.",
    )
    drain: Annotated[Duration, within_time("0s", "1h")] = Field(
        default=10.0,
        description="How long a stopping device may take to get its records acknowledged; one that tried in vain "
        "to come online ever since it was switched on leaves at once.",
    )


class GroupSection(GroupFields):
    """Equal devices. Every key of `defaults` may stand here too."""

    name: Name = Field(description="Shown in reports; unique.")
    count: int = Field(ge=0, le=MOST_DEVICES, description="How many devices; `-u N` scales all groups in proportion.")

    def profile(self) -> Profile | None:
        """By which the group speaks to its broker; None where that is not over MQTT."""
        return self.mqtt.profile_of(self.broker_type) if is_publish_subscribe(self.broker_type) else None

    def settings(self) -> DeviceSettings:
        """What every device of the group shares; `defaults` must have been laid under it before."""
        functions = self.functions.functions()
        return DeviceSettings(
            group=self.name,
            model=self.model,
            firmware=self.firmware,
            device_type=self.device_type,
            start=Start(self.start),
            broker_type=self.broker_type,
            request_timeout=self.request_timeout,
            on_timeout=OnTimeout(self.on_timeout),
            reconnect_delay=Range(low=self.reconnect.first, high=self.reconnect.max),
            drain=self.drain,
            clock=None if self.clock is None else self.clock.settings(),
            command_failures={} if self.command_failures is None else self.command_failures.settings(),
            refused_commands=frozenset(functions.extra) - frozenset(COMMAND_FUNC_IDS),
            ownership=self.unknown.ownership(members_replace=self.members == "replace"),
            strict=self.strict,
            users=self.users,
            user_locale=self.user_locale,
            max_users=self.capacities.users,
            max_transactions=self.capacities.records,
            max_photos=self.capacities.photos,
            max_bio_photos=self.capacities.bio_photos,
            max_templates=self.capacities.templates,
            max_package_kb=self.max_package // 1024,
            max_pending_commands=self.max_pending_commands,
            behaviours=tuple(each for each in self.behaviours() if not functions.lacks(each.needs)),
            meetings=tuple(meeting.settings() for meeting in self.meetings),
            handling=dict(self.handling),
            reboot=self.reboot,
            functions=functions,
            report_room=self.report_room,
            options=dict(self.options),
            reading=self.reading(),
            mqtt=self.profile(),
        )
