"""A device's way out: the `Network` of one device, and what the weather makes of its line."""

import asyncio
import random
from collections.abc import Callable
from enum import Enum
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
from simulator.protocol.broker import BrokerAnswer
from simulator.simulation.host import PlatformHost
from simulator.simulation.link import Delays, Eavesdropper, Link
from simulator.simulation.loop import VirtualClock, VirtualLoop

OPEN_TIMEOUT: Final = 10.0
"""Seconds after which a look-up or an opening without an answer is given up."""
_NEAR: Final = (0.004, 0.030)
_PICTURE_BYTES: Final = 4_000


class Outage(Enum):
    """How a line is down."""

    REFUSED = "refused"
    DNS = "dns"
    SILENT = "timeout"


class DeviceNetwork:
    """The ways out of one device.

    Args:
        on_second: told when the device opens a connection while it still has one.
    """

    def __init__(
        self,
        loop: VirtualLoop,
        clock: VirtualClock,
        host: PlatformHost,
        rng: random.Random,
        ears: Eavesdropper,
        *,
        photos: PhotoStudio,
        on_second: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._clock = clock
        self._host = host
        self._ears = ears
        self._photos = photos
        self._on_second = on_second
        self._delays = Delays(rng, *_NEAR)
        self._outages: list[Outage] = []
        """Those under way; they may overlap."""
        self._slow = 0
        self._link: Link | None = None

    # --- What the weather does ---

    def outage_begins(self, how: Outage) -> None:
        """Nothing goes out from now on; an open connection falls silent with a silent line."""
        self._outages.append(how)
        if how is Outage.SILENT and self._link is not None:
            self._link.fall_silent()

    def outage_ends(self, how: Outage, *, forgotten: bool) -> None:
        """One outage is over; `forgotten`: a silent connection does not come back with the line."""
        self._outages.remove(how)
        if Outage.SILENT not in self._outages and self._link is not None and self._link.silent:
            self._link.speak_again(forgotten=forgotten)

    def slow(self, low: float, high: float) -> None:
        """Messages take so many seconds from now on."""
        self._slow += 1
        self._delays.low, self._delays.high = low, high

    def fast(self) -> None:
        """One slow time is over."""
        self._slow -= 1
        if not self._slow:
            self._delays.low, self._delays.high = _NEAR

    def cut(self, code: int | None) -> None:
        """The open connection is reset, or closed with `code`."""
        link = self._link
        if link is not None and link.device.is_open and not link.lost:
            if code is None:
                link.reset()
            else:
                link.close_between(code)

    def power_gone(self) -> None:
        """The device is off, and its connection with it."""
        if self._link is not None:
            self._link.power_gone()

    def powered(self) -> None:
        """Another life begins: what the last one had open is nobody's."""
        self._link = None

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

    async def connect(self, broker: BrokerAnswer, handler: ConnectionHandler, *, index: int) -> Connection:
        if self._link is not None and self._link.device.is_open:
            self._on_second()
        await self._reach()
        link = Link(self._loop, self._delays, self._ears, handler)
        if not self._host.accept(link):
            raise NetworkError("refused", "nobody listens there")
        await self._wait(self._delays.draw())
        if not link.platform.is_open:
            raise NetworkError("disconnected", "the platform has gone")
        self._link = link
        if self._outages:
            link.silent = Outage.SILENT in self._outages
        handler.opened(link.device)
        return link.device

    async def connect_mqtt(
        self, broker: BrokerAnswer, handler: MqttHandler, *, index: int, way: MqttWay
    ) -> MqttConnection:
        raise NetworkError("refused", "there is no MQTT in the simulation")

    async def subscribe(self, connection: MqttConnection) -> None:
        raise NetworkError("refused", "there is no MQTT in the simulation")

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
            if how is Outage.SILENT:
                await self._wait(OPEN_TIMEOUT)
                raise NetworkError(how.value, "nobody answers", after=OPEN_TIMEOUT)
            raise NetworkError(how.value, "the line is down")
        if not self._host.running:
            raise NetworkError("refused", "nobody listens there")

    async def _wait(self, seconds: float) -> None:
        woken = self._loop.create_future()
        timer = self._loop.call_later(seconds, _wake, woken)
        try:
            await woken
        finally:
            timer.cancel()


def _wake(woken: "asyncio.Future[None]") -> None:
    if not woken.done():
        woken.set_result(None)
