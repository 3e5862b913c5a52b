"""The sections of `faults`: one for each kind of fault, told apart by `what`.

Each says its own keys only; what contradicts the run, the groups or another fault is told by `fault_rules`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from simulator.fields.limits import LONGEST_RUN
from simulator.fields.quantities import (
    Bandwidth,
    DurationRange,
    InRun,
    PositiveDuration,
    PositiveRate,
    Share,
    SignedDuration,
    within_bandwidth,
    within_rate,
    within_signed_time,
    within_time,
)
from simulator.fields.range import Range
from simulator.fields.section import Section, Shown, kinds_in, known
from simulator.fields.texts import Name
from simulator.measurements.misbehaviours import MISBEHAVIOURS
from simulator.texts.translation import _
from simulator.weather.kinds import (
    ClockJump,
    Flapping,
    How,
    Kind,
    Misbehave,
    Outage,
    PlatformRestart,
    PowerCut,
    RebootWave,
    SlowLink,
    Store,
)
from simulator.weather.schedule import Entry

_AT_ONCE: Final = Range(low=0.0, high=0.0)

Length = Annotated[DurationRange, within_time("10ms", LONGEST_RUN)]
"""How long a fault lasts; drawn anew each time it comes."""
HowWord = Literal["reset", "close", "silent", "dns", "refused"]
_HOW_TEXT: Final = (
    "What the device sees: `reset` RST; `close` an orderly end (1001, DISCONNECT); `silent` nothing at all, half-open; "
    "`dns` and `refused` RST, and then no name or no listener. No connection can be opened meanwhile."
)


def _way(word: str) -> str:
    return known(word, MISBEHAVIOURS, _("way to misbehave"))


Way = Annotated[
    str,
    AfterValidator(_way),
    WithJsonSchema({"type": "string", "enum": list(MISBEHAVIOURS)}),
    Shown("way to misbehave", str),
]


class FaultSection(Section):
    """One fault. `what` says of which kind; these keys are those of all kinds."""

    at: InRun | None = Field(
        default=None, description="So long after the run's begin; together with `every`, for the first time then."
    )
    every: Annotated[PositiveDuration, within_time("1s", LONGEST_RUN)] | None = Field(
        default=None, description="Comes again and again, begin to begin; without `at` first after this time."
    )

    @property
    def kind(self) -> Kind:
        """What it is, without when and for whom."""
        raise NotImplementedError

    @property
    def length(self) -> Range:
        """Seconds from begin to end."""
        return _AT_ONCE

    def entry(self, numbers: Mapping[str, int]) -> Entry:
        """What the schedule is drawn from.

        Args:
            numbers: of the groups by name.
        """
        return Entry(kind=self.kind, at=self.at, every=self.every, lasts=self.length)


class DeviceFaultSection(FaultSection):
    """Keys of all kinds but `platform_restart`, which hits every device."""

    share: Share = Field(default=1.0, description="Share of the devices, of `groups` where that is given.")
    groups: Annotated[list[Name], Field(min_length=1, max_length=1000)] | None = Field(
        default=None, description="Names of the groups that it hits; all where absent."
    )

    def entry(self, numbers: Mapping[str, int]) -> Entry:
        return Entry(
            kind=self.kind,
            at=self.at,
            every=self.every,
            lasts=self.length,
            groups=tuple(sorted({numbers[name] for name in self.groups or ()})),
            share=self.share,
        )


class OutageSection(DeviceFaultSection):
    """The network is gone."""

    what: Literal["outage"] = Field(description="The network is gone.")
    lasts: Length = Field(alias="for", description="How long; from a range each time anew.")
    how: HowWord = Field(default="reset", description=_HOW_TEXT)

    @property
    def kind(self) -> Kind:
        return Outage(how=How(self.how))

    @property
    def length(self) -> Range:
        return self.lasts


class FlappingSection(DeviceFaultSection):
    """The network comes and goes, for each device at times of its own."""

    what: Literal["flapping"] = Field(description="The network comes and goes, for each device at times of its own.")
    lasts: Length = Field(alias="for", description="How long; from a range each time anew.")
    up: Annotated[DurationRange, within_time("10ms", "1d")] = Field(
        description="How long the network is there, each time; it begins with this."
    )
    down: Annotated[DurationRange, within_time("10ms", "1d")] = Field(description="How long it is gone, each time.")
    how: HowWord = Field(default="reset", description=_HOW_TEXT)

    @property
    def kind(self) -> Kind:
        return Flapping(up=self.up, down=self.down, how=How(self.how))

    @property
    def length(self) -> Range:
        return self.lasts


class SlowLinkSection(DeviceFaultSection):
    """Everything takes longer, either way; nothing is lost."""

    what: Literal["slow_link"] = Field(description="Everything takes longer, either way; nothing is lost.")
    lasts: Length = Field(alias="for", description="How long; from a range each time anew.")
    latency: Annotated[DurationRange, within_time("0s", "10min")] = Field(
        description="How much longer each piece of data takes, one way."
    )
    bandwidth: Annotated[Bandwidth, within_bandwidth("100B/s", "1024MB/s")] | None = Field(
        default=None, description="Of one device, each way; no limit where absent."
    )
    stall: Share = Field(
        default=0.0, description="Share of pieces that take a second longer, as one that TCP has to send again."
    )

    @property
    def kind(self) -> Kind:
        return SlowLink(latency=self.latency, bandwidth=self.bandwidth, stall=self.stall)

    @property
    def length(self) -> Range:
        return self.lasts


class PowerCutSection(DeviceFaultSection):
    """Devices are gone at once, without a word, and start anew."""

    what: Literal["power_cut"] = Field(description="Devices are gone at once, without a word, and start anew.")
    back_after: Annotated[DurationRange, within_time("10ms", "1d")] = Field(
        description="When they start again; from a range each device draws its own."
    )
    store: Literal["kept", "unsent lost"] = Field(
        default="kept",
        description="What is left of records and pictures that were not acknowledged: all, or none (they are counted).",
    )

    @property
    def kind(self) -> Kind:
        return PowerCut(back_after=self.back_after, store=Store(self.store))


class ClockJumpSection(DeviceFaultSection):
    """The devices' clocks are set wrong, until the platform sets them right."""

    what: Literal["clock_jump"] = Field(description="The devices' clocks are wrong, until the platform sets them.")
    by: Annotated[SignedDuration, within_signed_time("3650d")] = Field(
        description="How far forward, or back (`-10min`)."
    )

    @property
    def kind(self) -> Kind:
        return ClockJump(by=self.by)


class RebootWaveSection(DeviceFaultSection):
    """Each device reboots once, at a time of its own."""

    what: Literal["reboot_wave"] = Field(description="Each device reboots once, at a time of its own.")
    over: Length = Field(description="Within this time.")

    @property
    def kind(self) -> Kind:
        return RebootWave()

    @property
    def length(self) -> Range:
        return self.over


class PlatformRestartSection(FaultSection):
    """The embedded platform is killed and started again with its ledger. Hits all devices."""

    what: Literal["platform_restart"] = Field(
        description="The embedded platform is killed, and started again with its ledger; hits all devices."
    )
    down: Annotated[DurationRange, within_time("10ms", "1d")] = Field(description="How long it is away.")

    @property
    def kind(self) -> Kind:
        return PlatformRestart()

    @property
    def length(self) -> Range:
        return self.down


class MisbehaveSection(DeviceFaultSection):
    """Devices do what the document forbids."""

    what: Literal["misbehave"] = Field(description="Devices do what the document forbids (docs/misbehaviour.md).")
    lasts: Length = Field(alias="for", description="How long; from a range each time anew.")
    ways: Annotated[list[Way], Field(min_length=1, max_length=len(MISBEHAVIOURS))] = Field(
        description=f"In which ways, one after the other: {', '.join(f'`{way}`' for way in MISBEHAVIOURS)}."
    )
    rate: Annotated[PositiveRate, within_rate("100/s")] = Field(description="How often, per device.")
    expect: Literal["refused", "any"] = Field(
        default="refused",
        description="`refused`: the platform must answer as the document says; `any`: what it does is only counted.",
    )

    @property
    def kind(self) -> Kind:
        return Misbehave(ways=tuple(dict.fromkeys(self.ways)), rate=self.rate, refused=self.expect == "refused")

    @property
    def length(self) -> Range:
        return self.lasts


FaultEntry = Annotated[
    OutageSection
    | FlappingSection
    | SlowLinkSection
    | PowerCutSection
    | ClockJumpSection
    | RebootWaveSection
    | PlatformRestartSection
    | MisbehaveSection,
    Field(discriminator="what"),
]

KINDS: Final = tuple(kinds_in(FaultEntry))
"""The words of `what`."""

STAND_IN: Final[Mapping[str, object]] = MappingProxyType({"what": "clock_jump", "at": "0s", "by": "1s"})
"""A fault with which nothing is wrong, in place of one that cannot be read, so that the others keep their places."""
STAND_INS: Final[Mapping[str, object]] = MappingProxyType(
    {
        **dict.fromkeys(("for", "up", "down", "back_after", "by", "over"), "1s"),
        "latency": "0s",
        "ways": ["bad_sign"],
        "rate": "1/s",
    }
)
"""Key -> what stands in for a value that is missing, so that the rest of the fault can be looked at."""
