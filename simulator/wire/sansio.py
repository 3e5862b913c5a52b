"""How this layer uses `websockets`' sans-I/O protocol objects: silently, and no longer than needed.

Nothing in this layer logs: the device side runs in a native thread beside gevent-patched Python, where the lock of a
handler of `logging` would block every greenlet.
"""

import logging
from collections.abc import Callable, Sequence
from types import GeneratorType
from typing import Any

from websockets.exceptions import PayloadTooBig
from websockets.protocol import Protocol
from websockets.streams import StreamReader

# Made by hand, so that neither the root logger's handlers nor a logging configuration reaches it; `disabled` is asked
# before any lock is taken.
SILENT = logging.Logger("simulator.wire.silent", level=logging.CRITICAL + 1)
SILENT.disabled = True
SILENT.propagate = False


def fault_in_words(fault: BaseException) -> str:
    """What a peer did wrong, as the sans-I/O parser found it."""
    if isinstance(fault, PayloadTooBig):
        return f"a message over the size limit: {fault}"
    if isinstance(fault, UnicodeDecodeError):
        return "a close reason that is not UTF-8"
    return f"protocol error: {fault}"


def close_told(parser: Protocol) -> tuple[int, str, str] | None:
    """Code and reason of the close frame that has come, and who began; None where none has."""
    received = parser.close_rcvd
    if received is None:
        return None
    by = "this side" if parser.close_rcvd_then_sent is False else "the peer"
    return int(received.code), received.reason, f"closed by {by}"


def fragments(pieces: Sequence[bytes], binary: bool) -> Callable[[Protocol], None]:
    """Writes one message, a frame for each of the pieces, of which there is one at least."""

    def write(parser: Protocol) -> None:
        last = len(pieces) - 1
        (parser.send_binary if binary else parser.send_text)(pieces[0], fin=not last)
        for number, piece in enumerate(pieces[1:], 1):
            parser.send_continuation(piece, fin=number == last)

    return write


def short_reason(reason: str) -> str:
    """At most the 123 bytes that a close frame has room for."""
    data = reason.encode()
    return reason if len(data) <= 123 else data[:123].decode(errors="ignore")


def is_utf8(payload: bytes) -> bool:
    """True when the payload may be sent as text."""
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True


def release(parser: Protocol) -> None:
    """Let go of a parser that is not used any more, and at once of all that it has read.

    Its suspended generator refers to it, and so does the traceback of a fault that it found: without this it waits for
    the garbage collector, and its last message, which may be large, waits with it.
    """
    step = parser.parser
    if isinstance(step, GeneratorType) and not step.gi_running:
        step.close()
        faults: list[BaseException | None] = [parser.handshake_exc, parser.parser_exc]
        for fault in faults:
            while fault is not None:
                fault.__traceback__ = None
                fault = fault.__cause__ or fault.__context__


def between_frames(parser: Protocol) -> bool:
    """True when `parser` waits for the first byte of a frame, so that a new one could take its place.

    The parser is a chain of suspended generators; between frames its innermost one asks whether the stream has ended.
    Should another release of `websockets` do otherwise, the answer is no, and parsers are merely kept longer.
    """
    step: Any = parser.parser
    while isinstance(step, GeneratorType) and step.gi_yieldfrom is not None:
        step = step.gi_yieldfrom
    return isinstance(step, GeneratorType) and step.gi_code is StreamReader.at_eof.__code__
