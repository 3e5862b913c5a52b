"""One client as the broker sees it: which packets may come when, and what is answered (standard, 3 and 4).

Sans-I/O: packets as the codec read them in by `receive`, packets out by the link.
"""

from simulator.mqtt.broker import events
from simulator.mqtt.broker.broker import Broker
from simulator.mqtt.broker.ports import Link
from simulator.mqtt.broker.session import Session
from simulator.mqtt.packets import (
    SUBSCRIPTION_FAILED,
    Connack,
    Connect,
    ConnectReturn,
    Disconnect,
    Packet,
    Pingreq,
    Pingresp,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
    Will,
)

_LEVEL = 4


class Client:
    """From the first packet of a connection to its end.

    Attributes:
        client_id: Empty before CONNECT.
        ended: Nothing is answered any more.
    """

    __slots__ = ("_broker", "_session", "_username", "_will", "client_id", "ended", "link")

    def __init__(self, broker: Broker, link: Link) -> None:
        self._broker = broker
        self._session: Session | None = None
        self._username: str | None = None
        self._will: Will | None = None
        self.link = link
        self.client_id = ""
        self.ended = False

    def receive(self, packet: Packet) -> bool:
        """A packet has come; returns whether another may."""
        session = self._session
        if self.ended:
            return False
        if session is None:
            if isinstance(packet, Connect):
                self._connect(packet)
            else:
                self._break_off(f"{_name(packet)} before CONNECT")
        elif isinstance(packet, Publish):
            self.published(
                packet.topic, packet.payload, packet.qos, packet.packet_id, dup=packet.dup, retain=packet.retain
            )
        elif isinstance(packet, Puback):
            self.acknowledged(packet.packet_id)
        else:
            self._other(session, packet)
        return not self.ended

    def acknowledged(self, packet_id: int) -> None:
        """A PUBACK has come, after CONNECT."""
        if self._session is not None:
            self._session.acknowledged(packet_id)

    def published(self, topic: str, payload: bytes, qos: int, packet_id: int, *, dup: bool, retain: bool) -> None:
        """A PUBLISH has come, after CONNECT."""
        broker, session = self._broker, self._session
        if session is None:
            return
        if len(payload) > broker.settings.max_payload:
            self._too_large(payload)
            return
        repeated = qos == 2 and session.received is not None and packet_id in session.received
        if not repeated:
            if not broker.authority.may_publish(self.client_id, self._username, topic):
                broker.on_event(events.PUBLISH_REFUSED, self.client_id, topic)
                if broker.settings.refused_publish == "close":
                    self.end(events.NOT_AUTHORIZED)
                    return
            elif not broker.publish(topic, payload, qos, retain, dup):
                self.end(events.NOT_TAKEN)
                return
        if not qos:
            return
        interference = broker.interference
        if interference is not None and interference.cuts_before_puback(self.client_id):
            self.end(events.INTERFERENCE)
        elif qos == 1:
            self.link.puback(packet_id)
        else:
            self._received(session, packet_id)

    def malformed(self, words: str) -> None:
        """What came is no packet."""
        self._break_off(words)

    def writable(self) -> None:
        """The link, which was paused, takes more again."""
        if self._session is not None and not self.ended:
            self._session.send_waiting()

    def end(self, ending: str, words: str = "") -> None:
        """End the connection: the will is published, unless the client said DISCONNECT. Harmless the second time."""
        if self.ended:
            return
        self.ended = True
        self.link.close()
        session, self._session = self._session, None
        will, self._will = self._will, None
        detail = f"{ending}: {words}" if words else ending
        broker = self._broker
        if session is None:
            if ending != events.LOST:
                broker.on_event(events.TURNED_AWAY, "", detail)
            return
        broker.closed(session, taken_over=ending == events.TAKEN_OVER)
        broker.on_event(events.DISCONNECTED, self.client_id, detail)
        if will is not None:
            broker.publish(will.topic, will.payload, will.qos, will.retain, False)

    def _connect(self, packet: Connect) -> None:
        broker = self._broker
        self.client_id = packet.client_id
        if packet.level != _LEVEL:
            self._refuse(ConnectReturn.UNACCEPTABLE_PROTOCOL_VERSION)
            return
        if not packet.client_id:
            if not packet.clean_session:
                self._refuse(ConnectReturn.IDENTIFIER_REJECTED)
                return
            self.client_id = broker.new_client_id()
        elif len(packet.client_id.encode()) > broker.settings.client_id_bytes:
            self.client_id = ""
            self._refuse(ConnectReturn.IDENTIFIER_REJECTED)
            return
        will = packet.will
        if will is not None and len(will.payload) > broker.settings.max_payload:
            self._too_large(will.payload)
            return
        client_id, username = self.client_id, packet.username
        code = broker.authority.connect(client_id, username, packet.password, self.link.peer_name)
        if (
            code == ConnectReturn.ACCEPTED
            and will is not None
            and not broker.authority.may_publish(client_id, username, will.topic)
        ):
            code = ConnectReturn.NOT_AUTHORIZED
        if code != ConnectReturn.ACCEPTED:
            self._refuse(code)
            return
        self._username, self._will = username, will
        session, present = broker.open(client_id, packet.clean_session, self)
        self._session = session
        self.link.admit(packet.keep_alive)
        self.link.send(Connack(present, ConnectReturn.ACCEPTED))
        broker.on_event(events.CONNECTED, client_id, "session present" if present else "")
        if not self.ended:
            session.resume()

    def _received(self, session: Session, packet_id: int) -> None:
        """Of quality of service 2: what comes again with this id until PUBREL is the same message (4.3.3)."""
        if session.received is None:
            session.received = set()
        session.received.add(packet_id)
        if len(session.received) > self._broker.settings.unreleased:
            self._break_off(f"more than {self._broker.settings.unreleased} messages without PUBREL")
        else:
            self.link.send(Pubrec(packet_id))

    def _other(self, session: Session, packet: Packet) -> None:
        link = self.link
        match packet:
            case Pingreq():
                link.send(Pingresp())
            case Subscribe():
                self._subscribe(session, packet)
            case Unsubscribe():
                for each in packet.filters:
                    self._broker.unsubscribe(session, each)
                link.send(Unsuback(packet.packet_id))
            case Pubrel():
                if session.received is not None:
                    session.received.discard(packet.packet_id)
                    if not session.received:
                        session.received = None
                link.send(Pubcomp(packet.packet_id))
            case Disconnect():
                self._will = None
                self.end(events.ORDERLY)
            case Connect():
                self._break_off("a second CONNECT")
            case Pubrec() | Pubcomp():
                self._break_off(f"{_name(packet)} without a message of quality of service 2")
            case _:
                self._break_off(f"{_name(packet)} from a client")

    def _subscribe(self, session: Session, packet: Subscribe) -> None:
        broker = self._broker
        codes = []
        for topic_filter, qos in packet.filters:
            code = SUBSCRIPTION_FAILED
            if broker.authority.may_subscribe(self.client_id, self._username, topic_filter):
                code = broker.subscribe(session, topic_filter, qos)
            if code == SUBSCRIPTION_FAILED:
                broker.on_event(events.SUBSCRIPTION_REFUSED, self.client_id, topic_filter)
            codes.append(code)
        self.link.send(Suback(packet.packet_id, tuple(codes)))
        for (topic_filter, _), code in zip(packet.filters, codes, strict=True):
            if code != SUBSCRIPTION_FAILED:
                broker.send_retained(session, topic_filter, code)

    def _refuse(self, code: ConnectReturn) -> None:
        self.link.send(Connack(False, code))
        self.ended = True
        self.link.close()
        self._broker.on_event(events.REFUSED, self.client_id, events.name_of(code))

    def _too_large(self, payload: bytes) -> None:
        self._break_off(f"a payload of {len(payload)} bytes, over the limit of {self._broker.settings.max_payload}")

    def _break_off(self, words: str) -> None:
        self.end(events.PROTOCOL_ERROR, words)


def _name(packet: Packet) -> str:
    return type(packet).__name__.upper()
