"""A platform that breaks the channel: under which rule that is counted, and what its frame means all the same."""

from dataclasses import dataclass
from typing import Final

from simulator.conform.site import Site
from simulator.measurements import violation_rules as rules
from simulator.mqtt.endings import BROKERS_FAULTS
from simulator.protocol import envelope
from simulator.protocol.channel.base import ChannelFault, ChannelViolation, DeviceChannel
from simulator.protocol.channel.configurable import ConfigurableDeviceChannel
from simulator.protocol.channel.rsa_aes import RsaAesDeviceChannel, Traffic
from simulator.texts.told import Told
from simulator.wire.phase import ABNORMAL

_RULES: Final = {
    ChannelFault.FRAME: rules.CHANNEL_FRAME,
    ChannelFault.PLAIN: rules.CHANNEL_PLAIN_AFTER_EXCHANGE,
    ChannelFault.COUNTER: rules.CHANNEL_COUNTER,
    ChannelFault.TAG: rules.CHANNEL_TAG,
    ChannelFault.KEY: rules.CHANNEL_KEY,
    ChannelFault.IV: rules.CHANNEL_IV_REPEATED,
}
_WEBSOCKET_CODES: Final = frozenset({1002, 1007, 1009})
"""With these this side ends a connection because of what a peer sent."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What became of a frame."""

    data: bytes | None
    """Its JSON; None where nobody can know it."""
    rule: str = ""
    """What the platform broke; empty where it did nothing wrong."""
    text: str = ""
    """In words."""


def opened(channel: DeviceChannel, payload: bytes, binary: bool) -> Opened:
    """The frame through the channel, and past it where that refuses it and its meaning is plain all the same."""
    try:
        return Opened(channel.open(payload, binary))
    except ChannelViolation as violation:
        return Opened(_meant(channel, payload, binary), _RULES[violation.fault], str(violation))


def broke_channel(site: Site, which: int, fault: ChannelFault, text: str) -> None:
    """The platform broke a rule of the channel in a frame that can be read all the same."""
    site.violation(_RULES[fault], text, which=which)


def ended(code: int | str, fault: tuple[int | str, str] | None, *, online: bool) -> Opened | None:
    """What a platform did wrong about the end of a connection that this side had not asked for; None for nothing.

    Args:
        code: of the close frame; 1006 for none. Over MQTT a word; there a broker ends a connection without one.
        fault: close code, or word, and cause where this side's transport ended it.
        online: whether all was well: the report accepted, and only right messages sent since.
    """
    if fault is not None and fault[0] in BROKERS_FAULTS:
        return Opened(None, rules.SESSION_MQTT, Told("{fault}: {fault_2}", fault=fault[0], fault_2=fault[1]))
    if fault is not None and fault[0] in _WEBSOCKET_CODES:
        rule = rules.SESSION_CLOSE_CODE if "status code" in fault[1] else rules.SESSION_WEBSOCKET
        return Opened(
            None, rule, Told("closed with {fault} by the tester: {fault_2}", fault=fault[0], fault_2=fault[1])
        )
    if fault is None and code == ABNORMAL and online:
        return Opened(None, rules.SESSION_CLOSED_UNANNOUNCED, "the connection ended without a close frame")
    return None


def _meant(channel: DeviceChannel, payload: bytes, binary: bool) -> bytes | None:
    """The JSON in a frame that the channel refused, where that is plain; None where it is not.

    So that one mistake of a platform is told as that one, and not as the failure of all that came over the channel.
    """
    if binary and isinstance(channel, RsaAesDeviceChannel | ConfigurableDeviceChannel):
        if isinstance(channel.traffic, Traffic):
            return channel.traffic.open_as_it_is(payload)
        if channel.traffic is not None:
            return None
    try:
        envelope.decode(payload)
    except envelope.UnreadableMessage:
        return payload
    except envelope.MalformedMessage:
        return None
    return payload
