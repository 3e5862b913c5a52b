"""A WebSocket in memory: two ends that behave as the wire layer's."""

from typing import Final, Protocol

from simulator.device.environment import ConnectionHandler
from simulator.simulation.loop import VirtualLoop
from simulator.simulation.passage import CLOSE_TIMEOUT, DOWN, UP, Delays, Passage
from simulator.wire.handler import MessageHandler
from simulator.wire.phase import ABNORMAL

_PONG: Final = 2


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


class Link(Passage):
    """A connection between one device and the platform."""

    __slots__ = ("device", "ears", "platform")

    def __init__(self, loop: VirtualLoop, delays: Delays, ears: Eavesdropper, handler: ConnectionHandler) -> None:
        super().__init__(loop, delays)
        self.ears = ears
        self.device = DeviceEnd(self, handler)
        self.platform = PlatformEnd(self)

    @property
    def is_open(self) -> bool:
        return self.device.is_open

    def cut_device(self) -> None:
        self.device.cut()

    def cut_platform(self, why: str) -> None:
        self.platform.ended(ABNORMAL, why)

    def close_between(self, code: int) -> None:
        if not self.lost:
            self.loop.call_later(self.delays.draw(), self.device.ended, code, "closed on the way")
            self.loop.call_later(self.delays.draw(), self.platform.ended, code, "closed on the way")
            self.lost = True

    def platform_died(self) -> None:
        self.platform.die()
        self.carry(DOWN, self.device.cut)


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
            link.carry(UP, link.platform.message, payload, binary)

    def close(self, code: int = 1000, reason: str = "") -> None:
        if self._deaf or self._handler is None:
            return
        self._deaf = True
        link = self._link
        link.carry(UP, link.platform.closed_by_peer, code, reason)
        link.loop.call_later(CLOSE_TIMEOUT, self.ended, ABNORMAL, "no answer to the close")

    def abort(self) -> None:
        self._deaf = True
        link = self._link
        link.carry(UP, link.platform.ended, ABNORMAL, "reset")
        link.loop.call_soon(self.ended, ABNORMAL, "aborted")

    def ping(self) -> None:
        if not self._deaf and self._handler is not None:
            link = self._link
            link.carry(UP, link.carry, DOWN, self._pong)

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
            link.carry(UP, link.platform.ended, code, "answered")
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
            link.carry(DOWN, link.device.message, payload, binary)

    def close(self, code: int, reason: str) -> None:
        if self._closing or self._handler is None:
            return
        self._closing = True
        link = self._link
        link.carry(DOWN, link.device.closed_by_peer, code, reason)
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
            link.carry(DOWN, link.device.ended, code, "closed")
        self.ended(code, reason)

    def ended(self, code: int, detail: str) -> None:
        """The connection is over; told once."""
        self._closing = True
        handler, self._handler = self._handler, None
        if handler is not None:
            handler.closed(code, "", detail)
