"""How a virtual device is made and how it behaves: plain values, without a scenario file's syntax.

One `DeviceSettings` is shared by all devices of a group; `DeviceSpec` adds what is one device's own.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar

from simulator.device.commands.failures import CommandFailures
from simulator.device.device_clock import ClockSettings
from simulator.device.functions import Functions
from simulator.device.ownership import Ownership
from simulator.device.reading import Reading
from simulator.fields.range import Range
from simulator.pubsub.profile import Profile


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


class BehaviourSettings:
    """Settings of one behaviour, shared by all devices of a group (`behaviours.registry` knows whose they are)."""

    __slots__ = ()

    func_ids: ClassVar[tuple[str, ...]] = ()
    """Extensions of the protocol that it sends; `dev.report` lists them beside what every device can do."""
    needs: ClassVar[tuple[str, ...]] = ()
    """What it cannot do without: a device that lacks one of these does not have the behaviour."""

    @property
    def locales(self) -> tuple[str, ...]:
        """Locales of the people that it makes."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnMeeting:
    """A meeting of the scenario's own, for platforms that send none. Times are seconds after the device's start."""

    id: str
    name: str
    starts: float
    ends: float
    sign_in_opens: float | None
    sign_in_closes: float | None
    sign_out_opens: float | None
    sign_out_closes: float | None
    members: int
    """So many of the device's users, the first ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSettings:
    """What all devices of a group share. Durations are seconds, sizes bytes unless the name says otherwise."""

    group: str
    model: str
    firmware: str
    device_type: str
    start: Start
    broker_type: str
    request_timeout: float
    on_timeout: OnTimeout
    reconnect_delay: Range
    """First delay before a reconnect, and the bound of the exponential back-off; jitter is drawn on top."""
    drain: float
    """How long a device that is told to stop may take to get its records acknowledged."""
    users: int
    """Users in the device's memory at its first start."""
    user_locale: str
    max_users: int
    max_transactions: int
    """Capacity of the store of verification records."""
    max_photos: int
    max_bio_photos: int
    max_templates: int
    """Room for templates of each biometric type."""
    max_package_kb: int
    max_pending_commands: int
    behaviours: tuple[BehaviourSettings, ...]
    """What it does by itself, in the order of `behaviours.registry`."""
    meetings: tuple[OwnMeeting, ...]
    handling: dict[str, Range]
    """Seconds a command takes, by funcId or a prefix of it (`cmd.data.update`); 0 where nothing matches."""
    clock: ClockSettings | None
    """How its clock is wrong; None for a right one."""
    command_failures: dict[str, CommandFailures]
    """Commands that fail by chance, by funcId or a prefix of it; under an empty name for all others."""
    refused_commands: frozenset[str]
    """What the scenario wants to be refused as unknown: such a refusal is no failure."""
    ownership: Ownership
    """What it does with what refers to nobody it knows."""
    strict: bool
    """Whether whatever departs from the document is refused, and not only counted."""
    reboot: Range
    """Seconds a device stays away when it reboots."""
    functions: Functions
    report_room: bool
    """Whether `dev.report` tells what `cmd.option.set` said of the room."""
    options: dict[str, str]
    """Overrides of single `dev.report` parameters, by their wire name."""
    reading: Reading
    """How their platform reads the document."""
    mqtt: Profile | None
    """How they speak to a broker over MQTT; None for those that go over WebSocket, or no further than the look-up."""

    @property
    def package_bytes(self) -> int:
        """Largest JSON of a message that the device sends, before encryption."""
        own = self.max_package_kb * 1024
        return own if self.mqtt is None else min(own, self.mqtt.max_packet)


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
    device_secret: str | None = field(default=None, repr=False)
    """Of a broker such as Tencent's; devKey stands in for it where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSpec:
    """One device of the fleet: everything it needs to live the same life again from the same seed."""

    index: int
    credentials: Credentials
    settings: DeviceSettings
    seed: int
    """Seed of the device's own random source, made from the scenario's seed and the serial number."""
