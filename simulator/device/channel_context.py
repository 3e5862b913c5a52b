"""What a device tells its channel suite of a connection, and takes note of from it."""

from functools import partial

from simulator.device import receiving
from simulator.device.settings import Credentials
from simulator.device.witness import Witness
from simulator.protocol.broker import BrokerAnswer
from simulator.protocol.channel.base import ChannelFault, ChannelViolation, DeviceChannel
from simulator.protocol.channel.context import DeviceContext


def context_of(
    credentials: Credentials,
    auth_code: str | None,
    secret: str | None,
    broker: BrokerAnswer | None,
    witness: Witness,
) -> DeviceContext:
    """For a new connection.

    Args:
        auth_code: that the device holds now, with `secret`; not the one that it started with.
        broker: what the look-up answered.
        witness: has counted what the platform does against the rules in frames that can be read all the same.
    """
    return DeviceContext(
        sn=credentials.sn,
        product_id=credentials.product_id,
        secret_key=credentials.secret_key,
        dev_key=credentials.dev_key,
        auth_code=auth_code,
        secret=secret,
        broker=broker,
        tell=partial(_told, witness),
    )


def with_doubts(text: str, channel: DeviceChannel) -> str:
    """What is known of a failure, with the settings that it may come from; as it is where it names some itself."""
    doubts = channel.doubts
    if not doubts or "channel." in text:
        return text
    return f"{text}: {doubts}" if text else doubts


def _told(witness: Witness, fault: ChannelFault, text: str) -> None:
    receiving.broke_channel(witness, ChannelViolation(text, fault))
