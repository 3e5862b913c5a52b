"""Ends of sockets as a broken network makes them: a reset, or silence for as long as somebody keeps the connection."""

import os
import struct
from _socket import AF_INET, SO_LINGER, SOCK_STREAM, SOL_SOCKET, close, socket
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final, Protocol

# `_socket`'s own: `socket.socket` and `os.close` may have been replaced by a library that waits in its own way. That of
# gevent leaves closing to the thread's hub, and the engine's thread has none that runs: nothing would ever be closed.

_AT_ONCE: Final = struct.pack("ii", 1, 0)
"""SO_LINGER: nothing is waited for, so that closing resets."""


class HasFileno(Protocol):
    """A socket, or what a transport shows of its own."""

    def fileno(self) -> int:
        """-1 once it is closed."""
        ...


class CanAbort(Protocol):
    """A transport."""

    def abort(self) -> None: ...


@dataclass(slots=True)
class Outgoing:
    """What was made so far for something that is being opened, by which it can be ended without a word.

    Attributes:
        transports: On `sockets`, of those who would end them in order when they are cancelled.
        was_open: It was cancelled when it was open already: its owner has been told of that, and of its end.
    """

    sockets: list[HasFileno] = field(default_factory=list)
    transports: list[CanAbort] = field(default_factory=list)
    was_open: bool = False


outgoing: Final[ContextVar[Outgoing | None]] = ContextVar("outgoing", default=None)
"""Set by those who may have to end what is opened in their context."""


def made(sock: HasFileno) -> None:
    """A socket for an outgoing connection was made."""
    watched = outgoing.get()
    if watched is not None:
        watched.sockets.append(sock)


def connected(transport: CanAbort) -> None:
    """A transport whose owner ends it in order when he is cancelled."""
    watched = outgoing.get()
    if watched is not None:
        watched.transports.append(transport)


def ended_when_open() -> None:
    """What had just opened was cancelled before whoever waited for it knew."""
    watched = outgoing.get()
    if watched is not None:
        watched.was_open = True


def reset_when_closed(sock: HasFileno) -> None:
    """Let the peer see a reset when `sock` is closed, whatever is still to be sent or read. Harmless when it is."""
    fileno = sock.fileno()
    if fileno >= 0:
        _linger_not(fileno)


def kept_open(sock: HasFileno) -> int | None:
    """A second descriptor of an open socket: when that is closed, the peer is told nothing until this is closed too.

    None where it is closed already.

    Raises:
        OSError: If the process may have no more descriptors.
    """
    fileno = sock.fileno()
    return os.dup(fileno) if fileno >= 0 else None


def reset(descriptor: int) -> None:
    """Close a descriptor of `kept_open`, so that the peer sees a reset."""
    _linger_not(descriptor)
    close(descriptor)


def _linger_not(descriptor: int) -> None:
    # Kind and family do not matter to the option, and given they need not be asked for.
    sock = socket(AF_INET, SOCK_STREAM, 0, descriptor)
    try:
        with suppress(OSError):
            sock.setsockopt(SOL_SOCKET, SO_LINGER, _AT_ONCE)
    finally:
        sock.detach()
