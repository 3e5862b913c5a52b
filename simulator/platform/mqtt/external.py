"""A broker that is not the platform's own, as a `Hub`: the platform is one of its clients, and comes back by itself.

Its session there is a clean one: what devices publish while the platform has no connection is lost to it, and they send
it again, for want of a reply. What the platform publishes meanwhile waits here.
"""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from random import Random
from ssl import SSLContext
from typing import Final

from simulator.clock import TimerQueue
from simulator.mqtt.client import parse_url
from simulator.mqtt.lifecycle import Means
from simulator.mqtt.login import Login
from simulator.mqtt.opening import Opening, shown_target
from simulator.platform.mqtt.broker_connection import BrokerConnection, Unacknowledged
from simulator.platform.mqtt.devices import DeviceTopics
from simulator.platform.mqtt.hub import Endpoint, Listener
from simulator.platform.notices import Log, Notices
from simulator.platform.settings import MqttSettings
from simulator.texts.translation import _
from simulator.wire.errors import ConnectFailed, ListenFailed
from simulator.wire.reaching import Patience, Way, open_connection
from simulator.wire.tls import client_context

_PATIENCE: Final = Patience(opening=10.0, closing=5.0)
_KEEP_ALIVE: Final = 30
"""Seconds: half of what brokers usually take for granted."""
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 2.0
"""Seconds between two attempts to come back: doubled each time, with some chance so that many do not come at once.

Short all the same: what devices publish before the platform is back is lost, and each waits for its reply in vain.
"""
_MOST_WAITING: Final = 20_000
_MOST_WAITING_BYTES: Final = 64 * 1024 * 1024

ENDED: Final = "MQTT: the platform's connection to the broker ended"
LOST: Final = "MQTT: message lost, too many wait for the broker"


class ExternalHub:
    """The platform as a client of a broker.

    Args:
        timers: Keep-alive waits there; whoever owns the event loop runs it.
        rng: Spreads the attempts to come back.
        on_error: Told of faults of ours.

    Raises:
        TlsFileError: If a certificate or key of the settings cannot be used.
    """

    sees_connections = False

    def __init__(
        self,
        settings: MqttSettings,
        timers: TimerQueue,
        rng: Random,
        notices: Notices,
        log: Log,
        on_error: Callable[[BaseException], None],
    ) -> None:
        assert settings.broker is not None
        self._target = parse_url(settings.broker)
        self._means = Means(timers=timers, patience=_PATIENCE, on_error=on_error)
        self._rng = rng
        self._notices = notices
        self._log = log
        self._on_error = on_error
        self._tls = _context(settings) if self._target.secure else None
        # A topic of its own it has not; every profile's topics are subscribed to one by one.
        self._login = Login(
            client_id=settings.client_id or f"best-fleet-platform-{secrets.token_hex(6)}",
            username=settings.username,
            password=settings.password,
            up="-",
            down="-",
            keep_alive=_KEEP_ALIVE,
            clean_session=True,
        )
        self._filters: tuple[str, ...] = ()
        self._listener: Listener | None = None
        self._waiting = Unacknowledged(_MOST_WAITING, _MOST_WAITING_BYTES)
        self._connection: BrokerConnection | None = None
        self._coming_back: asyncio.Task[None] | None = None
        self._closed = False
        self._gone = asyncio.Event()
        self._gone.set()

    async def open(self, filters: tuple[str, ...], listener: Listener, endpoint: Endpoint) -> int:
        """Connect and subscribe; returns 0, as there is no port of ours.

        Raises:
            ListenFailed: If the broker cannot be reached, or refuses the platform.
        """
        self._filters, self._listener = filters, listener
        try:
            await self._connect()
        except ConnectFailed as failure:
            self._closed = True
            where = shown_target(self._target)
            raise ListenFailed(
                _("no devices can be served at the broker {where}: {detail}", where=where, detail=failure.detail)
            ) from None
        return 0

    @property
    def connections(self) -> int:
        """The one to the broker, while there is one."""
        return 0 if self._connection is None else 1

    def close(self) -> None:
        """End the connection, in order, and do not come back."""
        self._closed = True
        if self._coming_back is not None:
            self._coming_back.cancel()
        if self._connection is not None:
            self._connection.close()

    async def wait_closed(self) -> None:
        """Wait, after `close`, until the connection has ended."""
        if self._coming_back is not None:
            with suppress(asyncio.CancelledError):
                await self._coming_back
        await self._gone.wait()

    # --- Hub ---

    def publish(self, topic: str, payload: bytes, qos: int) -> None:
        connection, packet_id = self._connection, 0
        if qos:
            kept = self._waiting.keep(topic, payload)
            if kept is None:
                self._notices.counted_once_said(LOST)
                return
            packet_id = kept
        if connection is not None:
            connection.publish(topic, payload, qos, packet_id)

    def drop(self, sn: str) -> None:
        """Nobody but the broker can end a device's connection."""

    def device_of(self, topic: str) -> DeviceTopics | None:
        return None

    # --- What the connection tells ---

    def message(self, payload: bytes, binary: bool) -> None:
        """There is no topic of our own."""

    def published(self, topic: str, payload: bytes, dup: bool) -> None:
        """A device has published."""
        if self._listener is not None:
            self._listener.receive(topic, payload, dup)

    def acknowledged(self, packet_id: int) -> None:
        """The broker has taken a message."""
        self._waiting.forget(packet_id)

    def closed(self, ending: str, reason: str, detail: str, /) -> None:
        """The connection has ended."""
        self._connection = None
        self._gone.set()
        if self._closed:
            return
        self._notices.count(f"{ENDED}: {ending}")
        self._log(
            _(
                "platform: the connection to the broker {shown_target} ended: {ending} ({detail})",
                shown_target=shown_target(self._target),
                ending=ending,
                detail=detail,
            )
        )
        if self._coming_back is None or self._coming_back.done():
            self._coming_back = asyncio.get_running_loop().create_task(self._come_back())

    # --- Inside ---

    async def _connect(self) -> None:
        """
        Raises:
            ConnectFailed: If it did not succeed; nothing is left of it.
        """
        loop = asyncio.get_running_loop()
        opening = Opening(self._target, self._login, loop.create_future(), loop.time() + _PATIENCE.opening)
        connection = BrokerConnection(self, opening, self._login.client_id, self._means)
        await open_connection(
            connection,
            opening.done,
            self._target,
            Way(),
            _PATIENCE,
            ssl=self._tls,
            unfinished="took the connection but did not answer CONNECT",
        )
        self._gone.clear()
        try:
            for each in self._filters:
                await connection.subscribe(each, self._waiting.new_id())
            connection.must_be_open()
        except ConnectFailed:
            connection.close()
            raise
        self._connection = connection
        self._log(
            _(
                "platform: connected to the broker {shown_target} as {client_id}",
                shown_target=shown_target(self._target),
                client_id=self._login.client_id,
            )
        )
        for packet_id, topic, payload in self._waiting.all():
            connection.publish(topic, payload, 1, packet_id)

    async def _come_back(self) -> None:
        pause = _FIRST_PAUSE
        while not self._closed:
            await asyncio.sleep(pause * self._rng.uniform(0.5, 1.0))
            try:
                await self._connect()
            except ConnectFailed as failure:
                self._notices.counted_once_said(f"MQTT: the broker was not reached again: {failure.kind}", "platform")
            except Exception as error:  # noqa: BLE001 - told, and tried again: devices wait
                self._on_error(error)
            else:
                return
            pause = min(2 * pause, _LONGEST_PAUSE)


def _context(settings: MqttSettings) -> SSLContext:
    trust = settings.trust
    return client_context(trust.ca, trust.client_cert, trust.client_key, trust.verify)
