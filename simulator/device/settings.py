"""How a virtual device is made and how it behaves: plain values, without a scenario file's syntax.

One `DeviceSettings` is shared by all devices of a group; `DeviceSpec` adds what is one device's own.
"""

from dataclasses import dataclass, field
from enum import Enum
from math import exp2

from simulator.fields.range import Range


class Start(Enum):
    """How a device begins: with an empty store, or holding `authCode` and `secret` of an earlier run."""

    COLD = "cold"
    WARM = "warm"
    LISTED = "as listed"
    """Warm where the list of identities gives a login, cold elsewhere."""


class OnTimeout(Enum):
    """What a device does about a request that got no answer in time (docs/deviations.md)."""

    RECONNECT = "reconnect"
    RETRY = "retry"


class Arrival(Enum):
    """How the moments of a random behaviour follow each other."""

    POISSON = "poisson"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """A swell of a rate, as when people sign in before a meeting: a bell curve on top of the steady rate."""

    at: float
    """Moment of the peak, in seconds after the start of the run (not of the device): the same for the whole fleet."""
    width: float
    """Seconds for which the rate is above the middle between the steady rate and the peak."""
    peak_rate: float
    """Rate per second and device at the peak, the steady rate included."""

    def rate_at(self, steady: float, seconds: float) -> float:
        """The rate `seconds` after the start of the run; never below `steady` nor above `peak_rate`."""
        distance = (seconds - self.at) / self.width
        return steady + (self.peak_rate - steady) * exp2(-4.0 * distance * distance)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationSettings:
    """One stream of people who verify at the door; a group may have several."""

    rate: float
    """Verifications per second and device."""
    arrival: Arrival = Arrival.POISSON
    photo_share: float = 1.0
    """Share of verifications (0..1) that a captured photo is uploaded for."""
    photo_bytes: Range = Range(low=9_000, high=25_000)  # noqa: RUF009 - immutable
    """Size of the JPEG in bytes."""
    styles: tuple[int, ...] = (15, 1, 4)
    """`verifyStyle` values to draw from (vendor PUSH manuals)."""
    visitor_share: float = 0.05
    """Share of records with `category` 4 (visitor)."""
    batch: int = 1
    """How many records at most go up in one verifyLog message."""
    wave: Wave | None = None
    """Raises `rate` for a while; Poisson arrivals only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentSettings:
    """People who are enrolled at the device itself: user, portrait, bio photo and card go up together."""

    rate: float
    """Enrolments per second and device."""
    arrival: Arrival = Arrival.POISSON
    portrait_bytes: Range = Range(low=15_000, high=19_000)  # noqa: RUF009 - immutable
    bio_photo_bytes: Range = Range(low=66_000, high=76_000)  # noqa: RUF009 - immutable
    locale: str = "zh_CN"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnMeeting:
    """A meeting of the scenario's own, for platforms that send none. Times are seconds after the device's start."""

    id: str
    name: str
    starts: float
    ends: float
    sign_in_opens: float | None = None
    sign_in_closes: float | None = None
    sign_out_opens: float | None = None
    sign_out_closes: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSettings:
    """What all devices of a group share. Durations are seconds, sizes bytes unless the name says otherwise."""

    group: str = "devices"
    model: str = "TDB08Z-PLUS"
    firmware: str = "ZAM170-NF-Ver1.1.21"
    device_type: str = "meet"
    protocol_version: str = "1.0.0"
    start: Start = Start.COLD
    channel: str = "rsa-aes"
    broker_type: str = "best-w"
    request_timeout: float = 10.0
    on_timeout: OnTimeout = OnTimeout.RECONNECT
    reconnect_delay: Range = Range(low=30.0, high=300.0)  # noqa: RUF009 - immutable
    """First delay before a reconnect, and the bound of the exponential back-off; jitter is drawn on top."""
    drain: float = 10.0
    """How long a device that is told to stop may take to get its records acknowledged."""
    ping: float | None = None
    """Seconds from one WebSocket ping to the next, 0 for none; where not given, only without heartbeats."""
    heartbeat_interval: float | None = None
    """Overrides the platform's `heartbeatInterval` where given."""
    users: int = 0
    """Users in the device's memory at its first start."""
    user_locale: str = "zh_CN"
    max_users: int = 30_000
    max_transactions: int = 100_000
    """Capacity of the store of verification records."""
    max_photos: int = 5_000
    max_bio_photos: int = 10_000
    max_package_kb: int = 64
    max_pending_commands: int = 20
    verifications: tuple[VerificationSettings, ...] = ()
    enrolments: tuple[EnrolmentSettings, ...] = ()
    meetings: tuple[OwnMeeting, ...] = ()
    handling: dict[str, Range] = field(default_factory=dict)
    """Seconds a command takes, by funcId or a prefix of it (`cmd.data.update`); 0 where nothing matches."""
    reboot: Range = Range(low=5.0, high=10.0)  # noqa: RUF009 - immutable
    """Seconds a device stays away when it reboots."""
    options: dict[str, str] = field(default_factory=dict)
    """Overrides of single `dev.report` parameters, by their wire name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What was written into the device at the factory. `repr` hides every secret."""

    sn: str
    secret_key: str = field(repr=False)
    product_id: str
    dev_key: str = field(repr=False)
    auth_code: str | None = field(default=None, repr=False)
    """From an earlier run: makes a warm start possible, together with `secret`."""
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSpec:
    """One device of the fleet: everything it needs to live the same life again from the same seed."""

    index: int
    credentials: Credentials
    settings: DeviceSettings
    seed: int
    """Seed of the device's own random source, made from the scenario's seed and the serial number."""
