"""Any order of subscribing, publishing, acknowledging, losing and resuming, against a simple model of what is owed.

A persistent client is owed each message of quality of service 1 that a subscription of its takes in, exactly the
matching ones, in order, at least once. A copy after the first has DUP and the packet id of the first; one that there
was no room for is told.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from simulator.mqtt.broker import BrokerSettings, events
from simulator.mqtt.broker.client import Client
from simulator.mqtt.broker.filters import matches
from simulator.mqtt.packets import (
    Connack,
    Disconnect,
    Packet,
    Puback,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
)
from tests.mqtt.broker.helpers import FakeLink, Scene

TOPICS = st.sampled_from(["a/b", "a/c", "$s"])
FILTERS = st.sampled_from(["a/b", "a/+", "#"])
WHO = st.integers(0, 1)
QOS = st.integers(0, 1)
WINDOW = 2
ROOM = 4


class Owed:
    """One persistent client as the model has it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.client: Client | None = None
        self.link = FakeLink()
        self.filters: dict[str, int] = {}
        self.unsent: list[bytes] = []
        """Accepted by the broker for this client and not sent to it yet, in order."""
        self.in_flight: dict[int, bytes] = {}
        """Sent and not acknowledged, by packet id, in order."""

    def granted(self, topic: str) -> int | None:
        return max((qos for text, qos in self.filters.items() if matches(text, topic)), default=None)

    def take(self, packets: list[Packet], once: list[bytes]) -> None:
        """What the broker sent since the last time: `once` of quality of service 0, and whatever is due."""
        for packet in packets:
            if isinstance(packet, Publish) and packet.qos:
                assert not packet.dup
                assert packet.packet_id not in self.in_flight
                assert packet.payload == self.unsent.pop(0)
                self.in_flight[packet.packet_id] = packet.payload
            elif isinstance(packet, Publish):
                assert packet == Publish(packet.topic, once.pop(0))
        assert once == []
        assert len(self.in_flight) <= WINDOW
        if self.client is not None and not self.link.paused:
            assert not self.unsent or len(self.in_flight) == WINDOW


class BrokerMachine(RuleBasedStateMachine):
    """Two persistent clients, one that only publishes, and a platform in the broker's process."""

    def __init__(self) -> None:
        super().__init__()
        self.scene = Scene(settings=BrokerSettings(in_flight=WINDOW, queued_messages=ROOM))
        self.platform = self.scene.broker.attach(["a/#"], self.receive)
        self.clients = [Owed("one"), Owed("two")]
        self.heard: list[bytes] = []
        self.takes = True
        self.count = 0
        for who in range(2):
            self.connect(who)
            self.subscribe(who, "a/b", 1)

    def receive(self, topic: str, payload: bytes, dup: bool) -> bool:
        if self.takes:
            self.heard.append(payload)
        return self.takes

    @rule(topic=TOPICS, qos=st.integers(0, 2), count=st.integers(1, 4))
    def publish(self, topic: str, qos: int, count: int) -> None:
        for _ in range(count):
            self.publish_one(topic, qos, by_platform=bool(self.count % 2), takes=True)

    @rule(topic=TOPICS, qos=st.integers(0, 2))
    def publish_in_vain(self, topic: str, qos: int) -> None:
        self.publish_one(topic, qos, by_platform=False, takes=False)

    def publish_one(self, topic: str, qos: int, *, by_platform: bool, takes: bool) -> None:
        self.count += 1
        payload = b"%d" % self.count
        told = len(self.scene.events)
        self.takes = takes
        if by_platform:
            qos = min(qos, 1)
            self.platform.publish(topic, payload, qos)
        else:
            publisher, link = self.scene.connect("publisher")
            told = len(self.scene.events)
            link.take()
            publisher.receive(Publish(topic, payload, qos, 1 if qos else 0))
            answers = link.take()
            if matches("a/#", topic) and not takes:
                assert answers == []
                assert publisher.ended
                assert payload not in self.heard
                for each in self.clients:
                    assert each.link.take() == []
                return
            assert answers == [[], [Puback(1)], [Pubrec(1)]][qos]
            if qos == 2:
                publisher.receive(Publish(topic, payload, qos, 1, dup=True))
                publisher.receive(Pubrel(1))
            publisher.receive(Disconnect())
        assert self.heard.count(payload) == matches("a/#", topic)
        lost = [client_id for name, client_id, _ in self.scene.events[told:] if name == events.QUEUE_OVERFLOW]
        assert len(lost) == len(set(lost))
        for each in self.clients:
            granted = each.granted(topic)
            once = []
            if each.name in lost:
                assert granted is not None
                assert each.link.paused or each.client is None or len(each.unsent) == ROOM
                assert not min(qos, granted) or len(each.unsent) == ROOM
            elif granted is not None and min(qos, granted):
                each.unsent.append(payload)
            elif granted is not None and each.client is not None:
                once.append(payload)
            each.take(each.link.take(), once)

    @rule(who=WHO, topic_filter=FILTERS, qos=QOS)
    def subscribe(self, who: int, topic_filter: str, qos: int) -> None:
        each = self.clients[who]
        if each.client is not None:
            each.client.receive(Subscribe(5, ((topic_filter, qos),)))
            each.filters[topic_filter] = qos
            assert each.link.take() == [Suback(5, (qos,))]

    @rule(who=WHO, topic_filter=FILTERS)
    def unsubscribe(self, who: int, topic_filter: str) -> None:
        each = self.clients[who]
        if each.client is not None:
            each.client.receive(Unsubscribe(5, (topic_filter,)))
            each.filters.pop(topic_filter, None)
            assert each.link.take() == [Unsuback(5)]

    @rule(who=WHO, which=st.integers(0, WINDOW - 1))
    def acknowledge(self, who: int, which: int) -> None:
        each = self.clients[who]
        ids = list(each.in_flight)
        if each.client is not None and which < len(ids):
            del each.in_flight[ids[which]]
            each.client.receive(Puback(ids[which]))
            each.take(each.link.take(), [])

    @rule(who=WHO, orderly=st.booleans())
    def lose(self, who: int, orderly: bool) -> None:
        each = self.clients[who]
        if each.client is not None:
            if orderly:
                each.client.receive(Disconnect())
            else:
                each.client.end(events.LOST)
            each.client = None

    @rule(who=WHO)
    def connect(self, who: int) -> None:
        """Also while connected: a take-over."""
        each = self.clients[who]
        known = bool(each.filters) or any(
            name == events.CONNECTED and client_id == each.name for name, client_id, _ in self.scene.events
        )
        each.client, each.link = self.scene.connect(each.name, clean=False)
        first, *packets = each.link.take()
        assert first == Connack(known, 0)
        again = packets[: len(each.in_flight)]
        for packet, (packet_id, payload) in zip(again, each.in_flight.items(), strict=True):
            assert isinstance(packet, Publish)
            assert (packet.packet_id, packet.payload, packet.qos, packet.dup) == (packet_id, payload, 1, True)
        each.take(packets[len(again) :], [])

    @rule(who=WHO)
    def slow(self, who: int) -> None:
        self.clients[who].link.paused = True

    @precondition(lambda self: any(each.link.paused for each in self.clients))
    @rule(who=WHO)
    def quick(self, who: int) -> None:
        each = self.clients[who]
        each.link.paused = False
        if each.client is not None:
            each.client.writable()
            each.take(each.link.take(), [])

    def teardown(self) -> None:
        assert self.scene.errors == []
        for who, each in enumerate(self.clients):
            self.connect(who)
            while each.in_flight:
                self.acknowledge(who, 0)
            assert each.unsent == []


BrokerMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
TestSessions = BrokerMachine.TestCase
