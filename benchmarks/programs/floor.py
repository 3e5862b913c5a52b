"""Variant (a), the floor: a bare uvloop client that sends messages of a heartbeat's size and gets them back.

No WebSocket, no JSON, no record of anything: what asyncio transports on uvloop cost by themselves.
"""

import asyncio
import random
from typing import Any, cast

import uvloop

from benchmarks.programs.orders import leave, read_order
from benchmarks.programs.window import Reading, between, read


class EchoClient(asyncio.Protocol):
    """One connection; counts what comes back."""

    __slots__ = ("_at_once", "_interval", "_loop", "_message", "_missing", "_transport", "messages")

    def __init__(self, message: bytes, interval: float, at_once: bool) -> None:
        self._loop = asyncio.get_running_loop()
        self._message = message
        self._interval = interval
        self._at_once = at_once
        self._missing = 0
        self._transport: asyncio.Transport | None = None
        self.messages = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if self._at_once:
            self._send()
        else:
            self._loop.call_later(self._interval * random.random(), self._beat)

    def data_received(self, data: bytes) -> None:
        self._missing -= len(data)
        if not self._missing:
            self.messages += 1
            if self._at_once:
                self._send()

    def _send(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._missing += len(self._message)
            self._transport.write(self._message)

    def _beat(self) -> None:
        self._loop.call_later(self._interval, self._beat)
        self._send()


async def measure(order: dict[str, Any]) -> None:
    """Connect, settle, look at a window, leave the result."""
    loop = asyncio.get_running_loop()
    message = b"x" * order["bytes"]
    clients: list[EchoClient] = []
    for _ in range(order["devices"]):
        _, client = await loop.create_connection(
            lambda: EchoClient(message, order["heartbeat_s"], order["at_once"]), "127.0.0.1", order["port"]
        )
        clients.append(client)

    def look() -> Reading:
        return read(sum(client.messages for client in clients), 0)

    await asyncio.sleep(order["settle_s"])
    first = look()
    leave(order["began"], {})
    await asyncio.sleep(order["window_s"])
    leave(order["result"], {"window": between(first, look())})


if __name__ == "__main__":
    uvloop.run(measure(read_order()))
