"""The broker on real sockets: bytes in and out, limits, keep-alives, TLS, and its end."""

from __future__ import annotations

import asyncio
import datetime
from pathlib import Path

import pytest

from simulator.mqtt.broker import BrokerSettings, Everybody, serve
from simulator.mqtt.codec import encode
from simulator.mqtt.packets import (
    Connack,
    Connect,
    ConnectReturn,
    Disconnect,
    Pingreq,
    Pingresp,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Subscribe,
    Will,
)
from simulator.wire import ListenFailed
from simulator.wire.authority import CLIENT_LIFE, HEAD_START, CertificateAuthority
from simulator.wire.own_certificate import load_pair
from simulator.wire.strangers import StrangerLimits
from simulator.wire.tls import client_context, server_context
from tests.mqtt.broker.helpers import PATIENCE, Room, until


async def test_a_device_and_a_platform_in_the_same_process(room: Room) -> None:
    broker = room.broker()
    received: list[tuple[str, bytes, bool]] = []
    platform = broker.attach(["best/+/+/up"], lambda *message: received.append(message))
    server = await room.serve(broker)
    device = await room.connected(server, clean=False)
    assert await device.subscribe("best/p/one/down") == (1,)
    device.send(Publish("best/p/one/up", b"report", 1, 7))
    assert await device.packet() == Puback(7)
    assert received == [("best/p/one/up", b"report", False)]
    assert platform.publish("best/p/one/down", b"command") == 1
    assert await device.packet() == Publish("best/p/one/down", b"command", 1, 1)
    device.send(Puback(1), Disconnect())
    assert await device.ended()
    await until(lambda: not broker.present("one"))
    assert room.events == [("connected", "one", ""), ("disconnected", "one", "orderly")]
    assert platform.publish("best/p/one/down", b"later") == 1
    again = await room.peer(server)
    assert await again.connect(clean=False)
    assert await again.packet() == Publish("best/p/one/down", b"later", 1, 2)


# --- What comes ---

CONNECT = encode(Connect(client_id="one", clean_session=True, keep_alive=60))
FORBIDDEN = {
    "no MQTT": b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "another protocol name": CONNECT.replace(b"MQTT", b"MQTX"),
    "the reserved flag of CONNECT": CONNECT.replace(b"MQTT\x04\x02", b"MQTT\x04\x03"),
    "bytes after CONNECT's fields": bytes((0x10, CONNECT[1] + 1)) + CONNECT[2:] + b"x",
    "CONNACK": b"\x20\x02\x00\x00",
    "PUBLISH first": encode(Publish("a", b"")),
    "PUBLISH to a wildcard": CONNECT + b"\x30\x05\x00\x03a/+",
    "PUBLISH of quality of service 3": CONNECT + b"\x36\x05\x00\x01a\x00\x01",
    "packet id 0": CONNECT + b"\x32\x05\x00\x01a\x00\x00",
    "packet id 0, on the topic of the message before": CONNECT
    + encode(Publish("a", b""))
    + b"\x32\x06\x00\x01a\x00\x00x",
    "PUBLISH that ends in its packet id": CONNECT + encode(Publish("a", b"")) + b"\x32\x04\x00\x01a\x00",
    "PUBACK of packet id 0": CONNECT + b"\x40\x02\x00\x00",
    "a wrong filter": CONNECT + b"\x82\x08\x00\x01\x00\x03a/b#"[:-1] + b"+\x00",
    "SUBSCRIBE without its flags": CONNECT + b"\x80\x06\x00\x01\x00\x01a\x00",
    "SUBSCRIBE without a filter": CONNECT + b"\x82\x02\x00\x01",
    "a second CONNECT": CONNECT + CONNECT,
    "a length of five bytes": CONNECT + b"\x30\xff\xff\xff\xff\x01",
    "a string that is no UTF-8": CONNECT + b"\x30\x04\x00\x02\xc3\x28",
    "a packet that is too large": CONNECT + b"\x30\x80\x80\x80\x01",
}


@pytest.mark.parametrize("name", FORBIDDEN)
async def test_what_the_standard_forbids_ends_the_connection(room: Room, name: str) -> None:
    server = await room.serve()
    peer = await room.peer(server)
    sent = FORBIDDEN[name]
    peer.writer.write(sent)
    if sent.startswith(CONNECT):
        assert await peer.packet() == Connack(False, 0)
    assert await peer.ended()
    peer.writer.close()
    await until(lambda: server.connections == 0)
    event, _, detail = room.events[-1]
    assert event == ("disconnected" if sent.startswith(CONNECT) else "turned away")
    assert detail.startswith("protocol error: ")
    assert room.errors == []


async def test_messages_of_every_kind_arrive_as_they_are(room: Room) -> None:
    sent = [
        Publish(topic, payload, qos, number * 3 + qos if qos else 0, dup=dup and qos > 0, retain=retain)
        for number, (topic, dup, retain) in enumerate(
            [("a", False, False), ("a", True, False), ("a", False, True), ("ab", False, False), ("ü", False, False)], 1
        )
        for payload in (b"", b"x", b"a" * 300)
        for qos in (0, 1, 2)
    ]
    broker = room.broker()
    received: list[tuple[str, bytes, bool]] = []
    broker.attach(["#"], lambda *message: received.append(message))
    server = await room.serve(broker)
    peer = await room.connected(server)
    await peer.subscribe("ab")
    for packet in sent:
        peer.send(packet)
        if packet.topic == "ab":
            assert (await peer.message()).payload == packet.payload
        if packet.qos == 1:
            assert await peer.packet() == Puback(packet.packet_id)
        elif packet.qos == 2:
            assert await peer.packet() == Pubrec(packet.packet_id)
            peer.send(Pubrel(packet.packet_id))
            assert await peer.packet() == Pubcomp(packet.packet_id)
    await until(lambda: len(received) == len(sent))
    assert received == [(packet.topic, packet.payload, packet.dup) for packet in sent]
    late = await room.connected(server, "late")
    await late.subscribe("#")
    assert await late.packet() == Publish("a", b"a" * 300, 1, 1, retain=True)


async def test_long_topics_are_not_kept(room: Room) -> None:
    server = await room.serve()
    peer = await room.connected(server)
    await peer.subscribe("#")
    for topic in ("x" * 256, "x" * 257, "x" * 60_000):
        for _ in range(2):
            peer.send(Publish(topic, b"1"))
            assert await peer.packet() == Publish(topic, b"1")
    (connection,) = server._connections
    assert connection._up_text == connection._down_text == "x" * 256


async def test_packets_in_single_bytes_are_understood(room: Room) -> None:
    server = await room.serve()
    peer = await room.peer(server)
    for byte in CONNECT + encode(Publish("a", b"x", 1, 1)) + encode(Pingreq()):
        peer.writer.write(bytes([byte]))
        await asyncio.sleep(0)
    assert [await peer.packet() for _ in range(3)] == [Connack(False, 0), Puback(1), Pingresp()]


async def test_packets_behind_connect_need_not_wait_for_its_answer(room: Room) -> None:
    server = await room.serve()
    peer = await room.peer(server)
    peer.send(
        Connect(client_id="one", clean_session=True, keep_alive=0), Subscribe(1, (("a", 1),)), Publish("a", b"x", 1, 9)
    )
    packets = [type(await peer.packet()).__name__ for _ in range(4)]
    assert packets == ["Connack", "Suback", "Publish", "Puback"]


async def test_a_refusal_reaches_a_client_that_goes_on_sending(room: Room) -> None:
    class Nobody(Everybody):
        def connect(self, *asked: object) -> ConnectReturn:
            return ConnectReturn.BAD_USER_NAME_OR_PASSWORD

    server = await room.serve(room.broker(authority=Nobody()))
    peer = await room.peer(server)
    peer.send(Connect(client_id="one", clean_session=True, keep_alive=0))
    for packet_id in range(1, 200):
        peer.send(Publish("a", bytes(1000), 1, packet_id))
        await asyncio.sleep(0)
    assert await peer.packet() == Connack(False, 4)
    assert await peer.ended()


async def test_a_large_message_goes_both_ways(room: Room) -> None:
    broker = room.broker(settings=BrokerSettings(max_payload=5_000_000))
    received: list[bytes] = []
    platform = broker.attach(["up"], lambda topic, payload, dup: received.append(payload))
    server = await room.serve(broker)
    peer = await room.connected(server)
    await peer.subscribe("down")
    payload = bytes(range(256)) * 15_000
    peer.send(Publish("up", payload, 1, 1))
    assert await peer.packet() == Puback(1)
    assert received == [payload]
    platform.publish("down", payload)
    assert (await peer.message()).payload == payload


async def test_one_client_that_sends_much_leaves_the_others_their_turn(room: Room) -> None:
    broker = room.broker()
    order: list[str] = []
    broker.attach(["#"], lambda topic, payload, dup: order.append(topic))
    server = await room.serve(broker)
    busy, quiet = await room.connected(server, "busy"), await room.connected(server, "quiet")
    many = 20_000
    busy.writer.write(encode(Publish("busy", b"")) * many)
    await until(lambda: "busy" in order)
    quiet.send(Publish("quiet", b""))
    await until(lambda: len(order) == many + 1)
    assert order.index("quiet") < many


# --- How a connection ends ---


async def test_the_will_of_a_lost_connection_is_published(room: Room) -> None:
    server = await room.serve()
    watcher = await room.connected(server, "watcher")
    await watcher.subscribe("gone")
    peer = await room.peer(server)
    await peer.connect(will=Will(topic="gone", payload=b"one"))
    peer.reset()
    assert await watcher.packet() == Publish("gone", b"one")
    assert room.events[-1][:2] == ("disconnected", "one")
    assert room.events[-1][2].startswith("lost")


async def test_what_was_sent_before_the_end_is_taken(room: Room) -> None:
    broker = room.broker()
    received: list[bytes] = []
    broker.attach(["#"], lambda topic, payload, dup: received.append(payload))
    server = await room.serve(broker)
    peer = await room.connected(server)
    peer.send(*(Publish("a", b"%d" % number, 1, number) for number in range(1, 501)))
    peer.writer.write_eof()
    await until(lambda: len(received) == 500)
    assert [await peer.packet() for _ in range(500)][-1] == Puback(500)
    assert await peer.ended()
    await until(lambda: server.connections == 0)


async def test_a_client_that_is_taken_over_is_hung_up_on(room: Room) -> None:
    server = await room.serve()
    old = await room.connected(server)
    new = await room.connected(server)
    assert await old.ended()
    new.send(Pingreq())
    assert await new.packet() == Pingresp()
    old.writer.close()
    await until(lambda: server.connections == 1)
    assert server.broker.present("one")


async def test_the_owner_ends_a_connection(room: Room) -> None:
    server = await room.serve()
    peer = await room.connected(server)
    assert server.broker.disconnect("one")
    assert await peer.ended()


async def test_a_peer_that_does_not_end_its_side_is_dropped(room: Room) -> None:
    server = await room.serve(close_timeout=0.1)
    peer = await room.connected(server)
    peer.send(Disconnect())
    await until(lambda: server.connections == 0)


async def test_a_fault_ends_one_connection_and_is_told(room: Room) -> None:
    class Broken(Everybody):
        def may_publish(self, client_id: str, username: str | None, topic: str) -> bool:
            raise RuntimeError("out of order")

    server = await room.serve(room.broker(authority=Broken()))
    peer, other = await room.connected(server), await room.connected(server, "two")
    peer.send(Publish("a", b"", 1, 1))
    assert await peer.ended()
    assert [str(error) for error in room.errors] == ["out of order"]
    assert room.events[-1] == ("disconnected", "one", "internal fault: RuntimeError")
    other.send(Pingreq())
    assert await other.packet() == Pingresp()


# --- Keep-alive ---


async def test_a_silent_client_is_dropped_after_one_and_a_half_keep_alives(room: Room) -> None:
    server = await room.serve()
    peer, watcher = await room.peer(server), await room.connected(server, "watcher", keep_alive=0)
    await watcher.subscribe("gone")
    loop = asyncio.get_running_loop()
    await peer.connect(keep_alive=1, will=Will(topic="gone", payload=b""))
    began = loop.time()
    while loop.time() < began + 1.6:
        peer.send(Pingreq())
        assert await peer.packet() == Pingresp()
        await asyncio.sleep(0.2)
    heard = loop.time()
    assert await peer.ended()
    assert 1.0 <= loop.time() - heard <= 1.5 + PATIENCE
    assert await watcher.message() == Publish("gone", b"")
    assert room.events[-1] == ("disconnected", "one", "keep-alive")
    assert len(server.timers) <= 2


async def test_a_client_without_keep_alive_costs_no_timer(room: Room) -> None:
    server = await room.serve()
    await room.connected(server, keep_alive=0)
    assert len(server.timers) == 0


async def test_the_timers_of_connections_that_ended_do_not_hold_them(room: Room) -> None:
    server = await room.serve()
    for number in range(5):
        peer = await room.connected(server, f"{number}", keep_alive=60_000)
        peer.reset()
    await until(lambda: server.connections == 0)
    assert all(handle.callback is None for _, _, handle in server.timers._heap)


# --- Limits ---


async def test_a_peer_that_does_not_connect_is_turned_away(room: Room) -> None:
    server = await room.serve(strangers=StrangerLimits(deadline=0.1))
    peer = await room.peer(server)
    peer.writer.write(CONNECT[:-1])
    assert await peer.ended()
    assert room.events == [("turned away", "", "out of time")]
    connected = await room.connected(server)
    await asyncio.sleep(0.3)
    connected.send(Pingreq())
    assert await connected.packet() == Pingresp()


async def test_peers_before_connect_have_a_number_and_a_size(room: Room) -> None:
    server = await room.serve(strangers=StrangerLimits(connections=2, message_bytes=1000, held_bytes=3000))
    first, second = await room.peer(server), await room.peer(server)
    await until(lambda: server.connections == 2)
    assert await (await room.peer(server)).ended()
    await first.connect()
    too_long = encode(Connect(client_id="a", clean_session=True, keep_alive=0, username="u" * 2000))
    second.writer.write(too_long[:3])
    assert await second.ended()
    assert [event for event in room.events if event[0] == "turned away"] == [
        ("turned away", "", "too many at once"),
        ("turned away", "", f"protocol error: a packet of {len(too_long)} bytes; at most 1000 are taken"),
    ]


async def test_what_peers_before_connect_hold_together_has_a_limit(room: Room) -> None:
    server = await room.serve(strangers=StrangerLimits(message_bytes=1000, held_bytes=1500))
    half = encode(Connect(client_id="a", clean_session=True, keep_alive=0, username="u" * 900))[:-1]
    first, second = await room.peer(server), await room.peer(server)
    first.writer.write(half)
    await until(lambda: server.strangers.held_bytes == len(half))
    second.writer.write(half)
    assert await first.ended()
    assert room.events == [("turned away", "", "too much unread")]
    assert server.strangers.held_bytes == len(half)
    second.writer.write(b"u")
    assert await second.packet() == Connack(False, 0)
    assert server.strangers.held_bytes == 0


async def test_a_client_that_takes_nothing_is_not_read_and_loses_no_message(room: Room) -> None:
    broker = room.broker()
    platform = broker.attach([], lambda *message: None)
    server = await room.serve(broker, max_write_buffer=10_000)
    peer = await room.connected(server)
    await peer.subscribe("a")
    peer.writer.transport.pause_reading()
    sent = 0
    payload = bytes(100_000)
    while not broker._sessions["one"]._waiting:
        sent += platform.publish("a", payload)
        await asyncio.sleep(0)
    for _ in range(10):
        sent += platform.publish("a", payload)
    peer.writer.transport.resume_reading()
    for number in range(sent):
        message = await peer.message()
        assert message.packet_id == number + 1
        assert not message.dup
        peer.send(Puback(message.packet_id))


# --- The server itself ---


async def test_closing_ends_all_connections(room: Room) -> None:
    server = await room.serve()
    peers = [await room.connected(server, "one"), await room.peer(server)]
    await until(lambda: server.connections == 2)
    server.close()
    server.close()
    for peer in peers:
        assert await peer.ended()
        peer.writer.close()
    async with asyncio.timeout(PATIENCE):
        await server.wait_closed()
    assert server.connections == 0
    assert ("disconnected", "one", "broker closed") in room.events
    with pytest.raises(ConnectionRefusedError):
        await room.peer(server)


async def test_two_servers_may_share_a_broker(room: Room) -> None:
    broker = room.broker()
    one, two = await room.serve(broker), await room.serve(broker)
    receiver, sender = await room.connected(one, "receiver"), await room.connected(two, "sender")
    await receiver.subscribe("a")
    sender.send(Publish("a", b"x"))
    assert await receiver.packet() == Publish("a", b"x")
    one.close()
    assert await receiver.ended()
    sender.send(Pingreq())
    assert await sender.packet() == Pingresp()


async def test_a_port_in_use_is_told(room: Room) -> None:
    server = await room.serve()
    with pytest.raises(ListenFailed, match=f"127.0.0.1:{server.port}"):
        await serve(server.broker, "127.0.0.1", server.port)


async def test_the_name_in_a_certificate_reaches_the_authority(room: Room, tmp_path: Path) -> None:
    asked: list[object] = []

    class Watching(Everybody):
        def connect(self, *arguments: object) -> ConnectReturn:
            asked.extend(arguments)
            return ConnectReturn.ACCEPTED

    now = datetime.datetime.now(datetime.UTC)
    ca = CertificateAuthority("tests", now)
    files = ca.server(tmp_path, ["127.0.0.1", "localhost"], now)
    made = ca.client("SN1", now - HEAD_START, now + CLIENT_LIFE)
    context = client_context(files.ca)
    load_pair(context, made.certificate, made.private_key)
    server = await room.serve(
        room.broker(authority=Watching()), ssl=server_context(files.cert, files.key, files.ca), close_timeout=1.0
    )
    peer = await room.peer(server, context)
    peer.send(Connect(client_id="thing", clean_session=True, keep_alive=0))
    assert await peer.packet() == Connack(False, 0)
    assert asked == ["thing", None, None, "SN1"]
    peer.send(Disconnect())
    assert await peer.ended()
