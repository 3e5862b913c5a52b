"""The broker without its sockets: sessions, subscriptions, and the way of each message. Knows no clock and no loop.

What one connection may send, and when, is `client`'s affair.
"""

import secrets
from collections.abc import Callable, Iterable

from simulator.mqtt.broker import events
from simulator.mqtt.broker.filters import MOST_LEVELS, FilterTree
from simulator.mqtt.broker.ports import Authority, BrokerSettings, Everybody, Interference, OnEvent, Receive
from simulator.mqtt.broker.retained import Retained
from simulator.mqtt.broker.session import Present, Session
from simulator.mqtt.decoding import check_filter, check_topic
from simulator.mqtt.packets import SUBSCRIPTION_FAILED, MalformedPacket


class Attached:
    """A subscriber and publisher in the broker's own process; made by `Broker.attach`."""

    __slots__ = ("_broker", "filters", "receive")

    def __init__(self, broker: "Broker", filters: tuple[str, ...], receive: Receive) -> None:
        self._broker = broker
        self.filters = filters
        self.receive = receive

    def publish(self, topic: str, payload: bytes, qos: int = 1) -> int:
        """Publish as a client would.

        Returns:
            How many subscribers it was sent to, or is kept for: 0 where a device's topic has no session, or where it is
            lost (`events.QUEUE_OVERFLOW`). A message of quality of service 0 is not kept for a client that is away.

        Raises:
            ValueError: If nothing can be published to `topic`, or with that quality of service.
        """
        if qos not in (0, 1):
            raise ValueError(f"quality of service is 0 or 1, not {qos}")
        _check(check_topic, topic)
        return self._broker.route(topic, payload, qos)

    def detach(self) -> None:
        """Receive nothing any more. Harmless the second time."""
        self._broker.detach(self)


class Broker:
    """Sessions and subscriptions of all clients, whatever sockets they came by (see `server.serve`).

    Args:
        authority: Decides who may connect, publish and subscribe.
        settings: What is allowed and kept.
        interference: Breaks deliveries on purpose; None for an honest broker.
        on_event: Told of what happens, by the names in `events`. It must not raise.
        on_error: Told of exceptions that a subscriber in this process raised.
        new_client_id: Makes the id of a client that gave none. Whoever guesses it could take its connection over.
    """

    def __init__(
        self,
        authority: Authority | None = None,
        *,
        settings: BrokerSettings | None = None,
        interference: Interference | None = None,
        on_event: OnEvent = lambda name, client_id, detail: None,
        on_error: Callable[[BaseException], None],
        new_client_id: Callable[[], str] = lambda: f"auto-{secrets.token_hex(16)}",
    ) -> None:
        self.authority: Authority = Everybody() if authority is None else authority
        self.settings = BrokerSettings() if settings is None else settings
        self.interference = interference
        self.on_event = on_event
        self.on_error = on_error
        self.new_client_id = new_client_id
        self._sessions: dict[str, Session] = {}
        self._away: dict[str, None] = {}
        """Client ids of persistent sessions without a connection, the longest away first."""
        self._subscribers: FilterTree[Session] = FilterTree()
        self._attached: FilterTree[Attached] = FilterTree()
        self._retained = Retained(self.settings)

    # --- What the owner uses ---

    def attach(self, filters: Iterable[str], receive: Receive) -> Attached:
        """Subscribe in this process; retained messages are not sent.

        Args:
            receive: Called with topic, payload and DUP flag of each message that any of `filters` takes in, once and
                before its publisher gets the PUBACK. Where it returns False or raises, no PUBACK is sent, the
                publisher's connection ends, and no other client gets the message: it comes again.

        Raises:
            ValueError: If a filter is not valid.
        """
        attached = Attached(self, tuple(filters), receive)
        for each in attached.filters:
            _check(check_filter, each)
        for each in attached.filters:
            self._attached.add(each, attached, 1)
        return attached

    def detach(self, attached: Attached) -> None:
        """Undo `attach`; see `Attached.detach`."""
        for each in attached.filters:
            self._attached.remove(each, attached)

    def disconnect(self, client_id: str) -> bool:
        """End a client's connection; False where it has none. A persistent session stays, its will is published."""
        session = self._sessions.get(client_id)
        if session is None or session.client is None:
            return False
        session.client.end(events.BY_OWNER)
        return True

    def present(self, client_id: str) -> bool:
        """Whether a client of this id is connected."""
        session = self._sessions.get(client_id)
        return session is not None and session.client is not None

    @property
    def sessions(self) -> int:
        """How many there are, of connected clients and of those that are away."""
        return len(self._sessions)

    @property
    def away(self) -> int:
        """How many persistent sessions have no connection."""
        return len(self._away)

    # --- What the clients' connections use ---

    def open(self, client_id: str, clean: bool, client: Present) -> tuple[Session, bool]:
        """A client was let in: ends the connection of another with its id, and finds or makes its session.

        Returns:
            The session, and whether it was there before.
        """
        session = self._sessions.get(client_id)
        if session is not None and session.client is not None:
            self.on_event(events.TAKEN_OVER, client_id, "")
            session.client.end(events.TAKEN_OVER)
            session = self._sessions.get(client_id)
        present = session is not None and not clean
        if session is not None and clean:
            self._discard(session)
        if session is None or clean:
            session = self._sessions[client_id] = Session(client_id, clean, self.settings)
        self._away.pop(client_id, None)
        session.client = client
        return session, present

    def closed(self, session: Session, *, taken_over: bool) -> None:
        """The session's client has gone; where another takes it over, it is not away."""
        session.client = None
        if session.clean:
            self._discard(session)
            return
        if taken_over:
            return
        self._away[session.client_id] = None
        if len(self._away) > self.settings.away:
            oldest = self._sessions[next(iter(self._away))]
            self._discard(oldest)
            self.on_event(events.SESSION_DROPPED, oldest.client_id, f"{oldest.outstanding} messages")

    def subscribe(self, session: Session, topic_filter: str, qos: int) -> int:
        """Add a valid filter; returns the granted quality of service, or `SUBSCRIPTION_FAILED`."""
        if topic_filter.count("/") >= MOST_LEVELS or (
            topic_filter not in session.subscriptions and len(session.subscriptions) >= self.settings.subscriptions
        ):
            return SUBSCRIPTION_FAILED
        granted = session.subscriptions[topic_filter] = min(qos, 1)
        self._subscribers.add(topic_filter, session, granted)
        return granted

    def send_retained(self, session: Session, topic_filter: str, qos: int) -> None:
        """Send what was retained for a subscription that was just made."""
        for topic, payload, best in self._retained.matching(topic_filter):
            self._deliver(session, topic, payload, min(best, qos), True)

    def unsubscribe(self, session: Session, topic_filter: str) -> None:
        """Remove a filter; harmless where the session has none of that text."""
        if session.subscriptions.pop(topic_filter, None) is not None:
            self._subscribers.remove(topic_filter, session)

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool, dup: bool) -> bool:
        """A client's message, or a will; False where a subscriber in this process did not take it."""
        receivers = self._attached.match(topic)
        if receivers and not self._taken(receivers, topic, payload, dup):
            return False
        if retain and not self._retained.keep(topic, payload, qos):
            self.on_event(events.RETAINED_OVERFLOW, "", f"{len(payload)} bytes")
        self._send(topic, payload, qos)
        return True

    def route(self, topic: str, payload: bytes, qos: int) -> int:
        """A message of a subscriber in this process; see `Attached.publish`."""
        receivers = self._attached.match(topic)
        taken = len(receivers) if receivers and self._taken(receivers, topic, payload, False) else 0
        return taken + self._send(topic, payload, qos)

    def _taken(self, receivers: tuple[tuple[Attached, int], ...], topic: str, payload: bytes, dup: bool) -> bool:
        for each, _ in receivers:
            try:
                if each.receive(topic, payload, dup) is False:
                    return False
            except Exception as exc:  # noqa: BLE001 - a fault of one subscriber must not reach the other connections
                self.on_error(exc)
                return False
        return True

    def _send(self, topic: str, payload: bytes, qos: int) -> int:
        sent = 0
        for session, granted in self._subscribers.match(topic):
            sent += self._deliver(session, topic, payload, min(qos, granted), False)
        return sent

    def _deliver(self, session: Session, topic: str, payload: bytes, qos: int, retain: bool) -> bool:
        interference = self.interference
        if interference is not None:
            for _ in range(interference.copies(session.client_id, topic) - 1):
                session.deliver(topic, payload, qos, retain)
        delivered = session.deliver(topic, payload, qos, retain)
        if delivered is False:
            self.on_event(events.QUEUE_OVERFLOW, session.client_id, f"quality of service {qos}, {len(payload)} bytes")
        return bool(delivered)

    def _discard(self, session: Session) -> None:
        for each in session.subscriptions:
            self._subscribers.remove(each, session)
        session.subscriptions = {}
        del self._sessions[session.client_id]
        self._away.pop(session.client_id, None)


def _check(check: Callable[[str], None], text: str) -> None:
    try:
        check(text)
    except MalformedPacket as exc:
        raise ValueError(f"{exc}: {text!r}") from None
