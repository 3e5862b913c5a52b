"""How this layer uses `websockets`' sans-I/O protocol objects: silently, and no longer than needed.

Nothing in this layer logs: the device side runs in a native thread beside gevent-patched Python, where the lock of a
handler of `logging` would block every greenlet.
"""

import logging
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


def between_frames(parser: Protocol) -> bool:
    """True when `parser` waits for the first byte of a frame, so that a new one could take its place.

    The parser is a chain of suspended generators; between frames its innermost one asks whether the stream has ended.
    Should another release of `websockets` do otherwise, the answer is no, and parsers are merely kept longer.
    """
    step: Any = parser.parser
    while isinstance(step, GeneratorType) and step.gi_yieldfrom is not None:
        step = step.gi_yieldfrom
    return isinstance(step, GeneratorType) and step.gi_code is StreamReader.at_eof.__code__
