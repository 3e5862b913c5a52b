"""Real servers on loopback for the fleet's network, and names that lead to them without a resolver."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from simulator.clock import SystemClock, TimerQueue
from simulator.device.environment import NetworkError
from simulator.fleet.network import DownloadLimits, FleetNetwork
from simulator.protocol.broker import BrokerAnswer
from simulator.protocol.codes import SUCCESS
from simulator.scenario.scenario import TlsFiles
from simulator.wire.addresses import AddressBook
from simulator.wire.server import serve


def broker(url: str, root_ca: str | None = None) -> BrokerAnswer:
    """A look-up's answer that leads to `url`."""
    return BrokerAnswer(code=SUCCESS, url=url, root_ca=root_ca)


async def hello(request: web.Request) -> web.Response:
    """Answers whatever is asked for with five bytes."""
    return web.Response(body=b"hello")


class Handler:
    """Either end of a WebSocket; keeps what it is told."""

    def __init__(self) -> None:
        self.connection: Any = None
        self.messages: list[tuple[bytes, bool]] = []
        self.ended: asyncio.Future[tuple[int, str, str]] = asyncio.get_running_loop().create_future()

    def opened(self, connection: Any) -> None:
        self.connection = connection

    def message(self, payload: bytes, binary: bool) -> None:
        self.messages.append((payload, binary))

    def closed(self, code: int, reason: str, detail: str) -> None:
        self.ended.set_result((code, reason, detail))


def trust(ca: str | None = None, cert: str | None = None, key: str | None = None, *, verify: bool = True) -> TlsFiles:
    """Whom a network trusts, and what it shows."""
    authority, certificate, own_key = (None if name is None else Path(name) for name in (ca, cert, key))
    return TlsFiles(ca=authority, client_cert=certificate, client_key=own_key, verify=verify)


class Bench:
    """Makes networks and servers, and ends them."""

    def __init__(self) -> None:
        self._endings: list[Callable[[], Awaitable[Any]]] = []

    async def network(self, **options: Any) -> FleetNetwork:
        limits = DownloadLimits(options.pop("download_hosts", ()), options.pop("downloads_at_once", 100))
        begins = options.pop("begins", None)
        network = FleetNetwork(**({"open_timeout": 5.0, "downloads": limits} | options))
        await network.open(TimerQueue(SystemClock()), begins=begins)
        self._endings.append(network.close)
        return network

    async def http(
        self,
        handler: Callable[[web.Request], Awaitable[Any]],
        tls: ssl.SSLContext | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> str:
        """The base URL of an aiohttp server."""
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/{tail:.*}", handler)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, host, port, ssl_context=tls)
        await site.start()
        self._endings.append(runner.cleanup)
        return f"{'https' if tls else 'http'}://{host}:{runner.addresses[0][1]}"

    async def raw(self, answer: bytes | None, tls: ssl.SSLContext | None = None) -> int:
        """The port of a server that says `answer` and hangs up, or is silent."""

        async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if answer is None:
                await reader.read()
            else:
                await reader.read(10)
                writer.write(answer)
            writer.close()

        server = await asyncio.start_server(run, "127.0.0.1", 0, ssl=tls)
        self._endings.append(self._closed(server))
        return int(server.sockets[0].getsockname()[1])

    @staticmethod
    def _closed(server: asyncio.Server) -> Callable[[], Awaitable[None]]:
        async def close() -> None:
            server.close()

        return close

    async def websocket(
        self, tls: ssl.SSLContext | None = None, *, host: str = "127.0.0.1", port: int = 0
    ) -> tuple[int, list[Handler]]:
        """The port of a WebSocket server, and the handlers of its connections."""
        handlers: list[Handler] = []

        def make() -> Handler:
            handlers.append(Handler())
            return handlers[-1]

        server = await serve(host, port, make, ssl=tls, max_size=2**25, max_write_buffer=2**16)

        async def close() -> None:
            server.close()
            await server.wait_closed()

        self._endings.append(close)
        return server.port, handlers

    async def close(self) -> None:
        for ending in reversed(self._endings):
            await ending()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what real sockets bring."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def failure(awaitable: Awaitable[Any]) -> NetworkError:
    with pytest.raises(NetworkError) as raised:
        await awaitable
    return raised.value


class Names:
    """A resolver that a test moves names with, and the clock of whoever remembers its answers."""

    def __init__(self, **known: list[str]) -> None:
        self.known = {f"{name}.test": addresses for name, addresses in known.items()}
        self.asked: list[str] = []
        self.families: set[int] = set()
        self.now = 1_000.0

    def book(self) -> AddressBook:
        return AddressBook(lambda: self.now, self._resolve)

    async def _resolve(self, host: str, port: int, family: int) -> list[str]:
        self.asked.append(host)
        self.families.add(family)
        await asyncio.sleep(0)
        if host not in self.known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return list(self.known[host])


@contextmanager
def silent_address(address: str, port: int = 0) -> Iterator[int]:
    """A port of `address` at which no connection comes to be: its queue is full, and the system drops attempts."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(0)
        for _ in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield int(listener.getsockname()[1])
