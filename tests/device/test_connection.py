"""The look-up and the connection in trouble: what is recorded, when the device comes back, what closes with 1008."""

from itertools import pairwise

import pytest

from simulator.device.settings import OnTimeout
from simulator.fields.range import Range
from simulator.measurements.names import DeviceState
from simulator.protocol.broker import BrokerAnswer
from tests.device.fake_platform import Answer, drops, garbage, late, refuse, silent
from tests.device.harness import World


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


@pytest.mark.parametrize(("dispatch", "trusted"), [("http://dispatch.test", None), ("https://dispatch.test", "PEM")])
async def test_a_root_ca_counts_where_it_came_over_https(world: World, dispatch: str, trusted: str | None) -> None:
    world.env.dispatch_urls = (dispatch,)
    world.network.root_ca = "PEM"
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


async def test_back_off_grows_to_its_bound_with_jitter_and_starts_again(world: World) -> None:
    network = world.network
    network.lookup_script += [network.fails("refused") for _ in range(8)]
    device = world.make(reconnect_delay=Range(low=2.0, high=16.0))
    moments = []
    original = network.look_up

    async def noted(url: str, *, index: int) -> tuple[int, bytes]:
        moments.append(world.clock.monotonic())
        return await original(url, index=index)

    network.look_up = noted  # type: ignore[method-assign]
    device.start()
    await world.until(lambda: device.state is DeviceState.ONLINE)
    waits = [after - before for before, after in pairwise(moments)]
    for wait, (shortest, longest) in zip(waits, [(2, 3), (4, 6), (8, 12), *[(16 / 1.5, 16)] * 5], strict=True):
        assert shortest <= wait <= longest
    assert len(set(waits)) == len(waits)
    await world.advance(60)  # long enough online: the next delay is the first again
    world.platform.link.close(1001)
    await world.settle()
    since = world.clock.monotonic()
    await world.until(lambda: device.state is DeviceState.ONLINE)
    assert 2 <= world.clock.monotonic() - since <= 3


async def test_timeout_ends_the_connection_and_the_device_comes_back(world: World) -> None:
    device = await world.online()
    world.platform.script("dev.heartbeat", silent)
    await world.until(lambda: bool(world.platform.sent("dev.heartbeat")))
    await world.advance(10.1)
    assert world.recorder.codes("dev.heartbeat") == ["timeout"]
    assert world.recorder.reasons() == ["timeout"]
    assert device.state is DeviceState.WAITING
    await world.advance(2)
    assert device.state is DeviceState.ONLINE


async def test_other_requests_of_a_dead_connection_count_as_disconnected(world: World) -> None:
    await world.online()
    link = world.platform.link
    world.platform.always("dev.system.sync.time", silent)
    world.platform.always("dev.heartbeat", silent)
    await world.until(lambda: bool(world.platform.sent("dev.heartbeat")))
    await world.advance(4)
    link.command("cmd.system.sync.time")
    await world.advance(6.1)
    assert world.recorder.codes("dev.heartbeat") == ["timeout"]
    assert world.recorder.codes("dev.system.sync.time") == ["disconnected"]


@pytest.mark.parametrize("payload", [b"", b"{", b"null", b'"x"', b"[]", b"\xff\xfe", b"1", b"{}x", b'{"a":NaN}'])
@pytest.mark.parametrize("binary", [False, True])
async def test_a_garbage_frame_closes_with_1008_and_the_device_comes_back(payload: bytes, binary: bool) -> None:
    for suite in ("plain", "rsa-aes"):
        world = World(suite)
        device = await world.online()
        world.platform.link.transmit(payload, binary)
        await world.settle()
        assert world.platform.links[0].close_received is not None
        assert world.platform.links[0].close_received[0] == 1008
        assert world.recorder.reasons() == ["protocol violation"]
        assert world.recorder.kinds()["garbage frame"] == 1
        await world.advance(2)
        assert device.state is DeviceState.ONLINE
        await world.close()


async def test_a_valid_message_in_the_wrong_kind_of_frame_closes_with_1008(world: World) -> None:
    await world.online()
    world.platform.link.transmit(b'{"code":"00000000","mid":"x"}', True)
    await world.settle()
    assert world.platform.links[0].close_received == (1008, "protocol violation")


async def test_replayed_sealed_frames_close_with_1008(sealed_world: World) -> None:
    world = sealed_world
    await world.online()
    frame = [payload for direction, payload in world.wire if direction == "<"][-1]
    world.platform.link.transmit(frame, True)
    await world.settle()
    assert world.platform.links[0].close_received == (1008, "protocol violation")


async def test_a_platform_that_never_closes_does_not_hold_the_device(world: World) -> None:
    device = await world.online()
    world.network.answers_close = False
    world.platform.link.transmit(b"?")
    await world.advance(7)
    assert device.state is DeviceState.ONLINE
    assert len(world.platform.links) == 2


@pytest.mark.parametrize("on_timeout", [OnTimeout.RECONNECT, OnTimeout.RETRY])
async def test_a_reply_after_the_deadline_is_none_though_no_sweep_has_come_by(
    world: World, on_timeout: OnTimeout
) -> None:
    """All devices share the sweeps, of which the next comes 50 ms after the one that found the first device's."""
    devices = [await world.online(request_timeout=2.0, on_timeout=on_timeout) for _ in range(2)]
    world.platform.script("dev.system.sync.time", silent, late(2.02), late(1.99))
    device = devices[1]
    for each in devices:
        each.ask_for_time()
        await world.advance(0.01)
    await world.advance(2.03)
    assert world.recorder.codes("dev.system.sync.time") == ["timeout", "timeout"]
    assert [round(entry[2], 6) for entry in world.recorder.requests if entry[3] == "timeout"] == [2.0, 2.0]
    assert world.recorder.kinds()["late reply"] == 1
    assert world.recorder.reasons() == ["timeout"] * (2 if on_timeout is OnTimeout.RECONNECT else 0)
    await world.until(lambda: device.state is DeviceState.ONLINE)
    device.ask_for_time()
    await world.advance(2.1)
    assert world.recorder.codes("dev.system.sync.time")[2:] == ["00000000"]
