"""The measured side of `benchmarks.mqtt_broker`: a broker with a subscriber that answers, or a WebSocket echo."""

import asyncio
import sys
from typing import Any

import uvloop

from benchmarks.programs.orders import leave, read_order
from benchmarks.programs.window import between, read
from simulator.garbage import GarbagePolicy
from simulator.mqtt.broker import Broker
from simulator.mqtt.broker import serve as serve_mqtt
from simulator.wire import Connection
from simulator.wire import serve as serve_ws
from simulator.wire.files import raise_open_file_limit


class Answering:
    """Sends each WebSocket message back."""

    def __init__(self, count: list[int]) -> None:
        self._count = count
        self._connection: Connection | None = None

    def opened(self, connection: Connection) -> None:
        self._connection = connection

    def message(self, payload: bytes, binary: bool) -> None:
        self._count[0] += 1
        assert self._connection is not None
        self._connection.send(payload, binary)

    def closed(self, code: int, reason: str, detail: str) -> None:
        self._connection = None


async def serve(order: dict[str, Any]) -> None:
    """Serve, and read this process whenever a line comes on the standard input, until that ends."""
    raise_open_file_limit(order["connections"] + 100)
    count = [0]
    if order["kind"] == "mqtt":
        broker = Broker(on_error=lambda exc: sys.exit(repr(exc)))

        def receive(topic: str, payload: bytes, dup: bool) -> None:
            count[0] += 1
            platform.publish(topic[:-2] + "down", payload)

        platform = broker.attach(["best/+/+/up"], receive)
        port = (await serve_mqtt(broker, "127.0.0.1", 0)).port
    else:
        port = (
            await serve_ws("127.0.0.1", 0, lambda: Answering(count), max_size=1 << 17, max_write_buffer=1 << 20)
        ).port
    garbage = GarbagePolicy()
    garbage.begin()
    leave(order["ready"], {"port": port})
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    readings = []
    while await lines.readline():
        garbage.grow()
        garbage.tidy()
        readings.append(read(count[0], 0))
        leave(f"{order['ready']}.{len(readings)}", {"rss": readings[-1].rss})
        if len(readings) > 1:
            leave(f"{order['ready']}.{len(readings)}.between", between(*readings[-2:]))


if __name__ == "__main__":
    uvloop.run(serve(read_order()))
