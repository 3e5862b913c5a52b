"""What stands between the platform and the topics of its devices: a broker in the same process, or another one."""

from dataclasses import dataclass
from ssl import SSLContext
from typing import Protocol

from simulator.clock import Clock
from simulator.platform.mqtt.devices import DeviceTopics
from simulator.wire.strangers import StrangerLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where the platform's own broker takes connections, and what they may cost."""

    host: str
    port: int
    """0 takes a free one."""
    ssl: SSLContext | None
    strangers: StrangerLimits
    clock: Clock
    max_write_buffer: int
    """Bytes that may wait for one device."""


class Listener(Protocol):
    """The platform, as a hub tells it."""

    def receive(self, topic: str, payload: bytes, dup: bool) -> None:
        """A device has published; `dup` says that it was sent again, as far as the broker tells."""
        ...

    def arrived(self, sn: str) -> None:
        """A device has connected; only told by a hub that `sees_connections`."""
        ...

    def left(self, sn: str, why: str) -> None:
        """A device's connection has ended; only told by a hub that `sees_connections`."""
        ...


class Hub(Protocol):
    """A way to publish to devices, and to receive what they publish.

    Attributes:
        sees_connections: Whether it tells when a device's connection ends, and can end it.
    """

    sees_connections: bool

    def publish(self, topic: str, payload: bytes, qos: int) -> None:
        """Publish to one device's topic. Never blocks."""
        ...

    def drop(self, sn: str) -> None:
        """End the device's connection, where that can be done."""
        ...

    def device_of(self, topic: str) -> DeviceTopics | None:
        """The device that was let in to publish to this topic; None where nobody asked the hub."""
        ...
