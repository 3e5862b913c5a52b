"""A device's way to a platform that a test watches as the kernel sees it: bytes, an end, a reset, or nothing."""

from __future__ import annotations

import asyncio
import random
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Literal

from aiohttp import web

from simulator.clock import ManualClock, TimerQueue
from simulator.device.environment import MqttWay
from simulator.fleet.faults.network import WeatherNetwork
from simulator.fleet.network import DownloadLimits, FleetNetwork
from simulator.mqtt.broker import Broker
from simulator.mqtt.broker import serve as serve_mqtt
from simulator.mqtt.login import ClientState, Login
from simulator.wire.server import serve as serve_websocket
from simulator.wire.tls import SelfSigned, server_context
from tests.fleet.network_bench import Handler, broker, hello, trust, until

EOF, RESET = "eof", "reset"
OPEN_TIMEOUT = 10.0
TRANSPORTS = ("ws", "wss", "mqtt", "mqtts")
LOGIN = Login(client_id="SN1", up="up/SN1", down="down/SN1", keep_alive=60)


class Leg:
    """What a relay has with one device."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.came = 0
        """Bytes from the device."""
        self.ended: str | None = None
        """How the device's side ended, as the kernel tells."""

    def hang_up(self) -> None:
        """The platform writes no more."""
        self.sock.shutdown(socket.SHUT_WR)


class Relay:
    """Passes bytes on between devices and a server, on bare sockets."""

    def __init__(self) -> None:
        self.legs: list[Leg] = []
        self.port = 0
        self.resets = False
        """Resets whoever has connected and said something."""
        self.deaf = False
        """Takes connections and passes nothing on."""
        self._servers: list[socket.socket] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))

    def start(self, server_port: int) -> None:
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        self._run(self._accept(server_port))

    def _run(self, coroutine: Any) -> None:
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self, server_port: int) -> None:
        loop = asyncio.get_running_loop()
        while True:
            sock, _ = await loop.sock_accept(self._listener)
            sock.setblocking(False)
            leg = Leg(sock)
            self.legs.append(leg)
            server = socket.socket()
            self._servers.append(server)
            server.setblocking(False)
            await loop.sock_connect(server, ("127.0.0.1", server_port))
            self._run(self._from_device(leg, server))
            if not self.resets:
                self._run(self._to_device(leg, server))

    async def _from_device(self, leg: Leg, server: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while leg.ended is None:
            try:
                data = await loop.sock_recv(leg.sock, 65536)
            except ConnectionResetError:
                leg.ended = RESET
                break
            leg.came += len(data)
            if self.resets:
                leg.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                leg.sock.close()
                break
            if not data:
                leg.ended = EOF
            elif not self.deaf:
                with suppress(OSError):
                    await loop.sock_sendall(server, data)
        with suppress(OSError):
            server.shutdown(socket.SHUT_WR)

    async def _to_device(self, leg: Leg, server: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with suppress(OSError):
            while data := await loop.sock_recv(server, 65536):
                await loop.sock_sendall(leg.sock, data)
            leg.sock.shutdown(socket.SHUT_WR)

    async def close(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for sock in [*(leg.sock for leg in self.legs), *self._servers]:
            sock.close()
        self._listener.close()


class Owner(Handler):
    """The device's end of a connection."""

    def unusual(self, what: str) -> None:
        raise AssertionError(what)


class Field:
    """One transport's server, a relay before it, and a network with weather; time is moved by hand."""

    def __init__(self, transport: str, certificate: SelfSigned) -> None:
        self.transport = transport
        self.secure = transport.endswith("s") and transport != "ws"
        self.over_mqtt = transport.startswith("mqtt")
        self.clock = ManualClock()
        self.timers = TimerQueue(self.clock)
        self.relay, self.http = Relay(), Relay()
        self.server: Any = None
        self.answer = asyncio.Event()
        self.answer.set()
        self.questions = 0
        """Over HTTP."""
        self._certificate = certificate
        self._closers: list[Callable[[], Awaitable[Any]]] = []
        self._platform: list[Handler] = []
        self.came: list[bytes] = []
        """What the platform received."""

    async def open(self) -> None:
        certificate = self._certificate
        tls = server_context(str(certificate.cert), str(certificate.key)) if self.secure else None
        if self.over_mqtt:
            self._hub = Broker(None, on_error=None)
            server: Any = await serve_mqtt(self._hub, "127.0.0.1", 0, ssl=tls)
            self._attached = self._hub.attach(["up/+"], lambda _, payload, __: self.came.append(payload))
        else:
            server = await serve_websocket("127.0.0.1", 0, self._make, ssl=tls, max_size=2**25, max_write_buffer=2**16)
        self.server = server
        self.relay.start(server.port)
        self.http.start(await self._serve_http(tls))
        self.inner = FleetNetwork(
            tls=trust(str(certificate.cert)),
            open_timeout=OPEN_TIMEOUT,
            downloads=DownloadLimits(("127.0.0.1",), 10),
        )
        await self.inner.open(self.timers)
        self.network = WeatherNetwork(self.inner, self.timers, self.clock, open_timeout=OPEN_TIMEOUT)
        self.line = self.network.line(0)

    async def _serve_http(self, tls: ssl.SSLContext | None) -> int:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._answered)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        self._closers.append(runner.cleanup)
        return int(runner.addresses[0][1])

    async def _answered(self, request: web.Request) -> web.Response:
        self.questions += 1
        await self.answer.wait()
        return await hello(request)

    def _make(self) -> Handler:
        handler = _Received(self.came)
        self._platform.append(handler)
        return handler

    @property
    def url(self) -> str:
        return f"{self.transport}://127.0.0.1:{self.relay.port}"

    @property
    def http_url(self) -> str:
        return f"http{'s' if self.secure else ''}://127.0.0.1:{self.http.port}/"

    def opening(self, owner: Handler) -> Awaitable[Any]:
        """The attempt to open a connection."""
        answer = broker(self.url)
        if self.over_mqtt:
            way = MqttWay(LOGIN, ClientState(lambda sent, taken: None))
            return self.network.connect_mqtt(answer, owner, index=0, way=way)
        return self.network.connect(answer, owner, index=0)

    async def connect(self) -> tuple[Any, Owner, Leg]:
        """A connection that is open and usable, its owner, and what the kernel sees of it."""
        owner = Owner()
        connection = await self.opening(owner)
        if self.over_mqtt:
            await self.network.subscribe(connection)
        return connection, owner, self.relay.legs[-1]

    def tell(self, payload: bytes) -> None:
        """The platform sends a message to the device."""
        if self.over_mqtt:
            self._attached.publish("down/SN1", payload, 0)
        else:
            self._platform[-1].connection.send(payload, True)

    def advance(self, seconds: float, step: float = 0.05) -> Literal[False]:
        """Let time pass on the device's clock; returns False, for those who wait for what it brings."""
        left = seconds
        while left > 0:
            self.clock.advance(min(step, left))
            left -= step
            self.timers.run_due()
        return False

    async def still(self) -> None:
        """Let everything happen that real sockets have ready."""
        for _ in range(80):
            await asyncio.sleep(0)

    async def close(self) -> None:
        self.network.close()
        await self.inner.close()
        await self.relay.close()
        await self.http.close()
        for closer in self._closers:
            await closer()
        self.server.close()
        await self.server.wait_closed()


class _Received(Handler):
    """The platform's end of a WebSocket."""

    def __init__(self, came: list[bytes]) -> None:
        super().__init__()
        self._came = came

    def message(self, payload: bytes, binary: bool) -> None:
        self._came.append(payload)


def rng() -> random.Random:
    return random.Random(1)


__all__ = ["EOF", "OPEN_TIMEOUT", "RESET", "TRANSPORTS", "Field", "Leg", "Owner", "Relay", "rng", "until"]
