"""Ports for processes that are told theirs on the command line: nobody takes one between its choice and its use."""

import fcntl
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

# Below the range from which Linux gives ports to whoever names none (32768 on, unless it was set otherwise): neither a
# connection nor a server on port 0 comes upon one of these.
FIRST, LAST = 20_000, 32_000
_LOCKS = Path(tempfile.gettempdir()) / f"best-fleet-test-ports-{os.getuid()}"
_held: list[int] = []
"""Open files, whose locks end with this process."""


def _candidates() -> Iterator[int]:
    """All of them, from one on that differs by process, so that processes seldom meet."""
    first = os.getpid() * 97 % (LAST - FIRST)
    for step in range(LAST - FIRST):
        yield FIRST + (first + step) % (LAST - FIRST)


_left = _candidates()


def free_port() -> int:
    """A port at which nobody listens, given to no other test of this machine while this process lives."""
    _LOCKS.mkdir(exist_ok=True)
    for port in _left:
        lock = os.open(_LOCKS / str(port), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            os.close(lock)
            continue
        _held.append(lock)
        return port
    raise RuntimeError(f"no port from {FIRST} to {LAST} is free")
