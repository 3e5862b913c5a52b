"""What MQTT promises is read off the wire: packet ids, DUP, the order of what is sent again, sessions."""

from __future__ import annotations

import pytest

from simulator.mqtt.codec import encode
from simulator.mqtt.packets import Connack, Connect, Packet, Puback, Publish, Subscribe
from simulator.simulation.packets import ConnectionTap, PacketWatch
from simulator.simulation.passage import DOWN, UP

CONNECT = Connect(client_id="a", clean_session=False, keep_alive=60)
PRESENT, NEW = Connack(True, 0), Connack(False, 0)


class Ears:
    def __init__(self) -> None:
        self.heard: list[str] = []

    def sent(self, payload: bytes) -> None:
        self.heard.append(f"> {payload.decode()}")

    def arrived(self, payload: bytes) -> None:
        self.heard.append(f"< {payload.decode()}")

    def cut(self) -> None:
        self.heard.append("cut")

    def packet(self, direction: int, packet: Packet) -> None:
        pass


class Scene:
    def __init__(self) -> None:
        self.ears, self.broken, self.life = Ears(), list[str](), 1
        self.watch = PacketWatch(self.ears, self.broken.append, lambda: self.life)
        self.tap: ConnectionTap = self.watch.connection()

    def up(self, *packets: Packet, arrive: bool = True) -> None:
        self._go(UP, packets, arrive)

    def down(self, *packets: Packet, arrive: bool = True) -> None:
        self._go(DOWN, packets, arrive)

    def connects(self, answer: Connack) -> None:
        self.tap = self.watch.connection()
        self.up(CONNECT)
        self.down(answer)

    def _go(self, direction: int, packets: tuple[Packet, ...], arrive: bool) -> None:
        for packet in packets:
            data = encode(packet)
            self.tap.sent(direction, data)
            if arrive:
                self.tap.arrived(direction, data[:1])
                self.tap.arrived(direction, data[1:])


def _publish(packet_id: int, text: str = "x", *, dup: bool = False) -> Publish:
    return Publish("t", text.encode(), 1, packet_id, dup)


@pytest.fixture
def scene() -> Scene:
    scene = Scene()
    scene.connects(NEW)
    return scene


def test_all_is_well_over_a_cut_with_the_session_present(scene: Scene) -> None:
    scene.up(Subscribe(1, (("t", 1),)), _publish(2, "a"), _publish(3, "b"))
    scene.down(Puback(2), _publish(1, "c"), _publish(2, "d"))
    scene.up(Puback(1))
    scene.connects(PRESENT)
    scene.up(_publish(3, "b", dup=True), _publish(4, "e"))
    scene.down(_publish(2, "d", dup=True), Puback(3), Puback(4), _publish(3, "f"))
    assert scene.broken == []
    assert (scene.watch.first_sent, scene.watch.unacknowledged) == (3, 0)
    # What is sent again is not new, and what arrives again is told again.
    assert scene.ears.heard == ["> a", "> b", "< c", "< d", "> e", "< d", "< f"]


@pytest.mark.parametrize(
    ("packets", "told"),
    [
        ([_publish(2, "new")], "uses packet id 2, which is in flight, for another message"),
        ([_publish(2, "a")], "uses packet id 2, which is in flight, without DUP"),
        ([_publish(9, dup=True)], "with DUP whose packet id 9 is not in flight"),
        ([_publish(2, "new", dup=True)], "another message with DUP and the packet id 2"),
        ([_publish(3, "b", dup=True)], "sends packet id 3 again out of order"),
        ([_publish(9, "new")], "sends something new and has not sent again 2"),
        ([_publish(2, "a", dup=True), _publish(3, "b", dup=True), _publish(2, "a", dup=True)], "on which it was sent"),
        ([Subscribe(2, (("t", 1),))], "subscribes with packet id 2"),
    ],
)
def test_what_a_device_must_not_send(scene: Scene, packets: list[Packet], told: str) -> None:
    scene.up(_publish(2, "a"), _publish(3, "b"))
    scene.connects(PRESENT)
    scene.up(*packets)
    assert any(told in each for each in scene.broken), scene.broken


def test_what_did_not_arrive_is_still_in_flight(scene: Scene) -> None:
    scene.up(_publish(2, "a"))
    scene.down(Puback(2), arrive=False)
    assert scene.watch.unacknowledged == 1
    scene.connects(PRESENT)
    scene.up(_publish(2, "a", dup=True))
    scene.down(_publish(1, "c"))
    scene.up(Puback(1), arrive=False)
    scene.connects(PRESENT)
    scene.down(_publish(1, "c", dup=True))
    assert scene.broken == []


def test_a_broker_may_not_have_seen_the_end_before_it_sends_something_first(scene: Scene) -> None:
    scene.down(_publish(1, "a"))
    scene.connects(PRESENT)
    scene.down(_publish(1, "a", dup=True), _publish(2, "never seen", dup=True))
    assert scene.broken == []
    scene.down(_publish(3), _publish(4, dup=True))
    assert len(scene.broken) == 1


def test_a_session_is_not_forgotten_while_the_broker_lives(scene: Scene) -> None:
    scene.up(_publish(2, "a"))
    scene.life = 2
    scene.connects(NEW)
    assert scene.broken == []
    assert scene.watch.unacknowledged == 0
    scene.connects(NEW)
    assert scene.broken == ["the broker has forgotten the device's session"]


def test_a_device_whose_memory_is_gone_begins_at_any_packet_id(scene: Scene) -> None:
    scene.up(_publish(1, "a"), _publish(2, "b"))
    scene.watch.device_forgets()
    scene.connects(PRESENT)
    scene.up(_publish(1, "c"))
    assert scene.broken == []
