"""What a client presents to a broker, and what it keeps of its session there between connections."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from simulator.mqtt.packets import MOST_IN_FLIGHT, MOST_PACKET_BYTES

MOST_WAITING: Final = 1_000
"""Publishes without PUBACK that a client has under way; whoever sends more waits for room (`Connection.paused`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """One client as its broker sees it: ready for CONNECT, with nothing left to fill in."""

    client_id: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    up: str
    """Topic that the client publishes to."""
    down: str
    """Topic that it subscribes to."""
    qos: int = 1
    """Of its publishes and of its subscription: 0 or 1."""
    keep_alive: int = 60
    """Seconds; 0 for none."""
    clean_session: bool = False
    alpn: str | None = None
    """The protocol that is offered in the TLS handshake."""
    max_payload: int = MOST_PACKET_BYTES
    """Bytes of a PUBLISH payload, either way, after encryption."""


class InFlight(NamedTuple):
    """A PUBLISH with quality of service 1 that waits for its PUBACK."""

    packet: bytes
    """As it was sent for the first time, without DUP."""
    sent: float
    """Monotonic seconds of the first time."""


class ClientState:
    """What a client keeps of its session with the broker while it has no connection (standard, 4.1).

    Belongs to one client for its whole life; a connection borrows it.

    Args:
        on_published: told of each publish that got its PUBACK, and of each that never will: monotonic seconds at which
            it was sent first, and whether it was taken.
    """

    __slots__ = ("_last_id", "in_flight", "on_published", "subscribed")

    def __init__(self, on_published: Callable[[float, bool], None]) -> None:
        self._last_id = 0
        self.in_flight: dict[int, InFlight] = {}
        """By packet id, in the order in which they were sent."""
        self.on_published = on_published
        self.subscribed: bytes | None = None
        """The topic, as on the wire, whose subscription the broker has granted in this session; None without one."""

    def new_packet_id(self) -> int:
        """One that is not in flight (2.3.1).

        Raises:
            OverflowError: If all are.
        """
        if len(self.in_flight) >= MOST_IN_FLIGHT:
            raise OverflowError("all packet ids are in flight")
        packet_id = self._last_id
        while True:
            packet_id = packet_id % MOST_IN_FLIGHT + 1
            if packet_id not in self.in_flight:
                self._last_id = packet_id
                return packet_id

    def lost(self) -> None:
        """The broker does not know the session any more, or the client's life is over: nothing is sent again."""
        lost, self.in_flight = self.in_flight, {}
        self.subscribed = None
        for each in lost.values():
            self.on_published(each.sent, False)
