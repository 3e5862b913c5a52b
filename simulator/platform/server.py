"""The platform on its ports: in which order they open and close, and what is done from time to time."""

import asyncio
import dataclasses
import json
import os
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from ssl import SSLContext
from typing import NamedTuple

from simulator.garbage import GarbagePolicy
from simulator.loop_timers import LoopTimers
from simulator.platform.addresses import Addresses
from simulator.platform.broker import Broker
from simulator.platform.dispatch import Dispatch
from simulator.platform.http_server import HttpServer
from simulator.platform.ledger.inspection import kept_of
from simulator.platform.mqtt.hub import Endpoint
from simulator.platform.mqtt.side import MqttSide
from simulator.platform.notices import Log
from simulator.platform.options import PlatformOptions
from simulator.platform.peers import Peers
from simulator.platform.pushes import Pushes
from simulator.platform.services import Services
from simulator.texts.translation import _
from simulator.wire.errors import ListenFailed
from simulator.wire.files import raise_open_file_limit
from simulator.wire.kernel_times import KernelTimes
from simulator.wire.phase import GOING_AWAY
from simulator.wire.server import Server, serve

_FLUSH_SECONDS = 1.0
"""How often the counts go into the ledger: what a kill may cost of them."""
_WATCH_SECONDS = 1.0
"""How often silent devices are looked for where nobody sees their connections."""
_WRITE_BUFFER = 1024 * 1024
_OPEN_FILES = 65_536
_NEARLY = 0.95
"""Share of the allowed open files from which on there is a warning."""


@dataclass(frozen=True, slots=True)
class ReadyInfo:
    """Where a platform that is ready can be found."""

    dispatch: str
    broker: str
    mqtt: str
    """The broker for devices over MQTT."""
    pid: int
    ca: str | None
    """Path of the CA file that devices need, for a self-made certificate."""

    def line(self) -> str:
        """The ready line."""
        return json.dumps(
            {"dispatch": self.dispatch, "broker": self.broker, "mqtt": self.mqtt, "pid": self.pid, "ca": self.ca}
        )


class ServerTls(NamedTuple):
    """What the ports speak TLS with."""

    dispatch: SSLContext
    broker: SSLContext
    """The same one, unless devices must show a certificate that they get from the dispatch first."""
    ca: Path | None
    """The CA file that devices need, where the certificate is self-made."""
    root: str | None
    """What stands in it."""


class PlatformParts(NamedTuple):
    """What serves on the platform's ports."""

    broker: Broker
    mqtt: MqttSide
    pushes: Pushes
    dispatch: Dispatch


class Platform:
    """A platform that listens, until it is closed.

    Args:
        tls: None for plain connections.
        garbage: Where the process is the platform's own: told of new connections.
    """

    def __init__(
        self,
        services: Services,
        options: PlatformOptions,
        parts: PlatformParts,
        addresses: Addresses,
        tls: ServerTls | None,
        garbage: GarbagePolicy | None,
    ) -> None:
        self._services = services
        self._options = options
        self._broker = parts.broker
        self._mqtt = parts.mqtt
        self._pushes = parts.pushes
        self._dispatch = parts.dispatch
        self._addresses = addresses
        self._tls = tls
        self._garbage = garbage
        self._loop_timers = LoopTimers(services.timers)
        self._server: Server | None = None
        self._http: HttpServer | None = None
        self._peers: Peers | None = None
        self._open_files = raise_open_file_limit(_OPEN_FILES)
        self._warned = False
        self._connections = 0

    async def listen(self, stop: asyncio.Event) -> None:
        """Open all ports, the brokers' first: an address is only given out when something listens there.

        Args:
            stop: set where nobody needs the platform any more: it waits no longer for its other processes.

        Raises:
            ListenFailed: If an address cannot be listened at.
        """
        options, services, notices = self._options, self._services, self._services.notices
        strangers = options.settings.before_login
        # Three eighths of the files are for those that are known: nobody else can take them all.
        most = max(1, min(strangers.connections, self._open_files.soft // 4))
        self._server = await serve(
            options.host,
            options.broker_port,
            self._broker.connection_handler,
            ssl=None if self._tls is None else self._tls.broker,
            max_size=options.max_message_bytes,
            max_write_buffer=_WRITE_BUFFER,
            on_error=partial(internal_fault, services.log),
            strangers=dataclasses.replace(strangers, connections=most),
            on_turned_away=notices.turned_away,
            # A look costs time, and only an answer that has to come at its moment is worth it.
            times=KernelTimes(services.received, services.clock, _ignore) if services.answers.delays else None,
        )
        self._addresses.broker_port = self._server.port
        mqtt_endpoint = Endpoint(
            host=options.host,
            port=options.mqtt_port,
            ssl=None if self._tls is None else self._tls.broker,
            strangers=dataclasses.replace(strangers, connections=max(1, most // 2)),
            clock=services.clock,
            max_write_buffer=_WRITE_BUFFER,
        )
        if options.share is not None:
            inner = self._dispatch.inner_application(self._pushes.began_elsewhere)
            self._peers = Peers(options.share, inner, services.log)
            self._pushes.on_zero = self._peers.tell_zero
            await self._peers.open()
        self._http = HttpServer(
            self._dispatch.application(self._peers),
            connections=most,
            on_turned_away=lambda why: notices.turned_away(why, "from the dispatch"),
            log=services.log,
        )
        try:
            self._addresses.mqtt_port = await self._mqtt.open(mqtt_endpoint)
            dispatch_tls = None if self._tls is None else self._tls.dispatch
            if self._peers is not None:
                await self._peers.all_there(stop)
            self._addresses.dispatch_port = await self._http.listen(
                options.host, options.dispatch_port, dispatch_tls, shared=options.share is not None
            )
        except ListenFailed:
            await self.close()
            raise
        self._loop_timers.start(services.loop)
        self._every(_FLUSH_SECONDS, self._flush)
        self._every(_WATCH_SECONDS, self._mqtt.watch)
        if options.idle_timeout is not None:
            idle = options.idle_timeout
            self._every(min(idle / 4, 1.0), lambda: self._broker.online.close_silent(idle))

    def info(self) -> ReadyInfo:
        """Where the platform is found."""
        host = self._addresses.host
        ca = None if self._tls is None or self._tls.ca is None else str(self._tls.ca)
        addresses = self._addresses
        return ReadyInfo(addresses.dispatch(host), addresses.broker(host), addresses.mqtt(host), os.getpid(), ca)

    def kept(self) -> dict[str, int]:
        """What the ledger keeps by now, all that was acknowledged included: see `inspection.kept_of`.

        Raises:
            sqlite3.Error: If it cannot be read (`ledger.errors.DAMAGE`).
        """
        ledger = self._services.ledger
        ledger.commit()
        return kept_of(ledger.database)

    async def close(self) -> None:
        """Close every connection, those over WebSocket with 1001, and wait for their ends."""
        self._loop_timers.stop()
        self._mqtt.close()
        if self._server is not None:
            self._server.close(GOING_AWAY)
        if self._http is not None:
            await self._http.close()
        if self._peers is not None:
            await self._peers.close()
        if self._server is not None:
            await self._server.wait_closed()
        await self._mqtt.wait_closed()
        self._services.ledger.perform(self._pushes.active)
        self._services.tally.flush()

    def _every(self, seconds: float, task: Callable[[], None]) -> None:
        def turn() -> None:
            self._services.timers.call_later(seconds, turn)
            task()

        self._services.timers.call_later(seconds, turn)

    def _flush(self) -> None:
        self._services.ledger.tend()
        self._services.tally.flush()
        self._services.ledger.perform(self._pushes.active)
        connections = (0 if self._server is None else self._server.connections) + self._mqtt.connections
        if self._garbage is not None:
            if connections > self._connections:
                self._garbage.grow()
            self._garbage.tidy()
        self._connections = connections
        limit = self._open_files.soft
        if not self._warned and connections > _NEARLY * limit:
            self._warned = True
            self._services.log(
                _(
                    "platform: {connections} connections, and at most {limit} open files are allowed",
                    connections=connections,
                    limit=limit,
                )
            )


def internal_fault(log: Log, fault: BaseException) -> None:
    """A fault of ours in a handler, whose connection is closed because of it."""
    log("platform: internal fault\n" + "".join(traceback.format_exception(fault)))


def _ignore(waits: list[float]) -> None:
    """How long messages lay unread is nobody's question here."""
