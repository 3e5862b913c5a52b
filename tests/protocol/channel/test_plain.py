"""The suite `plain`: text both ways and nothing else."""

from collections.abc import Callable

import pytest

from simulator.protocol.channel.base import ChannelViolation, DeviceChannel, PlatformChannel
from simulator.protocol.channel.plain import PlainSuite
from simulator.protocol.channel.rsa_aes import RsaAesSuite

Ends = tuple[DeviceChannel, PlatformChannel]


def test_there_is_no_exchange(connect: Callable[..., Ends]) -> None:
    device, platform = connect(PlainSuite())

    assert not device.has_exchange
    assert not platform.has_exchange
    with pytest.raises(RuntimeError, match="no exchange"):
        device.public_key_params()
    with pytest.raises(RuntimeError, match="no exchange"):
        device.factor_params()
    with pytest.raises(ChannelViolation, match="no exchange"):
        device.accept_public_key({})
    with pytest.raises(ChannelViolation, match="no exchange"):
        device.accept_factor({})


def test_a_device_that_tries_one_is_refused(connect: Callable[..., Ends]) -> None:
    device, platform = connect(RsaAesSuite(), PlainSuite())

    with pytest.raises(ChannelViolation, match="no exchange"):
        platform.answer_public_key(device.public_key_params())
    with pytest.raises(ChannelViolation, match="no exchange"):
        platform.answer_factor({"factor": "AAAA"})


def test_messages_are_text_both_ways(connect: Callable[..., Ends]) -> None:
    for end in connect(PlainSuite()):
        if isinstance(end, PlatformChannel):
            end.established()
        assert end.seal(b"{}") == (b"{}", False)
        assert end.open(b"{}", False) == b"{}"
        with pytest.raises(ChannelViolation, match="binary"):
            end.open(b"{}", True)
        assert not hasattr(end, "__dict__")


def test_no_key_is_taken() -> None:
    class NoKeys:
        def take(self) -> object:
            raise AssertionError("plain needs no key")

    PlainSuite().device_side(NoKeys())  # type: ignore[arg-type]
    PlainSuite().platform_side(NoKeys())  # type: ignore[arg-type]
