"""`python -m benchmarks.mqtt_broker`: what the embedded MQTT broker costs, beside the WebSocket server.

The server's process is measured from inside: memory a connection, CPU a round trip (a device publishes with quality of
service 1, a subscriber in the broker's process answers on the device's own topic, both are acknowledged) with all
connections busy, and the share of a core that one message of each device every ten seconds takes. Clients are bare
bytes on the other core.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any, cast

import uvloop

from benchmarks.children import BenchmarkError, Child
from benchmarks.cores import choose_cores, pin
from simulator.mqtt.codec import encode
from simulator.mqtt.packets import Connect, Disconnect, Publish, Subscribe
from simulator.wire.files import raise_open_file_limit

PAYLOAD = b'{"mid":"0123456789ab12345","funcId":"dev.heartbeat","time":1700000000000,"params":{"isOnline":true}}'
LIMIT_S = 300.0
UPGRADE = (
    b"GET /best HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
BUSY_S = 6.0
QUIET_S = 15.0
INTERVAL_S = 10.0
CONNECTS_AT_ONCE = 200
AT_ONCE = 64
"""Messages under way while all are busy."""


class Bare(asyncio.Protocol):
    """One device: sends the same bytes again and again, and counts what it gets for them."""

    def __init__(self, pump: "Pump", number: int, kind: str) -> None:
        self._pump = pump
        self._mqtt = kind == "mqtt"
        self._buffer = b""
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        base = f"best/product/{number:012}"
        down = Publish(f"{base}/down", PAYLOAD, 1, 1)
        if self._mqtt:
            self._hello = encode(Connect(client_id=f"{number:012}", clean_session=True, keep_alive=600))
            self._hello += encode(Subscribe(1, ((f"{base}/down", 1),)))
            self._greeting = 4 + 5
            self._message = encode(Publish(f"{base}/up", PAYLOAD, 1, 7))
            # PUBLISH first, then the PUBACK: its id stands before the payload.
            self._answer = len(encode(down)) + 4
            self._id_at = len(encode(down)) - len(PAYLOAD) - 2
        else:
            self._hello = UPGRADE
            self._greeting = 0
            self._message = bytes((0x81, 0x80 | len(PAYLOAD), 0, 0, 0, 0)) + PAYLOAD
            self._answer = 2 + len(PAYLOAD)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(self._hello)

    def send(self) -> None:
        self.transport.write(self._message)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self.ready.done():
            if self._mqtt and len(self._buffer) >= self._greeting:
                self._buffer = self._buffer[self._greeting :]
                self.ready.set_result(None)
            elif b"\r\n\r\n" in self._buffer:
                self._buffer = b""
                self.ready.set_result(None)
        elif len(self._buffer) >= self._answer:
            if self._mqtt:
                self.transport.write(b"\x40\x02" + self._buffer[self._id_at : self._id_at + 2])
            self._buffer = self._buffer[self._answer :]
            self._pump.came()

    def connection_lost(self, exc: Exception | None) -> None:
        self._pump.lost += 1

    def end(self) -> None:
        if self._mqtt:
            self.transport.write(encode(Disconnect()))
        self.transport.close()


class Pump:
    """Keeps messages under way, going round all devices."""

    def __init__(self) -> None:
        self.devices: list[Bare] = []
        self._next = 0
        self.running = False
        self.lost = 0

    def came(self) -> None:
        if self.running:
            self.send()

    def send(self) -> None:
        self.devices[self._next].send()
        self._next = (self._next + 1) % len(self.devices)


async def drive(kind: str, connections: int, child: Child, ready: Path) -> dict[str, Any]:
    """Connect, look, be busy, be quiet."""
    loop = asyncio.get_running_loop()
    port = (await asyncio.to_thread(child.wait_for_file, ready))["port"]
    pump = Pump()
    looks = 0

    async def look() -> Any:
        nonlocal looks
        looks += 1
        process = child._process
        assert process is not None
        assert process.stdin is not None
        process.stdin.write(b"look\n")
        process.stdin.flush()
        last = Path(f"{ready}.{looks}" if looks == 1 else f"{ready}.{looks}.between")
        await asyncio.to_thread(child.wait_for_file, last)
        return await asyncio.to_thread(child.wait_for_file, Path(f"{ready}.{looks}")), last

    async def measure(seconds: float) -> Any:
        await look()
        await asyncio.sleep(seconds)
        _, last = await look()
        return await asyncio.to_thread(child.wait_for_file, last)

    before, _ = await look()
    for first in range(0, connections, CONNECTS_AT_ONCE):
        made = [
            loop.create_connection(lambda number=number: Bare(pump, number, kind), "127.0.0.1", port)  # type: ignore[misc]
            for number in range(first, min(first + CONNECTS_AT_ONCE, connections))
        ]
        pump.devices += [device for _, device in await asyncio.gather(*made)]
        await asyncio.gather(*(device.ready for device in pump.devices[first:]))
    (after, last) = await look()
    connecting = await asyncio.to_thread(child.wait_for_file, last)
    pump.running = True
    for _ in range(min(AT_ONCE, connections)):
        pump.send()
    await asyncio.sleep(1)
    busy = await measure(BUSY_S)
    pump.running = False
    await asyncio.sleep(1)

    async def trickle() -> None:
        while True:
            pump.send()
            await asyncio.sleep(INTERVAL_S / connections)

    task = asyncio.create_task(trickle())
    quiet = await measure(QUIET_S)
    task.cancel()
    if pump.lost:
        raise BenchmarkError(f"{pump.lost} connections were lost:\n{child.last_lines()}")
    for device in pump.devices:
        device.end()
    return {
        "KB a connection": (after["rss"] - before["rss"]) / connections / 1024,
        "ms of CPU a connect": connecting["cpu_s"] / connections * 1000,
        "CPU us a round trip, all busy": busy["cpu_us"],
        "round trips/s, all busy": busy["rate"],
        "share of a core, one message each in 10 s": quiet["cpu_s"] / quiet["seconds"],
        "messages/s then": quiet["rate"],
    }


def main() -> int:
    """Measure both kinds and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mqtt_broker", description=__doc__)
    parser.add_argument("--connections", type=int, default=2_000)
    parser.add_argument("--kind", choices=("mqtt", "ws", "both"), default="both")
    options = parser.parse_args()
    cores = choose_cores()
    raise_open_file_limit(options.connections + 100)
    pin(0, cores.client)
    for kind in ("mqtt", "ws") if options.kind == "both" else (options.kind,):
        with tempfile.TemporaryDirectory(prefix="best-fleet-benchmarks-") as directory:
            ready = Path(directory) / "ready.json"
            order = {"kind": kind, "connections": options.connections, "ready": str(ready), "limit_s": LIMIT_S}
            program = ["-m", "benchmarks.programs.mqtt_broker"]
            with Child(
                kind, program, core=cores.server, directory=Path(directory), limit_s=LIMIT_S, order=order
            ) as child:
                figures = uvloop.run(drive(kind, options.connections, child, ready))
        print(f"{kind}, {options.connections} connections")
        for name, figure in figures.items():
            print(f"  {figure:10.3f} {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
