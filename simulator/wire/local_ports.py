"""Which local port a connection leaves from: a part of the range is chosen here, so that the system finds one fast.

Linux looks for a free port among the even ones first, from one end to the other. Once these all lead to one endpoint,
which is the case with 14,000 connections and the usual range, every further connection costs 1 to 2 ms of CPU. A socket
that may take its port from a small window only (IP_LOCAL_PORT_RANGE, Linux 6.3) costs what the first one did.
"""

import asyncio
import errno
import itertools
import os
import socket
import struct
from pathlib import Path
from typing import Any

from simulator.wire.resets import made

_BIND_ADDRESS_NO_PORT = 24
_LOCAL_PORT_RANGE = 51
"""Options of Linux that Python's socket module does not name."""
_RANGE_FILE = Path("/proc/sys/net/ipv4/ip_local_port_range")

WINDOW = 64
"""Ports that one connection may choose from."""
_STRIDE = 61
"""From one connection's window to the next one's; a prime, so that the windows fill evenly."""
_WINDOWS_TRIED = 8
"""Then the whole range: it is nearly used up."""
_UNDER_WAY = {errno.EINPROGRESS, errno.EALREADY, errno.EWOULDBLOCK, errno.EINTR}


def system_range() -> range | None:
    """The ports that the system gives to outgoing connections, or None where it does not tell."""
    try:
        low, high = (int(number) for number in _RANGE_FILE.read_text("ascii").split())
    except (OSError, ValueError):
        return None
    return range(low, high + 1)


def prompt(base: type[socket.socket]) -> type[socket.socket]:
    """Sockets for event loops: they notice at once when they are connected, and close nothing but themselves.

    On one machine a connection is there when `connect` comes back, though it says that it is under way. To ask once
    more tells; to wait until the loop says so takes three times as long as all the rest.

    uvloop closes the descriptor of a connection that ends, and then the socket too where that is of another class than
    `socket.socket` was when uvloop was loaded. In between another thread may have been given the number, for a file of
    the report or a connection of its own, which would be closed. So a socket looks whether the number is its own.

    Args:
        base: what they are otherwise, where `socket.socket` was replaced by a library that has its own idea of waiting.
    """

    class Prompt(base):  # type: ignore[valid-type, misc]
        __slots__ = ("_inode",)

        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self._inode = _inode(self.fileno())

        def close(self) -> None:
            fileno = self.fileno()
            if fileno >= 0 and _inode(fileno) != self._inode:
                self.detach()
            super().close()

        def connect(self, address: Any) -> None:
            code = self.connect_ex(address)
            if code in _UNDER_WAY:
                code = self.connect_ex(address)
            if code not in (0, errno.EISCONN):
                # As the kind that the number stands for: BlockingIOError while it is under way.
                raise OSError(code, os.strerror(code))

    return Prompt


def _inode(fileno: int) -> int | None:
    """What the kernel knows a socket by; None where nothing is open under the number, or systems have no such thing."""
    try:
        return os.fstat(fileno).st_ino
    except OSError:
        return None


class LocalPorts:
    """Makes the sockets of outgoing connections; one for all connections of a fleet.

    Args:
        ports: the range to choose windows from; None leaves the choice to the system.
        socket_type: what sockets are made of; preferably what `prompt` made.
    """

    def __init__(self, ports: range | None, socket_type: type[socket.socket] = socket.socket) -> None:
        self._ports = ports if ports is not None and len(ports) > WINDOW else None
        self._socket_type = socket_type
        # Several processes of a swarm share the range; each begins elsewhere.
        self._numbers = itertools.count(os.getpid())

    async def connect(
        self, loop: asyncio.AbstractEventLoop, address: tuple[str, int], source: tuple[str, int] | None
    ) -> socket.socket:
        """A socket that is connected to `address` (an IP address and a port).

        Args:
            source: local address, and its port or 0.

        Raises:
            OSError: If it cannot be connected.
        """
        sock = self.open(address[0], source)
        try:
            await self.join(loop, sock, address)
        except BaseException:
            sock.close()
            raise
        return sock

    def open(self, address: str, source: tuple[str, int] | None) -> socket.socket:
        """A socket for a connection to the IP `address`, made but not connected.

        Raises:
            OSError: If it cannot leave from `source`.
        """
        sock = self._socket_type(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            if source is not None:
                bound(sock, *source)
        except BaseException:
            sock.close()
            raise
        made(sock)
        return sock

    async def join(self, loop: asyncio.AbstractEventLoop, sock: socket.socket, address: tuple[str, int]) -> None:
        """Connect a socket of `open` to `address` (an IP address and a port), from a port of one window or another.

        Raises:
            OSError: If it cannot be connected.
        """
        for left in reversed(range(_WINDOWS_TRIED + 1)):
            if self._ports is not None:
                self._choose_window(sock, self._ports, anywhere=not left)
            try:
                await loop.sock_connect(sock, address)
            except OSError as error:
                if error.errno != errno.EADDRNOTAVAIL or not left or self._ports is None:
                    raise
            else:
                return

    def _choose_window(self, sock: socket.socket, ports: range, *, anywhere: bool) -> None:
        window = 0
        if not anywhere:
            first = ports.start + next(self._numbers) * _STRIDE % (len(ports) - WINDOW + 1)
            window = first + WINDOW - 1 << 16 | first
        if not _try_option(sock, _LOCAL_PORT_RANGE, struct.pack("I", window)):
            self._ports = None


def bound(sock: socket.socket, source: str | None, port: int = 0) -> socket.socket:
    """`sock`, with its source address where there is one; closed when that is none of this machine's.

    Raises:
        OSError: If it cannot be bound.
    """
    if source is not None:
        if not port:
            # Chosen when the destination is known: connections that lead elsewhere may have the same port.
            _try_option(sock, _BIND_ADDRESS_NO_PORT, struct.pack("i", 1))
        try:
            sock.bind((source, port))
        except OSError:
            sock.close()
            raise
    return sock


def _try_option(sock: socket.socket, option: int, value: bytes) -> bool:
    try:
        sock.setsockopt(socket.IPPROTO_IP, option, value)
    except OSError:
        return False
    return True
