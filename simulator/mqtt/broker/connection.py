"""A client's connection on the broker's side: bytes in turns, back-pressure, keep-alive, and an end that is noticed."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Final, Protocol

from simulator.clock import TimerHandle, TimerQueue
from simulator.mqtt.broker import events
from simulator.mqtt.broker.broker import Broker
from simulator.mqtt.broker.client import Client
from simulator.mqtt.codec import encode, encode_puback, encode_publish, encode_text
from simulator.mqtt.decoding import decode
from simulator.mqtt.packet_flow import PacketFlow
from simulator.mqtt.packets import MalformedPacket, Packet, Publish
from simulator.wire.errors import in_words
from simulator.wire.flow import end_writing
from simulator.wire.strangers import TOO_LATE, Strangers

_PUBACK: Final = 0x40
_PUBLISH: Final = 0x30
_NEW_BELOW_QOS_2: Final = 0xFC
_QOS_1: Final = 0x02
_REMEMBERED: Final = 256
"""Characters of the longest topic that a connection keeps: thousands of connections must not keep 64 KB each."""
_GRACE: Final = 1.5
"""Times its keep-alive a client may be silent (3.1.2.10)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """What each connection of a server may cost; see `server.serve`."""

    max_packet: int
    max_first_packet: int
    max_write_buffer: int
    close_timeout: float


class Home(Protocol):
    """The server that a connection belongs to."""

    broker: Broker
    limits: ConnectionLimits
    strangers: Strangers
    timers: TimerQueue

    def joined(self, connection: "BrokerConnection") -> None:
        """It has come."""
        ...

    def left(self, connection: "BrokerConnection") -> None:
        """It has ended."""
        ...


class BrokerConnection(PacketFlow):
    """Made by `server.BrokerServer` for each connection that comes; the `Link` of its client."""

    __slots__ = (
        "_admitted",
        "_client",
        "_down",
        "_down_text",
        "_heard",
        "_home",
        "_monotonic",
        "_silence",
        "_timer",
        "_up",
        "_up_text",
    )

    _BACKLOG_STOPS_READING: ClassVar[bool] = True

    def __init__(self, loop: asyncio.AbstractEventLoop, home: Home) -> None:
        super().__init__(loop, home.limits.max_write_buffer)
        self._home = home
        self._monotonic: Callable[[], float] = home.timers.clock.monotonic
        self._most = home.limits.max_first_packet
        self._client = Client(home.broker, self)
        self._admitted = False
        # The topics of the last message either way, as bytes with their length and as text.
        self._up = self._down = b""
        self._up_text = self._down_text = ""
        self._heard = 0.0
        self._silence = 0.0
        # For the keep-alive while the connection is open, then for the time in which it has to end.
        self._timer: TimerHandle | None = None

    # --- What the client asks of its link ---

    @property
    def is_open(self) -> bool:
        return not self._client.ended

    def send(self, packet: Packet) -> None:
        """Send a packet; dropped where the connection is closing."""
        transport = self._transport
        # A transport that has failed stays until its next turn; both loops log a warning when it is written to then.
        # Nor can anything be written after the end of what was.
        if not (self._deaf or transport.is_closing()):
            transport.write(encode(packet))

    def publish(self, topic: str, payload: bytes, qos: int, packet_id: int) -> None:
        """Send a message for the first time; otherwise as `send`."""
        transport = self._transport
        if not (self._deaf or transport.is_closing()):
            if topic == self._down_text:
                encoded = self._down
            else:
                encoded = encode_text(topic)
                if len(topic) <= _REMEMBERED:
                    self._down, self._down_text = encoded, topic
            transport.write(encode_publish(encoded, payload, qos, packet_id))

    def puback(self, packet_id: int) -> None:
        """Acknowledge a message; otherwise as `send`."""
        transport = self._transport
        if not (self._deaf or transport.is_closing()):
            transport.write(encode_puback(packet_id))

    def admit(self, keep_alive: int) -> None:
        """The client was let in."""
        self._admitted = True
        self._most = self._home.limits.max_packet
        self._home.strangers.leave(self)
        if keep_alive:
            self._silence = keep_alive * _GRACE
            self._heard = self._monotonic()
            self._timer = self._home.timers.call_at(self._heard + self._silence, self._look_for_life)

    def close(self) -> None:
        """End the connection after what was sent; the peer gets its time to end it too.

        Were it closed at once, what the peer is still sending would be answered with a reset, which may reach it before
        the last that was sent, a CONNACK with the reason of a refusal for instance.
        """
        transport = self._transport
        self._deaf = True
        self._home.strangers.holds(self, 0)
        self._held, self._held_by_turn = b"", False
        if transport.is_closing():
            return
        self._hold_or_read()
        self._stop_timer()
        self._timer = self._home.timers.call_later(self._home.limits.close_timeout, transport.abort)
        end_writing(transport)

    # --- What the server asks ---

    def end(self, ending: str) -> None:
        """End the connection, for one of the endings in `events`."""
        self._client.end(ending)

    def turn_away(self, why: str) -> None:
        """End the connection of a peer that has sent no CONNECT that was accepted (`Stranger`)."""
        self._client.ended = True
        self.close()
        if why != TOO_LATE:
            # What it holds is wanted back now: before its end is noticed, others may bring as much again.
            self._transport.abort()

    # --- What the transport calls ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._home.joined(self)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._admitted:
            # No packet is complete before CONNECT, so all that came is held.
            self._home.strangers.holds(self, len(self._held))

    def eof_received(self) -> None:
        """Returns None, whereupon the transport sends what it still holds and closes."""
        self._take_all()

    def resume_writing(self) -> None:
        super().resume_writing()
        # What the peer sends was not read meanwhile.
        self._heard = self._monotonic()
        self._client.writable()

    def connection_lost(self, exc: Exception | None) -> None:
        self._take_all()
        self._stop_timer()
        self._release()
        self._client.end(events.LOST, "" if exc is None else in_words(exc))
        self._home.left(self)

    def _packet(self, data: bytes, first: int, start: int, end: int) -> None:
        """
        Raises:
            MalformedPacket: If the standard forbids the packet.
        """
        self._heard = self._monotonic()
        if self._admitted:
            if first == _PUBACK:
                packet_id = data[start] << 8 | data[start + 1]
                if not packet_id:
                    raise MalformedPacket("a PUBACK with packet id 0")
                self._client.acknowledged(packet_id)
                return
            topic = self._up
            # A device publishes to the same topic all the time: it is read and checked once.
            if (
                first & _NEW_BELOW_QOS_2 == _PUBLISH
                and topic
                and data.startswith(topic, start)
                and start + len(topic) + 2 <= end
            ):
                self._published(data, first, start + len(topic), end)
                return
        packet = decode(first, data[start:end])
        if isinstance(packet, Publish) and len(packet.topic) <= _REMEMBERED:
            self._up, self._up_text = encode_text(packet.topic), packet.topic
        self._client.receive(packet)

    def _published(self, data: bytes, first: int, at: int, end: int) -> None:
        """A PUBLISH of quality of service 0 or 1, without DUP, to the topic of the last one.

        Args:
            at: Where what follows the topic begins.
        """
        packet_id = 0
        if first & _QOS_1:
            packet_id = data[at] << 8 | data[at + 1]
            if not packet_id:
                raise MalformedPacket("a PUBLISH with packet id 0")
            at += 2
        self._client.published(
            self._up_text,
            data[at:end],
            1 if packet_id else 0,
            packet_id,
            dup=False,
            retain=bool(first & 1),
        )

    def _malformed(self, ending: str, detail: str) -> None:
        self._client.malformed(detail)

    def _internal_fault(self, error: Exception) -> None:
        self._home.broker.on_error(error)
        self._client.end(events.INTERNAL_FAULT, type(error).__name__)

    def _look_for_life(self) -> None:
        due = self._heard + self._silence
        if due <= self._monotonic():
            self._client.end(events.KEEP_ALIVE)
        elif self._timer is not None:
            self._home.timers.again(self._timer, due)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
