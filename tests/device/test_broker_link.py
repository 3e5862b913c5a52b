"""Where a device's broker is: the look-up in trouble, the kept answer, and when it is asked for again."""

import datetime

import pytest

from simulator.device import broker_link
from simulator.measurements.names import DeviceState
from simulator.protocol.broker import BrokerAnswer
from simulator.wire.authority import CertificateAuthority
from tests.device.answers import Answer, drops, garbage, refuse, silent
from tests.device.fake_platform import Link, Message
from tests.device.harness import World

START = datetime.datetime(2024, 6, 25, 16, tzinfo=datetime.UTC)
"""About the time on the world's clock."""
DAY = datetime.timedelta(days=1)
AUTHORITY = CertificateAuthority("tests", START)
CERTIFICATE = AUTHORITY.root
OWN = AUTHORITY.client("SN1", START - DAY, START + DAY)


@pytest.mark.parametrize(
    ("broker_type", "url"),
    [
        ("push", "http://push.test:8088"),
        ("push", "ws://push.test:8088"),
        ("best-t", "ws://mqtt.test:8883"),
        ("best-m", "wss://mqtt.test:8883"),
        ("best-a", "tcp://mqtt.test:1883"),
    ],
)
async def test_a_broker_that_speaks_something_else_ends_the_device_with_the_url(
    world: World, broker_type: str, url: str
) -> None:
    world.network.broker_url = url
    device = await world.start(broker_type=broker_type)
    assert device.state is DeviceState.FAILED
    assert world.finished[0] == 1
    assert any(url in text and broker_type in text for _, text in world.logs)
    wanted = "speaks WebSocket and MQTT only" if broker_type == "push" else "should be mqtt:// or mqtts://"
    assert wanted in world.recorder.details["connect", "unsupported transport"]
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
    ("dispatch", "trusted"),
    [("http://dispatch.test", None), ("https://dispatch.test", CERTIFICATE)],
    ids=["http", "https"],
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


# --- A certificate of the device's own (security mode "certificate") ---


def in_certificate_mode(world: World, dispatch: str = "https://dispatch.test") -> None:
    world.env.dispatch_urls = (dispatch,)
    world.network.root_ca = CERTIFICATE
    world.network.pair = OWN.certificate, OWN.private_key


async def test_each_connect_is_made_with_the_answers_certificate(world: World) -> None:
    in_certificate_mode(world)
    device = await world.online()
    for _ in range(2):
        world.platform.link.close(1001)
        await world.advance(60)
        assert device.state is DeviceState.ONLINE
    shown = [(broker.certificate, broker.private_key, broker.root_ca) for broker in world.network.brokers]
    assert shown == [(OWN.certificate, OWN.private_key, CERTIFICATE)] * 3
    assert len(world.network.lookups) == 1
    assert world.recorder.broken() == {}
    assert world.recorder.observations == []


async def test_over_plain_http_the_certificate_is_shown_the_root_not_trusted_and_that_is_told(world: World) -> None:
    in_certificate_mode(world, "http://dispatch.test")
    await world.online()
    broker = world.network.brokers[0]
    assert (broker.certificate, broker.private_key, broker.root_ca) == (OWN.certificate, OWN.private_key, None)
    assert [found[:2] for found in world.recorder.observations] == [("lookup.key-in-clear", "getBrokerServer")]


async def test_a_device_keeps_what_it_needs_and_pushes_out_nothing_that_others_share(world: World) -> None:
    in_certificate_mode(world)
    before = broker_link._shared.cache_info().currsize
    await world.online()
    assert broker_link._shared.cache_info().currsize == before
    assert world.network.brokers[0].message == ""


async def test_a_refused_device_asks_for_another_certificate(world: World) -> None:
    """It may be why: with one of another device nobody is let in, and the kept one would be shown for ever."""
    in_certificate_mode(world)
    world.platform.script("dev.register", *[refuse()] * 4)
    device = await world.start()
    await world.until(lambda: device.state is DeviceState.ONLINE)
    assert len(world.network.lookups) == 3
    assert world.recorder.codes("dev.register") == ["E0000006"] * 4 + ["00000000"]


async def test_a_certificate_out_of_its_time_is_told_by_the_platforms_time(world: World) -> None:
    in_certificate_mode(world)
    made = AUTHORITY.client("SN1", START - 2 * DAY, START - DAY)
    world.network.pair = made.certificate, made.private_key
    await world.online()
    assert world.recorder.broken() == {"lookup.certificate-time": 1}


async def test_nobody_is_shown_the_key_that_a_platform_repeats(world: World) -> None:
    in_certificate_mode(world)
    key = "".join(OWN.private_key.splitlines()[1:-1])
    world.network.pair = OWN.certificate, key

    def repeats(link: Link, message: Message) -> None:
        told = {"code": "E0000006", "message": f"not with {key}"}
        link.say({"funcId": "cmd.dev.response", "mid": message["mid"], **told})

    world.platform.script("dev.register", repeats)
    await world.start()
    told = f"{world.recorder.details} {world.logs} {world.recorder.violations} {world.recorder.observations}"
    assert key not in told
    assert key[:40] not in told
