"""How a connection begins and ends, whoever ends it, and that its owner is told so once."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Final

from simulator.clock import TimerQueue
from simulator.mqtt import endings
from simulator.mqtt.client_ids import ClientIds
from simulator.mqtt.codec import DISCONNECT, PINGREQ
from simulator.mqtt.handler import NOBODY, Listener
from simulator.mqtt.keep_alive import KeepAlive
from simulator.mqtt.opening import Opening
from simulator.mqtt.packet_flow import PacketFlow
from simulator.mqtt.packets import Connack, MalformedPacket, Packet
from simulator.wire.errors import ConnectFailed, in_words
from simulator.wire.flow import end_writing
from simulator.wire.handler import OnError
from simulator.wire.phase import Phase
from simulator.wire.reaching import OpeningConnection, Patience

# A device sends messages of some KB; more than this waiting means that the broker does not keep up.
_MAX_WRITE_BUFFER: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What the connections of an engine share.

    Attributes:
        timers: For keep-alive; its clock says when a publish was sent first.
        client_ids: Tells which connection was taken over by another one of this process.
        on_error: Told of exceptions that the handler raised; without it they go to the loop's exception handler.
    """

    timers: TimerQueue
    patience: Patience
    client_ids: ClientIds | None = None
    on_error: OnError | None = None


class Lifecycle(PacketFlow, OpeningConnection):
    """A connection from its making to its end.

    Attributes:
        bytes_out: Bytes handed to the transport since the TCP (or TLS) connection was made.
        pings: PINGREQ sent.
        pongs: PINGRESP received.
    """

    __slots__ = (
        "_client_id",
        "_failure",
        "_faulty",
        "_handler",
        "_keep_alive",
        "_means",
        "_opening",
        "_phase",
        "_timer",
        "bytes_out",
        "pings",
        "pongs",
    )

    _BACKLOG_STOPS_READING: ClassVar[bool] = False

    def __init__(self, handler: Listener, opening: Opening, client_id: str, means: Means) -> None:
        super().__init__(asyncio.get_running_loop(), _MAX_WRITE_BUFFER)
        self._handler: Listener = handler
        self._opening: Opening | None = opening
        self._client_id = client_id
        self._means = means
        self._phase = Phase.OPENING
        self._keep_alive: KeepAlive | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._failure: tuple[str, str] | None = None
        self._faulty = False
        self.bytes_out = 0
        self.pings = 0
        self.pongs = 0

    @property
    def fault(self) -> tuple[str, str] | None:
        """Ending and cause where this side ended the connection because of what had come; else None."""
        return self._failure if self._faulty else None

    @property
    def is_open(self) -> bool:
        """True between CONNACK and the first sign of the end, from either side."""
        return self._phase is Phase.OPEN

    @property
    def has_ended(self) -> bool:
        return self._phase is Phase.ENDED

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Send DISCONNECT and end the connection; `closed` follows, after the close time-out at the latest.

        Harmless on a connection that is closing or has ended. No message is delivered after it.
        """
        if self._phase is Phase.OPEN:
            self._failure = (endings.ENDED, "closed by this side")
            transport = self._transport
            if not transport.is_closing():
                self._write(DISCONNECT)
            self._closing()
            end_writing(transport)
        elif self._phase is Phase.OPENING:
            self.abort()

    def abort(self) -> None:
        """End the connection at once, without DISCONNECT and without what is still buffered."""
        self._abort(endings.ENDED, "aborted by this side")

    @property
    def reads(self) -> bool:
        """Whether what the broker sends is being read; not while `pause_reading` holds it back."""
        return not self._holding

    def ping(self) -> None:
        """Send PINGREQ. A `PongHandler` is told of the answer, any other is not."""
        if self._phase is Phase.OPEN and not self._transport.is_closing():
            self.pings += 1
            self._write(PINGREQ)

    def not_answered(self, seconds: float) -> None:
        """The broker has not answered PINGREQ for so long; for `KeepAlive`."""
        self._abort(endings.KEEP_ALIVE, f"the broker did not answer PINGREQ within {seconds:g} s")

    def fall_silent(self) -> None:
        """Send no PINGREQ by itself any more, whatever was promised: for those who test what a broker does then."""
        if self._keep_alive is not None:
            self._keep_alive.stop()
            self._keep_alive = None

    # --- What the transport calls ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self._opening is not None:
            if self._means.client_ids is not None:
                self._means.client_ids.enter(self._client_id, self)
            self._write(self._opening.connect)

    def data_received(self, data: bytes) -> None:
        if self._opening is not None and not self.bytes_in:
            problem = self._opening.wrong_first_byte(data[0])
            if problem is not None:
                # Nothing that begins so becomes an answer; waiting for more may be waiting in vain.
                self._opening.fail(problem)
                self.abort()
                return
        super().data_received(data)

    def eof_received(self) -> None:
        """Returns None, whereupon the transport sends what it still holds and closes."""
        self._take_all()
        if self._phase is Phase.OPEN:
            half = " in the middle of a packet" if self._held else ""
            self._failure = self._ended_by_broker(f"the broker ended the connection{half}")
            self._closing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._take_all()
        was_open = self._phase is not Phase.OPENING
        ending, detail = self._failure or self._lost(exc)
        self._failure = (ending, detail)
        self._phase = Phase.ENDED
        self._deaf = True
        self._held = b""
        self._stop_timers()
        self._release()
        if self._means.client_ids is not None:
            self._means.client_ids.leave(self._client_id, self)
        handler, self._handler = self._handler, NOBODY
        if was_open:
            try:
                handler.closed(ending, "", detail)
            except Exception as error:  # noqa: BLE001 - a fault of one handler must not reach the other connections
                self._report(error)
        opening, self._opening = self._opening, None
        if opening is not None:
            opening.fail_as_lost(detail, exc)

    # --- What the rest of the connection uses ---

    def _accepted(self, opening: Opening, packet: Packet) -> Connack | None:
        """The broker's answer to CONNECT; None where it does not let the client in, which `opening` is told.

        Raises:
            MalformedPacket: If it is no answer to that.
        """
        if not isinstance(packet, Connack):
            raise MalformedPacket("its first packet is no CONNACK")
        if self._loop.time() >= opening.deadline:
            # The moment of its arrival decides, not that the timer of the deadline has not come by yet.
            opening.fail(TimeoutError())
        elif packet.code:
            opening.fail(opening.refused(packet.code))
        else:
            return packet
        self.abort()
        return None

    def _let_in(self, opening: Opening) -> None:
        """The client was let in: the connection is open, and kept alive."""
        self._opening = None
        self._phase = Phase.OPEN
        if opening.keep_alive:
            self._keep_alive = KeepAlive(self._means.timers, opening.keep_alive, self)

    def _has_ended(self) -> ConnectFailed:
        """For whoever waits for something on this connection."""
        return ConnectFailed(*(self._failure or (endings.LOST, "the connection has ended")))

    def _write(self, data: bytes) -> None:
        self.bytes_out += len(data)
        self._transport.write(data)

    def _handed(self, call: Callable[..., None], *values: object) -> None:
        """Tell the handler something."""
        try:
            call(*values)
        except Exception as error:  # noqa: BLE001 - as in connection_lost
            self._handler_failed(error)

    def _handler_failed(self, error: Exception) -> None:
        self._report(error)
        self._fail(endings.INTERNAL, f"internal fault: {type(error).__name__}")

    def _internal_fault(self, error: Exception) -> None:
        self._report(error)
        self._abort(endings.INTERNAL, f"internal fault: {type(error).__name__}")

    def _malformed(self, ending: str, detail: str) -> None:
        if self._opening is not None:
            self._opening.fail(self._opening.improper(detail))
            self.abort()
        else:
            self._fail(ending, detail)

    def _fail(self, ending: str, detail: str) -> None:
        """End the connection because of a fault, without DISCONNECT (4.8); what is buffered goes out."""
        self._deaf = True
        if self._phase is Phase.OPEN:
            self._failure = (ending, detail)
            self._faulty = True
            self._closing()
            self._transport.close()

    def _abort(self, ending: str, detail: str) -> None:
        if self._phase is Phase.ENDED:
            return
        self._failure = self._failure or (ending, detail)
        self._deaf = True
        if self._phase is not Phase.OPENING:
            self._phase = Phase.CLOSING
        self._transport.abort()

    def _closing(self) -> None:
        self._phase = Phase.CLOSING
        # The broker's end has to be read, whatever held the reading back.
        self._hold_or_read()
        self._stop_timers()
        self._timer = self._loop.call_later(self._means.patience.closing, self._closing_timed_out)

    def _closing_timed_out(self) -> None:
        # The transport of this moment: there may be another one than when it began to close.
        self._transport.abort()

    def _lost(self, exc: Exception | None) -> tuple[str, str]:
        if exc is None:
            return self._ended_by_broker("the broker ended the connection")
        ending, detail = self._ended_by_broker(in_words(exc))
        return (endings.LOST if ending == endings.CLOSED else ending), detail

    def _ended_by_broker(self, detail: str) -> tuple[str, str]:
        client_ids = self._means.client_ids
        if client_ids is not None and client_ids.leave(self._client_id, self):
            return endings.TAKEN_OVER, f"{detail}: another connection of this process presented the same client id"
        return endings.CLOSED, detail

    def _report(self, error: BaseException) -> None:
        if self._means.on_error is not None:
            self._means.on_error(error)
        else:
            self._loop.call_exception_handler(
                {"message": "fault in the handler of a connection", "exception": error, "protocol": self}
            )

    def _stop_timers(self) -> None:
        if self._keep_alive is not None:
            self._keep_alive.stop()
            self._keep_alive = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
