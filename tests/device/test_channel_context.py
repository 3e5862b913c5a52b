"""What a device hands to its channel suite, and what the suite has counted."""

import pytest

from simulator.clock import ManualClock
from simulator.device.channel_context import context_of, with_doubts
from simulator.device.settings import Credentials
from simulator.device.witness import Witness
from simulator.measurements.names import INIT
from simulator.protocol.broker import BrokerAnswer
from simulator.protocol.channel.base import ChannelFault, DeviceChannel
from simulator.protocol.channel.configurable import ConfigurableSuite
from simulator.protocol.channel.options import ChannelOptions
from simulator.protocol.channel.plain import PlainDeviceChannel
from tests.device.answers import raw
from tests.device.harness import World
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


# --- A platform of somebody else, which gives no reasons ---

LIST = "channel.derive, channel.order, channel.keys, channel.cipher, channel.iv, channel.info, channel.salt"


async def test_a_platform_that_cannot_read_the_first_frame_and_closes() -> None:
    world = World("configurable")
    world.platform.suite = ConfigurableSuite(ChannelOptions(derive="sha256"))
    await world.start()
    assert world.recorder.failed() == {("dev.register", "disconnected"): 1}
    told = f"closed 1008: the end: {LIST}, channel.framing"
    assert world.recorder.details["dev.register", "disconnected"] == told
    assert world.recorder.details[INIT.tag, "disconnected"] == f"dev.register: {told}"


async def test_a_platform_that_cannot_read_the_first_frame_and_says_nothing() -> None:
    world = World("configurable")
    world.platform.script("dev.register", lambda link, message: None)
    await world.start(request_timeout=5.0)
    await world.advance(6)
    assert world.recorder.failed() == {("dev.register", "timeout"): 1}
    assert world.recorder.details["dev.register", "timeout"] == f"{LIST}, channel.framing"


@pytest.mark.parametrize(
    ("func_id", "settings"),
    [
        ("device.exchange.publicKey", "channel.public_key, channel.device_key_bits"),
        ("device.exchange.factor", "channel.padding, channel.factor"),
    ],
)
async def test_a_platform_that_refuses_an_exchange_with_a_code_of_its_own(func_id: str, settings: str) -> None:
    world = World("configurable")
    world.platform.script(func_id, raw(funcId=func_id, code="E42", message="no"))
    await world.start()
    assert world.recorder.failed() == {(func_id, "E42"): 1}
    assert world.recorder.details[func_id, "E42"] == f"no: {settings}"
    assert world.recorder.details[INIT.tag, "E42"] == f"{func_id}: no: {settings}"


async def test_a_platform_whose_answer_the_device_cannot_read() -> None:
    world = World("configurable")
    world.platform.suite = ConfigurableSuite(ChannelOptions(keys="per-direction"))
    await world.start()
    told = f"protocol violation: the end: wrong tag: {LIST}"
    assert world.recorder.details["dev.register", "disconnected"] == told
    assert world.recorder.broken() == {"channel.tag": 1}


async def test_a_refusal_that_came_through_the_channel_blames_no_setting() -> None:
    world = World("configurable")
    world.platform.script("dev.register", raw(code="E42", message="no"))
    await world.start()
    assert "channel." not in world.recorder.details["dev.register", "E42"]


async def test_a_random_iv_that_comes_again_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World("configurable")
    await world.online()
    monkeypatch.setattr("simulator.protocol.channel.sealing.os.urandom", lambda size: bytes(size))
    await world.advance(125)
    assert world.recorder.codes("dev.heartbeat") == ["00000000"] * 2
    assert world.recorder.broken() == {"channel.iv-repeated": 1}
