"""What the broker asks of others: of its owner, who decides and is told, and of the connection beneath a client."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from simulator.mqtt.packets import ConnectReturn, Packet

Receive = Callable[[str, bytes, bool], bool | None]
"""Takes a message by topic, payload and DUP flag. False, or an exception, means that it was not taken."""


class Authority(Protocol):
    """Decides what clients may do. Asked on the event loop's thread, for each packet: it must not wait."""

    def connect(
        self, client_id: str, username: str | None, password: bytes | None, peer_name: str | None
    ) -> ConnectReturn:
        """Whether a client may connect.

        Args:
            client_id: As it was sent, or the one that the broker assigned.
            username: None where the client gave none.
            password: Likewise.
            peer_name: Common name of the verified certificate that it showed; None where it showed none.
        """
        ...

    def may_publish(self, client_id: str, username: str | None, topic: str) -> bool:
        """Whether a connected client may publish to `topic`, or leave a will for it."""
        ...

    def may_subscribe(self, client_id: str, username: str | None, topic_filter: str) -> bool:
        """Whether a connected client may have what `topic_filter`, a valid one, takes in."""
        ...


class Everybody:
    """An authority that allows everything to everybody."""

    def connect(
        self, client_id: str, username: str | None, password: bytes | None, peer_name: str | None
    ) -> ConnectReturn:
        return ConnectReturn.ACCEPTED

    def may_publish(self, client_id: str, username: str | None, topic: str) -> bool:
        return True

    def may_subscribe(self, client_id: str, username: str | None, topic_filter: str) -> bool:
        return True


class Interference(Protocol):
    """Breaks deliveries on purpose, for those who test a client's; asked once for each occasion."""

    def cuts_before_puback(self, client_id: str) -> bool:
        """Whether this client's connection is cut now instead of sending the PUBACK of a message that was taken."""
        ...

    def copies(self, client_id: str, topic: str) -> int:
        """How often a message goes to this client, 1 or more; each copy is a first send with a packet id of its own."""
        ...


OnEvent = Callable[[str, str, str], None]
"""Told of what happens: one of the names in `events`, the client id (empty before CONNECT), and the detail."""


class Link(Protocol):
    """The connection beneath a client.

    Attributes:
        paused: True while more waits to be sent than it should hold.
        peer_name: Common name of the client's verified certificate.
    """

    paused: bool

    @property
    def peer_name(self) -> str | None: ...

    def send(self, packet: Packet) -> None:
        """Send a packet. Never blocks; dropped where the connection is closing."""
        ...

    def publish(self, topic: str, payload: bytes, qos: int, packet_id: int) -> None:
        """Send a message for the first time, not a retained one; otherwise as `send`, by the short way."""
        ...

    def puback(self, packet_id: int) -> None:
        """Acknowledge a message of quality of service 1; likewise."""
        ...

    def admit(self, keep_alive: int) -> None:
        """The client was let in; it sends something every `keep_alive` seconds, unless that is 0."""
        ...

    def close(self) -> None:
        """End the connection, after what was sent; nothing more is read from it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerSettings:
    """What the broker allows, and what it keeps for its clients."""

    max_payload: int = 128 * 1024
    """Bytes of a PUBLISH payload from a client; a larger one ends its connection."""
    refused_publish: Literal["close", "swallow"] = "close"
    """What a message to a topic that is not allowed does: end the connection, as AWS does, or be acknowledged and
    dropped, as mosquitto does. MQTT 3.1.1 has no word for it."""
    in_flight: int = 20
    """Messages of quality of service 1 that wait for one client's PUBACK at a time; as mosquitto."""
    queued_messages: int = 1_000
    """Further ones that wait for one client, connected or away; what comes then is lost, and told. As mosquitto."""
    queued_bytes: int = 4 * 1024 * 1024
    """Likewise, of their payloads."""
    unreleased: int = 1_000
    """Messages of quality of service 2 that one client may send without PUBREL; one more ends its connection."""
    away: int = 20_000
    """Persistent sessions of clients that are not connected; the one that is longest away is dropped first."""
    subscriptions: int = 1_000
    """Of one client; further ones are refused."""
    retained_messages: int = 10_000
    """A further topic's message is delivered and not kept, and told."""
    retained_bytes: int = 16 * 1024 * 1024
    """Likewise, of their payloads."""
    client_id_bytes: int = 256
    """Longer ids are rejected (3.1.3.1 demands 23)."""
