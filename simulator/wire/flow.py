"""Back-pressure, both ways, between a transport and whoever sends and receives through it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import ClassVar, cast


def end_writing(transport: asyncio.Transport) -> None:
    """Tell the peer that nothing follows what was written; over TLS, which cannot be half closed, close the connection.

    If the peer has reset the connection meanwhile, asyncio raises here; the protocol is told of that by itself.
    """
    with suppress(OSError):
        (transport.write_eof if transport.can_write_eof() else transport.close)()


class FlowControlled(asyncio.Protocol):
    """An asyncio protocol that knows when to stop sending and when to stop reading.

    Attributes:
        paused: True while the write buffer is over its limit: whoever can wait should wait with sending.
    """

    __slots__ = (
        "_drained",
        "_held_by_backlog",
        "_held_by_owner",
        "_held_by_turn",
        "_holding",
        "_loop",
        "_max_write_buffer",
        "_transport",
        "paused",
    )

    # A server stops reading from a peer that does not take its answers. Were both sides to do so, two full buffers
    # would wait for each other for ever.
    _BACKLOG_STOPS_READING: ClassVar[bool]

    def __init__(self, loop: asyncio.AbstractEventLoop, max_write_buffer: int) -> None:
        self._loop = loop
        self._max_write_buffer = max_write_buffer
        self._transport: asyncio.Transport
        self._drained: asyncio.Future[None] | None = None
        self._held_by_backlog = False
        self._held_by_owner = False
        # While what has arrived waits for its next turn of the loop; holds also when the connection is closing.
        self._held_by_turn = False
        self._holding = False
        self.paused = False

    @property
    def is_open(self) -> bool:
        """True while messages come and go. Only then is reading ever held back: an ending has to be noticed."""
        raise NotImplementedError

    @property
    def has_ended(self) -> bool:
        """True once its owner was told of the end."""
        raise NotImplementedError

    @property
    def backed_up(self) -> bool:
        """Whether the transport was the last to say that it takes no more: `pause_writing`."""
        return self.paused

    @property
    def resumed(self) -> bool:
        """Whether the peer goes on with an earlier session; most transports' ends with its connection."""
        return False

    @property
    def redelivered(self) -> bool:
        """Whether the message that is being handed over may have come before."""
        return False

    @property
    def peer(self) -> tuple[str, int] | None:
        """Address and port of the other side; None where the system does not tell."""
        name = self._transport.get_extra_info("peername")
        return (name[0], name[1]) if name else None

    @property
    def peer_name(self) -> str | None:
        """Common name of the certificate that the other side showed, once verified; None where it showed none."""
        certificate = self._transport.get_extra_info("peercert") or {}
        names = [value for part in certificate.get("subject", ()) for key, value in part if key == "commonName"]
        return names[0] if names else None

    def through(self, wrap: Callable[[asyncio.Transport], asyncio.Transport]) -> None:
        """Send through what `wrap` makes of the transport from now on: for a peer that breaks the rules on purpose, and
        for a network that fails."""
        self._transport = wrap(self._transport)

    async def drain(self) -> None:
        """Wait until the connection is not `paused`. Returns at once when it has ended."""
        if self.paused:
            if self._drained is None:
                self._drained = self._loop.create_future()
            # Several may wait; one that is cancelled must not take the others along.
            await asyncio.shield(self._drained)

    def pause_reading(self) -> None:
        """Take no more from the peer. What has arrived already is still delivered."""
        self._held_by_owner = True
        self._hold_or_read()

    def resume_reading(self) -> None:
        """Undo `pause_reading`."""
        self._held_by_owner = False
        self._hold_or_read()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=self._max_write_buffer)

    def pause_writing(self) -> None:
        self.paused = True
        if self._BACKLOG_STOPS_READING:
            self._held_by_backlog = True
            self._hold_or_read()

    def resume_writing(self) -> None:
        self._held_by_backlog = False
        self._hold_or_read()
        self._release()

    def _release(self) -> None:
        """Let everyone go on who waits for room in the write buffer."""
        self.paused = False
        drained, self._drained = self._drained, None
        if drained is not None and not drained.done():
            drained.set_result(None)

    def _hold_or_read(self) -> None:
        hold = self._held_by_turn or ((self._held_by_owner or self._held_by_backlog) and self.is_open)
        if hold is self._holding or self._transport.is_closing():
            return
        self._holding = hold
        if hold:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()
