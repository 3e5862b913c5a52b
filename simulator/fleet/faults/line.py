"""One device's line: which faults lie on it, and what they do to its connections and to what is being opened.

Faults may overlap: an outage is over when all of them are. While one of them is silent nothing else can be seen of the
others, since nothing goes out or comes in; they act when the silence is over.
"""

import asyncio
import errno
import random
from collections.abc import Callable
from typing import Final

from simulator.clock import TimerQueue
from simulator.fleet.faults.holds import Holds, Ways, both_ways
from simulator.fleet.faults.kept import KeptSockets
from simulator.fleet.faults.lane import Shape
from simulator.fleet.faults.link import Link, lay_under
from simulator.weather.kinds import How, SlowLink
from simulator.wire.flow import FlowControlled
from simulator.wire.phase import GOING_AWAY
from simulator.wire.resets import HasFileno, Outgoing, reset_when_closed

RESET_BY_SCENARIO: Final = "the scenario's outage reset the connection"
RESET_BY_POWER: Final = "the scenario's power cut ended the connection"
_MOST_PAST: Final = 8
"""Connections that have ended of which is known how slow they were: no time-out outlasts more."""


class Attempt:
    """Something that is being opened or fetched over the line.

    Attributes:
        limit: Around it; an outage ends it by this.
        outgoing: What was made for it.
        broken_by: The outage that broke it off; None where it was its time.
    """

    __slots__ = ("broken_by", "limit", "outgoing")

    def __init__(self) -> None:
        self.limit = asyncio.timeout(None)
        self.outgoing = Outgoing()
        self.broken_by: How | None = None

    def end(self) -> None:
        """It is over, wherever it is."""
        if not self.limit.expired():
            self.limit.reschedule(0.0)


class DeviceLine:
    """The line of one device.

    Args:
        kept: Where sockets are kept that the device gives up in silence.

    Attributes:
        outages: That have begun so far.
        openings: How long look-ups, downloads and openings were held: by round trips, and by the size of what came.
    """

    __slots__ = (
        *("_attempts", "_connections", "_descriptors", "_kept", "_links", "_outages", "_past", "_powerless", "_slow"),
        *("_timers", "_waiting", "openings", "outages"),
    )

    def __init__(self, timers: TimerQueue, kept: KeptSockets) -> None:
        self._timers = timers
        self._kept = kept
        self._outages: list[How] = []
        self._powerless = 0
        self._slow: list[Shape] = []
        self._connections: dict[FlowControlled, Callable[[int], None]] = {}
        """And what ends each in order."""
        self._links: dict[FlowControlled, Link] = {}
        self._descriptors: list[int] = []
        self._attempts: list[Attempt] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._past: list[Ways] = []
        """Of links that are gone; those of the latest."""
        self.outages = 0
        self.openings: Ways = Holds(), Holds()

    # --- What the weather does ---

    def outage_begins(self, how: How) -> None:
        """The network goes, so; perhaps while it is gone already."""
        was_silent = self.silent
        self.outages += 1
        self._outages.append(how)
        if not was_silent:
            self._hit(how)
        self._changed()

    def outage_ends(self, how: How) -> None:
        """One outage of those that began so is over.

        Raises:
            ValueError: If none is under way.
        """
        was_silent = self.silent
        self._outages.remove(how)
        if was_silent:
            self._silence_over()
        self._changed()

    def slow(self, kind: SlowLink, rng: random.Random) -> None:
        """Everything that sets out from now on is slow. Of several the last holds."""
        self._slow.append(Shape(kind, rng))
        self._shape_all()
        self._changed()

    def fast(self, kind: SlowLink | None = None) -> None:
        """One slow time is over: the first that has come of `kind`, or of all.

        Raises:
            ValueError: If none is under way.
        """
        for shape in self._slow:
            if kind is None or shape.kind == kind:
                self._slow.remove(shape)
                break
        else:
            raise ValueError("the line is not slow")
        self._shape_all()
        self._changed()

    def power_gone(self) -> None:
        """Nothing goes out or comes in; what is connected never does again."""
        was_silent = self.silent
        self.outages += 1
        self._powerless += 1
        if not was_silent:
            self._hit(How.SILENT)
        self._changed()

    def power_back(self) -> None:
        """The device has power again; whom it was connected with sees a reset.

        Raises:
            ValueError: If it was not gone.
        """
        if not self._powerless:
            raise ValueError("the power was not gone")
        self._powerless -= 1
        if not self._powerless:
            for link in list(self._links.values()):
                link.reset(ConnectionAbortedError(errno.ECONNABORTED, RESET_BY_POWER))
            self._silence_over()
        self._changed()

    def let_go(self) -> None:
        """The run is over: nothing is kept any more."""
        self._reset_kept()

    # --- What the network asks ---

    @property
    def idle(self) -> bool:
        """Whether nothing of the weather is left on the line, links and kept sockets included."""
        return not (self._outages or self._powerless or self._slow or self._links or self._descriptors)

    @property
    def silent(self) -> bool:
        """Whether nothing goes out or comes in."""
        return self._powerless > 0 or How.SILENT in self._outages

    @property
    def calm(self) -> bool:
        """Whether there is no outage, whatever else there is."""
        return not (self._outages or self._powerless)

    @property
    def refusing(self) -> How | None:
        """The outage by which whatever is tried fails at once; not while it is silent."""
        return None if self.silent or not self._outages else self._outages[-1]

    @property
    def shape(self) -> Shape | None:
        """How slow the line is."""
        return self._slow[-1] if self._slow else None

    def held(self, begin: float, end: float, *, opening: bool) -> float:
        """How long the line, by being slow, held a request or its reply, as `faults.windows.Held` has it."""
        clock = self._timers.clock
        ahead = clock.wall() - clock.monotonic()
        ways = [link.holds for link in self._links.values()] + self._past
        if opening:
            ways.append(self.openings)
        return max((both_ways(each, begin - ahead, end - ahead) for each in ways), default=0.0)

    def put(self, connection: FlowControlled, close: Callable[[int], None]) -> None:
        """A connection of the device is open; what is under way acts on it.

        Args:
            close: ends it in order, over WebSocket with the code it is given.
        """
        self._forget_ended()
        self._connections[connection] = close
        if self.shape is not None:
            self._shape_all()
        # It may have opened at the very moment at which the outage began.
        if self.silent:
            self._hold(connection)
        elif self._outages:
            self._end(connection, self._outages[-1])

    def begin(self) -> Attempt:
        """Something is about to be opened; `over` has to follow."""
        attempt = Attempt()
        self._attempts.append(attempt)
        return attempt

    def over(self, attempt: Attempt) -> None:
        """It has succeeded or failed."""
        self._attempts.remove(attempt)

    async def changed(self, until: float) -> None:
        """Return when the weather on this line has changed, or at the monotonic time `until`."""
        change: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(change)
        timer = self._timers.call_at(until, _wake, change)
        try:
            await change
        finally:
            timer.cancel()
            self._waiting.remove(change)

    # --- Inside ---

    def _changed(self) -> None:
        for change in self._waiting:
            _wake(change)

    def _hit(self, how: How) -> None:
        """An outage acts on what there is."""
        for attempt in self._attempts:
            self._break_off(attempt, how)
        self._forget_ended()
        for connection in list(self._connections):
            if how is How.SILENT:
                self._hold(connection)
            else:
                self._end(connection, how)

    def _break_off(self, attempt: Attempt, how: How) -> None:
        if attempt.broken_by is not None:
            return
        attempt.broken_by = how
        if how is not How.CLOSE:
            for sock in attempt.outgoing.sockets:
                (self._keep if how is How.SILENT else reset_when_closed)(sock)
            for transport in attempt.outgoing.transports:
                transport.abort()
        attempt.end()

    def _hold(self, connection: FlowControlled) -> None:
        link = self._link(connection)
        if link is not None:
            link.hold()

    def _end(self, connection: FlowControlled, how: How) -> None:
        if how is How.CLOSE:
            self._connections[connection](GOING_AWAY)
            return
        link = self._link(connection)
        if link is not None:
            link.reset(ConnectionAbortedError(errno.ECONNABORTED, RESET_BY_SCENARIO))

    def _silence_over(self) -> None:
        if self.silent:
            return
        self._reset_kept()
        how = self.refusing
        for connection, link in list(self._links.items()):
            if how is None or how is How.CLOSE:
                link.release()
            if how is not None:
                self._end(connection, how)

    def _reset_kept(self) -> None:
        descriptors, self._descriptors = self._descriptors, []
        for descriptor in descriptors:
            self._kept.reset(descriptor)

    def _shape_all(self) -> None:
        self._forget_ended()
        shape = self.shape
        if shape is None:
            for link in list(self._links.values()):
                link.shape(None)
            return
        for connection in self._connections:
            link_under = self._link(connection)
            if link_under is not None:
                link_under.shape(shape)

    def _link(self, connection: FlowControlled) -> Link | None:
        """The link under a connection, laid if there is none."""
        link = self._links.get(connection)
        if link is None and not connection.has_ended:
            link = lay_under(connection, self._timers, self._keep, self._gone)
            if link is not None:
                self._links[connection] = link
        return link

    def _gone(self, link: Link) -> None:
        self._links.pop(link.connection, None)
        if any(link.holds):
            self._past = [*self._past, link.holds][-_MOST_PAST:]

    def _keep(self, sock: HasFileno) -> None:
        descriptor = self._kept.keep(sock)
        if descriptor is not None:
            self._descriptors.append(descriptor)

    def _forget_ended(self) -> None:
        for ended in [each for each in self._connections if each.has_ended]:
            del self._connections[ended]


def _wake(change: asyncio.Future[None]) -> None:
    if not change.done():
        change.set_result(None)
