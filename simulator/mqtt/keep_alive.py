"""A client's keep-alive (3.1.2.10): a look now and then whether anything was sent; sending itself costs nothing."""

from typing import Final, Protocol

from simulator.clock import TimerHandle, TimerQueue

_LOOK_EVERY: Final = 0.45
"""Of the keep-alive. What was sent just after one look is seen by the next, and missed by the one after that: so long a
client may be silent, twice this at most, and it must not be the whole."""


class Pinging(Protocol):
    """The connection that is kept alive.

    Attributes:
        bytes_out: Bytes sent so far.
        pings: PINGREQ sent so far.
        pongs: PINGRESP received so far.
    """

    bytes_out: int
    pings: int
    pongs: int

    @property
    def reads(self) -> bool:
        """Whether what the broker sends is being read."""
        ...

    def ping(self) -> None: ...

    def not_answered(self, seconds: float) -> None:
        """The broker has not answered PINGREQ for so long."""
        ...


class KeepAlive:
    """Keeps one connection alive, from its making until `stop`.

    Args:
        seconds: Of silence at most.
    """

    __slots__ = ("_connection", "_handle", "_owed", "_period", "_seen", "_timers")

    def __init__(self, timers: TimerQueue, seconds: float, connection: Pinging) -> None:
        self._timers = timers
        self._connection = connection
        self._period = seconds * _LOOK_EVERY
        self._seen = connection.bytes_out
        self._owed = 0
        """PINGRESP that must have come by the next look."""
        self._handle: TimerHandle = timers.call_later(self._period, self._look)

    def stop(self) -> None:
        """Look no more."""
        self._handle.cancel()

    def _look(self) -> None:
        connection, handle = self._connection, self._handle
        now = self._timers.clock.monotonic()
        # After a time in which this process stood still, timers run before sockets are read: the answer may be there.
        stood_still = now - handle.when > self._period / 2
        if connection.pongs < self._owed and connection.reads and not stood_still:
            connection.not_answered(self._period)
            return
        if connection.bytes_out == self._seen:
            connection.ping()
        self._owed = connection.pings
        self._seen = connection.bytes_out
        self._timers.again(handle, now + self._period)
