"""The broker of a platform that makes mistakes: between its clients and their sockets."""

from collections.abc import Callable

from simulator.mqtt.broker import Broker, BrokerSettings, Interference
from simulator.mqtt.broker.ports import Authority, Link, OnEvent
from simulator.mqtt.broker.session import Present, Session
from simulator.mqtt.packets import Packet, Pingresp, Puback, Publish
from simulator.platform.wrong import mqtt_modes as modes
from simulator.platform.wrong.certificate_modes import ACCEPTS_NONE, ACCEPTS_OTHER
from simulator.platform.wrong.mistakes import Mistakes

_NEVER_SENT = 65_000
"""A packet id that no device has come to."""


class WrongTopicBroker(Broker):
    """An MQTT broker with mistakes."""

    def __init__(
        self,
        authority: Authority | None = None,
        *,
        mistakes: Mistakes,
        settings: BrokerSettings | None = None,
        interference: Interference | None = None,
        on_event: OnEvent,
        on_error: Callable[[BaseException], None],
    ) -> None:
        super().__init__(authority, settings=settings, interference=interference, on_event=on_event, on_error=on_error)
        self._mistakes = mistakes

    def open(self, client_id: str, clean: bool, client: Present) -> tuple[Session, bool]:
        client.link = WrongLink(client.link, self._mistakes)
        return super().open(client_id, clean or modes.FORGETS in self._mistakes, client)


def proves_wrongly(mistakes: Mistakes, peer_name: str | None, sn: str) -> bool:
    """Whether a certificate of this name (None for none) lets a client in as this device."""
    if peer_name is None:
        return ACCEPTS_NONE in mistakes
    return peer_name == sn or ACCEPTS_OTHER in mistakes


class WrongLink:
    """A client's connection, by way of which mistakes are made."""

    def __init__(self, link: Link, mistakes: Mistakes) -> None:
        self._link = link
        self._mistakes = mistakes
        self._published = 0

    @property
    def paused(self) -> bool:
        return self._link.paused

    @paused.setter
    def paused(self, value: bool) -> None:
        self._link.paused = value

    @property
    def peer_name(self) -> str | None:
        return self._link.peer_name

    def send(self, packet: Packet) -> None:
        if not isinstance(packet, Pingresp) or modes.NO_PINGRESP not in self._mistakes:
            self._link.send(packet)

    def publish(self, topic: str, payload: bytes, qos: int, packet_id: int) -> None:
        self._link.publish(topic, payload, qos, packet_id)
        self._published += 1
        if self._published % modes.NTH:
            return
        match self._mistakes.next_of(*modes.BROKER_MODES):
            case modes.RETAINED:
                self._link.send(Publish(topic, payload, retain=True))
            case modes.OTHER_TOPIC:
                self._link.send(Publish(f"{topic}/again", payload))
            case modes.UNASKED:
                self._link.send(Puback(_NEVER_SENT))

    def puback(self, packet_id: int) -> None:
        if modes.NO_PUBACK not in self._mistakes:
            self._link.puback(packet_id)

    def admit(self, keep_alive: int) -> None:
        self._link.admit(keep_alive)

    def close(self) -> None:
        self._link.close()
