"""A TCP connection to one of several addresses: the first that answers (RFC 8305), so that a dead one costs little."""

import asyncio
import socket
from collections.abc import Sequence
from typing import Any, cast

from aiohappyeyeballs import start_connection

from simulator.wire.local_ports import LocalPorts

ATTEMPT_DELAY_S = 0.25
"""After which the next address is tried beside those that have not answered yet (RFC 8305, section 5)."""


class _Attempts:
    """What `start_connection` takes for the loop: makes its connects from our local ports, and knows why they failed.

    A race that nobody wins ends in one exception that names no cause, which is of use to nobody.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, local_ports: LocalPorts) -> None:
        self._loop = loop
        self._local_ports = local_ports
        self.failures: dict[str, OSError] = {}

    async def sock_connect(self, sock: socket.socket, address: tuple[Any, ...]) -> None:
        try:
            await self._local_ports.join(self._loop, sock, (address[0], address[1]))
        except OSError as error:
            self.failures[address[0]] = error
            raise


async def connect_to_first(
    loop: asyncio.AbstractEventLoop,
    addresses: Sequence[str],
    port: int,
    source: tuple[str, int] | None,
    local_ports: LocalPorts,
) -> tuple[socket.socket, str]:
    """A socket that is connected to one of `addresses`, and which one; tried in their order.

    Raises:
        OSError: None can be connected to; the reason is that of the first.
    """
    if len(addresses) == 1:
        return await local_ports.connect(loop, (addresses[0], port), source), addresses[0]
    attempts = _Attempts(loop, local_ports)
    infos = [
        (
            socket.AF_INET6 if ":" in address else socket.AF_INET,
            socket.SOCK_STREAM,
            socket.IPPROTO_TCP,
            "",
            (address, port, 0, 0) if ":" in address else (address, port),
        )
        for address in addresses
    ]
    try:
        sock = await start_connection(
            infos,
            happy_eyeballs_delay=ATTEMPT_DELAY_S,
            loop=cast("asyncio.AbstractEventLoop", attempts),
            socket_factory=lambda info: local_ports.open(str(info[4][0]), source),
        )
    except OSError as error:
        raise attempts.failures.get(addresses[0], error) from error
    return sock, str(sock.getpeername()[0])
