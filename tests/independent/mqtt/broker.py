"""A small MQTT 3.1.1 broker on asyncio's streams that can make trouble when asked; a Witness looks at all of it."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from . import codec
from .codec import Connect, MalformedError, Packet, Publish
from .witness import Watch, Witness

GRACE = 1.5
"""Times the keep-alive, after which a silent client is cut off."""

TROUBLE = {
    "cut-before-connack": "the connection is cut instead of CONNACK",
    "cut-before-suback": "the connection is cut instead of SUBACK; the subscription is kept",
    "cut-before-puback": "a publish is taken, and the connection cut instead of its PUBACK",
    "cut-before-handling": "a publish is read and forgotten, and the connection cut",
    "ack-only": "a publish gets its PUBACK and is forgotten",
    "puback-late": "PUBACK comes after the answer",
    "twice": "a publish to the device is delivered twice under two packet ids, without DUP",
    "twice-dup": "a publish to the device is delivered again with DUP, before its PUBACK",
    "forget-session": "CONNACK says that no session is present, and none is",
    "no-pingresp": "PINGREQ gets no answer",
    "no-suback": "SUBSCRIBE gets no answer",
    "suback-failure": "SUBSCRIBE is refused with 0x80",
    "retained": "behind SUBACK comes a retained message",
    "wrong-topic": "behind SUBACK comes a message on a topic that was not subscribed",
    "garbage": "behind SUBACK come bytes that are no packet",
    **{f"refuse-{code}": f"CONNECT is refused with the code {code}" for code in range(1, 6)},
}


@dataclass
class Order:
    """One kind of trouble: how often yet, and for which payloads."""

    left: int
    when: Callable[[bytes], bool]


@dataclass
class ClientSession:
    client_id: str
    clean: bool = True
    filters: dict[str, int] = field(default_factory=dict)
    waiting: deque[Publish] = field(default_factory=deque)
    in_flight: dict[int, Publish] = field(default_factory=dict)
    next_id: int = 0
    connection: Connection | None = None

    def ident(self) -> int:
        while True:
            self.next_id = self.next_id % 65535 + 1
            if self.next_id not in self.in_flight:
                return self.next_id


class Broker:
    """`receive(client_id, publish)` hears each publish of a client; `came` and `went` hear of accepted connections."""

    def __init__(self, witness: Witness, admits: Callable[[Connect], int] = lambda _: 0) -> None:
        self.witness, self.admits = witness, admits
        self.sessions: dict[str, ClientSession] = {}
        self.orders: dict[str, Order] = {}
        self.may: Callable[[str, str, bool], bool] = lambda *_: True
        """Whether a client (id) may have to do with a topic or filter; true at the end to publish."""
        self.most_payload = 1 << 20
        self.grants = 1
        """The best QoS that a subscription gets."""
        self.receive: Callable[[str, Publish], None] = lambda *_: None
        self.came: Callable[[str], None] = lambda _: None
        self.went: Callable[[str], None] = lambda _: None
        self.extra = Publish("retained/or/wrong", b"{}")
        """What the troubles `retained` and `wrong-topic` deliver."""
        self.troubled: list[str] = []
        """The troubles that were made."""
        self.now = asyncio.get_running_loop().time
        self.url = ""
        self._tasks: set[asyncio.Task[Any]] = set()

    def order(self, name: str, times: int = 1, when: Callable[[bytes], bool] = lambda _: True) -> None:
        """Make this trouble, so often."""
        assert name in TROUBLE
        self.orders[name] = Order(times, when)

    def take(self, name: str, payload: bytes = b"") -> bool:
        order = self.orders.get(name)
        if order is None or not order.left or not order.when(payload):
            return False
        order.left -= 1
        self.troubled.append(name)
        return True

    def publish(self, topic: str, payload: bytes, qos: int) -> int:
        """To every session that subscribed it; how many there are."""
        found = 0
        for session in self.sessions.values():
            grants = [granted for name, granted in session.filters.items() if codec.matches(name, topic)]
            if grants and (session.connection or not session.clean):
                session.waiting.append(Publish(topic, payload, min(qos, max(grants))))
                found += 1
                if session.connection:
                    session.connection.drain()
        return found

    def cut(self, client_id: str) -> bool:
        """Cut a client's connection, as a network or a take-over does."""
        session = self.sessions.get(client_id)
        if session is None or session.connection is None:
            return False
        session.connection.cut()
        return True

    @contextlib.asynccontextmanager
    async def serve(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[Broker]:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task
            self._tasks.add(task)
            try:
                await Connection(self, reader, writer).run()
            finally:
                self._tasks.discard(task)

        server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
        self.url = f"mqtt{'s' if tls else ''}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)


class Connection:
    def __init__(self, broker: Broker, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.broker, self.reader, self.writer = broker, reader, writer
        self.watch: Watch = broker.witness.connected(broker.now())
        self.session: ClientSession | None = None
        self.was_cut = self.refused = False

    def send(self, packet: Packet) -> None:
        if not self.was_cut:
            self.watch.from_broker(packet, self.broker.now())
            self.writer.write(bytes(packet))

    def cut(self) -> None:
        self.was_cut = True
        self.writer.transport.abort()

    async def run(self) -> None:
        silence: float | None = 10.0
        try:
            while not self.was_cut and not self.refused:
                packet = await asyncio.wait_for(codec.read_packet(self.reader), silence)
                self.watch.from_device(packet, self.broker.now())
                if packet.kind == codec.DISCONNECT:
                    break
                self._handle(packet)
                if self.session:
                    assert self.watch.connect
                    silence = GRACE * self.watch.connect.keep_alive or None
                await self.writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        except TimeoutError:
            self.was_cut = True
        except MalformedError as error:
            self.was_cut = True
            self.watch.breach(f"malformed: {error}")
        finally:
            self._end()

    def _end(self) -> None:
        self.watch.ended(self.broker.now(), self.was_cut or self.refused)
        self.writer.transport.abort() if self.was_cut else self.writer.close()
        session = self.session
        if session and session.connection is self and self.broker.sessions.get(session.client_id) is session:
            session.connection = None
            if session.clean:
                del self.broker.sessions[session.client_id]
            self.broker.went(session.client_id)

    def _handle(self, packet: Packet) -> None:
        if packet.kind == codec.CONNECT and self.session is None:
            self._connect(Connect.read(packet))
            return
        if self.session is None or packet.kind == codec.CONNECT:
            self.cut()
            return
        match packet.kind:
            case codec.PUBLISH:
                self._publish(self.session, Publish.read(packet))
            case codec.PUBACK:
                self.session.in_flight.pop(codec.read_ident(packet), None)
                self.drain()
            case codec.SUBSCRIBE:
                self._subscribe(self.session, *codec.read_subscribe(packet))
            case codec.UNSUBSCRIBE:
                ident, names = codec.read_unsubscribe(packet)
                for name in names:
                    self.session.filters.pop(name, None)
                self.send(codec.acknowledgement(codec.UNSUBACK, ident))
            case codec.PINGREQ:
                if not self.broker.take("no-pingresp"):
                    self.send(Packet(codec.PINGRESP, 0, b""))
            case _:
                self.cut()

    def _connect(self, said: Connect) -> None:
        broker = self.broker
        if broker.take("cut-before-connack"):
            self.cut()
            return
        ordered = next((code for code in range(1, 6) if broker.take(f"refuse-{code}")), 0)
        if code := ordered or (1 if said.level != 4 else 0) or broker.admits(said):
            self.send(codec.connack(code))
            self.refused = True
            return
        old = broker.sessions.get(said.client_id)
        if old and old.connection:
            old.connection.cut()
            old.connection = None
            broker.went(said.client_id)
        if old and (said.clean or old.clean or broker.take("forget-session")):
            del broker.sessions[said.client_id]
            old = None
        self.session = old or ClientSession(said.client_id, said.clean)
        broker.sessions[said.client_id] = self.session
        self.session.connection = self
        self.send(codec.connack(0, present=old is not None))
        broker.came(said.client_id)
        for ident, publish in self.session.in_flight.items():
            self.send(replace(publish, ident=ident, dup=True).packet())
        self.drain()

    def drain(self) -> None:
        """Deliver what waits."""
        session = self.session
        while session and session.waiting and not self.was_cut and len(session.in_flight) < 20:
            publish = session.waiting.popleft()
            twice = self.broker.take("twice", publish.payload)
            for _ in range(2 if twice else 1):
                if publish.qos:
                    publish = replace(publish, ident=session.ident())
                    session.in_flight[publish.ident] = publish
                self.send(publish.packet())
            if publish.qos and self.broker.take("twice-dup", publish.payload):
                self.send(replace(publish, dup=True).packet())

    def _publish(self, session: ClientSession, said: Publish) -> None:
        broker = self.broker
        known = broker.may(session.client_id, said.topic, True) and len(said.payload) <= broker.most_payload
        if not known or broker.take("cut-before-handling", said.payload):
            self.cut()
            return
        lost = broker.take("cut-before-puback", said.payload)
        late = broker.take("puback-late", said.payload)
        ack = codec.acknowledgement(codec.PUBACK, said.ident)
        if said.qos and not lost and not late:
            self.send(ack)
        if lost:
            self.cut()
        if not broker.take("ack-only", said.payload):
            broker.publish(said.topic, said.payload, said.qos)
            broker.receive(session.client_id, said)
        if late:
            asyncio.get_running_loop().call_later(0.3, self.send, ack)

    def _subscribe(self, session: ClientSession, ident: int, filters: list[tuple[str, int]]) -> None:
        broker = self.broker
        if broker.take("suback-failure"):
            self.send(codec.suback(ident, *(128 for _ in filters)))
            return
        codes = [
            min(qos, broker.grants) if broker.may(session.client_id, name, False) else 128 for name, qos in filters
        ]
        session.filters.update({name: code for (name, _), code in zip(filters, codes, strict=True) if code < 128})
        if broker.take("cut-before-suback"):
            self.cut()
            return
        if broker.take("no-suback"):
            return
        self.send(codec.suback(ident, *codes))
        if broker.take("retained"):
            self.send(replace(broker.extra, topic=filters[0][0], retain=True).packet())
        if broker.take("wrong-topic"):
            self.send(broker.extra.packet())
        if broker.take("garbage"):
            self.writer.write(b"\xf0\x03abc\x36\xff\xff\xff\xff\xff")
