"""What lies between one open connection and its socket while a fault is on its line, and only then.

It holds bytes back, delays them, or resets the socket; the connection takes it for its transport, the transport for its
protocol. Nothing is lost in it and nothing changes its order. `lay_under` puts it there, and it takes itself out when
nothing of a fault is left, so that a connection without a fault costs what it always did.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from simulator.clock import TimerHandle, TimerQueue
from simulator.fleet.faults.lane import End, Lane, Lost, Shape
from simulator.wire.flow import FlowControlled
from simulator.wire.resets import HasFileno, reset_when_closed

WINDOW: Final = 64 * 1024
"""Bytes that may be on their way to the device; beyond them nothing is read from the socket, as with TCP's window."""


class Link(asyncio.Transport):
    """Between a connection and its socket; made by `lay_under`.

    Args:
        keep: given the socket of a connection that the device gives up while the link is held; keeps it open, silent,
            until the outage is over.
        on_gone: told when the link is out again, or the connection has ended.

    Attributes:
        connection: That it lies under.
        holds: How long what went out and what came in was held by it.
    """

    def __init__(
        self,
        connection: FlowControlled,
        inner: asyncio.Transport,
        timers: TimerQueue,
        keep: Callable[[HasFileno], None],
        on_gone: Callable[["Link"], None],
    ) -> None:
        super().__init__()
        self.connection = connection
        self._inner = inner
        self._protocol = inner.get_protocol()
        self._timers = timers
        self._keep = keep
        self._on_gone = on_gone
        self._secure = inner.get_extra_info("ssl_object") is not None
        self._in, self._out = Lane(), Lane()
        self.holds = self._out.holds, self._in.holds
        self._held = False
        self._shape: Shape | None = None
        self._timer: TimerHandle | None = None
        self._low, self._high = inner.get_write_buffer_limits()
        self._inner_full = self._told_full = connection.backed_up
        self._wants_reading = self._reads = inner.is_reading()
        self._closing = False
        """The device has asked for the end; what is on its way out goes out before."""
        self._given_up = False
        """Nothing is on its way any more: the device has aborted, or the network has reset."""
        self._error: Exception | None = None
        """What the device is told where the network ended it."""
        self._inner_lost = False
        self._running = self._over = False

    # --- What the weather does ---

    def hold(self) -> None:
        """Nothing goes out or comes in from now on; the socket stays, and acknowledges what the kernel has room for."""
        if self._over or self._held or self._given_up:
            return
        self._held = True
        self._disarm()
        self._read_or_not()

    def release(self) -> None:
        """Undo `hold`; what was held goes on, in order."""
        if self._held:
            self._held = False
            self._run()

    def shape(self, shape: Shape | None) -> None:
        """How slow everything is that sets out from now on; None for not at all. Nothing overtakes what is under way.

        A link without an outage and without a shape takes itself out once everything has arrived.
        """
        self._shape = shape
        self._run()

    def reset(self, error: Exception) -> None:
        """The network ends the connection: RST on the wire, and `error` for the connection."""
        if self._over or self._given_up:
            return
        self._error = error
        self._held = False
        self._give_up()
        if not self._inner_lost:
            reset_when_closed(self._socket)
            self._inner.abort()

    # --- The connection's transport ---

    def write(self, data: Any) -> None:
        if self._closing:
            return
        if self._is_through(self._out):
            self._inner.write(data)
            return
        self._out.add(bytes(data), self._now(), self._shape)
        self._full_or_not()
        self._arm()

    def can_write_eof(self) -> bool:
        return self._inner.can_write_eof()

    def write_eof(self) -> None:
        if self._closing:
            return
        if self._is_through(self._out):
            self._inner.write_eof()
        else:
            self._out.add(End(), self._now(), self._shape)
            self._arm()

    def close(self) -> None:
        if self._closing:
            return
        self._closing = True
        if self._held and not self._secure:
            # The kernel would have let the owner go at once. TLS waits for its answer, as long as the owner does.
            self._end_in_silence()
        else:
            self._run()

    def abort(self) -> None:
        if self._over:
            self._inner.abort()  # somebody remembers the link as the transport
        elif self._given_up:
            return
        elif self._held:
            self._end_in_silence()
        else:
            self._give_up()
            if not self._inner_lost:
                self._inner.abort()

    def is_closing(self) -> bool:
        return self._closing

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._inner.get_extra_info(name, default)

    def get_write_buffer_size(self) -> int:
        return self._out.size + self._inner.get_write_buffer_size()

    def pause_reading(self) -> None:
        self._wants_reading = False
        self._read_or_not()

    def resume_reading(self) -> None:
        self._wants_reading = True
        self._read_or_not()
        self._arm()

    # --- What the socket tells, by way of the tap ---

    def arrived(self, data: bytes) -> None:
        """Bytes of the peer."""
        if self._given_up:
            return
        if self._is_through(self._in):
            self.connection.data_received(data)
            return
        self._in.add(data, self._now(), self._shape)
        self._read_or_not()
        self._arm()

    def peer_ended(self) -> bool | None:
        """The peer writes no more; returns whether the transport is to stay open."""
        if self._given_up:
            return None
        if self._is_through(self._in):
            return self.connection.eof_received()
        self._in.add(End(), self._now(), self._shape)
        self._arm()
        # TLS knows no half of a connection that is open.
        return not self._secure

    def lost(self, error: Exception | None) -> None:
        """The transport has ended."""
        self._inner_lost = True
        if self._given_up or self._is_through(self._in):
            self._finish(self._error or error)
        else:
            self._in.add(Lost(error), self._now(), self._shape)
            self._arm()

    def full(self) -> None:
        """The transport has more to send than it should."""
        self._inner_full = True
        self._full_or_not()

    def drained(self) -> None:
        """It has room again."""
        self._inner_full = False
        self._full_or_not()
        self._leave_if_idle()

    # --- Inside ---

    @property
    def _socket(self) -> HasFileno:
        sock: HasFileno = self._inner.get_extra_info("socket")
        return sock

    def _now(self) -> float:
        return self._timers.clock.monotonic()

    def _is_through(self, lane: Lane) -> bool:
        return not self._held and self._shape is None and not lane.pieces

    def _end_in_silence(self) -> None:
        """The device gives up what it cannot reach: it is told so, the peer is not."""
        if not self._inner_lost:
            self._keep(self._socket)
            self._inner.abort()
        self._held = False
        self._give_up()

    def _give_up(self) -> None:
        self._closing = self._given_up = True
        self._disarm()
        lost = next((piece for _, piece in reversed(self._in.pieces) if isinstance(piece, Lost)), None)
        self._in.clear(self._now())
        self._out.clear(self._now())
        if lost is not None:
            # As a transport does, in a turn of the loop that is nobody's.
            asyncio.get_running_loop().call_soon(self._finish, self._error or lost.error)

    def _run(self) -> None:
        """Pass on what has arrived, either way."""
        self._disarm()
        if self._running or self._over or self._held or self._given_up:
            return
        self._running = True
        try:
            self._pass_out()
            self._pass_in()
        finally:
            self._running = False
        if not self._over:
            if self._closing and not (self._given_up or self._held or self._out.pieces or self._inner_lost):
                self._inner.close()
            self._full_or_not()
            self._read_or_not()
            self._arm()
            self._leave_if_idle()

    def _pass_out(self) -> None:
        now = self._now()
        while not self._held and (piece := self._out.take(now)) is not None:
            if self._inner_lost:
                continue
            if isinstance(piece, bytes):
                self._inner.write(piece)
            else:
                with suppress(OSError):
                    self._inner.write_eof()

    def _pass_in(self) -> None:
        now = self._now()
        # The connection may hold reading back, end itself, or be held, by what it is given.
        while not self._held and not self._over and (self._wants_reading or self._ends_next()):
            piece = self._in.take(now)
            if piece is None:
                return
            if isinstance(piece, bytes):
                self.connection.data_received(piece)
            elif isinstance(piece, Lost):
                self._finish(piece.error)
            elif not self.connection.eof_received():
                self.close()

    def _ends_next(self) -> bool:
        return bool(self._in.pieces) and not isinstance(self._in.pieces[0][1], bytes)

    def _arm(self) -> None:
        """See to it that the next piece is passed on when it arrives."""
        if self._held or self._given_up or self._over or self._running:
            return
        lanes = [self._out.pieces]
        if self._wants_reading or self._ends_next():
            lanes.append(self._in.pieces)
        due = min((pieces[0][0] for pieces in lanes if pieces), default=None)
        if due is None or (self._timer is not None and self._timer.when <= due):
            return
        self._disarm()
        self._timer = self._timers.call_at(due, self._run)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _read_or_not(self) -> None:
        reads = self._wants_reading and not self._held and self._in.size <= WINDOW
        if reads is self._reads or self._inner_lost or self._inner.is_closing():
            return
        self._reads = reads
        if reads:
            self._read_socket(True)
            self._inner.resume_reading()
        else:
            self._inner.pause_reading()
            self._read_socket(False)

    def _read_socket(self, yes: bool) -> None:
        """Below TLS, which by itself goes on reading what the connection does not take, up to a limit."""
        limit = getattr(self._inner, "set_read_buffer_limits", None)
        if limit is not None:
            limit() if yes else limit(0)

    def _full_or_not(self) -> None:
        waiting = self._out.size
        if self._inner_full or waiting + self._inner.get_write_buffer_size() > self._high:
            full = True
        else:
            full = waiting > self._low and self._told_full
        if full is self._told_full or self._over:
            return
        self._told_full = full
        if full:
            self.connection.pause_writing()
        else:
            self.connection.resume_writing()

    def _leave_if_idle(self) -> None:
        if self._over or self._closing or self._inner_lost or not (self._is_through(self._in) and not self._out.pieces):
            return
        if self._told_full is self._inner_full and self._reads is self._wants_reading and not self._running:
            self._gone()
            self._inner.set_protocol(self._protocol)

    def _finish(self, error: Exception | None) -> None:
        if not self._over:
            self._gone()
            self.connection.connection_lost(error)

    def _gone(self) -> None:
        self._over = True
        self._disarm()
        self._in.clear(self._now())
        self._out.clear(self._now())
        self.connection.through(lambda _: self._inner)
        self._on_gone(self)


class _Tap(asyncio.Protocol):
    """The transport's protocol in the connection's place."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def data_received(self, data: bytes) -> None:
        self._link.arrived(data)

    def eof_received(self) -> bool | None:
        return self._link.peer_ended()

    def connection_lost(self, exc: Exception | None) -> None:
        self._link.lost(exc)

    def pause_writing(self) -> None:
        self._link.full()

    def resume_writing(self) -> None:
        self._link.drained()


def lay_under(
    connection: FlowControlled,
    timers: TimerQueue,
    keep: Callable[[HasFileno], None],
    on_gone: Callable[[Link], None],
) -> Link | None:
    """Put a link between a connection and its socket; None where the connection is ending its socket already."""
    laid: list[Link] = []

    def wrap(inner: asyncio.Transport) -> asyncio.Transport:
        if inner.is_closing():
            return inner
        link = Link(connection, inner, timers, keep, on_gone)
        laid.append(link)
        inner.set_protocol(_Tap(link))
        return link

    connection.through(wrap)
    return laid[0] if laid else None
