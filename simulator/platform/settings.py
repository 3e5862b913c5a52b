"""What the embedded platform tells, sends and answers: plain values, without a scenario file's syntax.

No value has a default here: a scenario's `platform` section says what holds where it is silent. Durations are seconds.
The platform's zero is the moment at which its first device came online: `at` of a push and
`starts_in` of the meetings count from it, so that they mean the same for every device of a fleet that ramps up.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from random import Random
from statistics import NormalDist
from typing import Any

from simulator.platform.reading import PlatformReading
from simulator.protocol.channel.registry import Options
from simulator.pubsub.profile import Profile
from simulator.wire.strangers import StrangerLimits
from simulator.wire.tls import Algorithm

_NORMAL = NormalDist()
_P99 = _NORMAL.inv_cdf(0.99)


class Delay(ABC):
    """A distribution of waiting times, known exactly, so that a measurement of it can be checked."""

    @abstractmethod
    def quantile(self, share: float) -> float:
        """The seconds that `share` (0 < share < 1) of all waits stay below."""

    def draw(self, random: Random) -> float:
        """One wait in seconds."""
        # random() may return 0, which a logarithm does not take.
        return self.quantile(max(random.random(), 1e-12))


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedDelay(Delay):
    """Always the same wait."""

    seconds: float

    def quantile(self, share: float) -> float:
        return self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class UniformDelay(Delay):
    """Evenly between two bounds."""

    low: float
    high: float

    def quantile(self, share: float) -> float:
        return self.low + (self.high - self.low) * share


@dataclass(frozen=True, slots=True, kw_only=True)
class ExponentialDelay(Delay):
    """Exponential with a mean."""

    mean: float

    def quantile(self, share: float) -> float:
        return -self.mean * math.log1p(-share)


@dataclass(frozen=True, slots=True, kw_only=True)
class LognormalDelay(Delay):
    """The usual shape of a service's answers: a median and a long tail, given by its 99th percentile."""

    median: float
    p99: float

    def quantile(self, share: float) -> float:
        sigma = math.log(self.p99 / self.median) / _P99
        return self.median * math.exp(sigma * _NORMAL.inv_cdf(share))


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRule:
    """How messages of some funcIds are answered; of several rules the first whose pattern matches counts."""

    func_id: str
    """A funcId or a glob (`dev.data.upload.*`, `*`); `getBrokerServer` is the look-up."""
    delay: Delay | None
    """Waited before the answer; `None` answers at once."""
    error_share: float
    """Share (0..1) of messages that are refused with `error_code` although they are right."""
    error_code: str
    silence_share: float
    """Share (0..1) of messages that never get an answer."""


class PushMoment(Enum):
    """When a command is sent to a device."""

    ONLINE = "online"
    """`seconds` after each time the device came online (after the reply to its report)."""
    EVERY = "every"
    """Every `seconds` while the device is online, the first after a random part of the interval."""
    AT = "at"
    """Once, `seconds` after the platform's zero, to every device that is online then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushRule:
    """One command that the platform sends by itself."""

    command: str
    """A `cmd.*` funcId of the catalogue, or any other where `unknown` is set."""
    moment: PushMoment
    seconds: float
    count: int
    """Entities (users, cards, meetings, pins …) in one command, where the command carries any."""
    share: float
    """Share (0..1) of the fleet's devices that get it, chosen by serial number: the same devices each time."""
    times: int | None
    """At most so many to one device in a run; `None` for no limit."""
    urgent: bool
    """Sent with `imme` 1."""
    unknown: bool
    """The funcId is one that the protocol does not have; the device must refuse it, not stay silent."""
    meeting: int | None
    """Of a command on meetings or members: the first of the planned meetings that it is about, from 0."""
    moved: float
    """Seconds by which such a meeting is later than planned, where it is sent again."""
    longer: float
    """Seconds by which it is longer then."""
    params: dict[str, Any]
    """Laid over the params that the platform makes up (an option's values, a `pin`, nonsense to be refused)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingPlan:
    """The meetings that every device (one meeting room each) gets after it came online."""

    count: int
    """Meetings per device, one after the other; 0 for none: then the plan is that of those which a push sends."""
    starts_in: float
    """Start of the first meeting after the platform's zero; negative for one that is under way."""
    duration: float
    gap: float
    """Between the end of one meeting and the start of the next."""
    sign_in_before: float
    """The sign-in window opens so long before the start."""
    sign_in_after: float
    """The sign-in window closes so long after the start."""
    sign_out_before: float
    """The sign-out window opens so long before the end."""
    sign_out_after: float
    """The sign-out window closes so long after the end."""
    members: int
    """Pins per meeting, of the users that the platform gave to the device."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformTls:
    """The certificate the platform shows; without files it makes one itself. All files are PEM."""

    certificate: Path | None
    key: Path | None
    client_ca: Path | None
    """Where given, a device must show a certificate signed by it."""
    device_certificates: bool
    """Whether look-ups give each device a certificate of the platform's own CA, which the broker then demands."""
    algorithm: Algorithm
    """Of a certificate that it makes itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerTrust:
    """How the platform speaks TLS to a broker that is not its own. All files are PEM."""

    ca: Path | None
    """`None` is the system's."""
    client_cert: Path | None
    client_key: Path | None
    verify: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttSettings:
    """How the platform serves devices over MQTT."""

    profiles: Mapping[str, Profile]
    """By the look-up's type: best-m, best-t, best-a."""
    of_groups: tuple[Profile, ...]
    """Those of the scenario's groups, which may have other keys; they come first."""
    company_id: str | None
    """What a look-up's answer says, and `{companyId}` in a template; `None` where there is none."""
    site_id: str | None
    channel: str
    """Name of the channel suite that devices over MQTT speak."""
    channel_options: Options
    """Of that suite."""
    broker: str | None
    """`mqtt://` or `mqtts://`, host and perhaps port of one that runs already; `None` for the platform's own."""
    client_id: str | None
    """Of the platform there; `None` for one by chance."""
    username: str | None
    password_file: Path | None
    """Holds the password in one line."""
    trust: BrokerTrust
    password: str | None = field(default=None, repr=False)
    """Put in by whoever starts the platform, from the environment or the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformSettings:
    """Everything that a scenario's `platform` section decides."""

    channel: str
    """Name of the channel suite that its devices speak."""
    channel_options: Options
    """Of that suite."""
    tls: PlatformTls | None
    """`None` for plain ws."""
    supports_heartbeat: bool
    heartbeat_interval: int
    """Seconds, as `heartbeatInterval` of the report's reply says it."""
    before_login: StrangerLimits
    """What connections may cost that have not logged in."""
    timezone: str
    func_ids: tuple[str, ...] | None
    """`funcIds` of the report's reply; `None` lists none, which means all are supported."""
    multi_bio_data_support: str
    multi_bio_photo_support: str
    max_package_kb: int | None
    """A message of more than this times 1,024 bytes is refused, and none sent; `None` goes by each device's report."""
    users: int
    """Users that every device gets (`cmd.data.update.user`) when it first comes online."""
    meetings: MeetingPlan
    """Sent with its members (`cmd.data.update.meeting`, `…meetingMember`) after the users."""
    pushes: tuple[PushRule, ...]
    answers: tuple[AnswerRule, ...]
    reading: PlatformReading
    """How it reads the document."""
    mqtt: MqttSettings
    wrong: tuple[str, ...]
    """Names of the mistakes that it makes on purpose (`platform.wrong.modes`); empty for a right platform."""
