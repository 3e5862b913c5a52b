"""Ends of sockets as a broken network makes them: a reset, or silence for as long as somebody keeps the connection."""

import os
import struct
from _socket import AF_INET, SO_LINGER, SOCK_STREAM, SOL_SOCKET, socket
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from typing import Final, Protocol

# `_socket`'s own: `socket.socket` may have been replaced by a library that would wait for it in its own way.

_AT_ONCE: Final = struct.pack("ii", 1, 0)
"""SO_LINGER: nothing is waited for, so that closing resets."""


class HasFileno(Protocol):
    """A socket, or what a transport shows of its own."""

    def fileno(self) -> int:
        """-1 once it is closed."""
        ...


sockets_made: Final[ContextVar[Callable[[HasFileno], None] | None]] = ContextVar("sockets_made", default=None)
"""Told of each socket that is made for an outgoing connection in its context: for those who may have to end it."""


def made(sock: HasFileno) -> None:
    """A socket for an outgoing connection was made."""
    watcher = sockets_made.get()
    if watcher is not None:
        watcher(sock)


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
    os.close(descriptor)


def _linger_not(descriptor: int) -> None:
    # Kind and family do not matter to the option, and given they need not be asked for.
    sock = socket(AF_INET, SOCK_STREAM, 0, descriptor)
    try:
        with suppress(OSError):
            sock.setsockopt(SOL_SOCKET, SO_LINGER, _AT_ONCE)
    finally:
        sock.detach()
