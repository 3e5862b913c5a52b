"""The platform's own broker: a `Hub` in the same process, and its port for devices."""

import asyncio
from collections.abc import Callable

from simulator.mqtt.broker import Broker, BrokerServer, BrokerSettings, Interference, events, serve, server_of
from simulator.platform.mqtt.clients import Clients
from simulator.platform.mqtt.devices import DeviceTopics
from simulator.platform.mqtt.hub import Endpoint, Listener
from simulator.platform.notices import Notices

_COUNTED = {
    events.REFUSED: "MQTT: connect refused",
    events.DISCONNECTED: "MQTT: connection ended",
    events.TURNED_AWAY: "MQTT: connection turned away before CONNECT",
}
"""Counted with the first part of their detail, which is one of few words."""
_COUNTED_ALONE = {
    events.TAKEN_OVER: "MQTT: connection taken over",
    events.QUEUE_OVERFLOW: "MQTT: message lost, too many wait for the device",
    events.SESSION_DROPPED: "MQTT: session dropped, too many are away",
    events.SUBSCRIPTION_REFUSED: "MQTT: subscription refused",
    events.PUBLISH_REFUSED: "MQTT: publish refused",
    events.RETAINED_OVERFLOW: "MQTT: message not retained",
}
NOBODY = "MQTT: published to a topic that nobody has subscribed to"


class EmbeddedHub:
    """The broker that the platform brings along.

    Args:
        on_error: Told of faults of ours.
        most_payload: Bytes of a PUBLISH; a larger one ends its connection.
    """

    sees_connections = True

    def __init__(
        self,
        clients: Clients,
        notices: Notices,
        on_error: Callable[[BaseException], None],
        most_payload: int,
        interference: Interference | None = None,
        make_broker: Callable[..., Broker] = Broker,
    ) -> None:
        self._clients = clients
        self._notices = notices
        self._broker = make_broker(
            clients,
            settings=BrokerSettings(max_payload=most_payload),
            interference=interference,
            on_event=self._happened,
            on_error=on_error,
        )
        self._listener: Listener | None = None
        self._server: BrokerServer | None = None

    async def open(self, filters: tuple[str, ...], listener: Listener, endpoint: Endpoint) -> int:
        """Tell `listener` of what is published to these topics, and of devices that leave; returns the port.

        Raises:
            ListenFailed: If the address cannot be listened at.
        """
        self._listener = listener
        self._attached = self._broker.attach(filters, listener.receive)
        self._server = await serve(
            self._broker,
            endpoint.host,
            endpoint.port,
            ssl=endpoint.ssl,
            strangers=endpoint.strangers,
            clock=endpoint.clock,
            max_write_buffer=endpoint.max_write_buffer,
        )
        return self._server.port

    def open_without_port(
        self, filters: tuple[str, ...], listener: Listener, endpoint: Endpoint, loop: asyncio.AbstractEventLoop
    ) -> Callable[[], asyncio.Protocol]:
        """As `open`, for connections that come by no port; returns what makes the protocol of one.

        Args:
            loop: What it lives on; it need not run yet.
        """
        self._listener = listener
        self._attached = self._broker.attach(filters, listener.receive)
        self._server = server_of(
            self._broker,
            loop,
            strangers=endpoint.strangers,
            clock=endpoint.clock,
            max_write_buffer=endpoint.max_write_buffer,
        )
        self._server.begin()
        return self._server.connection

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return 0 if self._server is None else self._server.connections

    def close(self) -> None:
        """End all connections, and take no more."""
        if self._server is not None:
            self._server.close()

    async def wait_closed(self) -> None:
        """Wait, after `close`, until the last connection has ended."""
        if self._server is not None:
            await self._server.wait_closed()

    # --- Hub ---

    def publish(self, topic: str, payload: bytes, qos: int) -> None:
        if not self._attached.publish(topic, payload, qos):
            self._notices.count(NOBODY)

    def drop(self, sn: str) -> None:
        client_id = self._clients.client_id(sn)
        if client_id is not None:
            self._broker.disconnect(client_id)

    def device_of(self, topic: str) -> DeviceTopics | None:
        return self._clients.by_topic(topic)

    # --- What the broker tells ---

    def _happened(self, name: str, client_id: str, detail: str) -> None:
        notices = self._notices
        if name in _COUNTED:
            what = f"{_COUNTED[name]}: {detail.partition(':')[0]}"
            if name == events.DISCONNECTED:
                notices.count(what)
            else:
                notices.counted_once_said(what, client_id)
        elif name in _COUNTED_ALONE:
            notices.counted_once_said(_COUNTED_ALONE[name], client_id)
        if name in (events.CONNECTED, events.DISCONNECTED) and self._listener is not None:
            device = self._clients.device(client_id)
            if device is None:
                return
            if name == events.CONNECTED:
                self._listener.arrived(device.sn)
            else:
                self._listener.left(device.sn, detail)
