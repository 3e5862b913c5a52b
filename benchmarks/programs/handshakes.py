"""Handshakes of TLS, one after the other on several sockets, as devices make them: how many a second of CPU allows."""

import asyncio
import socket
import time
from typing import Any

import uvloop

from benchmarks.programs.orders import leave, read_order
from simulator.wire.resumption import Handshake, KeptSession
from simulator.wire.tls import client_context
from simulator.wire.tls_transport import secure

AT_ONCE = 8
"""The server's core is to be full, so that this one does not wait for it."""


class _Visit(asyncio.Protocol):
    """Says nothing, and knows when it is over."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.over: asyncio.Future[None] = loop.create_future()

    def connection_lost(self, exc: Exception | None) -> None:
        self.over.set_result(None)


async def measure(order: dict[str, Any]) -> None:
    """Shake hands until the time is over, and leave how often and what it cost."""
    loop = asyncio.get_running_loop()
    # As `openssl s_time` does: what the server shows is checked by nobody.
    context = client_context(order.get("ca"), verify="ca" in order)
    end = loop.time() + order["window_s"]
    handshakes = dict.fromkeys(Handshake, 0)

    def tell(handshake: Handshake, _seconds: float) -> None:
        handshakes[handshake] += 1

    async def one_after_the_other() -> int:
        kept = KeptSession(time.monotonic, tell) if order.get("resume") else None
        made = 0
        while loop.time() < end:
            sock = socket.socket()
            sock.setblocking(False)
            await loop.sock_connect(sock, (order["host"], order["port"]))
            settings = context if kept is None else kept.resuming(context)
            visit = _Visit(loop)
            transport = await secure(loop, visit, sock, settings, order["host"], 1.0)
            if order.get("ends"):
                # In order: what the server sends after the handshake has come before its end of TLS.
                transport.close()
                await visit.over
            else:
                transport.abort()
            made += 1
        return made

    before = time.process_time()
    made = sum(await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE))))
    used = time.process_time() - before
    leave(order["result"], {"handshakes": made, "resumed": handshakes[Handshake.RESUMED], "cpu_s": used})


if __name__ == "__main__":
    uvloop.run(measure(read_order()))
