"""A client's connection to a broker: CONNACK, subscription, publishes out and in, and their acknowledgements.

What leads there is left to `client`, how it ends to `lifecycle`, the bytes of packets to `codec`, and what a message
means to the handler.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

from simulator.mqtt import endings
from simulator.mqtt.codec import PacketTooLarge, encode, encode_puback, encode_publish, with_dup
from simulator.mqtt.decoding import decode, with_article
from simulator.mqtt.handler import OTHER_TOPIC, RETAINED, Listener, UnusualHandler
from simulator.mqtt.lifecycle import Lifecycle, Means
from simulator.mqtt.login import MOST_WAITING, ClientState, InFlight, Login
from simulator.mqtt.opening import Opening
from simulator.mqtt.packets import (
    SUBSCRIPTION_FAILED,
    MalformedPacket,
    Packet,
    Pingresp,
    Publish,
    Suback,
    Subscribe,
)
from simulator.wire.errors import ConnectFailed
from simulator.wire.handler import PongHandler, WritableHandler
from simulator.wire.phase import Phase

_PUBACK: Final = 0x40
_PUBLISH: Final = 0x30
_KIND: Final = 0xF0
_DUP: Final = 0x08
_QOS: Final = 0x06
_QOS_2: Final = 0x04
_RETAIN: Final = 0x01
_MOST_BESIDE: Final = 2 + 5
"""Bytes of a PUBLISH beside topic and payload: packet id and header."""
_SHOWN_CHARACTERS: Final = 100


class MessageHandler(Listener, Protocol):
    """The owner of a connection. `opened` and `closed` come in pairs, each exactly once."""

    def opened(self, connection: "MqttConnection") -> None:
        """The broker has accepted the client. Messages may come from here on, of a stored session at once."""
        ...


class _Subscription:
    """A SUBSCRIBE that waits for its SUBACK."""

    __slots__ = ("done", "packet_id")

    def __init__(self, packet_id: int, done: asyncio.Future[None]) -> None:
        self.packet_id = packet_id
        self.done = done


class MqttConnection(Lifecycle):
    """One connection of one client; made by `client.connect`, never directly.

    An idle one holds no parser: bytes are kept only while a packet is half there. A whole PUBLISH on the client's topic
    and a PUBACK are taken where they lie, without a value made of them.

    Attributes:
        paused: True while the write buffer is over its limit, or `MOST_WAITING` publishes have no PUBACK yet: whoever
            can wait should wait with sending.
        bytes_in: Bytes received since the TCP (or TLS) connection was made.
        bytes_out: Bytes handed to the transport, likewise.
        needs_subscription: Whether `subscribe` has to come before anything is published.
    """

    __slots__ = (
        "_buffer_full",
        "_down",
        "_early",
        "_max_size",
        "_most_payload",
        "_qos",
        "_redelivered",
        "_resumed",
        "_state",
        "_subscription",
        "_up",
        "needs_subscription",
    )

    _handler: MessageHandler

    def __init__(
        self,
        handler: MessageHandler,
        opening: Opening,
        login: Login,
        state: ClientState,
        means: Means,
        *,
        max_size: int,
    ) -> None:
        super().__init__(handler, opening, login.client_id, means)
        self._state = state
        self._up, self._down = opening.up, opening.down
        self._qos = login.qos
        self._most_payload = login.max_payload
        self.trust(max_size)
        self._subscription: _Subscription | None = None
        self._early: Sequence[bytes] = ()
        self._buffer_full = False
        self._redelivered = False
        self._resumed = False
        self.needs_subscription = True

    # --- What the owner of the connection uses ---

    @property
    def resumed(self) -> bool:
        """Whether the broker knew the session ("session present")."""
        return self._resumed

    @property
    def redelivered(self) -> bool:
        """Whether the message that is being handed over may have come before (DUP)."""
        return self._redelivered

    def send(self, payload: bytes, binary: bool) -> None:
        """Publish one message.

        Never blocks: see `paused` and `drain`. A message on a connection that is not open is dropped, like one of
        quality of service 0 that was on its way when the broker went: `closed` tells. With quality of service 1 it is
        in `ClientState.in_flight` until its PUBACK has come, and sent again on the next connection of the same session.
        Where it `needs_subscription`, it goes out when that is granted, after what is sent again.

        Raises:
            ValueError: If it is longer than the login's `max_payload`.
        """
        if self._phase is not Phase.OPEN or self._transport.is_closing():
            return
        if len(payload) > self._most_payload:
            raise ValueError(f"a message of {len(payload):,} bytes; at most {self._most_payload:,} are published")
        if self.needs_subscription:
            # A broker may deliver before its SUBACK (3.8.4), and what it delivers may be answered.
            self._early = [*self._early, payload]
            return
        if not self._qos:
            self._write(encode_publish(self._up, payload, 0, 0))
            return
        in_flight = self._state.in_flight
        try:
            packet_id = self._state.new_packet_id()
        except OverflowError:
            self._fail(endings.NO_MQTT, f"the broker acknowledged none of {len(in_flight):,} publishes")
            return
        packet = encode_publish(self._up, payload, 1, packet_id)
        in_flight[packet_id] = InFlight(packet, self._means.timers.clock.monotonic())
        if len(in_flight) >= MOST_WAITING:
            self.paused = True
        self._write(packet)

    async def subscribe(self) -> None:
        """Subscribe to the login's `down` topic; afterwards what was in flight is sent again.

        The connection stays as it is when this raises; whoever gives up ends it.

        Raises:
            ConnectFailed: If the broker refuses it (`subscription refused`), does not answer in time (`timeout`), or
                the connection ends meanwhile (its ending).
        """
        if self._phase is not Phase.OPEN:
            raise self._has_ended()
        state = self._state
        state.subscribed = None
        done: asyncio.Future[None] = self._loop.create_future()
        self._subscription = _Subscription(state.new_packet_id(), done)
        topic = self._down[2:].decode()
        self._write(encode(Subscribe(self._subscription.packet_id, ((topic, self._qos),))))
        patience = self._means.patience.opening
        try:
            async with asyncio.timeout(patience):
                await done
        except TimeoutError as error:
            told = f"the broker did not answer the subscription to {_shown(topic)} within {patience:g} s"
            raise ConnectFailed("timeout", told, after=patience) from error
        finally:
            self._subscription = None

    def trust(self, max_size: int) -> None:
        """The peer has proved who it is: messages may have `max_size` bytes from now on.

        They never may have more than the login's `max_payload`.
        """
        self._max_size = min(max_size, self._most_payload)
        self._most = self._max_size + len(self._down) + _MOST_BESIDE

    # --- What the transport calls ---

    @property
    def backed_up(self) -> bool:
        return self._buffer_full

    def pause_writing(self) -> None:
        self._buffer_full = True
        super().pause_writing()

    def resume_writing(self) -> None:
        self._buffer_full = False
        self._make_room()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self._opening is not None:
            # Where CONNACK is lost, it may have begun a new session, which the next one then says to be present.
            self._opening.subscribed, self._state.subscribed = self._state.subscribed, None

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._subscription is not None and not self._subscription.done.done():
            self._subscription.done.set_exception(self._has_ended())

    # --- What comes in ---

    def _packet(self, data: bytes, first: int, start: int, end: int) -> None:
        """
        Raises:
            MalformedPacket: If the standard, or what was agreed on this connection, forbids the packet.
        """
        if self._opening is not None:
            self._answered(self._opening, decode(first, data[start:end]))
        elif first == _PUBACK:
            self._acknowledged(data[start] << 8 | data[start + 1])
        elif self._phase is not Phase.OPEN:
            return
        elif first & _KIND == _PUBLISH:
            self._published(data, first, start, end)
        else:
            packet = decode(first, data[start:end])
            if isinstance(packet, Suback):
                self._subscribed(packet)
            elif isinstance(packet, Pingresp):
                self._ponged()
            else:
                raise MalformedPacket(f"{with_article(first >> 4)}, which nothing here asks for")

    def _answered(self, opening: Opening, packet: Packet) -> None:
        """The broker's answer to CONNECT."""
        connack = self._accepted(opening, packet)
        if connack is None:
            return
        if connack.session_present and opening.clean_session:
            raise MalformedPacket("CONNACK says that a session is present, which was to be a clean one")  # [3.2.2-1]
        self._resume(opening, connack.session_present)
        self._let_in(opening)
        self._handed(self._handler.opened, self)
        opening.succeed()

    def _resume(self, opening: Opening, session_present: bool) -> None:
        state = self._state
        self._resumed = session_present
        if session_present:
            state.subscribed = opening.subscribed
        else:
            state.lost()
        # A session of an earlier process may hold another topic's: what this one was not granted is asked for.
        self.needs_subscription = state.subscribed != self._down
        if not self.needs_subscription:
            self._send_again()

    def _send_again(self) -> None:
        """What has no PUBACK, in the order in which it was sent first (4.4, 4.6)."""
        for waiting in self._state.in_flight.values():
            self._write(with_dup(waiting.packet))
        if len(self._state.in_flight) >= MOST_WAITING:
            self.paused = True

    def _published(self, data: bytes, first: int, start: int, end: int) -> None:
        body = start + len(self._down)
        if first & (_RETAIN | _QOS_2) or body > end or not data.startswith(self._down, start):
            self._published_elsewhere(decode(first, data[start:end]))
            return
        packet_id = 0
        if first & _QOS:
            if body + 2 > end:
                raise MalformedPacket("a PUBLISH that ends in the middle of a field")
            packet_id = data[body] << 8 | data[body + 1]
            if not packet_id:
                raise MalformedPacket("a PUBLISH with packet id 0")
            body += 2
        if end - body > self._max_size:
            raise PacketTooLarge(f"a message of {end - body:,} bytes; at most {self._max_size:,} are taken")
        self._redelivered = bool(first & _DUP)
        try:
            self._handler.message(data[body:end], False)
        except Exception as error:  # noqa: BLE001 - a fault of one handler must not reach the other connections
            self._handler_failed(error)
            return
        if packet_id and self._phase is Phase.OPEN and not self._transport.is_closing():
            self._write(encode_puback(packet_id))

    def _published_elsewhere(self, packet: Packet) -> None:
        """A PUBLISH that is not for the handler."""
        assert isinstance(packet, Publish)
        if packet.qos == 2:
            # A broker delivers with the granted quality of service at most (3.8.4), and nothing here asks for this one.
            raise MalformedPacket("a PUBLISH with quality of service 2, where 1 is the highest that was asked for")
        topic = _shown(packet.topic)
        if packet.topic.encode() == self._down[2:]:
            self._unusual(f"{RETAINED} on {topic}")
        else:
            self._unusual(f"{OTHER_TOPIC} {topic}, which is not subscribed to")
        if packet.qos and self._phase is Phase.OPEN and not self._transport.is_closing():
            self._write(encode_puback(packet.packet_id))

    def _acknowledged(self, packet_id: int) -> None:
        waiting = self._state.in_flight.pop(packet_id, None)
        if waiting is None:
            if not packet_id:
                raise MalformedPacket("a PUBACK with packet id 0")
            self._unusual("a PUBACK for a packet id that is not in flight")
            return
        try:
            self._state.on_published(waiting.sent, True)
        except Exception as error:  # noqa: BLE001 - as above
            self._handler_failed(error)
            return
        if self.paused:
            self._make_room()

    def _subscribed(self, packet: Suback) -> None:
        subscription = self._subscription
        if subscription is None or subscription.packet_id != packet.packet_id or subscription.done.done():
            self._unusual("a SUBACK that nothing waits for")
            return
        if len(packet.codes) != 1:
            raise MalformedPacket(f"a SUBACK with {len(packet.codes)} codes for one topic filter")  # [3.8.4-5]
        topic = _shown(self._down[2:].decode())
        if packet.codes[0] == SUBSCRIPTION_FAILED:
            told = f"the broker refused the subscription to {topic}"
            subscription.done.set_exception(ConnectFailed(endings.SUBSCRIPTION_REFUSED, told))
            return
        if packet.codes[0] > self._qos:
            raise MalformedPacket(f"a SUBACK that grants more than quality of service {self._qos}")
        self._state.subscribed = self._down
        self.needs_subscription = False
        self._send_again()
        for payload in self._early:
            self.send(payload, False)
        self._early = ()
        subscription.done.set_result(None)

    def _ponged(self) -> None:
        if self.pongs == self.pings:
            self._unusual("a PINGRESP that was not asked for")
            return
        self.pongs += 1
        if isinstance(self._handler, PongHandler):
            self._handed(self._handler.ponged)

    # --- What all of it uses ---

    def _make_room(self) -> None:
        if self._buffer_full or len(self._state.in_flight) >= MOST_WAITING:
            return
        self._release()
        if self._phase is Phase.OPEN and isinstance(self._handler, WritableHandler):
            self._handed(self._handler.writable)

    def _unusual(self, what: str) -> None:
        if isinstance(self._handler, UnusualHandler):
            self._handed(self._handler.unusual, what)


def _shown(topic: str) -> str:
    return repr(topic if len(topic) <= _SHOWN_CHARACTERS else topic[:_SHOWN_CHARACTERS] + "…")
