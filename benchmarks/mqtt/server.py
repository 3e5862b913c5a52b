"""`python -m benchmarks.mqtt.server`: the echo broker, and a WebSocket echo for what it is measured against."""

import asyncio
from typing import Any

import uvloop

from benchmarks.mqtt.broker import EchoSession
from benchmarks.programs.orders import leave, read_order
from simulator.wire.connection import Connection
from simulator.wire.server import serve as serve_websocket

MESSAGE_BYTES = 64 * 1024


class WebSocketEcho:
    """One WebSocket connection: sends every message back."""

    def opened(self, connection: Connection) -> None:
        self._connection = connection

    def message(self, payload: bytes, binary: bool) -> None:
        self._connection.send(payload, binary)

    def closed(self, code: int, reason: str, detail: str) -> None:
        pass


async def serve(order: dict[str, Any]) -> None:
    """Serve until the process is ended."""
    broker = await asyncio.get_running_loop().create_server(EchoSession, "127.0.0.1", 0, backlog=4096)
    echo = await serve_websocket(
        "127.0.0.1", 0, WebSocketEcho, max_size=MESSAGE_BYTES, max_write_buffer=MESSAGE_BYTES, open_timeout=60
    )
    leave(order["ready"], {"mqtt": broker.sockets[0].getsockname()[1], "websocket": echo.port})
    await broker.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(read_order()))
