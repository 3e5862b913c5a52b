"""The suite `exchange-only`: its exchanges are those of `rsa-aes`, its traffic stays text."""

from collections.abc import Callable

import pytest

from simulator.protocol.channel.base import ChannelViolation, DeviceChannel, PlatformChannel
from simulator.protocol.channel.exchange_only import ExchangeOnlySuite
from simulator.protocol.channel.rsa_aes import RsaAesSuite

Ends = tuple[DeviceChannel, PlatformChannel]


def test_traffic_stays_text_after_the_exchange(establish: Callable[..., Ends]) -> None:
    for end in establish(ExchangeOnlySuite()):
        assert end.seal(b"{}") == (b"{}", False)
        assert end.open(b"{}", False) == b"{}"
        with pytest.raises(ChannelViolation, match="binary"):
            end.open(b"{}", True)


@pytest.mark.parametrize("swapped", [False, True])
def test_its_exchanges_are_those_of_rsa_aes(establish: Callable[..., Ends], swapped: bool) -> None:
    suites = [ExchangeOnlySuite(), RsaAesSuite()]
    if swapped:
        suites.reverse()

    device, platform = establish(*suites)

    # The exchange works across the suites; the first message after it shows that they differ.
    with pytest.raises(ChannelViolation):
        platform.open(*device.seal(b"{}"))
    with pytest.raises(ChannelViolation):
        device.open(*platform.seal(b"{}"))
