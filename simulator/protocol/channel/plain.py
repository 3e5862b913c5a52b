"""The suite `plain`: no exchange messages, JSON in text frames."""

from collections.abc import Mapping
from typing import Any, ClassVar

from simulator.protocol.channel.base import (
    ChannelFault,
    ChannelSuite,
    ChannelViolation,
    DeviceChannel,
    KeySource,
    PlatformChannel,
    open_text,
)
from simulator.protocol.channel.context import UNKNOWN_DEVICE, UNKNOWN_PLATFORM, DeviceContext, PlatformContext

_NO_EXCHANGE = "the suite plain makes no exchange"


class PlainDeviceChannel(DeviceChannel):
    """A device's end: everything is text from the first message on."""

    __slots__ = ()

    has_exchange: ClassVar[bool] = False

    def public_key_params(self) -> dict[str, str]:
        raise RuntimeError(_NO_EXCHANGE)

    def accept_public_key(self, results: Mapping[str, Any]) -> None:
        raise ChannelViolation(_NO_EXCHANGE, ChannelFault.KEY)

    def factor_params(self) -> dict[str, str]:
        raise RuntimeError(_NO_EXCHANGE)

    def accept_factor(self, results: Mapping[str, Any]) -> None:
        raise ChannelViolation(_NO_EXCHANGE, ChannelFault.KEY)

    @property
    def binary_due(self) -> bool:
        return False

    def seal(self, json: bytes) -> tuple[bytes, bool]:
        return json, False

    def open(self, payload: bytes, binary: bool) -> bytes:
        return open_text(payload, binary) if binary else payload


class PlainPlatformChannel(PlatformChannel):
    """A platform's end: a device that tries an exchange here runs another suite, and is refused."""

    __slots__ = ()

    has_exchange: ClassVar[bool] = False

    def answer_public_key(self, params: Mapping[str, Any]) -> dict[str, str]:
        raise ChannelViolation(_NO_EXCHANGE, ChannelFault.KEY)

    def answer_factor(self, params: Mapping[str, Any]) -> dict[str, str]:
        raise ChannelViolation(_NO_EXCHANGE, ChannelFault.KEY)

    def established(self) -> None:
        """Nothing changes: text before, text after."""

    @property
    def binary_due(self) -> bool:
        return False

    def seal(self, json: bytes) -> tuple[bytes, bool]:
        return json, False

    def open(self, payload: bytes, binary: bool) -> bytes:
        return open_text(payload, binary)


class PlainSuite(ChannelSuite):
    """JSON in text frames; TLS, where it is used, is the only protection."""

    name: ClassVar[str] = "plain"

    def device_side(self, keys: KeySource, context: DeviceContext = UNKNOWN_DEVICE) -> DeviceChannel:
        return PlainDeviceChannel()

    def platform_side(self, keys: KeySource, context: PlatformContext = UNKNOWN_PLATFORM) -> PlatformChannel:
        return PlainPlatformChannel()

    def room(self, payload_bytes: int) -> int:
        return payload_bytes
