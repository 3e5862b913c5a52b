"""Handshakes of TLS, one after the other on several sockets, as devices make them: how many a second of CPU allows."""

import asyncio
import socket
import time
from typing import Any

import uvloop

from benchmarks.programs.orders import leave, read_order
from simulator.wire.tls import client_context
from simulator.wire.tls_transport import secure

AT_ONCE = 8
"""The server's core is to be full, so that this one does not wait for it."""


async def measure(order: dict[str, Any]) -> None:
    """Shake hands until the time is over, and leave how often and what it cost."""
    loop = asyncio.get_running_loop()
    # As `openssl s_time` does: what the server shows is checked by nobody.
    context = client_context(verify=False)
    end = loop.time() + order["window_s"]
    made = 0

    async def one_after_the_other() -> None:
        nonlocal made
        while loop.time() < end:
            sock = socket.socket()
            sock.setblocking(False)
            await loop.sock_connect(sock, (order["host"], order["port"]))
            transport = await secure(loop, asyncio.Protocol(), sock, context, order["host"], 1.0)
            transport.abort()
            made += 1

    before = time.process_time()
    await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))
    leave(order["result"], {"handshakes": made, "cpu_s": time.process_time() - before})


if __name__ == "__main__":
    uvloop.run(measure(read_order()))
