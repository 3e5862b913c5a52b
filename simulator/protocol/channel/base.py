"""What a channel suite is: the two exchanges at a connection's start, then the form of every message in a frame.

A channel belongs to one connection and one side of it. It turns JSON into a WebSocket message's payload and back, and
knows neither sockets nor funcIds: who sends the exchange messages, and when, is the device's and the platform's affair.
A site's own suite implements these classes and registers itself in the entry-point group `simulator.channel_suites`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from enum import Enum
from typing import Any, ClassVar, Protocol

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey


class ChannelFault(Enum):
    """Which of the channel's rules was broken."""

    FRAME = "frame"
    """A frame of the wrong type, or too short."""
    PLAIN = "plain"
    """A message in the clear where everything is encrypted."""
    COUNTER = "counter"
    """A frame that is not the next one in turn."""
    TAG = "tag"
    """A frame that was not sealed with the session's key."""
    KEY = "key"
    """A public key or a factor that cannot be used, or comes out of turn."""


class ChannelViolation(Exception):  # noqa: N818 - the protocol's own word for what the peer did
    """The peer broke the channel's rules; the receiver closes the connection with status 1008.

    The text says which rule, and never holds key material or a message's content.
    """

    def __init__(self, text: str, fault: ChannelFault = ChannelFault.FRAME) -> None:
        super().__init__(text)
        self.fault = fault


class KeySource(Protocol):
    """Where a channel takes its key pair from."""

    def take(self) -> RSAPrivateKey:
        """A key pair for one connection."""
        ...


class DeviceChannel(ABC):
    """The device's end of one connection.

    Where `has_exchange` is true the device sends `public_key_params()` in `device.exchange.publicKey`, hands the
    reply's results to `accept_public_key`, and does the same with the factor. Messages are plain text until
    `accept_factor` returned.
    """

    __slots__ = ()

    has_exchange: ClassVar[bool]

    @abstractmethod
    def public_key_params(self) -> dict[str, str]:
        """The params of `device.exchange.publicKey`."""

    @abstractmethod
    def accept_public_key(self, results: Mapping[str, Any]) -> None:
        """Take the results of the reply to `device.exchange.publicKey`.

        Raises:
            ChannelViolation: If they hold no usable key.
        """

    @abstractmethod
    def factor_params(self) -> dict[str, str]:
        """The params of `device.exchange.factor`."""

    @abstractmethod
    def accept_factor(self, results: Mapping[str, Any]) -> None:
        """Take the results of the reply to `device.exchange.factor`; the channel is established then.

        Raises:
            ChannelViolation: If they hold no usable factor.
        """

    @property
    def peer_key_bits(self) -> int:
        """Size of the platform's public key, after it was accepted and until the factor is; else 0."""
        return 0

    @property
    def peer_mark(self) -> bytes:
        """Tells the platform's factor from others without giving it away; empty where there is none (yet)."""
        return b""

    @abstractmethod
    def seal(self, json: bytes) -> tuple[bytes, bool]:
        """A message's payload for the wire, and whether it goes in a binary frame."""

    @abstractmethod
    def open(self, payload: bytes, binary: bool) -> bytes:
        """The JSON in a received WebSocket message.

        Raises:
            ChannelViolation: If it is not what this channel allows now: a wrong frame type, counter or tag.
        """


class PlatformChannel(ABC):
    """The platform's end of one connection; see `DeviceChannel`.

    `established` is called right after the reply to the factor was sent, which itself is still plain text.
    """

    __slots__ = ()

    has_exchange: ClassVar[bool]

    @abstractmethod
    def answer_public_key(self, params: Mapping[str, Any]) -> dict[str, str]:
        """The results for a device's `device.exchange.publicKey`.

        Raises:
            ChannelViolation: If the params hold no usable key, or the exchange is out of turn.
        """

    @abstractmethod
    def answer_factor(self, params: Mapping[str, Any]) -> dict[str, str]:
        """The results for a device's `device.exchange.factor`.

        Raises:
            ChannelViolation: If the params hold no usable factor, or the exchange is out of turn.
        """

    @abstractmethod
    def established(self) -> None:
        """The reply to the factor has been sent: from now on `seal` and `open` do what the suite is for."""

    @abstractmethod
    def seal(self, json: bytes) -> tuple[bytes, bool]:
        """A message's payload for the wire, and whether it goes in a binary frame."""

    @abstractmethod
    def open(self, payload: bytes, binary: bool) -> bytes:
        """The JSON in a received WebSocket message.

        Raises:
            ChannelViolation: If it is not what this channel allows now: a wrong frame type, counter or tag.
        """


class ChannelSuite(ABC):
    """Makes the two ends of a channel. One suite serves all connections of a process."""

    name: ClassVar[str]
    """What a scenario calls it."""

    @abstractmethod
    def device_side(self, keys: KeySource) -> DeviceChannel:
        """A device's end for a new connection; `keys` is asked at most once, and only where the suite needs a key."""

    @abstractmethod
    def platform_side(self, keys: KeySource) -> PlatformChannel:
        """A platform's end for a new connection; `keys` is asked as in `device_side`."""


def open_text(payload: bytes, binary: bool) -> bytes:
    """A received message that has to be plain text.

    Raises:
        ChannelViolation: If it came in a binary frame.
    """
    if binary:
        raise ChannelViolation("a binary frame where text is due")
    return payload
