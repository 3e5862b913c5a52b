"""Publishes out and in, their acknowledgements, and what is sent again on the next connection."""

from __future__ import annotations

import asyncio

import pytest

from simulator.mqtt import login as login_module
from simulator.mqtt.codec import encode
from simulator.mqtt.packets import (
    Connack,
    Connect,
    Disconnect,
    Packet,
    Pingresp,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Subscribe,
    Unsuback,
)
from simulator.wire.errors import ConnectFailed
from tests.mqtt.client.helpers import Acknowledged, Collector, Peer, Room, accepting, resuming, until

# --- Out ---


async def test_connect_says_what_the_login_holds(room: Room) -> None:
    broker = await room.broker()
    connection, _, peer = await room.online(broker, login={"keep_alive": 30})
    assert peer.connect == Connect(
        client_id="SN1", clean_session=False, keep_alive=30, username="user", password=b"secret"
    )
    assert connection.is_open
    assert connection.bytes_out == len(encode(peer.connect)) + len(encode(Subscribe(1, (("best/down", 1),))))
    assert connection.bytes_in == 4 + 5
    assert connection.peer == ("127.0.0.1", broker.port)


async def test_a_login_may_have_no_user_name_and_a_clean_session(room: Room) -> None:
    broker = await room.broker()
    _, _, peer = await room.online(broker, login={"username": None, "password": None, "clean_session": True})
    assert peer.connect == Connect(client_id="SN1", clean_session=True, keep_alive=0)


async def test_a_publish_waits_in_flight_for_its_puback(room: Room) -> None:
    broker, told = await room.broker(), Acknowledged()
    connection, handler, peer = await room.online(broker, state=told.state)
    before = room.timers.clock.monotonic()
    connection.send(b"one", False)
    connection.send(b"two", True)
    first, second = await peer.read_publish(), await peer.read_publish()
    assert (first.topic, first.payload, first.qos, first.dup, first.retain) == ("best/up", b"one", 1, False, False)
    assert second.payload == b"two"
    assert list(told.state.in_flight) == [first.packet_id, second.packet_id]
    assert told == []
    await peer.send(Puback(second.packet_id), Publish("best/down", b"!"))
    await handler.wait(lambda: handler.messages)
    assert list(told.state.in_flight) == [first.packet_id]
    ((sent, taken),) = told
    assert taken
    assert before <= sent <= room.timers.clock.monotonic()


async def test_quality_of_service_0_has_nothing_in_flight(room: Room) -> None:
    broker, told = await room.broker(), Acknowledged()
    connection, _, peer = await room.online(broker, state=told.state, login={"qos": 0})
    connection.send(b"one", False)
    assert await peer.read_publish() == Publish("best/up", b"one")
    assert told.state.in_flight == {}


async def test_a_message_over_the_limit_is_not_published(room: Room) -> None:
    broker, told = await room.broker(), Acknowledged()
    connection, _, peer = await room.online(broker, state=told.state, login={"max_payload": 5})
    with pytest.raises(ValueError, match="a message of 6 bytes; at most 5 are published"):
        connection.send(b"123456", False)
    assert told.state.in_flight == {}
    connection.send(b"12345", False)
    assert (await peer.read_publish()).payload == b"12345"


async def test_nothing_is_published_before_the_subscription_is_granted(room: Room) -> None:
    async def script(peer: Peer) -> None:
        await peer.accept()

    broker = await room.broker(script)
    connection, _ = await room.connect(broker.port)
    assert connection.needs_subscription
    connection.send(b"one", False)
    connection.send(b"two", False)
    peer = await broker.peer()
    subscribing = asyncio.ensure_future(connection.subscribe())
    assert await peer.grant(0) == Subscribe(1, (("best/down", 1),))
    await subscribing
    assert not connection.needs_subscription
    connection.send(b"three", False)
    published = [await peer.read_publish() for _ in range(3)]
    assert [(each.payload, each.dup) for each in published] == [(b"one", False), (b"two", False), (b"three", False)]


async def test_what_a_broker_delivers_before_its_suback_may_be_answered(room: Room) -> None:
    class Answering(Collector):
        def message(self, payload: bytes, binary: bool) -> None:
            super().message(payload, binary)
            assert self.connection is not None
            self.connection.send(b"answer", False)

    async def script(peer: Peer) -> None:
        await peer.accept(session_present=True)
        await peer.send(Publish("best/down", b"command", 1, 9))
        assert await peer.read() == Puback(9)
        await peer.grant()

    broker, told = await room.broker(script), Acknowledged()
    told.state.subscribed = None
    first = encode(Publish("best/up", b"earlier", 1, told.state.new_packet_id()))
    told.state.in_flight[1] = login_module.InFlight(first, 0.0)
    _, _, peer = await room.online(broker, Answering(), state=told.state)
    published = [await peer.read_publish() for _ in range(2)]
    assert [(each.payload, each.dup) for each in published] == [(b"earlier", True), (b"answer", False)]


# --- Sent again ---


async def test_with_the_session_present_all_in_flight_is_sent_again_before_anything_new(room: Room) -> None:
    broker, told = await room.broker(accepting, resuming), Acknowledged()
    connection, handler, peer = await room.online(broker, state=told.state)
    for payload in (b"one", b"two", b"three"):
        connection.send(payload, False)
    ids = [(await peer.read_publish()).packet_id for _ in range(3)]
    await peer.send(Puback(ids[1]))
    await until(lambda: len(told) == 1)
    peer.reset()
    assert (await handler.wait_closed())[0] in {"connection lost", "closed by the broker"}

    class Eager(Collector):
        def opened(self, connection: object) -> None:
            super().opened(connection)  # type: ignore[arg-type]
            assert self.connection is not None
            self.connection.send(b"new", False)

    connection, _, peer = await room.online(broker, Eager(), state=told.state)
    assert connection.resumed
    assert not connection.needs_subscription
    again = [await peer.read_publish() for _ in range(3)]
    assert again[0] == Publish("best/up", b"one", 1, ids[0], dup=True)
    assert again[1] == Publish("best/up", b"three", 1, ids[2], dup=True)
    assert (again[2].payload, again[2].dup) == (b"new", False)
    assert again[2].packet_id not in (ids[0], ids[2])
    await peer.send(Puback(ids[0]), Puback(ids[2]), Puback(again[2].packet_id))
    await until(lambda: len(told) == 4)
    assert all(taken for _, taken in told)
    assert told.state.in_flight == {}


async def test_after_a_lost_connack_the_subscription_is_asked_for_again(room: Room) -> None:
    async def silent(peer: Peer) -> None:
        assert isinstance(await peer.read(), Connect)

    # The broker had forgotten the session and began a new one, whose CONNACK was lost: now that one is present.
    broker, told = await room.broker(accepting, silent, resuming), Acknowledged()
    connection, handler, peer = await room.online(broker, state=told.state)
    connection.send(b"one", False)
    first = await peer.read_publish()
    peer.close()
    await handler.wait_closed()
    with pytest.raises(ConnectFailed):
        await room.connect(broker.port, state=told.state, open_timeout=0.05)
    await broker.peer()
    connection, _ = await room.connect(broker.port, state=told.state)
    assert connection.resumed
    assert connection.needs_subscription
    peer = await broker.peer()
    subscribing = asyncio.ensure_future(connection.subscribe())
    await peer.grant()
    await subscribing
    again = await peer.read_publish()
    assert (again.packet_id, again.payload, again.dup) == (first.packet_id, b"one", True)


async def test_what_is_sent_a_third_time_still_has_its_packet_id(room: Room) -> None:
    broker, told = await room.broker(accepting, resuming), Acknowledged()
    connection, handler, peer = await room.online(broker, state=told.state)
    connection.send(b"one", False)
    first = await peer.read_publish()
    for _ in range(2):
        peer.close()
        await handler.wait_closed()
        _, handler, peer = await room.online(broker, state=told.state)
        assert await peer.read_publish() == Publish("best/up", b"one", 1, first.packet_id, dup=True)


async def test_without_the_session_what_was_in_flight_is_lost(room: Room) -> None:
    broker, told = await room.broker(), Acknowledged()
    connection, handler, peer = await room.online(broker, state=told.state)
    connection.send(b"one", False)
    await peer.read_publish()
    peer.close()
    await handler.wait_closed()
    connection, _ = await room.connect(broker.port, state=told.state)
    assert not connection.resumed
    assert connection.needs_subscription
    assert [taken for _, taken in told] == [False]
    await connection.subscribe()
    connection.send(b"two", False)
    peer = await broker.peer()
    sent = await peer.read_publish()
    assert (sent.payload, sent.dup) == (b"two", False)


async def test_the_session_of_an_earlier_process_may_hold_another_topic(room: Room) -> None:
    """A scenario with another `down` than its last run's: the broker's session is present, its subscription is not."""
    broker = await room.broker(resuming, resuming)
    told = Acknowledged()
    connection, handler = await room.connect(broker.port, state=told.state)
    assert connection.resumed
    assert connection.needs_subscription
    peer = await broker.peer()
    subscribing = asyncio.ensure_future(connection.subscribe())
    assert await peer.grant() == Subscribe(1, (("best/down", 1),))
    await subscribing
    peer.close()
    await handler.wait_closed()
    connection, handler = await room.connect(broker.port, state=told.state)
    assert not connection.needs_subscription
    (await broker.peer()).close()
    await handler.wait_closed()
    elsewhere = await room.broker(resuming)
    connection, _ = await room.connect(elsewhere.port, login={"down": "best/elsewhere"}, state=told.state)
    assert connection.needs_subscription


async def test_a_session_whose_subscription_was_never_granted_needs_it(room: Room) -> None:
    """The broker keeps the session, which has none: what is in flight waits for the SUBACK, too."""

    async def deaf(peer: Peer) -> None:
        await peer.accept()
        await peer.read()
        peer.close()

    async def present(peer: Peer) -> None:
        await peer.accept(session_present=True)
        await peer.grant()

    broker, told = await room.broker(accepting, deaf, present), Acknowledged()
    connection, handler, peer = await room.online(broker, state=told.state)
    connection.send(b"one", False)
    first = await peer.read_publish()
    peer.close()
    await handler.wait_closed()
    connection, handler = await room.connect(broker.port, state=told.state)
    with pytest.raises(ConnectFailed) as caught:
        await connection.subscribe()
    assert caught.value.kind == "closed by the broker"
    await handler.wait_closed()
    await broker.peer()
    assert [taken for _, taken in told] == [False]  # `deaf` did not know the session
    told.state.in_flight[first.packet_id] = login_module.InFlight(encode(first), 0.0)
    connection, _, peer = await room.online(broker, state=told.state)
    assert connection.resumed
    assert await peer.read_publish() == Publish("best/up", b"one", 1, first.packet_id, dup=True)


# --- The subscription ---


async def test_a_refused_subscription_has_its_kind(room: Room) -> None:
    async def script(peer: Peer) -> None:
        await peer.accept()
        await peer.grant(0x80)

    broker = await room.broker(script)
    connection, _ = await room.connect(broker.port)
    with pytest.raises(ConnectFailed, match="the broker refused the subscription to 'best/down'") as caught:
        await connection.subscribe()
    assert caught.value.kind == "subscription refused"
    assert connection.needs_subscription


async def test_a_subscription_that_is_not_answered_times_out(room: Room) -> None:
    async def script(peer: Peer) -> None:
        await peer.accept()

    broker = await room.broker(script)
    connection, handler = await room.connect(broker.port, open_timeout=0.5)
    with pytest.raises(ConnectFailed, match="did not answer the subscription") as caught:
        await connection.subscribe()
    assert (caught.value.kind, caught.value.after) == ("timeout", 0.5)
    peer = await broker.peer()
    await peer.grant()
    await handler.wait(lambda: handler.unusuals)
    assert handler.unusuals == ["a SUBACK that nothing waits for"]
    assert connection.needs_subscription


async def test_a_subscription_on_an_ended_connection_fails_at_once(room: Room) -> None:
    broker = await room.broker()
    connection, handler, peer = await room.online(broker)
    peer.close()
    await handler.wait_closed()
    with pytest.raises(ConnectFailed) as caught:
        await connection.subscribe()
    assert caught.value.kind == "closed by the broker"


# --- In ---


async def test_a_message_is_handed_over_and_acknowledged(room: Room) -> None:
    broker = await room.broker()
    connection, handler, peer = await room.online(broker)
    await peer.send(
        Publish("best/down", b"one", 1, 7), Publish("best/down", b""), Publish("best/down", b"two", 1, 8, True)
    )
    assert [await peer.read(), await peer.read()] == [Puback(7), Puback(8)]
    assert handler.messages == [b"one", b"", b"two"]
    assert handler.unusuals == []
    assert connection.redelivered


async def test_messages_of_a_stored_session_come_at_once(room: Room) -> None:
    async def script(peer: Peer) -> None:
        packet = await peer.read()
        assert isinstance(packet, Connect)
        await peer.send(encode(Connack(True, 0)) + encode(Publish("best/down", b"stored", 1, 9, True)))

    broker = await room.broker(script)
    connection, handler = await room.connect(broker.port)
    await handler.wait(lambda: handler.messages)
    assert handler.calls == ["opened", "message"]
    assert connection.redelivered
    peer = await broker.peer()
    assert await peer.read() == Puback(9)


@pytest.mark.parametrize(
    ("packet", "words"),
    [
        (Publish("best/other", b"x", 1, 3), "a message on 'best/other', which is not subscribed to"),
        (Publish("best/down/x", b"x", 1, 3), "a message on 'best/down/x', which is not subscribed to"),
        (Publish("best/down", b"x", 1, 3, retain=True), "a retained message on 'best/down'"),
        (Puback(77), "a PUBACK for a packet id that is not in flight"),
        (Suback(77, (0,)), "a SUBACK that nothing waits for"),
        (Pingresp(), "a PINGRESP that was not asked for"),
    ],
)
async def test_what_is_unusual_is_told_and_the_connection_goes_on(room: Room, packet: Packet, words: str) -> None:
    broker = await room.broker()
    connection, handler, peer = await room.online(broker)
    await peer.send(packet, Publish("best/down", b"after", 1, 4))
    if isinstance(packet, Publish):
        assert await peer.read() == Puback(3)
    assert await peer.read() == Puback(4)
    assert handler.unusuals == [words]
    assert handler.messages == [b"after"]
    assert connection.is_open


async def test_a_handler_need_not_care_for_the_unusual(room: Room) -> None:
    class Plain:
        def __init__(self) -> None:
            self.messages: list[bytes] = []

        def opened(self, connection: object) -> None: ...

        def message(self, payload: bytes, binary: bool) -> None:
            self.messages.append(payload)

        def closed(self, ending: str, reason: str, detail: str) -> None: ...

    broker = await room.broker()
    _, handler, peer = await room.online(broker, Plain())
    await peer.send(Pingresp(), Publish("best/other", b"x"), Publish("best/down", b"after", 1, 4))
    assert await peer.read() == Puback(4)
    assert handler.messages == [b"after"]


FORBIDDEN: dict[str, tuple[bytes, str, str]] = {
    "quality of service 2": (
        encode(Publish("best/down", b"x", 2, 1)),
        "no proper MQTT",
        "a PUBLISH with quality of service 2, where 1 is the highest that was asked for",
    ),
    "quality of service 3": (b"\x36\x00", "no proper MQTT", "a PUBLISH with quality of service 3"),
    "packet id 0": (b"\x32\x0d\x00\x09best/down\x00\x00", "no proper MQTT", "a PUBLISH with packet id 0"),
    "no packet id": (
        b"\x32\x0c\x00\x09best/down\x00",
        "no proper MQTT",
        "a PUBLISH that ends in the middle of a field",
    ),
    "topic cut": (
        b"\x30\x09\x00\x09best/do" + b"wn",
        "no proper MQTT",
        "a PUBLISH that ends in the middle of a field",
    ),
    "puback 0": (b"\x40\x02\x00\x00", "no proper MQTT", "a PUBACK with packet id 0"),
    "puback of 3": (b"\x40\x03\x00\x01\x00", "no proper MQTT", "a PUBACK with 3 bytes after its length; 2 are right"),
    "wildcard": (
        encode(Publish("best/dowm", b"")).replace(b"m", b"#"),
        "no proper MQTT",
        "a topic name with a wildcard",
    ),
    "second CONNACK": (encode(Connack(False, 0)), "no proper MQTT", "a CONNACK, which nothing here asks for"),
    "UNSUBACK": (encode(Unsuback(1)), "no proper MQTT", "an UNSUBACK, which nothing here asks for"),
    "PUBREC": (encode(Pubrec(1)), "no proper MQTT", "a PUBREC, which nothing here asks for"),
    "PUBREL": (encode(Pubrel(1)), "no proper MQTT", "a PUBREL, which nothing here asks for"),
    "PUBCOMP": (encode(Pubcomp(1)), "no proper MQTT", "a PUBCOMP, which nothing here asks for"),
    "DISCONNECT": (encode(Disconnect()), "no proper MQTT", "a DISCONNECT, which nothing here asks for"),
    "reserved type": (b"\xf0\x00", "no proper MQTT", "packet type 15 is reserved"),
    "length": (b"\x30\x80\x80\x80\x80", "no proper MQTT", "a remaining length of more than four bytes"),
    "too large": (
        encode(Publish("best/down", bytes(101), 1, 1)),
        "message too large",
        "a message of 101 bytes; at most 100 are taken",
    ),
    "too large, by its header": (
        b"\x30\xff\x01",
        "message too large",
        "a packet of 258 bytes; at most 118 are taken",
    ),
}


@pytest.mark.parametrize(("data", "ending", "words"), FORBIDDEN.values(), ids=FORBIDDEN.keys())
async def test_what_a_broker_must_not_send_ends_the_connection(
    room: Room, data: bytes, ending: str, words: str
) -> None:
    broker = await room.broker()
    connection, handler, peer = await room.online(broker, login={"max_payload": 100})
    await peer.send(encode(Publish("best/down", b"before", 1, 5)) + data)
    assert await handler.wait_closed() == (ending, words)
    assert handler.messages == [b"before"]
    assert connection.fault == (ending, words)
    assert await peer.read_to_end() == [Puback(5)]  # and no DISCONNECT (4.8)


async def test_trust_raises_the_limit_up_to_the_logins(room: Room) -> None:
    broker = await room.broker()
    connection, handler, peer = await room.online(broker, login={"max_payload": 300}, max_size=100)
    connection.trust(10_000)
    await peer.send(Publish("best/down", bytes(300)), Publish("best/down", bytes(301)))
    assert (await handler.wait_closed()) == ("message too large", "a message of 301 bytes; at most 300 are taken")
    assert handler.messages == [bytes(300)]


async def test_a_fault_of_the_handler_ends_the_connection_and_acknowledges_nothing(room: Room) -> None:
    class Broken(Collector):
        def message(self, payload: bytes, binary: bool) -> None:
            raise ZeroDivisionError

    broker = await room.broker()
    _, handler, peer = await room.online(broker, Broken())
    await peer.send(encode(Publish("best/down", b"x", 1, 5)) * 2)
    assert await handler.wait_closed() == ("internal fault", "internal fault: ZeroDivisionError")
    assert [type(error) for error in room.errors] == [ZeroDivisionError]
    assert await peer.read_to_end() == []


async def test_a_fault_of_whoever_counts_pubacks_ends_the_connection(room: Room) -> None:
    def broken(sent: float, taken: bool) -> None:
        raise ZeroDivisionError

    broker = await room.broker(accepting)
    state = login_module.ClientState(broken)
    connection, handler, peer = await room.online(broker, state=state)
    connection.send(b"one", False)
    connection.send(b"two", False)
    await peer.send(Puback((await peer.read_publish()).packet_id))
    assert (await handler.wait_closed())[0] == "internal fault"
    with pytest.raises(ConnectFailed, match="internal fault: ZeroDivisionError"):
        await room.connect(broker.port, state=state)
    assert [type(error) for error in room.errors] == [ZeroDivisionError] * 2
