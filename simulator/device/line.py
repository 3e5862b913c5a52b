"""A connection as its session steers it: whether a message may go out, how it is ended, and why it has ended.

Knows nothing of messages; WebSocket and MQTT look the same from here.
"""

from simulator.device import receiving
from simulator.device.end_reason import EndReason
from simulator.device.environment import Connection
from simulator.device.witness import Witness

MAX_MESSAGE_BYTES = 4 * 1024 * 1024
"""No message of a platform is so large; a longer one ends the connection (1009 over WebSocket)."""


class Line:
    """One connection, from before it is open until it has ended.

    Attributes:
        usable: whether a message sent now may arrive.
        resumed: whether the broker has kept the session since the connection before: messages of then may still come.
    """

    __slots__ = ("_connection", "_end_reason", "_witness", "ended", "reported", "resumed", "usable")

    def __init__(self, witness: Witness) -> None:
        self._witness = witness
        self._connection: Connection | None = None
        self._end_reason: str | None = None
        self.usable = False
        self.ended = False
        self.reported = False
        """Whether the platform has answered dev.report: it may send commands from then on."""
        self.resumed = False

    @property
    def connection(self) -> Connection | None:
        """What it is a conversation over; None before that is open."""
        return self._connection

    def trust(self) -> None:
        """The platform took the login."""
        if self._connection is not None and not self.ended:
            self._connection.trust(MAX_MESSAGE_BYTES)

    def end(self, reason: str, code: int = 1000) -> None:
        """Close the connection politely; `reason` is told when it is closed. `code` is a WebSocket's."""
        self.usable = False
        if self._end_reason is None:
            self._end_reason = reason
        if self._connection is not None and not self.ended:
            self._connection.close(code, "" if code == 1000 else reason)

    def abort(self, reason: str) -> None:
        """Drop the connection at once."""
        self.usable = False
        if self._end_reason is None:
            self._end_reason = reason
        if self._connection is not None and not self.ended:
            self._connection.abort()

    def ping(self) -> None:
        """Send a ping of the transport; its answer, as all else that arrives, shows in `bytes_in`."""
        if self._connection is not None and self.usable:
            self._connection.ping()

    @property
    def bytes_in(self) -> int:
        """Bytes received on this connection."""
        return 0 if self._connection is None else self._connection.bytes_in

    @property
    def end_reason(self) -> str:
        """Why it ends or has ended; empty where nothing is known of an end."""
        return self._end_reason or ""

    @property
    def congested(self) -> bool:
        """Whether more waits to be sent than the peer takes."""
        return self._connection is not None and self._connection.paused

    def opened(self, connection: Connection) -> None:
        self._connection = connection
        self.resumed = connection.resumed
        self.usable = self._end_reason is None

    def _has_ended(self, ending: int | str) -> tuple[str, bool]:
        """The connection is gone, with a WebSocket's close code or another transport's word for it.

        Returns:
            The reason, and whether this side had asked for the end.
        """
        self.ended = True
        self.usable = False
        if self._end_reason is not None:
            return self._end_reason, True
        fault = None if self._connection is None else self._connection.fault
        reason = self._end_reason = EndReason.closed(ending) if fault is None else EndReason.closed_by_us(fault[0])
        receiving.ended(self._witness, ending, fault, online=self.reported)
        return reason, False
