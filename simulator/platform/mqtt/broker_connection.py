"""The platform's own connection to a broker: many topics in, many out; how it is reached and kept is `external`'s.

Publishes of quality of service 1 stay with the owner's `Unacknowledged` until their PUBACK has come.
"""

import asyncio
from typing import Final, Protocol

from simulator.mqtt import endings
from simulator.mqtt.codec import encode, encode_puback, encode_publish, encode_text
from simulator.mqtt.decoding import decode, with_article
from simulator.mqtt.handler import Listener
from simulator.mqtt.lifecycle import Lifecycle, Means
from simulator.mqtt.opening import Opening
from simulator.mqtt.packets import (
    MOST_IN_FLIGHT,
    SUBSCRIPTION_FAILED,
    MalformedPacket,
    Packet,
    Pingresp,
    Puback,
    Publish,
    Suback,
    Subscribe,
)
from simulator.wire.errors import ConnectFailed
from simulator.wire.phase import Phase

_MOST_PACKET: Final = 16 * 1024 * 1024
"""As the largest message over WebSocket; what devices may publish is the broker's affair."""


class Owner(Listener, Protocol):
    """Who is told of what comes; see `handler.Listener` for the end."""

    def published(self, topic: str, payload: bytes, dup: bool) -> None:
        """A message has come; it is acknowledged when this returns."""
        ...

    def acknowledged(self, packet_id: int) -> None:
        """The broker has taken what was published under this id."""
        ...


class BrokerConnection(Lifecycle):
    """One connection of the platform to a broker."""

    __slots__ = ("_grants", "_owner")

    def __init__(self, owner: Owner, opening: Opening, client_id: str, means: Means) -> None:
        super().__init__(owner, opening, client_id, means)
        self._owner = owner
        self._most = _MOST_PACKET
        self._grants: dict[int, asyncio.Future[None]] = {}

    # --- What the owner uses ---

    def publish(self, topic: str, payload: bytes, qos: int, packet_id: int) -> bool:
        """Publish; False where the connection is not open (any more)."""
        if self._phase is not Phase.OPEN or self._transport.is_closing():
            return False
        self._write(encode_publish(encode_text(topic), payload, qos, packet_id))
        return True

    async def subscribe(self, topic_filter: str, packet_id: int) -> None:
        """Subscribe with quality of service 1, or what the broker grants.

        Raises:
            ConnectFailed: If the broker refuses it, does not answer in time, or ends the connection.
        """
        self.must_be_open()
        done = self._grants[packet_id] = self._loop.create_future()
        self._write(encode(Subscribe(packet_id, ((topic_filter, 1),))))
        patience = self._means.patience.opening
        try:
            async with asyncio.timeout(patience):
                await done
        except TimeoutError:
            told = f"the broker did not answer the subscription to {topic_filter} within {patience:g} s"
            raise ConnectFailed("timeout", told, after=patience) from None
        except _NotGranted:
            told = f"the broker refused the subscription to {topic_filter}"
            raise ConnectFailed(endings.SUBSCRIPTION_REFUSED, told) from None
        finally:
            del self._grants[packet_id]

    def must_be_open(self) -> None:
        """
        Raises:
            ConnectFailed: If it is not open (any more).
        """
        if self._phase is not Phase.OPEN:
            raise self._has_ended()

    # --- What comes ---

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        for done in self._grants.values():
            if not done.done():
                done.set_exception(self._has_ended())

    def _packet(self, data: bytes, first: int, start: int, end: int) -> None:
        """
        Raises:
            MalformedPacket: If a broker must not send it.
        """
        packet = decode(first, data[start:end])
        if self._opening is not None:
            self._answered(self._opening, packet)
        elif self._phase is Phase.OPEN:
            self._came(packet, first)

    def _answered(self, opening: Opening, packet: Packet) -> None:
        if self._accepted(opening, packet) is not None:
            self._let_in(opening)
            opening.succeed()

    def _came(self, packet: Packet, first: int) -> None:
        match packet:
            case Publish(topic, payload, qos, packet_id, dup):
                try:
                    self._owner.published(topic, payload, dup)
                except Exception as error:  # noqa: BLE001 - it must not reach the loop
                    self._handler_failed(error)
                    return
                if qos and self._phase is Phase.OPEN and not self._transport.is_closing():
                    self._write(encode_puback(packet_id))
            case Puback(packet_id):
                self._owner.acknowledged(packet_id)
            case Suback(packet_id, codes):
                done = self._grants.get(packet_id)
                if done is not None and not done.done():
                    if SUBSCRIPTION_FAILED in codes:
                        done.set_exception(_NotGranted())
                    else:
                        done.set_result(None)
            case Pingresp():
                self.pongs += 1
            case _:
                raise MalformedPacket(f"{with_article(first >> 4)}, which nothing here asks for")


class _NotGranted(Exception):  # noqa: N818 - the broker's answer, and no fault
    pass


class Unacknowledged:
    """What was published and not acknowledged, or could not be published yet, up to a number and a size.

    Args:
        most: Messages.
        most_bytes: Of their payloads together.
    """

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most = min(most, MOST_IN_FLIGHT)
        self._most_bytes = most_bytes
        self._kept: dict[int, tuple[str, bytes]] = {}
        self._bytes = 0
        self._last_id = 0

    def __len__(self) -> int:
        return len(self._kept)

    def new_id(self) -> int:
        """A packet id that nothing kept has."""
        while True:
            self._last_id = self._last_id % MOST_IN_FLIGHT + 1
            if self._last_id not in self._kept:
                return self._last_id

    def keep(self, topic: str, payload: bytes) -> int | None:
        """Keep a message; returns its packet id, None where there is no room."""
        if len(self._kept) >= self._most - 1 or self._bytes + len(payload) > self._most_bytes:
            return None
        packet_id = self.new_id()
        self._kept[packet_id] = (topic, payload)
        self._bytes += len(payload)
        return packet_id

    def forget(self, packet_id: int) -> None:
        """It was acknowledged."""
        kept = self._kept.pop(packet_id, None)
        if kept is not None:
            self._bytes -= len(kept[1])

    def all(self) -> list[tuple[int, str, bytes]]:
        """Packet id, topic and payload of each, in the order of their first sending."""
        return [(packet_id, *message) for packet_id, message in self._kept.items()]
