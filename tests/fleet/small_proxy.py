"""A small HTTP proxy for tests: tunnels and plain GETs, with a login where one is set; it notes who wanted where."""

import asyncio
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class SmallProxy:
    """A proxy on 127.0.0.1.

    Attributes:
        login: `user:password` that it wants.
        leads: names that only this proxy can resolve.
        status: with which it refuses everything, where set.
    """

    login: str | None = None
    leads: dict[str, str] = field(default_factory=dict)
    status: int | None = None
    answer: bytes | None = None
    wanted: list[str] = field(default_factory=list)
    port: int = 0
    _server: asyncio.Server | None = None
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._answer(reader, writer)
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")
        method, target, _ = head.split("\r\n", 1)[0].split(" ")
        self.wanted.append(f"{method} {target}")
        if self.answer is not None:
            writer.write(self.answer)
            await writer.drain()
            return
        proof = f"Proxy-Authorization: Basic {b64encode((self.login or '').encode()).decode()}\r\n"
        if self.login is not None and proof not in head:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        if self.status is not None:
            writer.write(f"HTTP/1.1 {self.status} No\r\nContent-Length: 0\r\n\r\n".encode())
            return
        if method == "CONNECT":
            host, _, port = target.rpartition(":")
        else:
            host, port = urlsplit(target).hostname or "", str(urlsplit(target).port or 80)
        far_reader, far_writer = await asyncio.open_connection(self.leads.get(host, host), int(port))
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            path = target.partition("://")[2]
            path = "/" + path.partition("/")[2]
            far_writer.write(head.replace(target, path, 1).replace(proof, "").encode())
            await self._both_ways((reader, writer), (far_reader, far_writer))
            return
        await self._tunnel((reader, writer), (far_reader, far_writer))

    async def _tunnel(self, near: Ends, far: Ends) -> None:
        await self._both_ways(near, far)

    async def _both_ways(self, near: Ends, far: Ends) -> None:
        await asyncio.gather(self._pump(near[0], far[1]), self._pump(far[0], near[1]))

    @staticmethod
    async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()
