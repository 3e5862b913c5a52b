"""One connection in memory: two ends that behave as the wire layer's, and between them what the weather makes of it.

What is sent arrives in order, after a delay that is drawn. While the line is silent nothing arrives on either side and
nobody is told; what was on its way comes when the line is back, or never, where the way was forgotten meanwhile.
"""

import random
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Protocol

from simulator.device.environment import ConnectionHandler
from simulator.simulation.loop import VirtualLoop
from simulator.wire.handler import MessageHandler
from simulator.wire.phase import ABNORMAL

CLOSE_TIMEOUT: Final = 5.0
"""Seconds that an end waits for the answer to its close, as the wire layer does."""
KERNEL_GIVES_UP: Final = 924.6
"""Seconds after which Linux ends a connection on which nothing is acknowledged (`tcp_retries2` 15)."""
_PONG: Final = 2
_UP: Final = 0
_DOWN: Final = 1


class Eavesdropper(Protocol):
    """Sees what goes over one device's connections, in plain text."""

    def sent(self, payload: bytes) -> None:
        """The device has sent a message, which may or may not arrive."""
        ...

    def arrived(self, payload: bytes) -> None:
        """A message of the platform has arrived at the device, which gets it next."""
        ...

    def cut(self) -> None:
        """The weather ends the connection without a word of the platform."""
        ...


class Delays:
    """How long messages take, in seconds; slower while the link is slow."""

    __slots__ = ("_random", "high", "low")

    def __init__(self, rng: random.Random, low: float, high: float) -> None:
        self._random = rng.random
        self.low = low
        self.high = high

    def draw(self) -> float:
        """For one message."""
        return self.low + self._random() * (self.high - self.low)


class Link:
    """A connection between one device and the platform."""

    __slots__ = ("_arrival", "_delays", "_given_up", "_held", "device", "ears", "loop", "lost", "platform", "silent")

    def __init__(self, loop: VirtualLoop, delays: Delays, ears: Eavesdropper, handler: ConnectionHandler) -> None:
        self.loop = loop
        self._delays = delays
        self.ears = ears
        self.silent = False
        self.lost = False
        """Nothing arrives any more, on either side."""
        self._given_up = [False, False]
        self._arrival = [0.0, 0.0]
        """When the latest message of each direction arrives."""
        self._held: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self.device = DeviceEnd(self, handler)
        self.platform = PlatformEnd(self)

    def carry(self, direction: int, call: Callable[..., None], *args: Any) -> None:
        """Have `call` called when what is sent now has arrived."""
        if self.lost:
            self._unacknowledged(direction)
            return
        arrival, loop = self._arrival, self.loop
        when = loop.time() + self._delays.draw()
        before = arrival[direction]
        if when < before:
            when = before
        arrival[direction] = when
        loop.call_at(when, self._arrive, call, args)

    def _unacknowledged(self, direction: int) -> None:
        """What is sent into nothing is sent again by the kernel, until that gives up."""
        if not self._given_up[direction]:
            self._given_up[direction] = True
            if direction == _UP:
                self.loop.call_later(KERNEL_GIVES_UP, self.device.cut)
            else:
                self.loop.call_later(KERNEL_GIVES_UP, self.platform.ended, ABNORMAL, "nobody acknowledges")

    def _arrive(self, call: Callable[..., None], args: tuple[Any, ...]) -> None:
        if self.silent:
            self._held.append((call, args))
        elif not self.lost:
            call(*args)

    # --- What the weather does ---

    def fall_silent(self) -> None:
        """Half-open from now on."""
        self.silent = True

    def speak_again(self, *, forgotten: bool) -> None:
        """The line is back; the connection goes on, or nobody between the ends knows it any more."""
        self.silent = False
        held, self._held = self._held, deque()
        if forgotten:
            self.lost = True
        for call, args in held:
            self._arrive(call, args)

    def reset(self) -> None:
        """Both ends get a reset; what was on its way is gone."""
        self.lost = True
        self.loop.call_later(self._delays.draw(), self.device.cut)
        self.loop.call_later(self._delays.draw(), self.platform.ended, ABNORMAL, "reset")

    def close_between(self, code: int) -> None:
        """Somebody between the ends closes both, with `code`."""
        self.loop.call_later(self._delays.draw(), self.device.ended, code, "closed on the way")
        self.loop.call_later(self._delays.draw(), self.platform.ended, code, "closed on the way")
        self.lost = True

    def platform_died(self) -> None:
        """The platform's process is gone: what it had sent arrives, then a reset."""
        self.platform.die()
        self.carry(_DOWN, self.device.cut)

    def power_gone(self) -> None:
        """The device has no power: nobody tells the platform."""
        self.lost = True


class DeviceEnd:
    """The device's `Connection`."""

    __slots__ = ("_deaf", "_handler", "_link", "bytes_in", "fault")

    resumed = False
    redelivered = False
    paused = False

    def __init__(self, link: Link, handler: ConnectionHandler) -> None:
        self._link = link
        self._handler: ConnectionHandler | None = handler
        self._deaf = False
        self.bytes_in = 0
        self.fault: tuple[int | str, str] | None = None

    @property
    def is_open(self) -> bool:
        """Whether the device has not been told of an end."""
        return self._handler is not None

    def send(self, payload: bytes, binary: bool) -> None:
        if not self._deaf and self._handler is not None:
            link = self._link
            link.ears.sent(payload)
            link.carry(_UP, link.platform.message, payload, binary)

    def close(self, code: int = 1000, reason: str = "") -> None:
        if self._deaf or self._handler is None:
            return
        self._deaf = True
        link = self._link
        link.carry(_UP, link.platform.closed_by_peer, code, reason)
        link.loop.call_later(CLOSE_TIMEOUT, self.ended, ABNORMAL, "no answer to the close")

    def abort(self) -> None:
        self._deaf = True
        link = self._link
        link.carry(_UP, link.platform.ended, ABNORMAL, "reset")
        link.loop.call_soon(self.ended, ABNORMAL, "aborted")

    def ping(self) -> None:
        if not self._deaf and self._handler is not None:
            link = self._link
            link.carry(_UP, link.carry, _DOWN, self._pong)

    def trust(self, max_size: int) -> None:
        """Sizes are the wire's business."""

    async def drain(self) -> None:
        """There is always room."""

    # --- What arrives ---

    def message(self, payload: bytes, binary: bool) -> None:
        """A message of the platform."""
        handler = self._handler
        if handler is not None and not self._deaf:
            self.bytes_in += len(payload)
            self._link.ears.arrived(payload)
            handler.message(payload, binary)

    def closed_by_peer(self, code: int, reason: str) -> None:
        """A close, or the answer to one."""
        if not self._deaf and self._handler is not None:
            link = self._link
            link.carry(_UP, link.platform.ended, code, "answered")
        self.ended(code, "closed by the platform", reason)

    def cut(self) -> None:
        """A reset that the weather is to blame for."""
        if self._handler is not None:
            self._link.ears.cut()
            self.ended(ABNORMAL, "reset")

    def ended(self, code: int, detail: str, reason: str = "") -> None:
        """The connection is over; told once."""
        self._deaf = True
        handler, self._handler = self._handler, None
        if handler is not None:
            handler.closed(code, reason, detail)

    def _pong(self) -> None:
        if self._handler is not None:
            self.bytes_in += _PONG


class PlatformEnd:
    """The platform's `PlatformConnection`; without a handler until the platform has taken it."""

    __slots__ = ("_closing", "_handler", "_link")

    peer_name: str | None = None

    def __init__(self, link: Link) -> None:
        self._link = link
        self._handler: MessageHandler | None = None
        self._closing = False

    @property
    def is_open(self) -> bool:
        return self._handler is not None and not self._closing

    def taken(self, handler: MessageHandler) -> None:
        """The platform has accepted the connection."""
        self._handler = handler
        handler.opened(self)  # type: ignore[arg-type] # a session's port, not all of the wire's class

    def admit(self, handler: MessageHandler) -> None:
        self._handler = handler

    def send(self, payload: bytes, binary: bool) -> None:
        if self._handler is not None and not self._closing:
            link = self._link
            link.carry(_DOWN, link.device.message, payload, binary)

    def close(self, code: int, reason: str) -> None:
        if self._closing or self._handler is None:
            return
        self._closing = True
        link = self._link
        link.carry(_DOWN, link.device.closed_by_peer, code, reason)
        link.loop.call_later(CLOSE_TIMEOUT, self.ended, ABNORMAL, "no answer to the close")

    def die(self) -> None:
        """The process is gone, and nobody is left to be told anything."""
        self._handler = None

    # --- What arrives ---

    def message(self, payload: bytes, binary: bool) -> None:
        """A message of the device."""
        if self._handler is not None and not self._closing:
            self._handler.message(payload, binary)

    def closed_by_peer(self, code: int, reason: str) -> None:
        """The device closes; the answer goes back where this end still can."""
        link = self._link
        if self._handler is not None:
            link.carry(_DOWN, link.device.ended, code, "closed")
        self.ended(code, reason)

    def ended(self, code: int, detail: str) -> None:
        """The connection is over; told once."""
        self._closing = True
        handler, self._handler = self._handler, None
        if handler is not None:
            handler.closed(code, "", detail)
