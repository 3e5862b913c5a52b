"""The suite `exchange-only`: the two exchanges are made as in `rsa-aes`, later traffic stays JSON in text frames."""

from typing import ClassVar

from simulator.protocol.channel.base import ChannelSuite, DeviceChannel, KeySource, PlatformChannel, open_text
from simulator.protocol.channel.context import UNKNOWN_DEVICE, UNKNOWN_PLATFORM, DeviceContext, PlatformContext
from simulator.protocol.channel.exchange import ExchangingDeviceChannel, ExchangingPlatformChannel


class ExchangeOnlyDeviceChannel(ExchangingDeviceChannel):
    """A device's end: the agreed factors are checked and then not used."""

    __slots__ = ()

    def _agreed(self, device_factor: bytes, server_factor: bytes) -> None:
        pass

    @property
    def binary_due(self) -> bool:
        return False

    def seal(self, json: bytes) -> tuple[bytes, bool]:
        return json, False

    def open(self, payload: bytes, binary: bool) -> bytes:
        return open_text(payload, binary)


class ExchangeOnlyPlatformChannel(ExchangingPlatformChannel):
    """A platform's end, likewise."""

    __slots__ = ()

    def _agreed(self, device_factor: bytes, server_factor: bytes) -> None:
        pass

    def established(self) -> None:
        """Nothing changes: text before, text after."""

    @property
    def binary_due(self) -> bool:
        return False

    def seal(self, json: bytes) -> tuple[bytes, bool]:
        return json, False

    def open(self, payload: bytes, binary: bool) -> bytes:
        return open_text(payload, binary)


class ExchangeOnlySuite(ChannelSuite):
    """For platforms that expect the exchanges but leave the protection of later traffic to TLS."""

    name: ClassVar[str] = "exchange-only"

    def device_side(self, keys: KeySource, context: DeviceContext = UNKNOWN_DEVICE) -> DeviceChannel:
        return ExchangeOnlyDeviceChannel(keys)

    def platform_side(self, keys: KeySource, context: PlatformContext = UNKNOWN_PLATFORM) -> PlatformChannel:
        return ExchangeOnlyPlatformChannel(keys)

    def room(self, payload_bytes: int) -> int:
        return payload_bytes
