"""A real broker for tests: mosquitto, where it is installed, and the independent platform as its client."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from . import codec
from .codec import Connect, Packet, Publish

PROGRAM = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
NEEDED = pytest.mark.skipif(PROGRAM is None, reason="mosquitto is not installed (Debian: apt-get install mosquitto)")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextlib.asynccontextmanager
async def mosquitto(directory: Path, more: str = "") -> AsyncIterator[str]:
    """Its url; lets everybody in unless `more` of its configuration says otherwise."""
    port = free_port()
    anonymous = "" if "allow_anonymous" in more else "allow_anonymous true\n"
    config = directory / "mosquitto.conf"
    text = f"user root\nlistener {port} 127.0.0.1\n{anonymous}persistence false\nlog_dest stderr\n{more}\n"
    await asyncio.to_thread(config.write_text, text)
    assert PROGRAM
    log = await asyncio.to_thread(open, directory / "mosquitto.log", "wb")
    process = await asyncio.create_subprocess_exec(PROGRAM, "-c", str(config), stdout=log, stderr=log)
    try:
        async with asyncio.timeout(10):
            while True:
                assert process.returncode is None, (directory / "mosquitto.log").read_text()
                with contextlib.suppress(ConnectionError):
                    (await asyncio.open_connection("127.0.0.1", port))[1].close()
                    break
                await asyncio.sleep(0.05)
        yield f"mqtt://127.0.0.1:{port}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
        log.close()


class Remote:
    """What the independent platform takes for its own broker: a broker that is somewhere else."""

    def __init__(self, url: str, filters: list[str]) -> None:
        self.url, self.filters = url, filters
        self.receive: Callable[[str, Publish], None] = lambda *_: None
        self.client_of: Callable[[str], str] = lambda _: ""
        """The client id by topic."""
        self.refused_cuts = 0
        self._ident = 0
        self._writer: asyncio.StreamWriter | None = None

    def publish(self, topic: str, payload: bytes, qos: int) -> int:
        self._ident = self._ident % 65535 + 1
        assert self._writer
        self._writer.write(bytes(Publish(topic, payload, qos, self._ident if qos else 0).packet()))
        return 1

    def cut(self, client_id: str) -> bool:
        """Nobody behind a broker can."""
        self.refused_cuts += 1
        return False

    @contextlib.asynccontextmanager
    async def serve(self, _: object = None) -> AsyncIterator[Remote]:
        where = urlsplit(self.url)
        reader, self._writer = await asyncio.open_connection(where.hostname, where.port)
        for packet in (
            Connect("platform", clean=True).packet(),
            codec.subscribe(1, *((one, 1) for one in self.filters)),
        ):
            self._writer.write(bytes(packet))
            await codec.read_packet(reader)
        task = asyncio.create_task(self._read(reader))
        pinging = asyncio.create_task(self._ping())
        try:
            yield self
        finally:
            for one in (task, pinging):
                one.cancel()
            await asyncio.gather(task, pinging, return_exceptions=True)
            self._writer.close()

    async def _ping(self) -> None:
        assert self._writer
        while True:
            await asyncio.sleep(20)
            self._writer.write(bytes(Packet(codec.PINGREQ, 0, b"")))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        assert self._writer
        while True:
            packet = await codec.read_packet(reader)
            if packet.kind == codec.PUBLISH:
                said = Publish.read(packet)
                if said.qos:
                    self._writer.write(bytes(codec.acknowledgement(codec.PUBACK, said.ident)))
                self.receive(self.client_of(said.topic), said)
