"""A client's connection on the broker's side: bytes in turns, back-pressure, keep-alive, and an end that is noticed."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

from simulator.clock import TimerHandle, TimerQueue
from simulator.mqtt.broker import events
from simulator.mqtt.broker.broker import Broker
from simulator.mqtt.broker.client import Client
from simulator.mqtt.codec import PacketReader, Side, encode
from simulator.mqtt.packets import MalformedPacket, Packet
from simulator.wire.errors import in_words
from simulator.wire.strangers import TOO_LATE, TOO_MUCH, Strangers
from simulator.wire.turns import InTurns

_GRACE = 1.5
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


class BrokerConnection(InTurns):
    """Made by `server.BrokerServer` for each connection that comes; the `Link` of its client.

    Attributes:
        bytes_in: Bytes received, without those of TLS.
    """

    __slots__ = (
        "_admitted",
        "_client",
        "_heard",
        "_home",
        "_monotonic",
        "_over",
        "_reader",
        "_silence",
        "_timer",
        "bytes_in",
    )

    _BACKLOG_STOPS_READING: ClassVar[bool] = True

    def __init__(self, loop: asyncio.AbstractEventLoop, home: Home) -> None:
        super().__init__(loop, home.limits.max_write_buffer)
        self._home = home
        self._monotonic: Callable[[], float] = home.timers.clock.monotonic
        self._reader = PacketReader(home.limits.max_packet, Side.BROKER)
        self._client = Client(home.broker, self)
        self._admitted = False
        # Nothing can be written after the end of what was.
        self._over = False
        self._heard = 0.0
        self._silence = 0.0
        # For the keep-alive while the connection is open, then for the time in which it has to end.
        self._timer: TimerHandle | None = None
        self.bytes_in = 0

    # --- What the client asks of its link ---

    @property
    def is_open(self) -> bool:
        return not self._client.ended

    def send(self, packet: Packet) -> None:
        """Send a packet; dropped where the connection is closing."""
        transport = self._transport
        # A transport that has failed stays until its next turn; both loops log a warning when it is written to then.
        if not (self._over or transport.is_closing()):
            transport.write(encode(packet))

    def admit(self, keep_alive: int) -> None:
        """The client was let in."""
        self._admitted = True
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
        self._over = True
        self._home.strangers.holds(self, 0)
        self._let_go()
        if transport.is_closing():
            return
        self._held_by_turn = False
        self._hold_or_read()
        self._stop_timer()
        self._timer = self._home.timers.call_later(self._home.limits.close_timeout, transport.abort)
        if transport.can_write_eof():
            transport.write_eof()
        else:
            transport.close()

    # --- What the server asks ---

    def end(self, ending: str) -> None:
        """End the connection, for one of the endings in `events`."""
        self._client.end(ending)

    def turn_away(self, why: str) -> None:
        """End the connection of a peer that has sent no CONNECT that was accepted (`Stranger`)."""
        self._client.ended = True
        # What it holds is wanted back now: before its end is noticed, others may bring as much again.
        self._let_go()
        if why == TOO_LATE:
            self.close()
        else:
            self._transport.abort()

    # --- What the transport calls ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._home.joined(self)

    def data_received(self, data: bytes) -> None:
        self.bytes_in += len(data)
        if not self._client.ended:
            self._parse(data)

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

    def _parse(self, data: bytes) -> None:
        self._take_in_turns(data)
        if not self._admitted and not self._client.ended:
            # No packet is complete before CONNECT, so all that came is held.
            self._home.strangers.holds(self, self.bytes_in)
            if self.bytes_in > self._home.limits.max_first_packet and not self._client.ended:
                self._client.end(TOO_MUCH)

    def _receive(self, data: bytes) -> int:
        client = self._client
        if client.ended:
            return 0
        packets = 0
        try:
            for packet in self._reader.feed(data):
                packets += 1
                if not client.receive(packet):
                    break
        except MalformedPacket as exc:
            client.malformed(str(exc))
        except Exception as exc:  # noqa: BLE001 - whatever a peer sends must not reach the loop
            self._home.broker.on_error(exc)
            client.end(events.INTERNAL_FAULT, type(exc).__name__)
        if packets:
            self._heard = self._monotonic()
        return packets

    def _let_go(self) -> None:
        self._reader = PacketReader(0, Side.BROKER)
        self._backlog = b""

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
