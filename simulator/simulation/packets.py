"""One device's MQTT packets over all its connections, as they were seen on the wire, and what must hold of them.

Reads what either end sends and gets by itself, whatever those ends think of it.
"""

from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from simulator.mqtt.codec import PacketReader
from simulator.mqtt.packets import Connack, Connect, ConnectReturn, Packet, Puback, Publish, Subscribe
from simulator.simulation.link import Eavesdropper
from simulator.simulation.passage import UP
from simulator.texts.told import Told
from simulator.texts.translation import N_

_DEVICE: Final = N_("the device")
_BROKER: Final = N_("the broker")


class Ears(Eavesdropper, Protocol):
    """Who is told of what is published."""

    def packet(self, direction: int, packet: Packet) -> None:
        """One was sent in that direction."""
        ...


class _Sender:
    """One side's publishes of quality of service 1, from their first sending to their PUBACK's arrival.

    Args:
        broken: told of what must not be.
        blind: whether it may not have seen that its connection had just ended when it sent something first, which then
            goes out with DUP for the first time.
    """

    def __init__(self, who: str, broken: Callable[[str], None], *, blind: bool) -> None:
        self._who = who
        self._broken = broken
        self._blind = blind
        self._resuming = False
        """Whether nothing new was sent on this connection."""
        self.in_flight: dict[int, bytes] = {}
        """Payloads by packet id, in the order in which they were sent."""
        self._owed: deque[int] = deque()
        """Packet ids that have to be sent again, in this order, before anything new."""
        self.first_sent = 0

    def resumes(self) -> None:
        """Another connection of the same session begins."""
        self._owed = deque(self.in_flight)
        self._resuming = True

    def forgets(self) -> None:
        """The session is gone, and what was in flight with it."""
        self.in_flight.clear()
        self._owed.clear()
        self._resuming = False

    def sends(self, packet: Publish) -> None:
        """A PUBLISH of quality of service 1."""
        packet_id, who = packet.packet_id, self._who
        told = {"who": who, "packet_id": packet_id}
        known = self.in_flight.get(packet_id)
        if packet.dup:
            if known is None and self._blind and self._resuming and not self._owed:
                self.in_flight[packet_id] = packet.payload
            elif known is None:
                self._broken(
                    Told("{who} sends a PUBLISH with DUP whose packet id {packet_id} is not in flight", **told)
                )
            elif known != packet.payload:
                self._broken(
                    Told("{who} sends another message with DUP and the packet id {packet_id} of one in flight", **told)
                )
            elif not self._owed:
                self._broken(
                    Told("{who} sends packet id {packet_id} again on a connection on which it was sent", **told)
                )
            elif self._owed.popleft() != packet_id:
                self._broken(Told("{who} sends packet id {packet_id} again out of order", **told))
            return
        if known is not None:
            if known == packet.payload:
                self._broken(Told("{who} uses packet id {packet_id}, which is in flight, without DUP", **told))
            else:
                self._broken(Told("{who} uses packet id {packet_id}, which is in flight, for another message", **told))
        if self._owed:
            self._broken(
                Told(
                    "{who} sends something new and has not sent again {count} that are in flight",
                    who=who,
                    count=len(self._owed),
                )
            )
            self._owed.clear()
        self.in_flight[packet_id] = packet.payload
        self.first_sent += 1
        self._resuming = False

    def acknowledged(self, packet_id: int) -> None:
        """A PUBACK has arrived."""
        self.in_flight.pop(packet_id, None)
        if packet_id in self._owed:
            self._owed.remove(packet_id)


class PacketWatch:
    """One device.

    Args:
        ears: told of messages, and of each packet.
        broken: told of what must not be.
        lives: which life of the platform's process this is: another one's broker knows no session.
    """

    def __init__(self, ears: Ears, broken: Callable[[str], None], lives: Callable[[], int]) -> None:
        self.ears = ears
        self._broken = broken
        self._lives = lives
        self._device = _Sender(_DEVICE, broken, blind=False)
        self._broker = _Sender(_BROKER, broken, blind=True)
        self._session: int | None = None
        """The life of the platform in which the broker has a session for the device."""
        self._clean = False

    @property
    def first_sent(self) -> int:
        """Publishes of quality of service 1 that the device has sent, each once."""
        return self._device.first_sent

    @property
    def unacknowledged(self) -> int:
        """Those of them whose PUBACK may still come."""
        return len(self._device.in_flight)

    def device_forgets(self) -> None:
        """The device's memory is gone, and what it had in flight."""
        self._device.forgets()

    def connection(self) -> "ConnectionTap":
        """For another connection."""
        return ConnectionTap(self)

    # --- What a connection tells ---

    def device_sends(self, packet: Packet) -> None:
        """The device has handed it to its transport."""
        if isinstance(packet, Publish):
            if packet.qos:
                self._device.sends(packet)
            if not packet.dup:
                self.ears.sent(packet.payload)
        elif isinstance(packet, Connect):
            self._clean = packet.clean_session
        elif isinstance(packet, Subscribe) and packet.packet_id in self._device.in_flight:
            self._broken(
                Told("the device subscribes with packet id {packet_id}, which is in flight", packet_id=packet.packet_id)
            )

    def device_gets(self, packet: Packet) -> None:
        """It has arrived at the device."""
        if isinstance(packet, Publish):
            self.ears.arrived(packet.payload)
        elif isinstance(packet, Puback):
            self._device.acknowledged(packet.packet_id)
        elif isinstance(packet, Connack) and packet.code == ConnectReturn.ACCEPTED:
            _goes_on(self._device, packet)

    def broker_sends(self, packet: Packet) -> None:
        """The broker has handed it to its transport."""
        if isinstance(packet, Publish):
            if packet.qos:
                self._broker.sends(packet)
        elif isinstance(packet, Connack) and packet.code == ConnectReturn.ACCEPTED:
            if self._session == self._lives() and not self._clean and not packet.session_present:
                self._broken(Told("the broker has forgotten the device's session"))
            _goes_on(self._broker, packet)
            self._session = None if self._clean else self._lives()

    def broker_gets(self, packet: Packet) -> None:
        """It has arrived at the broker."""
        if isinstance(packet, Puback):
            self._broker.acknowledged(packet.packet_id)


class ConnectionTap:
    """A `Wiretap`."""

    def __init__(self, watch: PacketWatch) -> None:
        self._watch = watch
        self._at_device, self._at_broker = PacketReader(), PacketReader()

    def cut(self) -> None:
        self._watch.ears.cut()

    def sent(self, direction: int, data: bytes) -> None:
        watch = self._watch
        for packet in PacketReader().feed(data):
            watch.ears.packet(direction, packet)
            if direction == UP:
                watch.device_sends(packet)
            else:
                watch.broker_sends(packet)

    def arrived(self, direction: int, data: bytes) -> None:
        watch = self._watch
        if direction == UP:
            for packet in self._at_broker.feed(data):
                watch.broker_gets(packet)
        else:
            for packet in self._at_device.feed(data):
                watch.device_gets(packet)


def _goes_on(sender: _Sender, connack: Connack) -> None:
    if connack.session_present:
        sender.resumes()
    else:
        sender.forgets()
