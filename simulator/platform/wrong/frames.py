"""What one connection of a wrong platform does to its frames: which is spoiled, and how."""

from simulator.platform.wrong import session_modes as sessions
from simulator.platform.wrong import transport as raw
from simulator.platform.wrong.mistakes import Mistakes

_FRAME = 7
"""Of a connection's data frames the one, counted from 0, that is wrong: devices come online before it."""
_NO_STATUS = 1005
_TEXT, _BINARY, _UNKNOWN, _RESERVED = 0x81, 0x82, 0x83, 0x40


class Frames:
    """The frames of one connection.

    Attributes:
        bad_status: Whether the next close frame has a status that may not be sent.
        closing: Whether the peer has begun to close.
    """

    def __init__(self, mistakes: Mistakes) -> None:
        self._mistakes = mistakes
        self._sent = 0
        self.bad_status = False
        self.closing = False

    def spoil(self, frame: bytes) -> bytes:
        """What goes out in place of a frame."""
        mistakes = self._mistakes
        if frame[0] == raw.PONG and sessions.IGNORES_PINGS in mistakes:
            return b""
        if frame[0] == raw.CLOSE:
            if self.bad_status:
                return raw.with_status(frame, _NO_STATUS)
            return b"" if self.closing and sessions.IGNORES_CLOSE in mistakes else frame
        if frame[0] in (_TEXT, _BINARY):
            self._sent += 1
            if self._sent == _FRAME + 1:
                return self._spoiled(frame)
        return frame

    def _spoiled(self, frame: bytes) -> bytes:
        mode = self._mistakes.next_of(*sessions.FRAME_MODES)
        if mode is sessions.MASKED:
            return raw.masked(frame)
        if mode is sessions.RESERVED_BIT:
            return raw.with_head(frame, frame[0] | _RESERVED)
        if mode is sessions.UNKNOWN_OPCODE:
            return raw.with_head(frame, _UNKNOWN)
        if mode is sessions.CONTINUATION:
            return raw.with_head(frame, 0x80 | raw.CONTINUATION)
        if mode is sessions.NOT_UTF8:
            return raw.not_utf8(frame)
        return raw.with_head(frame, _BINARY) if mode is sessions.BINARY_TEXT else frame
