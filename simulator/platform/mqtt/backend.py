"""Turns topics into sessions: one for each serial number, made when a message comes on the device's topic.

Which broker they come by is a `Hub`'s affair; what a message means is the session's.
"""

import math
from collections.abc import Callable
from functools import partial

from simulator.platform.before_login import BeforeLogin
from simulator.platform.broker import Broker
from simulator.platform.device_session import DeviceSession
from simulator.platform.mqtt.devices import DeviceTopics, TopicDirectory
from simulator.platform.mqtt.hub import Hub
from simulator.platform.mqtt.topic_connection import TopicConnection
from simulator.platform.services import Services
from simulator.protocol.channel.base import PlatformChannel
from simulator.wire.phase import INTERNAL_ERROR
from simulator.wire.strangers import TOO_LATE

UNKNOWN_TOPIC = "MQTT: message by the topic of no known device"
SILENT = "MQTT: silent device taken for gone"


class Backend:
    """The sessions of all devices that publish to topics; a hub's `Listener`.

    Args:
        broker: Makes their sessions.
        on_error: Told of faults of ours in a session.
    """

    def __init__(
        self,
        services: Services,
        broker: Broker,
        directory: TopicDirectory,
        hub: Hub,
        on_error: Callable[[BaseException], None],
    ) -> None:
        self._services = services
        self._broker = broker
        self._directory = directory
        self._hub = hub
        self._on_error = on_error
        self._by_topic: dict[str, TopicConnection] = {}
        self._by_sn: dict[str, TopicConnection] = {}
        self._arrived: dict[str, float] = {}
        """Who has connected and was not seen to have logged in yet: since when, monotonic seconds, the oldest first."""

    # --- What the hub tells ---

    def receive(self, topic: str, payload: bytes, dup: bool) -> None:
        """A device has published. Every message is taken: whether it was stored is said by the reply of BEST."""
        connection = self._by_topic.get(topic) or self._connected(topic)
        if connection is None:
            return
        try:
            if connection.away:
                self._receive_from_away(connection, payload, dup)
            else:
                connection.receive(payload, dup)
        except Exception as error:  # noqa: BLE001 - a fault in one session must not reach the other devices
            self._on_error(error)
            connection.close(INTERNAL_ERROR, f"internal fault: {type(error).__name__}")

    def arrived(self, sn: str) -> None:
        """A device has connected to the broker; a login has to follow."""
        self._arrived.pop(sn, None)
        self._arrived[sn] = self._services.clock.monotonic()

    def left(self, sn: str, why: str) -> None:
        """A device's connection to the broker has ended."""
        self._arrived.pop(sn, None)
        connection = self._by_sn.get(sn)
        if connection is None:
            return
        if connection.has_exchange:
            # What was on its way nobody can read on a later connection: the device drops what the broker sends again.
            connection.end(why)
        elif not connection.away:
            self._went(connection)

    # --- What the platform does from time to time ---

    def watch(self) -> None:
        """End connections without a login; take silent devices for gone, where nobody tells that they are."""
        if self._hub.sees_connections:
            self._turn_away()
            return
        limit = self._services.clock.monotonic() - self.silence
        for connection in tuple(self._by_topic.values()):
            if connection.session.heard < limit and not connection.away and connection.session.sn:
                self._services.tally.event(SILENT)
                self._went(connection)

    def _turn_away(self) -> None:
        """End the connections of those who had their time and did not log in (docs/deviations.md, Before the login)."""
        services = self._services
        limit = services.clock.monotonic() - services.settings.before_login.deadline
        for sn, since in tuple(self._arrived.items()):
            connection = self._by_sn.get(sn)
            if connection is not None and connection.session.sn and not connection.away:
                del self._arrived[sn]
            elif since < limit:
                del self._arrived[sn]
                services.notices.turned_away(TOO_LATE)
                self._hub.drop(sn)

    @property
    def silence(self) -> float:
        """Seconds without a message after which a device is taken for gone."""
        settings = self._services.settings
        return 2.0 * settings.heartbeat_interval if settings.supports_heartbeat else math.inf

    # --- Owner of the connections ---

    def new_channel(self) -> PlatformChannel:
        return self._broker.new_channel(publish_subscribe=True)

    def new_session(self, channel: PlatformChannel, connection: TopicConnection) -> DeviceSession:
        return self._broker.new_session(channel, connection)

    def guarded(self, session: DeviceSession) -> BeforeLogin:
        return self._broker.guarded(session)

    def publish(self, device: DeviceTopics, payload: bytes) -> None:
        self._hub.publish(device.down, payload, device.qos)

    def ended(self, connection: TopicConnection, *, drop: bool) -> None:
        device = connection.device
        if self._by_topic.get(device.up) is connection:
            del self._by_topic[device.up]
        if self._by_sn.get(device.sn) is connection:
            del self._by_sn[device.sn]
        if drop:
            # After what is being answered now, and what the hub is in the middle of.
            self._services.loop.call_soon(partial(self._hub.drop, device.sn))

    def event(self, name: str) -> None:
        self._services.tally.event(name)

    # --- Inside ---

    def _connected(self, topic: str) -> TopicConnection | None:
        device = self._hub.device_of(topic) or self._directory.find(topic)
        if device is None:
            self._services.notices.counted_once_said(UNKNOWN_TOPIC)
            return None
        older = self._by_sn.get(device.sn)
        if older is not None:
            # The same device by another profile's topic.
            older.end("the device publishes to another topic")
        connection = TopicConnection(self, device)
        self._by_topic[topic] = self._by_sn[device.sn] = connection
        return connection

    def _went(self, connection: TopicConnection) -> None:
        connection.away = True
        self._broker.online.away(connection.session)

    def _receive_from_away(self, connection: TopicConnection, payload: bytes, dup: bool) -> None:
        """A device that had left publishes again."""
        if self._hub.sees_connections:
            # A new connection, of which the initial flow is due; what is sent again still belongs to the old one.
            if not dup:
                connection.renew(goes_on=True)
            connection.receive(payload, dup)
            return
        connection.receive(payload, dup)
        # It was silent and nothing else, unless it began anew.
        if connection.away:
            connection.away = False
            self._broker.online.back(connection.session)
