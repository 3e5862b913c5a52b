"""The scenario file as a whole: its top level, made of the other sections."""

from typing import Annotated

from pydantic import Field

from simulator.fields.limits import LONGEST_RUN
from simulator.fields.quantities import PositiveDuration, within_time
from simulator.fields.section import Section
from simulator.fields.targets import EMBEDDED, Targets
from simulator.fields.texts import FileName, Name
from simulator.scenario.sections.channel import ChannelSection
from simulator.scenario.sections.downloads import DownloadsSection
from simulator.scenario.sections.faults import FaultEntry
from simulator.scenario.sections.group import GroupFields, GroupSection
from simulator.scenario.sections.mqtt import MqttSection
from simulator.scenario.sections.platform import PlatformSection
from simulator.scenario.sections.reading import ReadingFields
from simulator.scenario.sections.run import (
    DevicesTlsSection,
    IdentitiesSection,
    LimitsSection,
    NetworkSection,
    RampSection,
    ReportSection,
    WorkersSection,
)

DEFAULT_DURATION = 60.0
"""Seconds, where neither `duration` nor ramp steps say how long a run takes."""


class _Run(Section):
    """What a run is called, how long it takes and against whom it goes."""

    name: Name | None = Field(default=None, description="Shown in reports; by default the file's name.")
    description: str = Field(default="", max_length=2000, description="What the scenario is for.")
    seed: int = Field(
        default=1, ge=0, lt=2**63, description="Two runs with the same seed make the same people and moments."
    )
    duration: Annotated[PositiveDuration, within_time("1s", LONGEST_RUN)] | None = Field(
        default=None, description="Length of the run, ramp included; 60s, or what the ramp's steps take."
    )
    target: Targets = Field(
        default=(),
        description=f"`{EMBEDDED}` starts the embedded platform; else what precedes `/v3/device/getBrokerServer` in "
        "the URL of the dispatch server, or a list of those, used in turn. `--host` beats it.",
    )


class ScenarioDocument(ReadingFields, _Run):
    """One run: which devices, what they do, against which platform, and what counts as good enough."""

    identities: IdentitiesSection = Field(default=IdentitiesSection(), description="Who the devices are.")
    channel: ChannelSection = Field(default=ChannelSection(), description="The secure channel.")
    mqtt: MqttSection = Field(
        default=MqttSection(),
        description="How devices over MQTT speak to their broker, in `defaults` and groups as well; the embedded "
        "platform goes by it too.",
    )
    tls: DevicesTlsSection = Field(
        default=DevicesTlsSection(), description="Trust for https, wss and mqtts, and TLS sessions."
    )
    network: NetworkSection = Field(default=NetworkSection(), description="How connections are opened.")
    downloads: DownloadsSection = Field(default=DownloadsSection(), description="Where pictures may be fetched from.")
    defaults: GroupFields = Field(default=GroupFields(), description="What all groups share unless they say otherwise.")
    groups: Annotated[list[GroupSection], Field(min_length=1, max_length=1000)] = Field(description="The fleet.")
    ramp: RampSection = Field(default=RampSection(), description="How devices start and stop.")
    faults: list[FaultEntry] = Field(
        default=[],
        max_length=1000,
        description="What goes wrong on purpose, when, and for which devices; always the same by `seed` "
        "(docs/faults.md).",
    )
    thresholds: list[str] = Field(
        default=[],
        max_length=1000,
        description="What must hold for the run to pass: `dev.heartbeat p99 < 500 ms`, `failures < 0.1 %` … "
        "(docs/thresholds.md).",
    )
    limits: LimitsSection = Field(default=LimitsSection(), description="When the generator is the bottleneck.")
    workers: WorkersSection = Field(default=WorkersSection(), description="When workers fall silent.")
    platform: PlatformSection = Field(default=PlatformSection(), description="What the embedded platform does.")
    state_file: FileName | None = Field(
        default=None,
        description="Keeps what devices leave for the next run: `authCode` and `secret` for warm starts, and the "
        "records that were not acknowledged, which go up first then; relative to the scenario file.",
    )
    report: ReportSection = Field(default=ReportSection(), description="What a run leaves.")
