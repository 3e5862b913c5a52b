"""Where a device's broker is: the look-up in trouble, the kept answer, and when it is asked for again."""

import pytest

from simulator.measurements.names import DeviceState
from simulator.protocol.broker import BrokerAnswer
from tests.device.answers import Answer, drops, garbage, refuse, silent
from tests.device.harness import World

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize("broker_type", ["push", "best-t", "best-m", "best-a"])
async def test_brokers_that_are_no_websocket_end_the_device_with_the_url(world: World, broker_type: str) -> None:
    world.network.broker_url = "mqtts://mqtt.test:8883"
    device = await world.start(broker_type=broker_type)
    assert device.state is DeviceState.FAILED
    assert world.finished[0] == 1
    assert any("mqtts://mqtt.test:8883" in text and broker_type in text for _, text in world.logs)
    assert world.network.connects == []
    assert world.recorder.codes("getBrokerServer") == ["00000000"]
    assert world.recorder.codes("connect") == ["unsupported transport"]
    assert world.recorder.flow_codes("init") == ["unsupported transport"]
    assert f"type={broker_type}&" in world.network.lookups[0]


async def test_a_websocket_type_with_another_url_ends_the_device_too(world: World) -> None:
    world.network.broker_url = "tcp://broker.test:1883"
    device = await world.start()
    assert device.state is DeviceState.FAILED
    assert any("tcp://broker.test:1883" in text for _, text in world.logs)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (BrokerAnswer.refusal("E0000003").encode(), "E0000003"),
        (b"", "malformed reply"),
        (b"<html>", "malformed reply"),
        (b'{"code":"00000000","message":"","payload":{"results":{}}}', "malformed reply"),
        (b'{"code":0}', "malformed reply"),
    ],
)
async def test_look_up_in_trouble(world: World, body: bytes, code: str) -> None:
    world.network.lookup_script.append(world.network.says(200, body))
    device = await world.start()
    assert device.state is DeviceState.WAITING
    assert world.recorder.codes("getBrokerServer") == [code]
    assert world.recorder.flow_codes("init") == [code]
    await world.advance(3)
    assert device.state is DeviceState.ONLINE
    assert len(world.network.lookups) == 2


async def test_look_up_with_another_status(world: World) -> None:
    world.network.lookup_script.append(world.network.says(503, b"busy"))
    device = await world.start()
    assert world.recorder.codes("getBrokerServer") == ["http 503"]
    await world.advance(3)
    assert device.state is DeviceState.ONLINE


@pytest.mark.parametrize("kind", ["dns", "refused", "tls", "timeout"])
async def test_look_up_without_an_answer(world: World, kind: str) -> None:
    world.network.lookup_script.append(world.network.fails(kind))
    device = await world.start()
    assert world.recorder.codes("getBrokerServer") == [kind]
    await world.advance(3)
    assert device.state is DeviceState.ONLINE


@pytest.mark.parametrize(
    ("dispatch", "trusted"), [("http://dispatch.test", None), ("https://dispatch.test", CERTIFICATE)]
)
async def test_a_root_ca_counts_where_it_came_over_https(world: World, dispatch: str, trusted: str | None) -> None:
    world.env.dispatch_urls = (dispatch,)
    world.network.root_ca = CERTIFICATE
    device = await world.online()
    world.platform.link.close(1001)
    await world.advance(2)
    assert device.state is DeviceState.ONLINE
    assert world.network.root_cas == [trusted, trusted]


async def test_nonces_and_mids_never_come_again(world: World) -> None:
    device = await world.start()
    for _ in range(20):
        world.platform.link.close(1001)
        await world.advance(20)
        assert device.state is DeviceState.ONLINE
    mids = [seen.message["mid"] for seen in world.platform.seen]
    assert len(set(mids)) == len(mids)
    assert max(map(len, mids)) <= 32


async def test_the_url_is_asked_for_again_after_two_failed_connects(world: World) -> None:
    device = await world.online()
    network = world.network
    network.connect_script += [network.fails("refused"), network.fails("refused")]
    world.platform.link.close(1001)
    await world.advance(2)
    assert (len(network.connects), len(network.lookups)) == (2, 1)
    await world.until(lambda: len(network.connects) == 3)
    assert len(network.lookups) == 1
    network.broker_url = "ws://elsewhere.test"
    await world.until(lambda: device.state is DeviceState.ONLINE)
    assert len(network.lookups) == 2
    assert network.connects[-1] == "ws://elsewhere.test"
    assert world.recorder.codes("connect") == ["00000000", "refused", "refused", "00000000"]


@pytest.mark.parametrize("answer", [silent, drops, garbage()], ids=["silent", "dropped", "garbage"])
async def test_the_url_is_asked_for_again_when_somebody_else_answers_there(world: World, answer: Answer) -> None:
    """The platform moved, and what took over its port takes connections too."""
    device = await world.online()
    world.platform.script("dev.login", answer, answer)
    world.platform.link.close(1001)
    await world.until(lambda: device.state is DeviceState.ONLINE)
    assert world.recorder.codes("connect") == ["00000000"] * 4
    assert len(world.network.lookups) == 2


async def test_a_platform_that_refuses_keeps_its_url(world: World) -> None:
    world.platform.script("dev.report", *[refuse()] * 6)
    device = await world.start()
    await world.until(lambda: device.state is DeviceState.ONLINE)
    assert len(world.network.lookups) == 1


async def test_one_failed_connect_between_good_ones_keeps_the_url(world: World) -> None:
    device = await world.online()
    for _ in range(3):
        world.network.connect_script += [world.network.fails("refused")]
        world.platform.link.close(1001)
        await world.advance(60)
        assert device.state is DeviceState.ONLINE
    assert len(world.network.lookups) == 1
