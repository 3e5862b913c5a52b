"""A network without sockets: connections behave as the wire layer's, and a test can hold up or refuse each step."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from simulator.device.environment import (
    Connection,
    ConnectionHandler,
    MqttConnection,
    MqttHandler,
    MqttWay,
    NetworkError,
)
from simulator.protocol.broker import BrokerAnswer
from simulator.wire.resumption import KeptSession
from tests.device.fake_platform import Link

if TYPE_CHECKING:
    from tests.device.harness import World

BROKER = "ws://broker.test:1"
CLOSE_TIMEOUT = 5.0


class MemoryConnection:
    """The device's end of a connection in memory; behaves as the wire layer's."""

    def __init__(self, world: World, handler: ConnectionHandler | MqttHandler, link: Link) -> None:
        self._world = world
        self._handler: ConnectionHandler | MqttHandler | None = handler
        self._link = link
        self._deaf = False
        self.trusted_with = 0
        self.resumed = False
        self.redelivered = False
        self.bytes_in = 0
        self.fault: tuple[int, str] | None = None
        self.pings = 0
        self.half_open = False
        """The peer is gone and nobody has said so: nothing arrives any more, on either side."""
        self._writable = asyncio.Event()
        self._writable.set()
        world.connections.append(self)
        link.deliver = self._deliver
        link.end = self._end_later

    def send(self, payload: bytes, binary: bool) -> None:
        assert isinstance(payload, bytes)
        self._world.wire.append((">", payload))
        if not self._deaf and self._link.open and not self.half_open:
            asyncio.get_running_loop().call_soon(self._link.receive, payload, binary)

    def ping(self) -> None:
        self.pings += 1
        if not self._deaf and self._link.open and not self.half_open:
            asyncio.get_running_loop().call_soon(self._heard, 2)

    def fail(self, code: int, why: str) -> None:
        """This side ends the connection because of what has come, as the wire layer does."""
        self.fault = (code, why)
        self._link.open = False
        self._end_later(code)

    def _heard(self, size: int) -> None:
        self.bytes_in += size

    def close(self, code: int = 1000, reason: str = "") -> None:
        if self._deaf or self._handler is None:
            return
        self._deaf = True
        self._link.close_received = (code, reason)
        loop = asyncio.get_running_loop()
        if self._world.network.answers_close:
            loop.call_soon(self._link.close, code)
        else:
            self._world.timers.call_later(CLOSE_TIMEOUT, self.abort)

    def abort(self) -> None:
        self._deaf = True
        self._link.open = False
        self._end_later(1006)

    def trust(self, max_size: int) -> None:
        self.trusted_with = max_size

    async def drain(self) -> None:
        await self._writable.wait()

    @property
    def paused(self) -> bool:
        return not self._writable.is_set()

    def pause(self, paused: bool) -> None:
        """The peer takes no more, or takes it again."""
        if paused:
            self._writable.clear()
        else:
            self._writable.set()

    def _deliver(self, payload: bytes, binary: bool) -> None:
        asyncio.get_running_loop().call_soon(self._arrive, payload, binary)

    def _arrive(self, payload: bytes, binary: bool) -> None:
        if not self._deaf and self._handler is not None and not self.half_open:
            self._heard(len(payload))
            self._world.wire.append(("<", payload))
            self._handler.message(payload, binary)

    def _end_later(self, code: int) -> None:
        asyncio.get_running_loop().call_soon(self._ended, code)

    def _ended(self, code: int | str) -> None:
        self._link.open = False
        self._deaf = True
        self._writable.set()
        handler, self._handler = self._handler, None
        if handler is not None:
            handler.closed(code, "", "the end")


class MemoryMqttConnection(MemoryConnection):
    """A device's connection with an MQTT broker, in memory; what the broker has of it is the network's."""

    def __init__(self, world: World, handler: MqttHandler, link: Link, way: MqttWay) -> None:
        super().__init__(world, handler, link)
        self._way = way
        self.sent_before_subscription = 0

    @property
    def needs_subscription(self) -> bool:
        return not (self.resumed and self._way.state.subscribed)

    async def subscribe(self) -> None:
        script = self._world.network.subscribe_script
        self._way.state.subscribed = None
        await asyncio.sleep(0)
        if script:
            await script.pop(0)()
        self._way.state.subscribed = b"down"

    def _ended(self, code: int | str) -> None:
        super()._ended("closed by the broker" if code in (1001, 1006) else code)

    def send(self, payload: bytes, binary: bool) -> None:
        if self.needs_subscription and not self._way.state.subscribed:
            self.sent_before_subscription += 1
        super().send(payload, binary)


class MemoryNetwork:
    """A `Network` whose every step a test can hold up or refuse."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.lookups: list[str] = []
        self.connects: list[str] = []
        self.root_cas: list[str | None] = []
        self.brokers: list[BrokerAnswer] = []
        self.downloads: list[str] = []
        self.ways: list[MqttWay] = []
        self.kept_tls: list[KeptSession | None] = []
        """Of each connect: what the device goes on with."""
        self.kept_sessions: set[str] = set()
        """Client ids that the broker knows."""
        self.subscribe_script: list[Callable[[], Awaitable[None]]] = []
        self.turns = 0
        self.turn_script: list[Callable[[], Awaitable[None]]] = []
        self.lookup_script: list[Callable[[], Awaitable[tuple[int, bytes]]]] = []
        self.connect_script: list[Callable[[], Awaitable[None]]] = []
        self.files: dict[str, bytes | NetworkError] = {}
        self.download_seconds = 0.0
        self.broker_url = BROKER
        self.root_ca: str | None = None
        self.pair: tuple[str | None, str | None] = (None, None)
        """Certificate and key in the answers to look-ups."""
        self.answers_close = True
        self.dates = True
        """Whether the dispatch service's answers have a date."""

    async def turn(self) -> None:
        self.turns += 1
        if self.turn_script:
            await self.turn_script.pop(0)()

    async def look_up(self, url: str, *, index: int, date: Callable[[float], None] | None = None) -> tuple[int, bytes]:
        await asyncio.sleep(0)
        self.lookups.append(url)
        if date is not None and self.dates:
            date(self._world.clock.wall())
        if self.lookup_script:
            return await self.lookup_script.pop(0)()
        address, _, query = url.partition("?")
        world = self._world
        assert address == f"{world.env.dispatch_urls[0]}/v3/device/getBrokerServer"
        moment = int(world.clock.wall() * 1000)
        return 200, world.platform.look_up(query, self.broker_url, self.root_ca, moment, self.pair)

    async def connect(
        self, broker: BrokerAnswer, handler: ConnectionHandler, *, index: int, tls: KeptSession | None = None
    ) -> Connection:
        url = broker.url
        assert url is not None
        await asyncio.sleep(0)
        self.connects.append(url)
        self.root_cas.append(broker.root_ca)
        self.brokers.append(broker)
        self.kept_tls.append(tls)
        if self.connect_script:
            await self.connect_script.pop(0)()
        link = Link(self._world.platform, url, index)
        self._world.platform.links.append(link)
        connection = MemoryConnection(self._world, handler, link)
        handler.opened(connection)
        return connection

    async def connect_mqtt(
        self, broker: BrokerAnswer, handler: MqttHandler, *, index: int, way: MqttWay
    ) -> MemoryMqttConnection:
        url = broker.url
        assert url is not None
        await asyncio.sleep(0)
        self.connects.append(url)
        self.ways.append(way)
        self.kept_tls.append(way.tls)
        if self.connect_script:
            await self.connect_script.pop(0)()
        link = Link(self._world.platform, url, index)
        self._world.platform.links.append(link)
        connection = MemoryMqttConnection(self._world, handler, link, way)
        connection.resumed = way.login.client_id in self.kept_sessions
        if not connection.resumed:
            way.state.lost()
        if not way.login.clean_session:
            self.kept_sessions.add(way.login.client_id)
        handler.opened(connection)
        return connection

    async def subscribe(self, connection: MqttConnection) -> None:
        await connection.subscribe()

    async def download(self, url: str, limit: int, *, index: int) -> bytes:
        self.downloads.append(url)
        if self.download_seconds:
            await self._world.sleep(self.download_seconds)
        found = self.files.get(url, NetworkError("http 404", "not there"))
        if isinstance(found, NetworkError):
            raise found
        if len(found) > limit:
            raise NetworkError("too large", "larger than that")
        return found

    # --- Things that go wrong, for the scripts ---

    def fails(self, kind: str) -> Callable[[], Awaitable[Any]]:
        async def fail() -> Any:
            raise NetworkError(kind, f"{kind}, says the test")

        return fail

    def hangs(self, seconds: float = 1e9) -> Callable[[], Awaitable[Any]]:
        async def hang() -> Any:
            await self._world.sleep(seconds)
            raise NetworkError("timeout", "says the test")

        return hang

    def holds(self, seconds: float) -> Callable[[], Awaitable[None]]:
        return lambda: self._world.sleep(seconds)

    def says(self, status: int, body: bytes) -> Callable[[], Awaitable[tuple[int, bytes]]]:
        async def say() -> tuple[int, bytes]:
            return status, body

        return say
