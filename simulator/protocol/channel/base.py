"""What a channel suite is: the two exchanges at a connection's start, then the form of every message in a frame.

A channel belongs to one connection and one side of it. It turns JSON into a WebSocket message's payload and back, and
knows neither sockets nor funcIds: who sends the exchange messages, and when, is the device's and the platform's affair.
A site's own suite implements these classes and registers itself in the entry-point group `simulator.channel_suites`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from simulator.protocol.channel.context import (
    UNKNOWN_DEVICE,
    UNKNOWN_PLATFORM,
    DeviceContext,
    PlatformContext,
    SuiteOptions,
)
from simulator.protocol.channel.faults import ChannelFault as ChannelFault
from simulator.protocol.channel.faults import ChannelViolation as ChannelViolation
from simulator.protocol.channel.faults import ExchangeRefused as ExchangeRefused
from simulator.texts.translation import _, listed


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

    @property
    def doubts(self) -> str:
        """Settings to look at where the platform ends the connection or says nothing; empty once a frame was read."""
        return ""

    @property
    def binary_due(self) -> bool | None:
        """Whether messages come in binary frames now: asked over a transport that has no kinds of frames.

        None, for a suite that does not say, goes by what a message begins with (`is_binary`).
        """
        return None

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
            ExchangeRefused: If they are to be answered with a code.
        """

    @abstractmethod
    def answer_factor(self, params: Mapping[str, Any]) -> dict[str, str]:
        """The results for a device's `device.exchange.factor`.

        Raises:
            ChannelViolation: If the params hold no usable factor, or the exchange is out of turn.
            ExchangeRefused: If they are to be answered with a code.
        """

    @abstractmethod
    def established(self) -> None:
        """The reply to the factor has been sent: from now on `seal` and `open` do what the suite is for."""

    @property
    def binary_due(self) -> bool | None:
        """Whether messages come in binary frames now: asked over a transport that has no kinds of frames.

        None, for a suite that does not say, goes by what a message begins with (`is_binary`).
        """
        return None

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

    @property
    def counts_frames(self) -> bool:
        """Whether a sealed frame carries a counter that goes up by one: then a receiver sees that one is missing."""
        return False

    @abstractmethod
    def device_side(self, keys: KeySource, context: DeviceContext = UNKNOWN_DEVICE) -> DeviceChannel:
        """A device's end for a new connection.

        Args:
            keys: asked at most once, and only where the suite needs a key.
            context: the serial number, the device's secrets, the look-up's answer.
        """

    @abstractmethod
    def platform_side(self, keys: KeySource, context: PlatformContext = UNKNOWN_PLATFORM) -> PlatformChannel:
        """A platform's end for a new connection.

        Args:
            keys: asked as in `device_side`.
            context: what the platform knows of its devices.
        """

    def room(self, payload_bytes: int) -> int:
        """Bytes of JSON that surely fit a payload of so many, for transports that bound what they carry.

        Half of them, less a little, for a suite that does not say.
        """
        return max(0, (payload_bytes - 128) // 2)

    def with_options(self, options: SuiteOptions) -> "ChannelSuite":
        """The suite as the scenario's `channel.options` want it; called once, with what is written there.

        Raises:
            ValueError: If it does not take them; the text says which and why, for people.
        """
        if options:
            raise ValueError(
                _("the suite {name} takes no options, not {names}", name=self.name, names=listed(map(repr, options)))
            )
        return self


def is_binary(channel: DeviceChannel | PlatformChannel, payload: bytes) -> bool:
    """Which kind of frame a message over a transport without kinds, such as MQTT, is to be taken for."""
    due = channel.binary_due
    if due is None or (due and payload[:2] == b'{"' and payload[-1:] == b"}"):
        # JSON where something sealed is due is text, whatever else one could make of its bytes.
        return payload[:1] != b"{"
    return due


def open_what_is_due(channel: DeviceChannel, payload: bytes, binary: bool) -> bytes:
    """As `DeviceChannel.open`, over a transport without kinds of frames: `binary` says nothing.

    Raises:
        ChannelViolation: As `DeviceChannel.open`.
    """
    return channel.open(payload, is_binary(channel, payload))


def open_text(payload: bytes, binary: bool) -> bytes:
    """A received message that has to be plain text.

    Raises:
        ChannelViolation: If it came in a binary frame.
    """
    if binary:
        raise ChannelViolation("a binary frame where text is due")
    return payload
