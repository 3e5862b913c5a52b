"""What the standard says of the packets of one connection, each rule by itself, without sockets."""

from __future__ import annotations

import pytest

from simulator.mqtt.broker import BrokerSettings, Everybody, events
from simulator.mqtt.packets import (
    Connack,
    Connect,
    ConnectReturn,
    Disconnect,
    Packet,
    Pingreq,
    Pingresp,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
    Will,
)
from tests.mqtt.broker.helpers import Scene

# --- CONNECT ---


@pytest.mark.parametrize("packet", [Pingreq(), Publish("a", b""), Subscribe(1, (("a", 0),)), Disconnect(), Puback(1)])
def test_the_first_packet_is_connect(packet: Packet) -> None:
    scene = Scene()
    client, link = scene.link()
    assert not client.receive(packet)
    assert link.closed
    assert link.take() == []
    assert scene.names() == ["turned away"]


def test_a_second_connect_ends_the_connection() -> None:
    scene = Scene()
    client, link = scene.connect("one")
    client.receive(Connect(client_id="one", clean_session=True, keep_alive=0))
    assert link.closed
    assert scene.events[-1] == ("disconnected", "one", "protocol error: a second CONNECT")


@pytest.mark.parametrize("level", [3, 5, 0])
def test_another_protocol_level_is_refused_by_its_code(level: int) -> None:
    scene = Scene()
    client, link = scene.link()
    client.receive(Connect(client_id="", clean_session=False, keep_alive=0, level=level))
    assert link.take() == [Connack(False, 1)]
    assert link.closed
    assert scene.events == [("refused", "", "unacceptable protocol version")]


def test_an_empty_client_id_needs_a_clean_session() -> None:
    scene = Scene()
    client, link = scene.link()
    client.receive(Connect(client_id="", clean_session=False, keep_alive=0))
    assert link.take() == [Connack(False, 2)]
    assert link.closed
    assert scene.events == [("refused", "", "identifier rejected")]


def test_clients_without_an_id_get_one_each() -> None:
    scene = Scene()
    one, link = scene.connect("")
    two, _ = scene.connect("")
    assert link.take() == [Connack(False, 0)]
    assert one.client_id != two.client_id
    assert not one.ended
    assert scene.broker.present(one.client_id)


def test_a_client_id_has_a_limit() -> None:
    scene = Scene()
    client, link = scene.link()
    client.receive(Connect(client_id="ü" * 129, clean_session=True, keep_alive=0))
    assert link.take() == [Connack(False, 2)]
    assert client.ended
    scene.connect("ü" * 128)


@pytest.mark.parametrize("code", [code for code in ConnectReturn if code != ConnectReturn.ACCEPTED])
def test_a_refused_client_gets_the_code_and_nothing_more(code: ConnectReturn) -> None:
    class Refusing(Everybody):
        def connect(self, client_id: str, *rest: object) -> ConnectReturn:
            asked.append((client_id, *rest))
            return code

    asked: list[tuple[object, ...]] = []
    scene = Scene(authority=Refusing())
    client, link = scene.link("name in the certificate")
    will = Will(topic="gone", payload=b"x")
    client.receive(
        Connect(client_id="one", clean_session=False, keep_alive=9, username="u", password=b"secret", will=will)
    )
    client.receive(Publish("a", b"", 1, 1))
    assert asked == [("one", "u", b"secret", "name in the certificate")]
    assert link.take() == [Connack(False, code)]
    assert link.closed
    assert scene.events == [("refused", "one", events.name_of(code))]
    assert scene.broker.sessions == 0
    assert "secret" not in repr(scene.events)


def test_a_refused_client_does_not_take_over() -> None:
    class Guarded(Everybody):
        def connect(self, client_id: str, username: str | None, *rest: object) -> ConnectReturn:
            return ConnectReturn.ACCEPTED if username == "owner" else ConnectReturn.NOT_AUTHORIZED

    scene = Scene(authority=Guarded())
    owner, _ = scene.connect("one", username="owner")
    thief, _ = scene.link()
    thief.receive(Connect(client_id="one", clean_session=True, keep_alive=0, username="thief"))
    assert thief.ended
    assert not owner.ended


def test_a_will_that_may_not_be_published_is_not_left() -> None:
    class NoWills(Everybody):
        def may_publish(self, client_id: str, username: str | None, topic: str) -> bool:
            return topic != "gone"

    scene = Scene(authority=NoWills())
    client, link = scene.link()
    client.receive(Connect(client_id="a", clean_session=True, keep_alive=0, will=Will(topic="gone", payload=b"")))
    assert link.take() == [Connack(False, 5)]


def test_the_link_is_told_the_keep_alive() -> None:
    assert Scene().connect("one")[1].keep_alive == 60


# --- Sessions ---


def test_session_present_is_said_when_it_is() -> None:
    scene = Scene()
    for clean, present in [(True, False), (False, False), (False, True), (True, False), (False, False), (False, True)]:
        client, link = scene.connect("one", clean=clean)
        assert link.take() == [Connack(present, 0)]
        client.receive(Disconnect())


def test_a_second_client_takes_over() -> None:
    scene = Scene()
    old, old_link = scene.subscribed("down", clean=False)
    new, new_link = scene.connect("one", clean=False)
    assert old.ended
    assert old_link.closed
    assert old_link.take() == []
    assert new_link.take() == [Connack(True, 0)]
    assert scene.events[1:] == [
        ("taken over", "one", ""),
        ("disconnected", "one", "taken over"),
        ("connected", "one", "session present"),
    ]
    old.end(events.LOST)
    assert scene.broker.present("one")
    assert not new.ended


@pytest.mark.parametrize(("first", "second"), [(True, False), (False, True), (True, True)])
def test_what_is_taken_over_of_a_clean_session_is_nothing(first: bool, second: bool) -> None:
    scene = Scene()
    platform = scene.broker.attach([], lambda *message: None)
    scene.subscribed("down", clean=first)
    _, link = scene.connect("one", clean=second)
    assert link.take() == [Connack(False, 0)]
    assert platform.publish("down", b"") == 0
    assert scene.broker.sessions == 1


# --- Wills ---


@pytest.mark.parametrize(
    "ending", [events.LOST, events.KEEP_ALIVE, events.BROKER_CLOSED, events.BY_OWNER, events.PROTOCOL_ERROR]
)
def test_a_will_is_published_when_the_end_was_not_orderly(ending: str) -> None:
    scene = Scene()
    _, watcher = scene.subscribed("gone", client_id="watcher")
    client, _ = scene.connect("one", will=Will(topic="gone", payload=b"one", qos=1, retain=True))
    client.end(ending)
    client.end(ending)
    assert watcher.take() == [Publish("gone", b"one", 1, 1)]
    late, link = scene.connect("late")
    late.receive(Subscribe(1, (("gone", 0),)))
    assert link.take()[2] == Publish("gone", b"one", 0, retain=True)


def test_a_will_of_one_that_is_taken_over_is_published() -> None:
    scene = Scene()
    _, watcher = scene.subscribed("gone", client_id="watcher")
    scene.connect("one", will=Will(topic="gone", payload=b"one"))
    scene.connect("one")
    assert watcher.take() == [Publish("gone", b"one")]


def test_an_orderly_end_forgets_the_will() -> None:
    scene = Scene()
    _, watcher = scene.subscribed("gone", client_id="watcher")
    client, link = scene.connect("one", will=Will(topic="gone", payload=b"one"))
    client.receive(Disconnect())
    assert link.closed
    assert watcher.take() == []
    assert scene.events[-1] == ("disconnected", "one", "orderly")


# --- PUBLISH ---


def test_what_is_published_is_acknowledged_by_its_quality_of_service() -> None:
    client, link = Scene().connect()
    link.take()
    client.receive(Publish("a", b""))
    client.receive(Publish("a", b"", 1, 7))
    client.receive(Publish("a", b"", 1, 7, dup=True))
    client.receive(Publish("a", b"", 2, 7))
    client.receive(Pubrel(7))
    assert link.take() == [Puback(7), Puback(7), Pubrec(7), Pubcomp(7)]


def test_quality_of_service_2_is_taken_exactly_once() -> None:
    scene = Scene()
    received: list[bytes] = []
    scene.broker.attach(["#"], lambda topic, payload, dup: received.append(payload))
    client, link = scene.connect("one", clean=False)
    client.receive(Publish("a", b"1", 2, 7))
    client.receive(Publish("a", b"1", 2, 7, dup=True))
    client.end(events.LOST)
    client, link = scene.connect("one", clean=False)
    client.receive(Publish("a", b"1", 2, 7, dup=True))
    client.receive(Pubrel(7))
    client.receive(Pubrel(7))
    client.receive(Publish("a", b"2", 2, 7))
    assert received == [b"1", b"2"]
    assert link.take() == [Connack(True, 0), Pubrec(7), Pubcomp(7), Pubcomp(7), Pubrec(7)]


def test_messages_that_are_never_released_have_a_limit() -> None:
    client, link = Scene(settings=BrokerSettings(unreleased=2)).connect()
    for packet_id in (1, 2, 2, 1):
        client.receive(Publish("a", b"", 2, packet_id, dup=True))
    assert not link.closed
    client.receive(Publish("a", b"", 2, 3))
    assert link.closed


def test_a_payload_over_the_limit_ends_the_connection() -> None:
    scene = Scene(settings=BrokerSettings(max_payload=10))
    client, link = scene.connect()
    link.take()
    client.receive(Publish("a", bytes(10), 1, 1))
    client.receive(Publish("a", bytes(11), 1, 2))
    assert link.take() == [Puback(1)]
    assert link.closed
    assert scene.events[-1][2] == "protocol error: a payload of 11 bytes, over the limit of 10"


class NothingSecret(Everybody):
    def may_publish(self, client_id: str, username: str | None, topic: str) -> bool:
        return "secret" not in topic

    def may_subscribe(self, client_id: str, username: str | None, topic_filter: str) -> bool:
        return "secret" not in topic_filter


def test_a_message_that_is_not_allowed_ends_the_connection() -> None:
    scene = Scene(authority=NothingSecret())
    client, link = scene.connect()
    link.take()
    client.receive(Publish("secret", b"", 1, 1))
    assert link.take() == []
    assert link.closed
    assert scene.events[1:] == [("publish refused", "one", "secret"), ("disconnected", "one", "not authorized")]


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_or_is_acknowledged_and_dropped(qos: int) -> None:
    scene = Scene(authority=NothingSecret(), settings=BrokerSettings(refused_publish="swallow"))
    received: list[object] = []
    scene.broker.attach(["#"], lambda *message: received.append(message))
    client, link = scene.connect()
    link.take()
    client.receive(Publish("secret", b"", qos, 1 if qos else 0, retain=True))
    assert link.take() == [[], [Puback(1)], [Pubrec(1)]][qos]
    assert received == []
    assert not client.ended


# --- SUBSCRIBE, UNSUBSCRIBE and the rest ---


def test_each_filter_gets_its_code_in_order() -> None:
    scene = Scene(authority=NothingSecret())
    client, link = scene.connect()
    link.take()
    client.receive(Subscribe(9, (("a", 0), ("secret", 1), ("b/+", 1), ("c", 2), ("/".join("x" * 201), 1))))
    assert link.take() == [Suback(9, (0, 0x80, 1, 1, 0x80))]
    assert scene.names()[1:] == ["subscription refused"] * 2


def test_subscriptions_have_a_limit() -> None:
    client, link = Scene(settings=BrokerSettings(subscriptions=2)).connect()
    link.take()
    client.receive(Subscribe(1, (("a", 0), ("b", 0), ("c", 0), ("a", 1))))
    assert link.take() == [Suback(1, (0, 0, 0x80, 1))]


def test_unsubscribe_is_answered_also_where_there_was_nothing() -> None:
    scene = Scene()
    platform = scene.broker.attach([], lambda *message: None)
    client, link = scene.subscribed("a", "b/+")
    client.receive(Unsubscribe(5, ("a", "c")))
    assert link.take() == [Unsuback(5)]
    assert platform.publish("a", b"") == 0
    assert platform.publish("b/x", b"") == 1


def test_a_ping_is_answered() -> None:
    client, link = Scene().connect()
    link.take()
    client.receive(Pingreq())
    assert link.take() == [Pingresp()]


@pytest.mark.parametrize("packet", [Pubrec(1), Pubcomp(1), Connack(False, 0), Suback(1, (0,)), Unsuback(1), Pingresp()])
def test_packets_that_a_client_has_no_reason_to_send(packet: Packet) -> None:
    scene = Scene()
    client, link = scene.connect()
    client.receive(packet)
    assert link.closed
    assert scene.events[-1][2].startswith("protocol error: ")


def test_nothing_is_answered_after_the_end() -> None:
    scene = Scene()
    received: list[object] = []
    scene.broker.attach(["#"], lambda *message: received.append(message))
    client, link = scene.connect()
    link.take()
    client.receive(Disconnect())
    assert not client.receive(Publish("a", b"", 1, 1))
    assert received == []
    assert len(scene.events) == 2
