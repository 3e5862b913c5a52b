"""A broker that is somewhere else, in place of the independent platform's own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlsplit

from . import codec
from .codec import Connect, Packet, Publish


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
