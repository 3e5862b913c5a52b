"""All that one platform does over MQTT, as the platform opens, watches and closes it."""

import asyncio
from collections.abc import Callable
from random import Random
from typing import Protocol

from simulator.mqtt.broker import Broker as TopicBroker
from simulator.platform.addresses import SOME_COMPANY
from simulator.platform.broker import Broker
from simulator.platform.mqtt.backend import Backend
from simulator.platform.mqtt.clients import Clients, Proves, names_it
from simulator.platform.mqtt.devices import TopicDirectory
from simulator.platform.mqtt.embedded import EmbeddedHub
from simulator.platform.mqtt.external import ExternalHub
from simulator.platform.mqtt.hub import Endpoint, Hub, Listener
from simulator.platform.services import Services
from simulator.platform.settings import MqttSettings
from simulator.pubsub.profile import PasswordKind, Profile

OnError = Callable[[BaseException], None]


class OpenHub(Hub, Protocol):
    """A hub and its sockets."""

    @property
    def connections(self) -> int:
        """How many sockets it has."""
        ...

    async def open(self, filters: tuple[str, ...], listener: Listener, endpoint: Endpoint) -> int:
        """Begin; returns the port where devices find it, 0 where that is not ours.

        Raises:
            ListenFailed: If the port cannot be opened, or the broker not be reached.
        """
        ...

    def close(self) -> None:
        """End all connections, and take no more."""
        ...

    async def wait_closed(self) -> None:
        """Wait, after `close`, until the last connection has ended."""
        ...


class MqttSide:
    """Devices over MQTT.

    Args:
        on_error: Told of faults of ours.
        make_broker: Makes the broker that the platform brings along.
        proves: Where the platform issues certificates: whose a client may show.
    """

    def __init__(
        self,
        services: Services,
        broker: Broker,
        on_error: OnError,
        make_broker: Callable[..., TopicBroker] = TopicBroker,
        *,
        proves: Proves = names_it,
    ) -> None:
        mqtt, tls = services.settings.mqtt, services.settings.tls
        certified = tls is not None and tls.device_certificates
        authority = services.authority
        self._directory = TopicDirectory(
            served_profiles(mqtt, certified=certified),
            authority.identity,
            mqtt.company_id or SOME_COMPANY,
            mqtt.site_id or SOME_COMPANY,
        )
        clients = Clients(self._directory, authority.key_digest, services.clock, certified=certified, proves=proves)
        self._hub: OpenHub = (
            EmbeddedHub(clients, services.notices, on_error, self._directory.most_payload, make_broker=make_broker)
            if mqtt.broker is None
            else ExternalHub(
                mqtt,
                services.timers,
                Random(f"{services.seed}/broker"),
                services.notices,
                services.log,
                on_error,
            )
        )
        self._backend = Backend(services, broker, self._directory, self._hub, on_error)

    async def open(self, endpoint: Endpoint) -> int:
        """Begin to serve; returns the port where devices find it, 0 where that is not ours.

        Raises:
            ListenFailed: If the port cannot be opened, or the broker not be reached.
        """
        return await self._hub.open(self._directory.filters, self._backend, endpoint)

    def open_without_port(self, endpoint: Endpoint, loop: asyncio.AbstractEventLoop) -> Callable[[], asyncio.Protocol]:
        """Begin to serve by the broker that the platform brings along; see `EmbeddedHub.open_without_port`."""
        assert isinstance(self._hub, EmbeddedHub), "another broker has its own port"
        return self._hub.open_without_port(self._directory.filters, self._backend, endpoint, loop)

    @property
    def connections(self) -> int:
        """How many sockets it has."""
        return self._hub.connections

    def watch(self) -> None:
        """Look for devices that are silent; called from time to time."""
        self._backend.watch()

    def close(self) -> None:
        """End all connections, and take no more."""
        self._hub.close()

    async def wait_closed(self) -> None:
        """Wait, after `close`, until the last connection has ended."""
        await self._hub.wait_closed()


def served_profiles(mqtt: MqttSettings, *, certified: bool) -> tuple[Profile, ...]:
    """The profiles that devices may come by: the groups' own first, then those of the top level.

    One without a password lets everybody in who knows a serial number: where no group uses it, only with certificates.
    """
    others = (
        profile for profile in mqtt.profiles.values() if certified or profile.password.kind is not PasswordKind.NONE
    )
    return tuple(dict.fromkeys((*mqtt.of_groups, *others)))
