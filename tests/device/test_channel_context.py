"""What a device hands to its channel suite, and what the suite has counted."""

import pytest

from simulator.clock import ManualClock
from simulator.device.channel_context import context_of, with_doubts
from simulator.device.settings import Credentials
from simulator.device.witness import Witness
from simulator.protocol.broker import BrokerAnswer
from simulator.protocol.channel.base import ChannelFault, DeviceChannel
from simulator.protocol.channel.plain import PlainDeviceChannel
from tests.device.recording import Nobody, Recording

DEVICE = Credentials(sn="SN0001", secret_key="s3cret-key", product_id="product", dev_key="d3v-key")
BROKER = BrokerAnswer(code="00000000", url="ws://127.0.0.1:1/x", private_key="pr1vate")


def witness() -> tuple[Recording, Witness]:
    recorder = Recording()
    return recorder, Witness(recorder, ManualClock(wall=1_700_000_000.0), Nobody(), 0)


class Doubting(PlainDeviceChannel):
    """A channel that names settings."""

    __slots__ = ()

    @property
    def doubts(self) -> str:
        return "channel.iv, channel.keys"


def test_a_suite_learns_what_the_device_knows_now() -> None:
    context = context_of(DEVICE, "auth", "granted", BROKER, witness()[1])
    assert (context.sn, context.product_id) == ("SN0001", "product")
    assert (context.secret_key, context.dev_key) == ("s3cret-key", "d3v-key")
    assert (context.auth_code, context.secret) == ("auth", "granted")
    assert context.broker is BROKER


def test_a_context_shows_no_secret() -> None:
    context = context_of(DEVICE, "auth-code", "granted", BROKER, witness()[1])
    for secret in ("s3cret-key", "d3v-key", "auth-code", "granted", "pr1vate"):
        assert secret not in repr(context)
    assert "SN0001" in repr(context)


def test_what_a_suite_tells_is_counted_under_its_rule() -> None:
    recorder, told = witness()
    context = context_of(DEVICE, None, None, None, told)
    context.tell(ChannelFault.IV, "it was there before")
    assert [found[:3] for found in recorder.violations] == [("channel.iv-repeated", "", "it was there before")]


@pytest.mark.parametrize(
    ("text", "channel", "told"),
    [
        ("closed 1008", PlainDeviceChannel(), "closed 1008"),
        ("closed 1008", Doubting(), "closed 1008: channel.iv, channel.keys"),
        ("", Doubting(), "channel.iv, channel.keys"),
        ("wrong tag: channel.keys", Doubting(), "wrong tag: channel.keys"),
    ],
)
def test_a_failure_names_the_settings_in_doubt_once(text: str, channel: DeviceChannel, told: str) -> None:
    assert with_doubts(text, channel) == told
