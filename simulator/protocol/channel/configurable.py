"""The suite `configurable`: exchange, keys, cipher and frames as a scenario's `channel` describes them.

The exchange is `exchange_form`'s, the keys `derivation`'s, the frames `sealing`'s and `framing`'s. Here they are put
together, and until a frame of the peer was read a failure names the settings that may differ from the peer's.
"""

import os
from functools import partial
from typing import ClassVar, Final

from simulator.protocol import codes
from simulator.protocol.channel.base import (
    ChannelSuite,
    DeviceChannel,
    KeySource,
    PlatformChannel,
    open_text,
)
from simulator.protocol.channel.context import (
    UNKNOWN_DEVICE,
    UNKNOWN_PLATFORM,
    DeviceContext,
    PlatformContext,
    Tell,
)
from simulator.protocol.channel.derivation import derive
from simulator.protocol.channel.exchange import ExchangingDeviceChannel, ExchangingPlatformChannel, FactorSource
from simulator.protocol.channel.exchange_form import ConfiguredForm
from simulator.protocol.channel.faults import ChannelFault, ChannelViolation, ExchangeRefused
from simulator.protocol.channel.framing import FRAMINGS, SETTING, Framing, in_hex, looks_like_hex
from simulator.protocol.channel.options import DEFAULT_OPTIONS, ChannelOptions, problems
from simulator.protocol.channel.sealing import Sealed, traffic_of
from simulator.protocol.envelope import MalformedMessage, UnreadableMessage, decode

_OF_KEYS: Final = "channel.public_key, channel.device_key_bits"
_OF_FACTORS: Final = "channel.padding, channel.factor"


class Plan:
    """What all connections of one suite share."""

    __slots__ = ("form", "frames_in_doubt", "framing", "options", "source", "wraps")

    def __init__(self, options: ChannelOptions, source: FactorSource | None) -> None:
        self.options = options
        self.form = ConfiguredForm(options)
        self.source: FactorSource = source or partial(os.urandom, options.factor.bytes)
        self.framing = FRAMINGS[options.framing]
        self.wraps = options.framing != "binary"
        self.frames_in_doubt = self._frames_in_doubt()

    def _frames_in_doubt(self) -> str:
        names = ["derive", "order", "keys", "cipher"]
        names += ["iv"] if self.options.mode != "ecb" else []
        names += ["info", "salt"] if self.options.derive == "hkdf-sha256" else []
        return ", ".join(f"channel.{name}" for name in names)

    def traffic(self, device_factor: bytes, platform_factor: bytes, tell: Tell, *, of_device: bool) -> Sealed:
        """One side's traffic."""
        return traffic_of(self.options, derive(self.options, device_factor, platform_factor), tell, of_device=of_device)

    def open(self, traffic: Sealed, payload: bytes, binary: bool, heard: bool) -> bytes:
        """The JSON in a frame; where no frame was read before, it is looked at whether it is any.

        Raises:
            ChannelViolation: If it cannot be read; names the settings in doubt where none was read before.
        """
        sealed = self.framing.unwrap(payload, binary)
        if heard:
            return traffic.open(sealed, True)
        try:
            json = traffic.open(sealed, True)
            if self.options.mode != "gcm":
                _check_object(json)
        except ChannelViolation as violation:
            raise self._with_settings(violation, payload) from None
        return json

    def _with_settings(self, violation: ChannelViolation, payload: bytes) -> ChannelViolation:
        if self.options.framing == "base64-text" and looks_like_hex(payload):
            return in_hex()
        match violation.fault:
            case ChannelFault.TAG:
                names = self.frames_in_doubt
            case ChannelFault.COUNTER:
                names = "channel.iv, channel.cipher"
            case _:
                names = f"channel.cipher, channel.iv, {SETTING}"
        return ChannelViolation(f"{_short(violation)}: {names}", violation.fault)


def _short(violation: ChannelViolation) -> str:
    """Its text, so that it goes into a close frame together with the settings."""
    return "wrong tag" if str(violation).endswith("tag") else str(violation)


def _check_object(json: bytes) -> None:
    try:
        decode(json)
    except UnreadableMessage:
        pass
    except MalformedMessage:
        raise ChannelViolation("no JSON object", ChannelFault.TAG) from None


_MOST_ADDED: Final = 64
"""Bytes at most that sealing adds: a counter of 8, an IV, padding and a tag of 16 each."""


class _Ends:
    """What both ends do with messages: text until there is traffic, sealed from then on."""

    __slots__ = ()

    _plan: Plan
    _traffic: Sealed | None
    _heard: bool
    """Whether a frame of the peer was read: then the settings agree."""
    _direct: bool
    """Whether frames go to the traffic as they come."""

    @property
    def binary_due(self) -> bool:
        return self._traffic is not None and not self._plan.wraps

    def seal(self, json: bytes) -> tuple[bytes, bool]:
        traffic = self._traffic
        if traffic is None:
            return json, False
        sealed = traffic.seal(json)
        return (self._plan.framing.wrap(sealed), False) if self._plan.wraps else (sealed, True)

    def open(self, payload: bytes, binary: bool) -> bytes:
        traffic = self._traffic
        if traffic is None:
            return open_text(payload, binary)
        if self._direct:
            return traffic.open(payload, binary)
        json = self._read(traffic, payload, binary)
        # Slots of the classes that are made of this one, which can have none beside theirs.
        self._heard = True  # type: ignore[misc]
        self._direct = not self._plan.wraps  # type: ignore[misc]
        return json

    def _read(self, traffic: Sealed, payload: bytes, binary: bool) -> bytes:
        return self._plan.open(traffic, payload, binary, self._heard)


class ConfigurableDeviceChannel(_Ends, ExchangingDeviceChannel):
    """A device's end: text until the platform's factor was accepted, sealed from then on."""

    __slots__ = ("_broken", "_direct", "_heard", "_plan", "_tell", "_traffic")

    def __init__(self, keys: KeySource, plan: Plan, tell: Tell) -> None:
        super().__init__(keys, plan.source, plan.form)
        self._plan = plan
        self._tell = tell
        self._traffic: Sealed | None = None
        self._heard = self._direct = False
        self._broken = ""

    @property
    def traffic(self) -> Sealed | None:
        """The sealed traffic, once the factors are exchanged."""
        return self._traffic

    @property
    def framing(self) -> Framing:
        """How its frames stand in WebSocket frames."""
        return self._plan.framing

    @property
    def doubts(self) -> str:
        if self._heard or self._broken:
            return self._broken
        if self._traffic is not None:
            return f"{self._plan.frames_in_doubt}, {SETTING}"
        return _OF_KEYS if self._server_key is None else _OF_FACTORS

    def _agreed(self, device_factor: bytes, server_factor: bytes) -> None:
        self._traffic = self._plan.traffic(device_factor, server_factor, self._tell, of_device=True)

    def _read(self, traffic: Sealed, payload: bytes, binary: bool) -> bytes:
        try:
            return super()._read(traffic, payload, binary)
        except ChannelViolation as violation:
            self._broken = str(violation)
            raise


class ConfigurablePlatformChannel(_Ends, ExchangingPlatformChannel):
    """A platform's end: text up to and including the reply that carries its factor, sealed after `established`."""

    __slots__ = ("_agreed_traffic", "_direct", "_heard", "_plan", "_tell", "_traffic")

    def __init__(self, keys: KeySource, plan: Plan, tell: Tell) -> None:
        super().__init__(keys, plan.source, plan.form)
        self._plan = plan
        self._tell = tell
        self._agreed_traffic: Sealed | None = None
        self._traffic: Sealed | None = None
        self._heard = self._direct = False

    def _refusal(self, text: str) -> Exception:
        return ExchangeRefused(codes.BAD_VALUE, text)

    def _agreed(self, device_factor: bytes, server_factor: bytes) -> None:
        self._agreed_traffic = self._plan.traffic(device_factor, server_factor, self._tell, of_device=False)

    def established(self) -> None:
        if self._agreed_traffic is None:
            raise RuntimeError("no factor has been answered on this connection")
        self._traffic = self._agreed_traffic


class ConfigurableSuite(ChannelSuite):
    """Whatever a platform made of the document's two exchanges, as far as options can say it."""

    name: ClassVar[str] = "configurable"

    def __init__(
        self,
        options: ChannelOptions = DEFAULT_OPTIONS,
        factor_source: FactorSource | None = None,
    ) -> None:
        """
        Args:
            factor_source: gives this side's factors; the system's random source unless a test knows better.

        Raises:
            ValueError: If the options contradict each other; the text holds all of it.
        """
        found = [f"{'.'.join(('channel', *problem.path))}: {problem.message}" for problem in problems(options)]
        if found:
            raise ValueError("; ".join(found))
        self.options = options
        self._source = factor_source
        self._plan = Plan(options, factor_source)

    @property
    def form(self) -> ConfiguredForm:
        """How its exchange is written."""
        return self._plan.form

    @property
    def counts_frames(self) -> bool:
        return self.options.mode != "ecb" and self.options.iv == "counter"

    def configured(self, options: ChannelOptions) -> "ConfigurableSuite":
        """The suite with other options."""
        return ConfigurableSuite(options, self._source)

    def device_side(self, keys: KeySource, context: DeviceContext = UNKNOWN_DEVICE) -> DeviceChannel:
        return ConfigurableDeviceChannel(keys, self._plan, context.tell)

    def platform_side(self, keys: KeySource, context: PlatformContext = UNKNOWN_PLATFORM) -> PlatformChannel:
        return ConfigurablePlatformChannel(keys, self._plan, context.tell)

    def room(self, payload_bytes: int) -> int:
        written = {"binary": payload_bytes, "base64-text": payload_bytes // 4 * 3, "hex-text": payload_bytes // 2}
        return max(0, written[self.options.framing] - _MOST_ADDED)
