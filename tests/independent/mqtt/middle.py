"""A man in the middle between devices and a real broker: the witness looks at both directions, and he can cut."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlsplit

from . import codec
from .codec import MalformedError, Packet
from .witness import Watch, Witness


class Middle:
    """`cut_at(from_device, packet)` says before which packet both sides are cut; the packet is lost."""

    def __init__(self, witness: Witness, target: str) -> None:
        self.witness, self.target = witness, urlsplit(target)
        self.cut_at: Callable[[bool, Packet], bool] = lambda *_: False
        self.cuts = 0
        self.url = ""

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator[Middle]:
        tasks: set[asyncio.Task[None]] = set()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task
            tasks.add(task)
            try:
                await self._between(reader, writer)
            finally:
                tasks.discard(task)

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        self.url = f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            for task in list(tasks):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _between(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        now = asyncio.get_running_loop().time
        watch = self.witness.connected(now())
        their_reader, their_writer = await asyncio.open_connection(self.target.hostname, self.target.port)
        there = asyncio.create_task(self._pass(watch, True, reader, their_writer))
        back = asyncio.create_task(self._pass(watch, False, their_reader, writer))
        try:
            await asyncio.wait((there, back), return_when=asyncio.FIRST_COMPLETED)
            watch.ended(now(), by_broker=not there.done() or there.result())
        finally:
            for task in (there, back):
                task.cancel()
            await asyncio.gather(there, back, return_exceptions=True)
            for one in (writer, their_writer):
                one.close()

    async def _pass(
        self, watch: Watch, from_device: bool, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Until the sender ends; whether we cut."""
        now = asyncio.get_running_loop().time
        try:
            while True:
                packet = await codec.read_packet(reader)
                if from_device:
                    watch.from_device(packet, now())
                if self.cut_at(from_device, packet):
                    self.cuts += 1
                    return True
                if not from_device:
                    watch.from_broker(packet, now())
                writer.write(bytes(packet))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return False
        except MalformedError as error:
            watch.breach(f"malformed: {error}")
            return False
