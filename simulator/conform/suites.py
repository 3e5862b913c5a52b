"""What cases need to know of the channel suite: how its exchange is written, and how a frame is sealed by hand."""

from typing import Final

from simulator.conform.outcome import Ended, not_run
from simulator.conform.site import Site
from simulator.protocol.channel.base import ChannelSuite, DeviceChannel
from simulator.protocol.channel.configurable import ConfigurableDeviceChannel, ConfigurableSuite
from simulator.protocol.channel.exchange import FIXED_FORM, ExchangeForm
from simulator.protocol.channel.options import ChannelOptions
from simulator.protocol.channel.rsa_aes import RsaAesDeviceChannel
from simulator.texts.told import Told

EXCHANGING: Final = ("exchange-only", "rsa-aes", "configurable")
"""Suites whose connections begin with the two exchanges."""
SEALING: Final = ("rsa-aes", "configurable")
"""Those of them that encrypt what follows."""


def form_of(suite: ChannelSuite) -> ExchangeForm:
    """How public keys and factors are written in a suite of `EXCHANGING`."""
    return suite.form if isinstance(suite, ConfigurableSuite) else FIXED_FORM


def options_of(site: Site) -> ChannelOptions | None:
    """The options of the suite `configurable`; None in another one."""
    return site.suite.options if isinstance(site.suite, ConfigurableSuite) else None


def needs_counters(site: Site) -> None:
    """
    Raises:
        Ended: As NOT-RUN, where frames carry no counter: then no receiver can tell that one is out of turn.
    """
    options = options_of(site)
    if options is not None and (options.mode == "ecb" or options.iv != "counter"):
        kind = options.cipher if options.mode == "ecb" else Told("iv: {iv}", iv=options.iv)
        raise Ended(not_run(Told("frames have no counter with `{kind}`", kind=kind)))


def sealed(channel: DeviceChannel, data: bytes, *, skip: int = 0, wrong: bool = False, cut: int | None = None) -> bytes:
    """The payload of a message's frame, for `Link.send_frame`.

    The connection's own counter stays as it is: the same frame sent twice is a replay.

    Args:
        skip: Added to the counter that is due; negative for one that was used.
        wrong: The last bit of what was sealed (of the tag, where there is one) is another.
        cut: Only so many of the sealed bytes.

    Raises:
        Ended: As NOT-RUN, before the exchange or in a suite that seals nothing.
    """
    traffic = channel.traffic if isinstance(channel, RsaAesDeviceChannel | ConfigurableDeviceChannel) else None
    if traffic is None:
        raise Ended(
            not_run(
                Told("needs one of the channel suites {sealing}, after its exchange", sealing=" and ".join(SEALING))
            )
        )
    frame = traffic.seal_as(data, traffic.sent + skip)[:cut]
    if wrong:
        frame = frame[:-1] + bytes([frame[-1] ^ 1])
    return channel.framing.wrap(frame) if isinstance(channel, ConfigurableDeviceChannel) else frame


def in_binary(channel: DeviceChannel) -> bool:
    """Whether sealed frames are binary ones."""
    return not isinstance(channel, ConfigurableDeviceChannel) or channel.framing.binary
