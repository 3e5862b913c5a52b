"""The way of a message: who gets it, how often, in which order, and what is kept for whom."""

from __future__ import annotations

import pytest

from simulator.mqtt.broker import BrokerSettings, events
from simulator.mqtt.packets import Connack, Disconnect, Puback, Publish, Suback, Subscribe, Unsubscribe
from tests.mqtt.broker.helpers import Scene

# --- Deliveries ---


@pytest.mark.parametrize(("sent", "granted", "comes"), [(0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 1), (2, 1, 1)])
def test_a_message_comes_with_the_lower_quality_of_service(sent: int, granted: int, comes: int) -> None:
    scene = Scene()
    _, link = scene.subscribed("a", qos=granted)
    publisher, _ = scene.connect("publisher")
    publisher.receive(Publish("a", b"x", sent, 9 if sent else 0, dup=bool(sent), retain=True))
    # Neither DUP nor RETAIN nor the packet id of the publisher is passed on.
    assert link.take() == [Publish("a", b"x", comes, 1 if comes else 0)]


def test_overlapping_subscriptions_bring_one_copy_with_the_best_quality_of_service() -> None:
    scene = Scene()
    client, link = scene.subscribed("a/b", qos=0)
    client.receive(Subscribe(2, (("a/+", 1), ("#", 0))))
    link.take()
    client.receive(Publish("a/b", b"x", 1, 1))
    assert link.take() == [Publish("a/b", b"x", 1, 1), Puback(1)]


def test_a_subscription_of_the_same_filter_replaces_the_earlier_one() -> None:
    scene = Scene()
    client, link = scene.subscribed("a", qos=1)
    client.receive(Subscribe(2, (("a", 0),)))
    link.take()
    client.receive(Publish("a", b"x", 1, 1))
    assert link.take() == [Publish("a", b"x"), Puback(1)]


def test_packet_ids_are_not_used_again_while_they_are_in_flight() -> None:
    scene = Scene(settings=BrokerSettings(in_flight=10, queued_messages=70_000))
    platform = scene.broker.attach([], lambda *message: None)
    client, link = scene.subscribed("a")
    platform.publish("a", b"")
    ids = []
    for _ in range(65_540):
        platform.publish("a", b"")
        sent = link.take()[-1]
        assert isinstance(sent, Publish)
        ids.append(sent.packet_id)
        client.receive(Puback(sent.packet_id))
    assert ids[:65_534] == list(range(2, 65_536))
    assert ids[65_534:] == [2, 3, 4, 5, 6, 7]


def test_no_more_are_in_flight_than_the_window_has_room_for() -> None:
    scene = Scene(settings=BrokerSettings(in_flight=2))
    platform = scene.broker.attach([], lambda *message: None)
    client, link = scene.subscribed("a")
    for number in range(5):
        assert platform.publish("a", b"%d" % number) == 1
    assert link.take() == [Publish("a", b"0", 1, 1), Publish("a", b"1", 1, 2)]
    client.receive(Puback(2))
    assert link.take() == [Publish("a", b"2", 1, 3)]
    client.receive(Puback(2))
    assert link.take() == []
    client.receive(Puback(1))
    client.receive(Puback(3))
    assert link.take() == [Publish("a", b"3", 1, 4), Publish("a", b"4", 1, 5)]


def test_a_slow_client_is_not_flooded() -> None:
    scene = Scene(settings=BrokerSettings(queued_messages=2))
    platform = scene.broker.attach([], lambda *message: None)
    client, link = scene.subscribed("a")
    link.paused = True
    assert platform.publish("a", b"0", 0) == 0
    assert [platform.publish("a", b"%d" % number) for number in (1, 2, 3)] == [1, 1, 0]
    assert link.take() == []
    assert scene.events[1:] == [
        ("queue overflow", "one", "quality of service 0, 1 bytes"),
        ("queue overflow", "one", "quality of service 1, 1 bytes"),
    ]
    link.paused = False
    client.writable()
    assert link.take() == [Publish("a", b"1", 1, 1), Publish("a", b"2", 1, 2)]


# --- Persistent sessions ---


def test_what_was_not_acknowledged_comes_again_with_dup_then_what_came_meanwhile() -> None:
    scene = Scene()
    platform = scene.broker.attach([], lambda *message: None)
    client, link = scene.subscribed("a", clean=False)
    for payload in (b"1", b"2", b"3"):
        platform.publish("a", payload)
    client.receive(Puback(2))
    link.take()
    client.end(events.LOST)
    assert platform.publish("a", b"4") == 1
    assert platform.publish("a", b"lost", 0) == 0
    for _ in range(2):
        client, link = scene.connect("one", clean=False)
        sent = link.take()
        assert sent[:3] == [Connack(True, 0), Publish("a", b"1", 1, 1, dup=True), Publish("a", b"3", 1, 3, dup=True)]
        client.end(events.LOST)
    assert sent[3:] == [Publish("a", b"4", 1, 4, dup=True)]
    assert events.QUEUE_OVERFLOW not in scene.names()


def test_a_client_without_a_connection_has_messages_kept_up_to_a_limit() -> None:
    scene = Scene(settings=BrokerSettings(queued_messages=3, queued_bytes=10))
    platform = scene.broker.attach([], lambda *message: None)
    scene.subscribed("a", clean=False)[0].receive(Disconnect())
    assert [platform.publish("a", bytes(size)) for size in (11, 6, 5, 4, 0, 0)] == [0, 1, 0, 1, 1, 0]
    assert scene.names().count("queue overflow") == 3
    _, link = scene.connect("one", clean=False)
    assert [len(each.payload) for each in link.take() if isinstance(each, Publish)] == [6, 4, 0]


def test_a_clean_session_keeps_nothing() -> None:
    scene = Scene()
    platform = scene.broker.attach([], lambda *message: None)
    client, _ = scene.subscribed("a", "b/#")
    client.end(events.LOST)
    assert platform.publish("a", b"") == 0
    assert scene.broker.sessions == 0
    assert scene.broker._subscribers.match("b/c") == ()


def test_a_clean_connect_ends_a_persistent_session() -> None:
    scene = Scene()
    platform = scene.broker.attach([], lambda *message: None)
    scene.subscribed("a", clean=False)[0].receive(Disconnect())
    platform.publish("a", b"")
    client, link = scene.connect("one", clean=True)
    assert link.take() == [Connack(False, 0)]
    client.receive(Disconnect())
    assert scene.broker.sessions == scene.broker.away == 0
    _, link = scene.connect("one", clean=False)
    assert link.take() == [Connack(False, 0)]


def test_the_session_that_is_longest_away_makes_room() -> None:
    scene = Scene(settings=BrokerSettings(away=2))
    platform = scene.broker.attach([], lambda *message: None)
    for name in ("a", "b"):
        scene.subscribed("x", client_id=name, clean=False)[0].receive(Disconnect())
    scene.connect("a", clean=False)[0].receive(Disconnect())
    platform.publish("x", b"")
    assert scene.broker.away == 2
    scene.connect("c", clean=False)[0].receive(Disconnect())
    assert ("session dropped", "b", "1 messages") in scene.events
    assert scene.broker.away == scene.broker.sessions == 2
    assert scene.connect("b", clean=False)[1].take() == [Connack(False, 0)]
    assert scene.connect("a", clean=False)[1].take()[0] == Connack(True, 0)


def test_a_session_that_is_taken_over_drives_no_other_out() -> None:
    scene = Scene(settings=BrokerSettings(away=1))
    scene.connect("away", clean=False)[0].receive(Disconnect())
    scene.connect("one", clean=False)
    assert scene.connect("one", clean=False)[1].take() == [Connack(True, 0)]
    assert scene.broker.away == 1
    assert scene.broker.sessions == 2
    assert "session dropped" not in scene.names()


# --- Retained messages ---


def test_retained_messages_come_with_a_subscription_and_only_then_marked_so() -> None:
    scene = Scene()
    publisher, _ = scene.connect("publisher")
    for topic, payload in [("a/1", b"old"), ("a/1", b"1"), ("a/2", b"2"), ("$a", b"hidden"), ("b", b"3")]:
        publisher.receive(Publish(topic, payload, 1, 1, retain=True))
    client, link = scene.connect()
    link.take()
    client.receive(Subscribe(1, (("a/+", 1), ("b", 0))))
    first = [
        Suback(1, (1, 0)),
        Publish("a/1", b"1", 1, 1, retain=True),
        Publish("a/2", b"2", 1, 2, retain=True),
        Publish("b", b"3", 0, retain=True),
    ]
    assert link.take() == first
    publisher.receive(Publish("b", b"4", retain=True))
    assert link.take() == [Publish("b", b"4")]
    client.receive(Subscribe(2, (("b", 0),)))
    assert link.take() == [Suback(2, (0,)), Publish("b", b"4", retain=True)]
    client.receive(Subscribe(3, (("#", 0),)))
    assert len(link.take()) == 4


def test_an_empty_payload_clears_what_was_retained_and_is_delivered() -> None:
    scene = Scene()
    client, link = scene.subscribed("a", qos=0)
    for payload in (b"x", b""):
        client.receive(Publish("a", payload, retain=True))
    client.receive(Publish("a", b"y"))
    assert link.take() == [Publish("a", b"x"), Publish("a", b""), Publish("a", b"y")]
    client.receive(Subscribe(2, (("a", 0),)))
    assert link.take() == [Suback(2, (0,))]


def test_retained_messages_have_a_limit() -> None:
    scene = Scene(settings=BrokerSettings(retained_messages=2, retained_bytes=10))
    client, _ = scene.connect()
    for topic, size in [("a", 6), ("b", 5), ("b", 4), ("c", 0), ("c", 1), ("a", 1), ("b", 9), ("b", 10)]:
        client.receive(Publish(topic, bytes(size), retain=True))
    assert scene.events[1:] == [("retained overflow", "", f"{size} bytes") for size in (5, 1, 10)]
    kept = scene.broker._retained
    assert [topic for topic, _, _ in kept.matching("#")] == ["a"]
    assert len(kept) == 1


def test_a_retained_message_that_is_sent_again_keeps_its_mark() -> None:
    scene = Scene()
    publisher, _ = scene.connect("publisher")
    publisher.receive(Publish("a", b"x", 1, 1, retain=True))
    client, _ = scene.subscribed("a", clean=False)
    client.end(events.LOST)
    _, link = scene.connect("one", clean=False)
    assert link.take()[1] == Publish("a", b"x", 1, 1, dup=True, retain=True)


# --- In the same process ---


def test_a_subscriber_in_this_process_is_asked_before_the_acknowledgement() -> None:
    scene = Scene()
    client, link = scene.connect()
    link.take()
    seen: list[object] = []

    def receive(topic: str, payload: bytes, dup: bool) -> None:
        seen.append((topic, payload, dup, link.take()))

    attached = scene.broker.attach(["a/+", "a/#"], receive)
    client.receive(Publish("a/b", b"x", 1, 1, dup=True))
    assert seen == [("a/b", b"x", True, [])]
    assert link.take() == [Puback(1)]
    attached.detach()
    attached.detach()
    client.receive(Publish("a/b", b"x", 1, 2))
    assert len(seen) == 1


@pytest.mark.parametrize("raises", [False, True])
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_what_is_not_taken_is_not_acknowledged_and_goes_to_nobody(qos: int, raises: bool) -> None:
    scene = Scene()

    def receive(topic: str, payload: bytes, dup: bool) -> bool:
        if raises:
            raise RuntimeError("no room")
        return False

    scene.broker.attach(["a"], receive)
    _, watcher = scene.subscribed("#", client_id="watcher")
    client, link = scene.connect(clean=False)
    link.take()
    client.receive(Publish("a", b"x", qos, 1 if qos else 0, retain=True))
    assert link.take() == []
    assert link.closed
    assert watcher.take() == []
    assert scene.events[-1] == ("disconnected", "one", "not taken")
    assert [str(error) for error in scene.errors] == (["no room"] if raises else [])
    # Nor is it taken for a repetition when it comes again.
    scene.broker._attached = type(scene.broker._attached)()
    client, link = scene.connect(clean=False)
    client.receive(Publish("a", b"x", 2, 1, dup=True))
    assert len(watcher.take()) == 1


def test_a_subscriber_may_end_the_connection_whose_message_it_takes() -> None:
    scene = Scene()
    scene.broker.attach(["a"], lambda *message: scene.broker.disconnect("one"))
    client, link = scene.subscribed("a", clean=False)
    client.receive(Publish("a", b"", 1, 1))
    assert link.closed
    assert link.take() == []
    assert scene.broker.away == 1
    assert scene.errors == []


@pytest.mark.parametrize(("topic", "qos"), [("a/+", 0), ("a/#", 1), ("", 1), ("a", 2), ("a", -1)])
def test_what_cannot_be_published(topic: str, qos: int) -> None:
    with pytest.raises(ValueError, match=r"quality of service|topic name"):
        Scene().broker.attach([], lambda *message: None).publish(topic, b"", qos)


@pytest.mark.parametrize("topic_filter", ["", "a+", "a/#/b", "#a"])
def test_what_cannot_be_subscribed_to(topic_filter: str) -> None:
    broker = Scene().broker
    with pytest.raises(ValueError, match="topic filter"):
        broker.attach(["a", topic_filter], lambda *message: None)
    assert broker._attached.match("a") == ()


def test_a_platform_hears_of_another_one_in_its_process() -> None:
    broker = Scene().broker
    heard: list[bytes] = []
    broker.attach(["a"], lambda topic, payload, dup: heard.append(payload))
    assert broker.attach([], lambda *message: None).publish("a", b"x") == 1
    assert heard == [b"x"]


def test_disconnect_and_present() -> None:
    scene = Scene()
    broker = scene.broker
    client, link = scene.subscribed("a", clean=False)
    assert broker.present("one")
    assert not broker.present("two")
    assert broker.disconnect("one")
    assert not broker.disconnect("one")
    assert not broker.disconnect("two")
    assert link.closed
    assert client.ended
    assert not broker.present("one")
    assert broker.away == 1
    assert scene.events[-1] == ("disconnected", "one", "closed by the owner")


# --- Interference ---


class Interfering:
    def __init__(self) -> None:
        self.cuts = 0
        self.extra = 0

    def cuts_before_puback(self, client_id: str) -> bool:
        self.cuts -= 1
        return self.cuts >= 0

    def copies(self, client_id: str, topic: str) -> int:
        extra, self.extra = self.extra, 0
        return 1 + extra


def test_a_connection_can_be_cut_before_the_acknowledgement() -> None:
    interference = Interfering()
    scene = Scene(interference=interference)
    heard: list[bool] = []
    scene.broker.attach(["a"], lambda topic, payload, dup: heard.append(dup))
    interference.cuts = 1
    client, link = scene.connect(clean=False)
    link.take()
    client.receive(Publish("a", b"", 1, 1))
    assert link.closed
    assert link.take() == []
    assert scene.events[-1] == ("disconnected", "one", "interference")
    client, link = scene.connect(clean=False)
    client.receive(Publish("a", b"", 1, 1, dup=True))
    assert link.take() == [Connack(True, 0), Puback(1)]
    assert heard == [False, True]


def test_a_message_can_be_delivered_twice() -> None:
    interference = Interfering()
    scene = Scene(interference=interference)
    platform = scene.broker.attach([], lambda *message: None)
    client, link = scene.subscribed("a")
    interference.extra = 1
    assert platform.publish("a", b"x") == 1
    assert platform.publish("a", b"y") == 1
    assert link.take() == [Publish("a", b"x", 1, 1), Publish("a", b"x", 1, 2), Publish("a", b"y", 1, 3)]
    client.receive(Unsubscribe(1, ("a",)))
    assert platform.publish("a", b"y") == 0
