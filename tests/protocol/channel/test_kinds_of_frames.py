"""Over a transport that has no kinds of frames, and bounds what it carries, a suite says what is due and what fits."""

from collections.abc import Callable

import pytest

from simulator.protocol.channel.base import ChannelSuite, DeviceChannel, PlatformChannel, is_binary
from simulator.protocol.channel.configurable import ConfigurableSuite
from simulator.protocol.channel.exchange_only import ExchangeOnlySuite
from simulator.protocol.channel.framing import FRAMINGS
from simulator.protocol.channel.options import ChannelOptions
from simulator.protocol.channel.plain import PlainDeviceChannel, PlainSuite
from simulator.protocol.channel.rsa_aes import RsaAesSuite

Ends = tuple[DeviceChannel, PlatformChannel]


@pytest.mark.parametrize(
    ("suite", "sealed_binary"),
    [
        (PlainSuite(), False),
        (RsaAesSuite(), True),
        (ConfigurableSuite(ChannelOptions(device_key_bits=1024)), True),
        (ConfigurableSuite(ChannelOptions(device_key_bits=1024, framing="base64-text")), False),
    ],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_a_suite_says_which_kind_of_frame_is_due(
    suite: ChannelSuite, sealed_binary: bool, connect: Callable[..., Ends], establish: Callable[..., Ends]
) -> None:
    ends = connect(suite)
    assert [end.binary_due for end in ends] == [False, False]
    if not ends[0].has_exchange:
        return
    device, platform = establish(suite)
    assert [end.binary_due for end in (device, platform)] == [sealed_binary, sealed_binary]
    for sender, receiver in ((device, platform), (platform, device)):
        payload, binary = sender.seal(b'{"mid":"1"}')
        assert is_binary(receiver, payload) is binary
        assert receiver.open(payload, is_binary(receiver, payload)) == b'{"mid":"1"}'


def test_json_where_something_sealed_is_due_is_text(establish: Callable[..., Ends]) -> None:
    for end in establish(RsaAesSuite()):
        assert is_binary(end, b'{"mid":"1"}') is False
        assert is_binary(end, b"hello") is True
        assert is_binary(end, b'{"mid":"1"') is True
        assert is_binary(end, b"") is True


def test_text_stays_text_after_an_exchange_alone(establish: Callable[..., Ends]) -> None:
    for end in establish(ExchangeOnlySuite()):
        assert end.binary_due is False


class _Silent(PlainDeviceChannel):
    """A site's own suite that was written before transports without kinds of frames."""

    @property
    def binary_due(self) -> None:  # type: ignore[override]
        return None


@pytest.mark.parametrize(("payload", "binary"), [(b"{}", False), (b"\0\0", True), (b"", True)])
def test_a_suite_that_does_not_say_goes_by_the_beginning(payload: bytes, binary: bool) -> None:
    assert is_binary(_Silent(), payload) is binary


# --- Room ---


@pytest.mark.parametrize("payload", [0, 60, 256, 16 * 1024 - 1, 16 * 1024, 65_536])
@pytest.mark.parametrize(
    "suite",
    [
        PlainSuite(),
        ExchangeOnlySuite(),
        RsaAesSuite(),
        *(ConfigurableSuite(ChannelOptions(device_key_bits=1024, framing=framing)) for framing in FRAMINGS),
    ],
    ids=lambda suite: str(getattr(getattr(suite, "options", None), "framing", suite.name)),
)
def test_what_has_room_fits_when_it_is_sealed(
    suite: ChannelSuite, payload: int, connect: Callable[..., Ends], establish: Callable[..., Ends]
) -> None:
    room = suite.room(payload)
    assert 0 <= room <= payload
    assert payload < 256 or room >= payload // 2 - 64
    if room:
        device, platform = connect(suite) if suite.name == "plain" else establish(suite)
        for end in (device, platform):
            assert len(end.seal(b"x" * room)[0]) <= payload


def test_a_suite_that_does_not_say_is_given_half() -> None:
    class Silent(PlainSuite):
        room = ChannelSuite.room

    assert Silent().room(1024) == 448
    assert Silent().room(100) == 0
