"""What a channel suite is told of the connection that it serves, beside the key pairs.

The document names two exchanges and no algorithm, so what a platform does may rest on anything that both sides know:
the serial number, the keys written into the device, what the look-up answered. The built-in suites use none of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from simulator.protocol.broker import BrokerAnswer
from simulator.protocol.channel.faults import ChannelFault

Tell = Callable[[ChannelFault, str], None]
"""Told of what the peer did against the rules where its message can be read all the same, in words for people."""

SuiteOptions = Mapping[str, Any]
"""What a scenario says under `channel.options` to a suite that a site registered: YAML's plain values."""


def _nobody(fault: ChannelFault, text: str) -> None:
    """Nothing is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceContext:
    """What a device knows when it opens a connection. Neither `repr` nor an error shows a secret of it."""

    sn: str = ""
    """Serial number."""
    product_id: str = ""
    secret_key: str = field(default="", repr=False)
    """Signs the look-up."""
    dev_key: str = field(default="", repr=False)
    """In the clear."""
    auth_code: str | None = field(default=None, repr=False)
    """Of an earlier registration, with `secret`; None before it."""
    secret: str | None = field(default=None, repr=False)
    broker: BrokerAnswer | None = field(default=None, repr=False)
    """The look-up's answer: url, certificates, keys, company and site."""
    tell: Tell = field(default=_nobody, repr=False)


class KnownDevice(Protocol):
    """What a platform knows of a device: what was written into it, and what it was granted before."""

    @property
    def sn(self) -> str: ...

    @property
    def product_id(self) -> str: ...

    @property
    def secret_key(self) -> str: ...

    @property
    def dev_key(self) -> str: ...

    @property
    def auth_code(self) -> str | None: ...

    @property
    def secret(self) -> str | None: ...


def _unknown(sn: str) -> KnownDevice | None:
    """Nobody is known."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformContext:
    """What a platform knows when a connection opens: not yet whose it is, but everybody whose it may be.

    A suite that needs the device's secrets before the login lets its device's side name the serial number, among the
    params of the exchange or at a frame's head, and looks it up here.
    """

    device: Callable[[str], KnownDevice | None] = field(default=_unknown, repr=False)
    """By serial number; None for one that the platform does not know."""
    tell: Tell = field(default=_nobody, repr=False)


UNKNOWN_DEVICE: Final = DeviceContext()
UNKNOWN_PLATFORM: Final = PlatformContext()
