"""The fleet's network under a scenario's faults: fails, delays and ends as the field's does; no device knows of it.

A decorator of the network port. What an outage does to whoever asks is here, what it does to what is open in `line`.
"""

import resource
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple, TypeVar

from simulator.clock import Clock, TimerHandle, TimerQueue
from simulator.device.environment import (
    Connection,
    ConnectionHandler,
    MqttConnection,
    MqttHandler,
    MqttWay,
    Network,
    NetworkError,
)
from simulator.fleet.faults.kept import KeptSockets
from simulator.fleet.faults.line import Attempt, DeviceLine
from simulator.measurements.names import NO_HTTP, TIMEOUT
from simulator.protocol.broker import BrokerAnswer
from simulator.weather.kinds import How
from simulator.wire.flow import FlowControlled
from simulator.wire.resets import outgoing
from simulator.wire.resumption import KeptSession

T = TypeVar("T")

BY_SCENARIO: Final = "the scenario's outage"
"""What the text of each failure by the weather begins with."""
_SECURE: Final = ("https:", "wss:", "mqtts:")
_TEXTS: Final = {
    How.RESET: "the connection was reset",
    How.CLOSE: "nothing listens at the address",
    How.SILENT: "nothing goes out or comes in",
    How.DNS: "no address is found for the host",
    How.REFUSED: "nothing listens at the address",
}
_SYN_REPEATED: Final = (1.0, 3.0, 7.0, 15.0, 31.0, 63.0)
"""Seconds after the first one: whoever waits for an answer in silence does not notice before that it is over."""
_KEPT_SHARE: Final = 2
"""One of so many descriptors that the process may have is for sockets that devices gave up."""
_UNLIMITED: Final = 1_000_000


class _Asked(NamedTuple):
    """What a device asks of its network.

    Attributes:
        broken: Kind of its failure where the peer, or what lies between, resets it or hangs up.
        round_trips: That it takes at least, for TCP, TLS and the question.
        queues: Whether the network below makes it wait for its turn, which is not of its time.
    """

    broken: str
    round_trips: int
    queues: bool = False


class _BrokenOff(Exception):  # noqa: N818 - what has happened
    """The weather ended an attempt: `how`, or its time is up where None."""

    def __init__(self, attempt: Attempt) -> None:
        super().__init__()
        self.how = attempt.broken_by
        # Its owner was told that it was open and has ended, and is not to be told so twice.
        self.final = attempt.outgoing.was_open


class WeatherNetwork:
    """The ways out of the devices that a fault can hit; implements `Network`.

    Args:
        inner: what there is without weather.
        timers: run on the devices' loop.
        open_timeout: seconds that `inner` gives a look-up, a download, or an opening.
        most_kept: sockets that may be kept open after devices gave them up in silence; None for half of what the
            process may open.

    Attributes:
        kept: those sockets.
    """

    def __init__(
        self,
        inner: Network,
        timers: TimerQueue,
        clock: Clock,
        *,
        open_timeout: float = 10.0,
        most_kept: int | None = None,
    ) -> None:
        self._inner = inner
        self._timers = timers
        self._clock = clock
        self._open_timeout = open_timeout
        self.kept = KeptSockets(_room() if most_kept is None else most_kept)
        self._lines: dict[int, DeviceLine] = {}
        self._unsubscribed: dict[MqttConnection, DeviceLine] = {}

    def line(self, index: int) -> DeviceLine:
        """The line of device `index`."""
        line = self._lines.get(index)
        if line is None:
            line = self._lines[index] = DeviceLine(self._timers, self.kept)
        return line

    def put(self, index: int, connection: Connection) -> None:
        """A connection of device `index` that was opened without the weather comes under it."""
        self.line(index).put(_on_sockets(connection), connection.close)

    def close(self) -> None:
        """The run is over: sockets that are still kept are reset."""
        for line in self._lines.values():
            line.let_go()

    # --- Network ---

    async def turn(self) -> None:
        await self._inner.turn()

    async def look_up(self, url: str, *, index: int, date: Callable[[float], None] | None = None) -> tuple[int, bytes]:
        asked = _asked(url, NO_HTTP)
        status, body = await self._ask(
            self.line(index), asked, lambda: self._inner.look_up(url, index=index, date=date)
        )
        await self._transferred(self.line(index), asked, len(body))
        return status, body

    async def download(self, url: str, limit: int, *, index: int) -> bytes:
        asked = _asked(url, NO_HTTP)._replace(queues=True)
        body = await self._ask(self.line(index), asked, lambda: self._inner.download(url, limit, index=index))
        await self._transferred(self.line(index), asked, len(body))
        return body

    async def connect(
        self, broker: BrokerAnswer, handler: ConnectionHandler, *, index: int, tls: KeptSession | None = None
    ) -> Connection:
        line = self.line(index)
        asked = _asked(broker.url or "", "handshake")
        connection = await self._ask(line, asked, lambda: self._inner.connect(broker, handler, index=index, tls=tls))
        line.put(_on_sockets(connection), connection.close)
        return connection

    async def connect_mqtt(
        self, broker: BrokerAnswer, handler: MqttHandler, *, index: int, way: MqttWay
    ) -> MqttConnection:
        line = self.line(index)
        asked = _asked(broker.url or "", "handshake")
        connection = await self._ask(
            line, asked, lambda: self._inner.connect_mqtt(broker, handler, index=index, way=way)
        )
        if connection.needs_subscription:
            self._unsubscribed[connection] = line
        line.put(_on_sockets(connection), connection.close)
        return connection

    async def subscribe(self, connection: MqttConnection) -> None:
        # The connection itself goes through the weather: nothing is to be added but whose fault it was.
        line = self._unsubscribed.pop(connection, None)
        before = 0 if line is None else line.outages
        disturbed = line is not None and not line.calm
        try:
            await self._inner.subscribe(connection)
        except NetworkError as error:
            if line is not None and (disturbed or line.outages > before):
                raise NetworkError(error.kind, f"{BY_SCENARIO}: {error}", after=error.after) from error
            raise

    # --- Inside ---

    async def _ask(self, line: DeviceLine, asked: _Asked, make: Callable[[], Awaitable[T]]) -> T:
        """Try it through the weather.

        Raises:
            NetworkError: As the network's, or by the weather.
        """
        until = self._clock.monotonic() + self._open_timeout
        waited = False
        while True:
            waited |= await self._silence_over(line, until)
            if line.refusing is not None:
                raise _refused(line.refusing, asked)
            if line.shape is not None:
                waited = True
                delay = sum(line.shape.delay() for _ in range(2 * asked.round_trips))
                now = self._clock.monotonic()
                due = min(now + delay, until)
                line.openings[0].add(now, due)
                if not await self._unhindered(line, asked, due):
                    continue
                if self._clock.monotonic() >= until:
                    raise self._late("slow_link")
            try:
                return await self._try(line, make, until if waited and not asked.queues else None)
            except _BrokenOff as broken:
                if broken.how is None:
                    raise self._late("what was left of the time after it") from None
                if broken.how is not How.SILENT or broken.final:
                    raise _broken(asked) from None
                waited = True

    async def _silence_over(self, line: DeviceLine, until: float, *, repeated: bool = True) -> bool:
        """Wait until something goes out again; returns whether that took any time.

        Args:
            repeated: what goes out is SYN, which has its times, and was first sent when the time began.

        Raises:
            NetworkError: If the time is over before.
        """
        waited = False
        while line.silent:
            waited = True
            while line.silent and self._clock.monotonic() < until:
                await line.changed(until)
            if repeated:
                await self._next_syn(line, until)
            if self._clock.monotonic() >= until:
                raise self._late(_TEXTS[How.SILENT])
        return waited

    async def _next_syn(self, line: DeviceLine, until: float) -> None:
        """Wait for the next repetition, or until it cannot arrive either."""
        began = until - self._open_timeout
        passed = self._clock.monotonic() - began
        due = min(until, began + next((each for each in _SYN_REPEATED if each >= passed), self._open_timeout))
        while self._clock.monotonic() < due and line.calm:
            await line.changed(due)

    async def _unhindered(self, line: DeviceLine, asked: _Asked, until: float) -> bool:
        """Wait until then; returns False where silence has come meanwhile.

        Raises:
            NetworkError: If an outage came that breaks it off.
        """
        while self._clock.monotonic() < until:
            await line.changed(until)
            if line.silent:
                return False
            if line.refusing is not None:
                raise _broken(asked)
        return True

    async def _transferred(self, line: DeviceLine, asked: _Asked, size: int) -> None:
        """Wait as long as `size` bytes take.

        Raises:
            NetworkError: If an outage comes meanwhile.
        """
        if line.shape is None:
            return
        now = self._clock.monotonic()
        due, until = now + line.shape.transfer(size), now + self._open_timeout
        line.openings[1].add(now, due)
        while not await self._unhindered(line, asked, min(due, until)):
            await self._silence_over(line, until, repeated=False)
        if due > until:
            raise self._late("slow_link")

    async def _try(self, line: DeviceLine, make: Callable[[], Awaitable[T]], until: float | None) -> T:
        """
        Raises:
            _BrokenOff: If the weather breaks it off.
            NetworkError: As the network's.
        """
        attempt = line.begin()
        timer = None if until is None else self._timers.call_at(until, attempt.end)
        watched = outgoing.set(attempt.outgoing)
        try:
            async with attempt.limit:
                return await make()
        except TimeoutError:
            if not attempt.limit.expired():
                raise
            raise _BrokenOff(attempt) from None
        except NetworkError:
            if attempt.broken_by is None:
                raise
            # It has seen the outage before it was told to end.
            raise _BrokenOff(attempt) from None
        finally:
            outgoing.reset(watched)
            _finish(line, attempt, timer)

    def _late(self, why: str) -> NetworkError:
        told = f"{BY_SCENARIO}: {why}: no answer within {self._open_timeout:g} s"
        return NetworkError(TIMEOUT, told, after=self._open_timeout)


def _finish(line: DeviceLine, attempt: Attempt, timer: TimerHandle | None) -> None:
    line.over(attempt)
    if timer is not None:
        timer.cancel()


def _asked(url: str, broken: str) -> _Asked:
    return _Asked("tls", 3) if url.startswith(_SECURE) else _Asked(broken, 2)


def _refused(how: How, asked: _Asked) -> NetworkError:
    """What whoever tries something new during an outage is told."""
    kind = {How.RESET: asked.broken, How.DNS: "dns"}.get(how, "refused")
    return NetworkError(kind, f"{BY_SCENARIO}: {_TEXTS[how]}")


def _broken(asked: _Asked) -> NetworkError:
    """What had begun when an outage came."""
    return NetworkError(asked.broken, f"{BY_SCENARIO}: it was broken off")


def _on_sockets(connection: Connection) -> FlowControlled:
    """
    Raises:
        TypeError: If there is no socket under it that the weather could act on.
    """
    if not isinstance(connection, FlowControlled):
        raise TypeError(f"{type(connection).__name__} is no connection that a link can be laid under")
    return connection


def _room() -> int:
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return (_UNLIMITED if limit == resource.RLIM_INFINITY else limit) // _KEPT_SHARE
