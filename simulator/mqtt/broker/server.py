"""The broker's listening side: connections that come, what they may cost, and their end."""

import asyncio
import socket
import ssl as tls
from typing import Any, Final

from simulator.clock import Clock, SystemClock, TimerQueue
from simulator.loop_timers import LoopTimers
from simulator.mqtt.broker import events
from simulator.mqtt.broker.broker import Broker
from simulator.mqtt.broker.connection import BrokerConnection, ConnectionLimits
from simulator.wire.errors import ListenFailed, in_words, shown_address
from simulator.wire.strangers import StrangerLimits, Strangers

# Thousands of devices may connect in the same second; the kernel cuts this to its own limit (somaxconn).
_BACKLOG = 4096
_MOST_BESIDE_PAYLOAD: Final = 5 + 2 + 65_535 + 2
"""Bytes of a PUBLISH beside its payload: fixed header, topic, packet id."""


class BrokerServer:
    """A listening socket of a broker and the connections it has brought; made by `serve`.

    Attributes:
        port: The port it listens at.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        broker: Broker,
        limits: ConnectionLimits,
        *,
        strangers: StrangerLimits,
        clock: Clock,
    ) -> None:
        self.broker = broker
        self.limits = limits
        self.timers = TimerQueue(clock)
        self.strangers = Strangers(loop, strangers, self._turned_away)
        self.port = 0
        self._loop = loop
        self._loop_timers = LoopTimers(self.timers)
        self._listener: asyncio.Server | None = None
        self._connections: set[BrokerConnection] = set()
        self._closed = False
        self._emptied = asyncio.Event()

    async def listen(self, host: str, port: int, ssl: tls.SSLContext | None, open_timeout: float) -> None:
        """Begin to take connections; see `serve`."""
        loop = self._loop
        # Over plain TCP asyncio refuses to be told anything of TLS.
        secured: dict[str, Any] = {}
        if ssl is not None:
            secured = {
                "ssl": ssl,
                "ssl_handshake_timeout": open_timeout,
                "ssl_shutdown_timeout": self.limits.close_timeout,
            }
        try:
            if port == 0:
                # A name with several addresses would get a different free port at each.
                found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
                host = str(found[0][4][0])
            self._listener = await loop.create_server(self.connection, host, port, backlog=_BACKLOG, **secured)
        except OSError as exc:
            raise ListenFailed(f"cannot listen at {shown_address(host, port)}: {in_words(exc)}") from exc
        self.begin()
        self.port = self._listener.sockets[0].getsockname()[1]

    def begin(self) -> None:
        """Be ready for connections, whatever way they come by."""
        self._loop_timers.start(self._loop)

    def connection(self) -> BrokerConnection:
        """The protocol of one that comes."""
        return BrokerConnection(self._loop, self)

    @property
    def connections(self) -> int:
        """How many connections there are, those without CONNECT included."""
        return len(self._connections)

    def close(self) -> None:
        """Take no more connections and end all there are: MQTT 3.1.1 has no word for it. Wills are published."""
        if self._closed:
            return
        self._closed = True
        self.strangers.close()
        if self._listener is not None:
            self._listener.close()
        for connection in tuple(self._connections):
            connection.end(events.BROKER_CLOSED)
        self._end_if_empty()

    async def wait_closed(self) -> None:
        """Wait, after `close`, until the last connection has ended: the close time-out at most."""
        await self._emptied.wait()

    def joined(self, connection: BrokerConnection) -> None:
        """A connection has come; called by the connection."""
        self._connections.add(connection)
        if self._closed or not self.strangers.join(connection):
            connection.turn_away("")

    def left(self, connection: BrokerConnection) -> None:
        """A connection has ended; called by the connection."""
        self._connections.discard(connection)
        self.strangers.leave(connection)
        self._end_if_empty()

    def _end_if_empty(self) -> None:
        if self._closed and not self._connections:
            self._loop_timers.stop()
            self._emptied.set()

    def _turned_away(self, why: str) -> None:
        self.broker.on_event(events.TURNED_AWAY, "", why)


async def serve(
    broker: Broker,
    host: str,
    port: int,
    *,
    ssl: tls.SSLContext | None = None,
    max_write_buffer: int = 1024 * 1024,
    open_timeout: float = 10.0,
    close_timeout: float = 5.0,
    strangers: StrangerLimits | None = None,
    clock: Clock | None = None,
) -> BrokerServer:
    """Listen for clients of `broker`; several servers may share one.

    Args:
        host: Address or name to listen at.
        port: 0 takes a free one; see `BrokerServer.port`.
        ssl: TLS settings; None serves plain `mqtt`. Where they demand certificates, the authority is told their names.
        max_write_buffer: Bytes that may wait for a slow client before nothing more is read from it or sent to it.
        open_timeout: Seconds that a peer has for TLS.
        close_timeout: Seconds that a peer has to end its connection, once it is ended here.
        strangers: Limits for connections until their CONNECT is accepted, its deadline among them.
        clock: For keep-alives; the system's by default.

    Raises:
        ListenFailed: If the address cannot be listened at.
    """
    server = server_of(
        broker,
        asyncio.get_running_loop(),
        max_write_buffer=max_write_buffer,
        close_timeout=close_timeout,
        strangers=strangers,
        clock=clock,
    )
    await server.listen(host, port, ssl, open_timeout)
    return server


def server_of(
    broker: Broker,
    loop: asyncio.AbstractEventLoop,
    *,
    max_write_buffer: int = 1024 * 1024,
    close_timeout: float = 5.0,
    strangers: StrangerLimits | None = None,
    clock: Clock | None = None,
) -> BrokerServer:
    """A server that does not listen yet; arguments as of `serve`."""
    first = StrangerLimits() if strangers is None else strangers
    limits = ConnectionLimits(
        max_packet=broker.settings.max_payload + _MOST_BESIDE_PAYLOAD,
        max_first_packet=first.message_bytes,
        max_write_buffer=max_write_buffer,
        close_timeout=close_timeout,
    )
    return BrokerServer(loop, broker, limits, strangers=first, clock=SystemClock() if clock is None else clock)
