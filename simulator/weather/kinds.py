"""The kinds of faults and what each needs to know; times are seconds, sizes bytes.

What a fault does to whom is said in each class; when it comes, how long it stays and whom it hits is `schedule`'s.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from simulator.fields.range import Range

STALL_S: Final = 1.0
"""What TCP waits at first before it repeats what was lost (RFC 6298)."""


class How(StrEnum):
    """What an outage looks like from the device. Until it is over no connection can be opened, whichever it is."""

    RESET = "reset"
    """Connections end with RST; whoever connects is reset."""
    CLOSE = "close"
    """Connections end in order, with 1001 or DISCONNECT; then as `refused`."""
    SILENT = "silent"
    """Half-open: nothing goes out or comes in, no FIN, no RST. What TCP would repeat arrives after the end."""
    DNS = "dns"
    """Connections end with RST; then no name is found."""
    REFUSED = "refused"
    """Connections end with RST; then nobody listens."""


class Store(StrEnum):
    """What a power cut leaves of what a device had stored."""

    KEPT = "kept"
    LOST = "unsent lost"
    """Records and pictures that no platform acknowledged are gone, and counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """The network is gone."""

    what: ClassVar[str] = "outage"
    how: How = How.RESET


@dataclass(frozen=True, slots=True, kw_only=True)
class Flapping:
    """The network comes and goes; each device has its own times, of which it begins with one of `up`."""

    what: ClassVar[str] = "flapping"
    up: Range
    down: Range
    how: How = How.RESET


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowLink:
    """Everything takes longer, either way.

    Attributes:
        latency: drawn for each piece of data and each direction; pieces stay in order.
        bandwidth: bytes a second either way; None for no limit.
        stall: share of pieces that wait as TCP does for one that was lost: `STALL_S` longer.
    """

    what: ClassVar[str] = "slow_link"
    latency: Range
    bandwidth: int | None = None
    stall: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerCut:
    """The device is gone at once, without FIN; it starts anew after `back_after`, each device its own time."""

    what: ClassVar[str] = "power_cut"
    back_after: Range
    store: Store = Store.KEPT


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockJump:
    """The device's clock is set forward by so many seconds, back where they are negative."""

    what: ClassVar[str] = "clock_jump"
    by: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RebootWave:
    """Each device reboots once, at a time of its own while the fault lasts, as by `cmd.control.reboot`."""

    what: ClassVar[str] = "reboot_wave"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformRestart:
    """The embedded platform's process is killed, and started on its ledger again when the fault is over. Hits all."""

    what: ClassVar[str] = "platform_restart"


@dataclass(frozen=True, slots=True, kw_only=True)
class Misbehave:
    """The device does what the document forbids, in one of `ways` (`measurements.misbehaviours`) after the other.

    Attributes:
        rate: a second and device.
        refused: whether the platform is to answer as the document says; else what it does is only counted.
    """

    what: ClassVar[str] = "misbehave"
    ways: tuple[str, ...]
    rate: float
    refused: bool = True


Kind = Outage | Flapping | SlowLink | PowerCut | ClockJump | RebootWave | PlatformRestart | Misbehave
