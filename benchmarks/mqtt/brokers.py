"""`python -m benchmarks.mqtt.brokers --libraries DIR`: what brokers without an installation cost, and mosquitto.

Each runs in a process of its own, which is read from outside. Devices publish with quality of service 1; a client that
stands for a platform has subscribed to all of their topics and answers each on the device's own.
"""

import argparse
import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, cast

import psutil
import uvloop

from simulator.mqtt.broker import Broker, serve
from simulator.mqtt.codec import PacketReader, encode
from simulator.mqtt.packets import Connack, Connect, Puback, Publish, Suback, Subscribe
from simulator.wire.files import raise_open_file_limit

PAYLOAD: Final = b'{"funcId":"dev.heartbeat","imme":"0","mid":"018bd0f1e26a1","payload":{"params":{"isFree":"1"}}}'
KINDS: Final = ("own", "amqtt", "mosquitto")
AT_ONCE: Final = 50
"""Connects under way."""
QUIET_S: Final = 20.0
START_S: Final = 20.0


class Client(asyncio.Protocol):
    """One client; `answers` is whether it stands for the platform."""

    def __init__(self, name: str, topic: str, *, answers: bool) -> None:
        self._hello = encode(Connect(client_id=name, clean_session=True, keep_alive=600))
        self._subscribe = encode(Subscribe(1, ((topic, 1),)))
        self._answers = answers
        self._packets = PacketReader()
        self._packet_id = 1
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.came = 0
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(self._hello)

    def publish(self, topic: str, payload: bytes) -> None:
        self._packet_id = self._packet_id % 65_535 + 1
        self.transport.write(encode(Publish(topic, payload, 1, self._packet_id)))

    def data_received(self, data: bytes) -> None:
        for packet in self._packets.feed(data):
            if isinstance(packet, Connack):
                self.transport.write(self._subscribe)
            elif isinstance(packet, Suback):
                self.ready.set_result(None)
            elif isinstance(packet, Publish):
                self.came += 1
                if packet.qos:
                    self.transport.write(encode(Puback(packet.packet_id)))
                if self._answers:
                    self.publish(packet.topic.removesuffix("up") + "down", packet.payload)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True


async def drive(port: int, broker: psutil.Process, devices: int, interval_s: float) -> dict[str, float]:
    """Connect `devices`, and let each send one message in `interval_s`."""
    loop = asyncio.get_running_loop()

    async def connected(name: str, topic: str, *, answers: bool = False) -> Client:
        _, client = await loop.create_connection(lambda: Client(name, topic, answers=answers), "127.0.0.1", port)
        await client.ready
        return client

    platform = await connected("platform", "best/+/+/up", answers=True)
    rss, cpu, began = broker.memory_info().rss, cpu_of(broker), time.perf_counter()
    made: list[Client] = []
    for first in range(0, devices, AT_ONCE):
        names = range(first, min(first + AT_ONCE, devices))
        made += await asyncio.gather(*(connected(f"d{name}", f"best/p/d{name}/down") for name in names))
    figures = {
        "connects a second of CPU": devices / (cpu_of(broker) - cpu),
        "s to connect all": time.perf_counter() - began,
        "KB a connection": (broker.memory_info().rss - rss) / devices / 1024,
    }
    cpu, began, sent = cpu_of(broker), time.perf_counter(), 0
    while (now := time.perf_counter()) < began + QUIET_S:
        while sent < (now - began) * devices / interval_s:
            made[sent % devices].publish(f"best/p/d{sent % devices}/up", PAYLOAD)
            sent += 1
        await asyncio.sleep(0.005)
    spent = time.perf_counter() - began
    await asyncio.sleep(1.0)
    figures |= {
        "share of a core": (cpu_of(broker) - cpu) / spent,
        "messages a second": sent / spent,
        "answered": sum(client.came for client in made) / sent,
        "connections lost": float(sum(client.lost for client in (*made, platform))),
    }
    return figures


def cpu_of(process: psutil.Process) -> float:
    """Seconds of CPU, user and kernel."""
    times = process.cpu_times()
    return float(times.user + times.system)


@contextmanager
def running(kind: str, libraries: Path | None, devices: int) -> Iterator[tuple[int, psutil.Process]]:
    """A broker that listens: its port and process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with tempfile.TemporaryDirectory(prefix="best-fleet-benchmarks-") as directory:
        if kind == "mosquitto":
            config = Path(directory, "mosquitto.conf")
            user = "user root\n" if os.getuid() == 0 else ""
            config.write_text(f"{user}listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
            found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin") or "mosquitto"
            command = [found, "-c", str(config)]
        else:
            own = ["-m", "benchmarks.mqtt.brokers", "--serve"]
            program = [str(Path(__file__).parents[1] / "programs" / "amqtt_broker.py")] if kind == "amqtt" else own
            command = [sys.executable, *program, str(port), str(devices)]
        path = libraries if kind == "amqtt" and libraries else Path(__file__).parents[2]
        environment = os.environ | {"PYTHONPATH": str(path)}
        with Path(directory, "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        try:
            deadline = time.monotonic() + START_S
            while True:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"{kind} does not listen:\n{Path(directory, 'log').read_text()[-2_000:]}")
                time.sleep(0.1)
            yield port, psutil.Process(process.pid)
        finally:
            process.kill()
            process.wait()


async def serve_own(port: int, devices: int) -> None:
    """The project's own broker, as any client sees it."""
    raise_open_file_limit(devices + 100)
    await serve(Broker(on_error=lambda error: sys.exit(repr(error))), "127.0.0.1", port)
    await asyncio.Event().wait()


def main() -> int:
    """Measure the brokers one after the other and print the figures."""
    if sys.argv[1:2] == ["--serve"]:
        uvloop.run(serve_own(int(sys.argv[2]), int(sys.argv[3])))
        return 0
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mqtt.brokers", description=__doc__)
    parser.add_argument("--libraries", type=Path, help="where amqtt is installed (pip install --target DIR amqtt)")
    parser.add_argument("--devices", type=int, default=2_000)
    parser.add_argument("--interval", type=float, default=10.0, help="seconds between two messages of a device")
    parser.add_argument("kinds", nargs="*", default=[], metavar="KIND", help=f"of {', '.join(KINDS)}; all by default")
    options = parser.parse_args()
    raise_open_file_limit(options.devices + 100)
    for kind in options.kinds or KINDS:
        with running(kind, options.libraries, options.devices) as (port, process):
            figures = uvloop.run(drive(port, process, options.devices, options.interval))
        print(f"{kind}, {options.devices:,} devices")
        for name, figure in figures.items():
            print(f"  {figure:10.3f} {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
