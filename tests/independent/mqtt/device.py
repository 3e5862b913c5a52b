"""An independent device over MQTT, which writes down every rule that a platform or its broker breaks."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any
from urllib.parse import urlsplit

from tests.independent import channel
from tests.independent.client import REPORT, Client
from tests.independent.store import Identity

from . import codec
from .codec import Connect, MalformedError, Packet, Publish
from .profile import PROFILES, Profile

OK = "00000000"


class RefusedError(Exception):
    """CONNACK with another code than 0, which `code` is."""

    def __init__(self, code: int) -> None:
        super().__init__(f"refused with {code}")
        self.code = code


@dataclass
class Memory:
    """What a device keeps from one connection to the next."""

    one: Identity
    profile: Profile = PROFILES["best-m"]
    sent: dict[int, Publish] = field(default_factory=dict)
    """Published and not acknowledged."""
    unacknowledged: dict[int, Publish] = field(default_factory=dict)
    """Delivered to us, and left without PUBACK."""
    next_id: int = 0
    breaches: list[str] = field(default_factory=list)
    mids: dict[str, bytes] = field(default_factory=dict)
    """Of the platform's commands."""
    replies: dict[str, int] = field(default_factory=dict)
    """How many replies each mid got."""
    subscribed: bool = False
    in_order: bool = True
    """Whether the last connection ended with DISCONNECT: else a delivery may have been lost on its way."""

    def ident(self) -> int:
        self.next_id = self.next_id % 65535 + 1
        return self.next_id if self.next_id not in self.sent else self.ident()

    def breach(self, what: str) -> None:
        self.breaches.append(f"{self.one.sn}: {what}")


class Link:
    """One MQTT connection, which a `Client` takes for its WebSocket."""

    def __init__(self, memory: Memory, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.memory, self.reader, self.writer = memory, reader, writer
        self.client: Device | None = None
        self.present = False
        self.acknowledges = True
        """Whether PUBACK is sent."""
        self.granted = memory.profile.qos if memory.subscribed else -1
        self.lost = asyncio.Event()
        self.after_order, memory.in_order = memory.in_order, False
        self.received: list[Publish] = []
        self.pubacks: list[int] = []
        self._frames: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._suback: dict[int, asyncio.Future[bytes]] = {}
        self._pong: asyncio.Future[None] | None = None
        self._order: list[int] = []
        self._task: asyncio.Task[None] | None = None

    @classmethod
    async def reach(cls, url: str, memory: Memory, trust: ssl.SSLContext | None = None) -> Link:
        """TCP, and TLS where the address says so."""
        where = urlsplit(url)
        assert where.scheme in ("mqtt", "mqtts"), url
        secure = trust if where.scheme == "mqtts" else None
        reader, writer = await asyncio.open_connection(where.hostname, where.port, ssl=secure)
        return cls(memory, reader, writer)

    def write(self, packet: Packet) -> None:
        self.writer.write(bytes(packet))

    async def connect(self, said: Connect) -> None:
        """CONNECT and CONNACK."""
        self.write(said.packet())
        packet = await asyncio.wait_for(codec.read_packet(self.reader), 10)
        if packet.kind != codec.CONNACK:
            self.memory.breach(f"{packet.name} before CONNACK")
        self.present, code = codec.read_connack(packet)
        if code:
            raise RefusedError(code)
        if self.present and said.clean:
            self.memory.breach("a session is present, though a clean one was asked for")
        if not self.present:
            self.memory.unacknowledged.clear()
            self.memory.sent.clear()
            self.granted = -1
        self._task = asyncio.create_task(self._read())

    async def subscribe(self, name: str = "", qos: int | None = None) -> int:
        """SUBSCRIBE and SUBACK; the code that was granted."""
        name = name or self.memory.profile.topics(self.memory.one)[1]
        qos = self.memory.profile.qos if qos is None else qos
        ident = self.memory.ident()
        waiting = self._suback[ident] = asyncio.get_running_loop().create_future()
        self.write(codec.subscribe(ident, (name, qos)))
        codes = await asyncio.wait_for(waiting, 10)
        if len(codes) != 1:
            self.memory.breach(f"SUBACK with {len(codes)} codes for one filter")
        if codes[0] == qos:
            self.granted, self.memory.subscribed = qos, True
        return codes[0]

    async def ping(self) -> None:
        self._pong = asyncio.get_running_loop().create_future()
        self.write(Packet(codec.PINGREQ, 0, b""))
        await asyncio.wait_for(self._pong, 10)

    def publish(self, payload: bytes, topic: str = "", qos: int | None = None) -> Publish:
        qos = self.memory.profile.qos if qos is None else qos
        ident = self.memory.ident() if qos else 0
        said = Publish(topic or self.memory.profile.topics(self.memory.one)[0], payload, qos, ident)
        if qos:
            self.memory.sent[ident] = said
            self._order.append(ident)
        self.write(said.packet())
        return said

    def resend(self) -> None:
        """What is in flight from an earlier connection, with DUP."""
        for said in self.memory.sent.values():
            self._order.append(said.ident)
            self.write(replace(said, dup=True).packet())

    # --- as a WebSocket ---

    async def send(self, frame: str | bytes) -> None:
        if self.lost.is_set():
            raise ConnectionResetError
        self.publish(frame if isinstance(frame, bytes) else frame.encode())

    async def __aiter__(self) -> AsyncIterator[str | bytes]:
        assert self.client
        while (frame := await self._frames.get()) is not None:
            yield frame if self.client.opener is not None else frame.decode()

    async def wait_closed(self) -> None:
        await self.lost.wait()

    # --- reading ---

    async def _read(self) -> None:
        try:
            while True:
                self._packet(await codec.read_packet(self.reader))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        except MalformedError as error:
            self.memory.breach(f"malformed: {error}")
        finally:
            self.lost.set()
            self._frames.put_nowait(None)
            self.writer.close()

    def _packet(self, packet: Packet) -> None:
        memory = self.memory
        match packet.kind:
            case codec.PUBLISH:
                self._delivered(Publish.read(packet))
            case codec.PUBACK:
                ident = codec.read_ident(packet)
                self.pubacks.append(ident)
                if memory.sent.pop(ident, None) is None:
                    memory.breach(f"PUBACK for the packet {ident}, which is not in flight")
                elif ident in self._order:
                    if self._order[0] != ident:
                        memory.breach(f"PUBACK out of its order: {ident} before {self._order[0]}")
                    self._order.remove(ident)
            case codec.SUBACK:
                ident, codes = codec.read_suback(packet)
                waiting = self._suback.pop(ident, None)
                if waiting is None:
                    memory.breach(f"SUBACK for the packet {ident}, which is not in flight")
                elif not waiting.done():
                    waiting.set_result(codes)
            case codec.PINGRESP:
                if self._pong is None or self._pong.done():
                    memory.breach("PINGRESP that was not asked for")
                else:
                    self._pong.set_result(None)
            case _:
                memory.breach(f"{packet.name}, which a broker has no use for here")

    def _delivered(self, said: Publish) -> None:
        memory, profile = self.memory, self.memory.profile
        self.received.append(said)
        if said.topic != profile.topics(memory.one)[1]:
            memory.breach(f"a message on {said.topic!r}")
        if self.granted < 0:
            memory.breach("a message before the subscription")
        if said.qos != profile.qos:
            memory.breach(f"a message with QoS {said.qos}")
        if said.retain:
            memory.breach("a retained message")
        if len(said.payload) > profile.max_packet:
            memory.breach(f"a payload of {len(said.payload)} bytes, at most {profile.max_packet}")
        if said.qos:
            old = memory.unacknowledged.get(said.ident)
            if said.dup and old is None and self.after_order:
                memory.breach(f"DUP on the packet {said.ident}, delivered for the first time")
            if old and not said.dup:
                memory.breach(f"the packet id {said.ident} is in flight, and comes without DUP")
            if old and said.dup and replace(said, dup=False) != old:
                memory.breach(f"the packet {said.ident} came again with other bytes")
            if self.acknowledges:
                memory.unacknowledged.pop(said.ident, None)
                self.write(codec.acknowledgement(codec.PUBACK, said.ident))
            else:
                memory.unacknowledged[said.ident] = replace(said, dup=False)
        self._frames.put_nowait(said.payload)

    # --- endings ---

    async def leave(self) -> None:
        """DISCONNECT, after which the broker closes."""
        self.memory.in_order = True
        self.write(Packet(codec.DISCONNECT, 0, b""))
        await self.writer.drain()
        try:
            await asyncio.wait_for(self.lost.wait(), 5)
        except TimeoutError:
            self.memory.breach("the broker keeps a connection 5 s after DISCONNECT")
            self.cut()

    def cut(self) -> None:
        self.writer.transport.abort()


class Device(Client):
    """One connection's BEST half."""

    ws: Link  # type: ignore[assignment]
    auth = ("", "")
    """(authCode, secret)"""
    may_repeat: frozenset[str] = frozenset()
    """The mids whose reply may come twice."""

    @property
    def memory(self) -> Memory:
        return self.ws.memory

    @classmethod
    @contextlib.asynccontextmanager
    async def connected(  # type: ignore[override]
        cls,
        url: str,
        memory: Memory,
        suite: str = "plain",
        *,
        trust: ssl.SSLContext | None = None,
        said: Connect | None = None,
        subscribe: bool | None = None,
    ) -> AsyncIterator[Device]:
        """Connected, subscribed where no session is present, and what was in flight sent again."""
        link = await Link.reach(url, memory, trust)
        device = cls(link, memory.one, suite, channel)  # type: ignore[arg-type]
        link.client = device
        try:
            await link.connect(said or memory.profile.login(memory.one, Random(), time.time()))
            device._reader = asyncio.create_task(device._read())
            if subscribe or (subscribe is None and not (link.present and memory.subscribed)):
                granted = await link.subscribe()
                if granted != memory.profile.qos:
                    memory.breach(f"SUBACK {granted} where QoS {memory.profile.qos} was asked for")
            link.resend()
            yield device
        finally:
            link.cut()
            tasks = [task for task in (device._reader, link._task) if task]
            for task in tasks:
                task.cancel()
            for fault in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(fault, Exception) and not isinstance(fault, ConnectionError):
                    memory.breach(f"what came cannot be read: {fault!r}")

    async def _take(self, message: dict[str, Any]) -> None:
        mid, text = str(message.get("mid")), json.dumps(message, sort_keys=True).encode()
        if "cmdId" in str(message):
            if mid in self.memory.mids:
                if self.memory.mids[mid] != text:
                    self.memory.breach(f"the mid {mid!r} on two commands")
                return
            self.memory.mids[mid] = text
        else:
            self.memory.replies[mid] = self.memory.replies.get(mid, 0) + 1
            if self.memory.replies[mid] > 1 and mid not in self.may_repeat:
                self.memory.breach(f"a second reply to the mid {mid!r}: {message}")
        await super()._take(message)

    async def ask(self, func_id: str, params: dict[str, Any] | None = None, **envelope: Any) -> dict[str, Any]:
        """As over WebSocket; ConnectionError where the connection ends first."""
        asking = asyncio.create_task(super().ask(func_id, params, **envelope))
        lost = asyncio.create_task(self.ws.lost.wait())
        await asyncio.wait((asking, lost), return_when=asyncio.FIRST_COMPLETED)
        lost.cancel()
        if asking.done():
            return asking.result()
        asking.cancel()
        raise ConnectionResetError(f"{func_id}: the connection ended before its reply")

    async def register(self, **more: str) -> dict[str, Any]:
        params = {"protType": self.memory.profile.prot_type, "protVer": "1.0.0", "devKey": self.one.digest}
        return await self.ask("dev.register", {**params, "devType": "meet", **more})

    async def enter(self, report: dict[str, Any] | None = None) -> dict[str, Any]:
        """The whole flow, without sn and productId in dev.register; the report's reply."""
        await self.exchange()
        code = (await self.register())["payload"]["results"]["authCode"]
        secret = await self.accredit(code)
        reply = await self.login(code, secret)
        assert reply["code"] == OK, reply
        return await self.report(report)

    async def accredit(self, code: str) -> str:
        reply = await self.ask("dev.accredit", self.credentials(authCode=code), sn=self.one.sn)
        return str(reply["payload"]["results"]["secret"])

    async def login(self, code: str, secret: str) -> dict[str, Any]:
        self.auth = (code, secret)
        params = self.credentials(authCode=code, secret=secret)
        return await self.ask("dev.login", params, sn=self.one.sn)

    async def report(self, report: dict[str, Any] | None = None) -> dict[str, Any]:
        params = {"funcIds": ["dev.data.upload.verifyLog"], **REPORT, **(report or {})}
        reply = await self.ask("dev.report", params, sn=self.one.sn)
        assert reply["code"] == OK, reply
        return reply
