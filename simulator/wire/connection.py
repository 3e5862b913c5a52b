"""A WebSocket connection between a transport and a handler: what client and server side have in common.

Responsible for messages in and out, control frames, the closing handshake, limits and back-pressure. The opening
handshakes are left to `client` and `server`; what a message means is left to the handler.
"""

import asyncio
from collections.abc import Callable
from typing import ClassVar

from websockets.frames import EXTERNAL_CLOSE_CODES, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import Protocol as SansIo
from websockets.protocol import Side, State

from simulator.wire.errors import in_words
from simulator.wire.flow import end_writing
from simulator.wire.frames import WholeFrame
from simulator.wire.handler import NOBODY, MessageHandler, OnError, PongHandler, WritableHandler
from simulator.wire.phase import ABNORMAL, BAD_DATA, INTERNAL_ERROR, NORMAL, Phase
from simulator.wire.sansio import SILENT, between_frames, close_told, fault_in_words, is_utf8, release, short_reason
from simulator.wire.turns import FRAMES_A_TURN, InTurns

_NO_CLOSE_FRAME = "the peer ended the connection without a closing handshake"


class Connection(InTurns):
    """One WebSocket connection; made by `client.connect` and by a `server.Server`, never directly.

    Whole data frames take the short way of `frames`. All else goes through a sans-I/O protocol object, which lives only
    while it has something half-read or is closing: an idle connection owns no parser, which is most of its memory.

    Attributes:
        bytes_in: Bytes received since the TCP (or TLS) connection was made, frame headers and handshake included.
        bytes_out: Bytes handed to the transport, likewise.
    """

    __slots__ = (
        "_close_timeout",
        "_deaf",
        "_failure",
        "_fragments",
        "_fragments_binary",
        "_handler",
        "_max_size",
        "_on_error",
        "_parser",
        "_phase",
        "_timer",
        "bytes_in",
        "bytes_out",
    )

    _SIDE: ClassVar[Side]
    _MAX_HEAD: ClassVar[int]

    @staticmethod
    def _write_frame(payload: bytes, binary: bool) -> bytes:
        raise NotImplementedError

    @staticmethod
    def _read_frame(data: bytes, start: int, max_size: int) -> WholeFrame | None:
        raise NotImplementedError

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        handler: MessageHandler,
        parser: SansIo,
        *,
        max_size: int,
        max_write_buffer: int,
        close_timeout: float,
        on_error: OnError | None,
    ) -> None:
        super().__init__(loop, max_write_buffer)
        self._handler = handler
        self._parser: SansIo | None = parser
        self._max_size = max_size
        self._close_timeout = close_timeout
        self._on_error = on_error
        self._phase = Phase.OPENING
        self._timer: asyncio.TimerHandle | None = None
        self._failure: tuple[int, str, str] | None = None
        self._fragments: bytearray | None = None
        self._fragments_binary = False
        self._deaf = False  # this side has had enough: what arrives is not for the handler
        self.bytes_in = 0
        self.bytes_out = 0

    # --- What the owner of the connection uses ---

    @property
    def fault(self) -> tuple[int, str] | None:
        """The close code that was sent, and why, where this side ended the connection by itself; else None."""
        return (self._failure[0], self._failure[2]) if self._failure and self._failure[0] != ABNORMAL else None

    @property
    def is_open(self) -> bool:
        """True between the opening handshake and the first sign of closing, from either side."""
        return self._phase is Phase.OPEN

    @property
    def has_ended(self) -> bool:
        return self._phase is Phase.ENDED

    def send(self, payload: bytes, binary: bool) -> None:
        """Send one message as one frame.

        Never blocks: see `paused` and `drain`. A message on a connection that is not open is dropped, like one that
        was on its way when the peer went: `closed` tells.
        """
        transport = self._transport
        # A transport that has failed is ours until its next turn; both loops warn when it is written to meanwhile.
        if self._phase is Phase.OPEN and not transport.is_closing():
            frame = self._write_frame(payload, binary)
            self.bytes_out += len(frame)
            transport.write(frame)

    def trust(self, max_size: int) -> None:
        """The peer has proved who it is: messages may have `max_size` bytes from now on."""
        self._max_size = max_size
        if self._parser is not None:
            self._parser.max_message_size = max_size

    def ping(self) -> None:
        """Send an empty ping. A `PongHandler` is told of the pong, any other is not."""
        self.write_by(lambda parser: parser.send_ping(b""))

    def write_by(self, write: Callable[[SansIo], None]) -> None:
        """Send what `write` has the sans-I/O object make (see `sansio`); otherwise as `send`."""
        if self._phase is Phase.OPEN:
            write(self._sans_io())
            self._flush()
            self._drop_idle_parser()

    def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Start the closing handshake; `closed` follows, after the close time-out at the latest.

        Harmless on a connection that is closing or has ended. No message is delivered after it.

        Raises:
            ValueError: If `code` is none that may be sent (RFC 6455, section 7.4).
        """
        if code not in EXTERNAL_CLOSE_CODES and not 3000 <= code < 5000:
            raise ValueError(f"{code} is no close code that may be sent")
        self._deaf = True
        if self._phase is Phase.OPEN:
            self._sans_io().send_close(code, short_reason(reason))
            self._closing()
            self._flush()
        elif self._phase is Phase.OPENING:
            self.abort()

    def abort(self) -> None:
        """End the connection at once, without a closing handshake: the peer sees a reset or an early end."""
        self._abort("aborted by this side")

    # --- What the transport calls ---

    def data_received(self, data: bytes) -> None:
        size = len(data)
        self.bytes_in += size
        if self._parser is None:
            start = 0
            for _ in FRAMES_A_TURN:
                found = self._read_frame(data, start, self._max_size)
                if found is None:
                    break
                payload, binary, start = found
                if not binary and not payload.isascii() and not is_utf8(payload):
                    self._fail(BAD_DATA, "text that is not UTF-8")
                    return
                try:
                    self._handler.message(payload, binary)
                except Exception as exc:  # noqa: BLE001 - a fault of one handler must not reach the other connections
                    self._handler_failed(exc)
                if self._phase is not Phase.OPEN:
                    break
                if start == size:
                    return
            if start:
                data = data[start:]
        if self._phase is not Phase.ENDED:
            self._parse(data)

    def eof_received(self) -> None:
        """Returns None, whereupon the transport sends what it still holds and closes."""
        self._take_all()
        if self._parser is not None and self._phase is not Phase.ENDED:
            self._guarded(self._parser.receive_eof)
        if self._phase is Phase.OPEN:
            self._failure = (ABNORMAL, "", _NO_CLOSE_FRAME)
            self._closing()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._phase is Phase.OPEN and isinstance(self._handler, WritableHandler):
            self._handed(self._handler.writable)

    def connection_lost(self, exc: Exception | None) -> None:
        self._take_all()
        was_open = self._phase is not Phase.OPENING
        ending = self._ending(exc)
        self._phase = Phase.ENDED
        self._stop_timer()
        self._release()
        handler, self._handler = self._handler, NOBODY
        self._let_parser_go()
        self._fragments = None
        if was_open:
            try:
                handler.closed(*ending)
            except Exception as error:  # noqa: BLE001 - as in data_received
                self._report(error)
        self._never_opened(ending[2], exc)

    def _handshake(self, event: Request | Response) -> None:
        """The opening handshake's message of the peer has arrived."""
        raise NotImplementedError

    def _never_opened(self, detail: str, exc: Exception | None) -> None:
        """The transport has gone; matters to a side that still waits for the opening handshake."""

    def _opened(self) -> None:
        self._phase = Phase.OPEN
        self._stop_timer()
        self._handed(self._handler.opened, self)

    def _start_timer(self, seconds: float, callback: Callable[[], None]) -> None:
        self._stop_timer()
        self._timer = self._loop.call_later(seconds, callback)

    def _abort(self, detail: str) -> None:
        if self._phase is Phase.ENDED:
            return
        self._failure = self._failure or (ABNORMAL, "", detail)
        self._deaf = True
        if self._phase is not Phase.OPENING:
            self._phase = Phase.CLOSING
            # Takes the rest of what has just arrived, past the handler.
            self._sans_io()
        self._transport.abort()

    def _flush(self) -> None:
        """Hand what the sans-I/O object wants sent to the transport."""
        parser = self._parser
        transport = self._transport
        if parser is None:
            return
        for data in parser.data_to_send():
            if transport.is_closing():
                continue
            if data:
                self.bytes_out += len(data)
                transport.write(data)
            elif self._SIDE is Side.SERVER:
                # A server ends TCP first. A client asks for the end only where it comes anyway: the peer has ended it,
                # or the opening handshake has failed. If the peer has reset it meanwhile, that is told by itself.
                end_writing(transport)

    # --- The long way of incoming data ---

    def _sans_io(self) -> SansIo:
        parser = self._parser
        if parser is None:
            parser = self._parser = SansIo(self._SIDE, state=State.OPEN, max_size=self._max_size, logger=SILENT)
        return parser

    def _parse(self, data: bytes) -> None:
        self._take_in_turns(data)
        if self._phase is Phase.OPENING and self.bytes_in > self._MAX_HEAD:
            self._abort(f"more than {self._MAX_HEAD} bytes without an end of the opening handshake")
        self._drop_idle_parser()

    def _receive(self, data: bytes) -> int:
        return self._guarded(self._sans_io().receive_data, data)

    def _guarded(self, receive: Callable[..., None], *data: bytes) -> int:
        """Let the sans-I/O object receive something and act on what comes of it; returns how many frames did."""
        parser = self._sans_io()
        frames = 0
        try:
            receive(*data)
            if self._phase is Phase.OPEN and parser.state is not State.OPEN:
                self._closing()
            fault = parser.parser_exc
            sent = parser.close_sent
            if fault is not None and sent is not None and self._failure is None and not isinstance(fault, EOFError):
                self._failure = (int(sent.code), sent.reason, fault_in_words(fault))
            self._flush()
            # What arrived before a close frame is still for the handler.
            for event in parser.events_received():
                frames += 1
                if isinstance(event, Frame):
                    self._frame(event)
                else:
                    self._handshake(event)
        except Exception as exc:  # noqa: BLE001 - whatever a peer sends must not reach the loop
            self._report(exc)
            self._abort(f"internal fault: {type(exc).__name__}")
        return frames

    def _frame(self, frame: Frame) -> None:
        if self._deaf:
            return
        opcode = frame.opcode
        if opcode is Opcode.CONT:
            if self._fragments is None:
                return
            self._fragments += frame.data
            if frame.fin:
                payload = bytes(self._fragments)
                self._fragments = None
                self._deliver(payload, self._fragments_binary)
        elif opcode is Opcode.TEXT or opcode is Opcode.BINARY:
            binary = opcode is Opcode.BINARY
            if frame.fin:
                self._deliver(bytes(frame.data), binary)
            else:
                self._fragments = bytearray(frame.data)
                self._fragments_binary = binary
        elif opcode is Opcode.PONG and isinstance(self._handler, PongHandler):
            self._handed(self._handler.ponged)

    def _deliver(self, payload: bytes, binary: bool) -> None:
        if not binary and not payload.isascii() and not is_utf8(payload):
            self._fail(BAD_DATA, "text that is not UTF-8")
            return
        self._handed(self._handler.message, payload, binary)

    def _handed(self, call: Callable[..., None], *values: object) -> None:
        """Tell the handler something."""
        try:
            call(*values)
        except Exception as exc:  # noqa: BLE001 - as in data_received
            self._handler_failed(exc)

    def _drop_idle_parser(self) -> None:
        parser = self._parser
        if (
            self._phase is Phase.OPEN
            and self._fragments is None
            and not self._backlog
            and parser is not None
            and parser.state is State.OPEN
            and between_frames(parser)
        ):
            self._let_parser_go()

    def _let_parser_go(self) -> None:
        parser, self._parser = self._parser, None
        if parser is not None:
            release(parser)

    def _fail(self, code: int, detail: str) -> None:
        """End the connection because of a fault, telling the peer `code`."""
        self._deaf = True
        if self._phase is Phase.OPEN:
            self._failure = (code, "", detail)
            parser = self._sans_io()
            parser.fail(code, short_reason(detail))
            self._closing()
            self._flush()

    def _handler_failed(self, exc: Exception) -> None:
        self._report(exc)
        self._fail(INTERNAL_ERROR, f"internal fault: {type(exc).__name__}")

    def _report(self, exc: BaseException) -> None:
        if self._on_error is not None:
            self._on_error(exc)
        else:
            self._loop.call_exception_handler(
                {"message": "fault in the handler of a connection", "exception": exc, "protocol": self}
            )

    def _closing(self) -> None:
        self._phase = Phase.CLOSING
        # The peer's answer has to be read, whatever held the reading back.
        self._hold_or_read()
        self._start_timer(self._close_timeout, self._close_timed_out)

    def _close_timed_out(self) -> None:
        parser = self._parser
        if parser is None or parser.close_rcvd is None:
            self._abort(f"no answer to the closing handshake within {self._close_timeout:g} s")
        else:
            self._transport.abort()

    def _ending(self, exc: Exception | None) -> tuple[int, str, str]:
        if self._failure is not None:
            return self._failure
        told = None if self._parser is None else close_told(self._parser)
        return told or (ABNORMAL, "", _NO_CLOSE_FRAME if exc is None else in_words(exc))

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
