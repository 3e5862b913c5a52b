"""The floor's other side: sends everything back."""

import asyncio
from typing import Any, cast

import uvloop

from benchmarks.programs.orders import leave, read_order


class Echo(asyncio.Protocol):
    """One connection."""

    __slots__ = ("_transport",)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._transport.write(data)


async def serve(order: dict[str, Any]) -> None:
    """Serve until the process is ended."""
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0, backlog=1024)
    leave(order["ready"], {"port": server.sockets[0].getsockname()[1]})
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(read_order()))
