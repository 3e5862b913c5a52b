"""What the broker keeps of one client, also while it is away if its session is persistent (standard, 3.1.2.4, 4.1)."""

from collections import deque
from typing import NamedTuple, Protocol

from simulator.mqtt.broker.ports import BrokerSettings, Link
from simulator.mqtt.packets import MOST_IN_FLIGHT, Publish


class Message(NamedTuple):
    """A message of quality of service 1, sent or not."""

    topic: str
    payload: bytes
    retain: bool


class Present(Protocol):
    """The connected client of a session."""

    link: Link

    def end(self, ending: str, words: str = "") -> None:
        """End its connection, for one of the endings in `events`; the broker is told at once."""
        ...


class Session:
    """One client's subscriptions, and its messages on their way.

    Nothing is ever sent to a client with quality of service 2: whoever asks for it is granted 1, as the standard allows
    (3.9.3).

    Attributes:
        client: The connected client; None while it is away.
        subscriptions: Granted quality of service by topic filter.
        received: Packet ids of quality of service 2 that were taken and not released yet (4.3.3).
    """

    __slots__ = (
        "_in_flight",
        "_last_id",
        "_settings",
        "_waiting",
        "_waiting_bytes",
        "clean",
        "client",
        "client_id",
        "received",
        "subscriptions",
    )

    def __init__(self, client_id: str, clean: bool, settings: BrokerSettings) -> None:
        self.client_id = client_id
        self.clean = clean
        self.client: Present | None = None
        self.subscriptions: dict[str, int] = {}
        self.received: set[int] | None = None
        self._settings = settings
        self._in_flight: dict[int, Message] = {}
        """By packet id, in the order in which they were sent first (4.6)."""
        # Most sessions never need one, and an empty deque is larger than all the rest.
        self._waiting: deque[Message] | None = None
        self._waiting_bytes = 0
        self._last_id = 0

    @property
    def outstanding(self) -> int:
        """Messages that are not acknowledged, whether sent or not."""
        return len(self._in_flight) + (0 if self._waiting is None else len(self._waiting))

    def deliver(self, topic: str, payload: bytes, qos: int, retain: bool = False) -> bool | None:
        """Send a message, or keep it until it can be.

        Returns:
            False where it is lost although the client was to have it; None where it is not for a client that is away.
        """
        client = self.client
        if not qos:
            if client is None:
                return None
            link = client.link
            if link.paused:
                return False
            if retain:
                link.send(Publish(topic, payload, retain=True))
            else:
                link.publish(topic, payload, 0, 0)
            return True
        message = Message(topic, payload, retain)
        if client is None or self._waiting or client.link.paused or len(self._in_flight) >= self._settings.in_flight:
            return self._keep(message)
        self._send(client.link, message)
        return True

    def acknowledged(self, packet_id: int) -> None:
        """A PUBACK has come; that of an unknown packet id changes nothing."""
        if self._in_flight.pop(packet_id, None) is not None and self._waiting:
            self.send_waiting()

    def send_waiting(self) -> None:
        """Send what waits, as far as there is room for it."""
        waiting, client = self._waiting, self.client
        if waiting is None or client is None:
            return
        link = client.link
        while waiting and not link.paused and len(self._in_flight) < self._settings.in_flight:
            message = waiting.popleft()
            self._waiting_bytes -= len(message.payload)
            self._send(link, message)
        if not waiting:
            self._waiting = None

    def resume(self) -> None:
        """The client is back: what it did not acknowledge goes out again, with DUP and in order; then what waits."""
        client = self.client
        if client is None:
            return
        for packet_id, sent in tuple(self._in_flight.items()):
            client.link.send(Publish(sent.topic, sent.payload, 1, packet_id, True, sent.retain))
        self.send_waiting()

    def _keep(self, message: Message) -> bool:
        waiting = self._waiting
        size = self._waiting_bytes + len(message.payload)
        if waiting is None:
            waiting = self._waiting = deque()
        if len(waiting) >= self._settings.queued_messages or size > self._settings.queued_bytes:
            if not waiting:
                self._waiting = None
            return False
        waiting.append(message)
        self._waiting_bytes = size
        return True

    def _send(self, link: Link, message: Message) -> None:
        packet_id = self._last_id % MOST_IN_FLIGHT + 1
        while packet_id in self._in_flight:
            packet_id = packet_id % MOST_IN_FLIGHT + 1
        self._last_id = packet_id
        self._in_flight[packet_id] = message
        if message.retain:
            link.send(Publish(message.topic, message.payload, 1, packet_id, retain=True))
        else:
            link.publish(message.topic, message.payload, 1, packet_id)
