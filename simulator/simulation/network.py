"""A device's way out: the `Network` of one device, and what the weather makes of its line."""

import asyncio
import random
from collections.abc import Callable
from typing import Final

from simulator.device.environment import (
    Connection,
    ConnectionHandler,
    MqttConnection,
    MqttHandler,
    MqttWay,
    NetworkError,
)
from simulator.device.photos import PhotoStudio
from simulator.fields.range import Range
from simulator.fleet.network import MAX_FIRST_MESSAGE_BYTES
from simulator.measurements.names import DISCONNECTED
from simulator.mqtt.client import parse_url
from simulator.mqtt.connection import MqttConnection as ClientConnection
from simulator.mqtt.lifecycle import Means
from simulator.mqtt.opening import Opening
from simulator.protocol.broker import BrokerAnswer
from simulator.simulation.host import PlatformHost
from simulator.simulation.link import Link
from simulator.simulation.loop import VirtualClock, VirtualLoop
from simulator.simulation.packets import PacketWatch
from simulator.simulation.passage import Delays, Passage
from simulator.simulation.stream import Stream
from simulator.weather.kinds import How, SlowLink
from simulator.wire.errors import ConnectFailed
from simulator.wire.phase import GOING_AWAY
from simulator.wire.resumption import KeptSession

OPEN_TIMEOUT: Final = 10.0
"""Seconds after which a look-up or an opening without an answer is given up."""
_NEAR: Final = SlowLink(latency=Range(low=0.004, high=0.030))
"""A line of which nothing is the matter."""
_KINDS: Final = {How.RESET: DISCONNECTED, How.DNS: "dns"}
"""Of a failure to connect; of others it is `refused`."""
_PICTURE_BYTES: Final = 4_000


class DeviceNetwork:
    """The ways out of one device.

    Args:
        watch: of its connections over MQTT; its ears are told of those over WebSocket, too.
        mqtt: what all connections over MQTT share.
        on_second: told when the device opens a connection while it still has one.

    Attributes:
        several: whether it may, because it misbehaves; nobody listens to that one.
    """

    def __init__(
        self,
        loop: VirtualLoop,
        clock: VirtualClock,
        host: PlatformHost,
        rng: random.Random,
        watch: PacketWatch,
        *,
        photos: PhotoStudio,
        on_second: Callable[[], None],
        mqtt: Means,
    ) -> None:
        self._loop = loop
        self._clock = clock
        self._host = host
        self._rng = rng
        self._watch = watch
        self._photos = photos
        self._on_second = on_second
        self._mqtt = mqtt
        self._delays = Delays(rng, _NEAR)
        self._outages: list[How] = []
        """Those under way; they may overlap."""
        self._slow = 0
        self._link: Passage | None = None
        self._beside: list[Link] = []
        self.several = False

    # --- What the weather does ---

    def outage_begins(self, how: How) -> None:
        """Nothing goes out from now on; an open connection falls silent with a silent line, or ends."""
        self._outages.append(how)
        for link in self._passages():
            _hit(link, how)

    def outage_ends(self, how: How, *, forgotten: bool) -> None:
        """One outage is over; `forgotten`: a silent connection does not come back with the line."""
        self._outages.remove(how)
        if How.SILENT in self._outages:
            return
        for link in self._passages():
            if link.silent:
                link.speak_again(forgotten=forgotten)

    def slow(self, kind: SlowLink) -> None:
        """Messages take so long from now on."""
        self._slow += 1
        self._delays.become(kind)

    def fast(self) -> None:
        """One slow time is over."""
        self._slow -= 1
        if not self._slow:
            self._delays.become(_NEAR)

    def power_gone(self) -> None:
        """The device is off, and its connection with it."""
        for link in self._passages():
            link.power_gone()

    def powered(self) -> None:
        """Another life begins: what the last one had open is nobody's."""
        self._link = None
        self._beside.clear()

    # --- Network ---

    async def turn(self) -> None:
        """Nobody has to wait."""

    async def look_up(self, url: str, *, index: int, date: Callable[[float], None] | None = None) -> tuple[int, bytes]:
        await self._reach()
        answer = await self._host.look_up(url.partition("?")[2])
        if answer is None:
            raise NetworkError("disconnected", "the dispatch service has gone")
        await self._reach()
        if date is not None:
            # To the second, as HTTP has it.
            date(float(int(self._clock.wall())))
        return 200, answer.encode()

    async def connect(
        self, broker: BrokerAnswer, handler: ConnectionHandler, *, index: int, tls: KeptSession | None = None
    ) -> Connection:
        second = self._link is not None and self._link.is_open
        if second and not self.several:
            self._on_second()
        await self._reach()
        beside = second and self.several
        link = Link(self._loop, self._delays, _DEAF if beside else self._watch.ears, handler)
        if not self._host.accept(link):
            raise NetworkError("refused", "nobody listens there")
        await self._wait(self._delays.draw())
        if not link.platform.is_open:
            raise NetworkError("disconnected", "the platform has gone")
        self._opened(link, beside=beside)
        handler.opened(link.device)
        return link.device

    async def connect_mqtt(
        self, broker: BrokerAnswer, handler: MqttHandler, *, index: int, way: MqttWay
    ) -> ClientConnection:
        if self._link is not None and self._link.is_open:
            self._on_second()
        deadline = self._loop.time() + OPEN_TIMEOUT
        await self._reach()
        opening = Opening(parse_url(broker.url or ""), way.login, self._loop.create_future(), deadline)
        connection = ClientConnection(
            *(handler, opening, way.login, way.state, self._mqtt), max_size=MAX_FIRST_MESSAGE_BYTES
        )
        stream = Stream(self._loop, self._delays, self._rng, self._watch.connection())
        if not self._host.accept_mqtt(stream):
            raise NetworkError("refused", "nobody listens there")
        await self._wait(self._delays.draw())
        self._opened(stream)
        stream.device.begin(connection)
        try:
            async with asyncio.timeout_at(deadline):
                await opening.done
        except TimeoutError:
            raise NetworkError("timeout", "CONNECT was not answered", after=OPEN_TIMEOUT) from None
        except ConnectFailed as error:
            raise NetworkError(error.kind, error.detail, after=error.after) from error
        finally:
            if not connection.is_open:
                connection.abort()
        return connection

    async def subscribe(self, connection: MqttConnection) -> None:
        try:
            await connection.subscribe()
        except ConnectFailed as error:
            raise NetworkError(error.kind, error.detail, after=error.after) from error

    async def download(self, url: str, limit: int, *, index: int) -> bytes:
        await self._reach()
        return self._photos.jpeg(min(_PICTURE_BYTES, limit))

    async def _reach(self) -> None:
        """Go one way to the platform's machine.

        Raises:
            NetworkError: If it does not arrive.
        """
        await self._wait(self._delays.draw())
        if self._outages:
            how = self._outages[-1]
            if how is How.SILENT:
                await self._wait(OPEN_TIMEOUT)
                raise NetworkError("timeout", "nobody answers", after=OPEN_TIMEOUT)
            raise NetworkError(_KINDS.get(how, "refused"), "the line is down")
        if not self._host.running:
            raise NetworkError("refused", "nobody listens there")

    def _passages(self) -> list[Passage]:
        """All that may be open."""
        self._beside = [each for each in self._beside if each.is_open]
        return [*self._beside] if self._link is None else [self._link, *self._beside]

    def _opened(self, link: Passage, *, beside: bool = False) -> None:
        if beside:
            assert isinstance(link, Link)
            self._beside.append(link)
        else:
            self._link = link
        for how in self._outages:
            # Of those that began while it was being opened.
            _hit(link, how)

    async def _wait(self, seconds: float) -> None:
        woken = self._loop.create_future()
        timer = self._loop.call_later(seconds, _wake, woken)
        try:
            await woken
        finally:
            timer.cancel()


class _Deaf:
    """Nobody listens to a connection beside the device's own."""

    def sent(self, payload: bytes) -> None:
        pass

    def arrived(self, payload: bytes) -> None:
        pass

    def cut(self) -> None:
        pass


_DEAF: Final = _Deaf()


def _hit(link: Passage, how: How) -> None:
    if how is How.SILENT:
        link.fall_silent()
    elif how is How.CLOSE:
        link.close_between(GOING_AWAY)
    else:
        link.reset()


def _wake(woken: "asyncio.Future[None]") -> None:
    if not woken.done():
        woken.set_result(None)
