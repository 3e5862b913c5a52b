"""How the tester's devices open their connections: a WebSocket, or as a client of an MQTT broker by its profile."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from simulator.conform.site import Site
from simulator.conform.tester import Device
from simulator.device.environment import MqttConnection, MqttWay, NetworkError
from simulator.fleet.network import FleetNetwork
from simulator.measurements.names import BAD_PROFILE
from simulator.mqtt.login import ClientState, Login
from simulator.mqtt.packets import MOST_PACKET_BYTES
from simulator.protocol.broker import BrokerAnswer
from simulator.pubsub.login import login_of
from simulator.pubsub.profile import Identity
from simulator.pubsub.templates import CannotFill

Change = Callable[[Login], Login]
"""Makes another login of the right one."""


def _right(login: Login) -> Login:
    return login


@dataclass(frozen=True, slots=True)
class Presented:
    """How a device comes to a broker, where a case is about that."""

    state: ClientState
    """Its session, of one connection or several in turn."""
    clean: bool
    """Whether it asks for a clean session."""
    change: Change = _right


def new_state() -> ClientState:
    """Of a client that no broker knows yet."""
    return ClientState(lambda sent, taken: None)


class Opener:
    """Opens connections for devices."""

    def __init__(self, site: Site, network: FleetNetwork) -> None:
        self._site = site
        self._network = network
        self._rng = random.Random()

    async def open(self, broker: BrokerAnswer, device: Device, presented: Presented | None = None) -> str:
        """Connect by a look-up's answer; returns what was seen, in words.

        Without `presented` a client asks for a clean session: no case is given what another one left.

        Raises:
            NetworkError: If it does not open.
        """
        if self._site.terms.mqtt is None:
            await self._network.connect(broker, device.websocket_handler, index=device.which)
            return "the WebSocket opened"
        presented = presented or Presented(new_state(), clean=True)
        login = presented.change(self._login(broker, device, presented.clean))
        opening = self._network.connect_mqtt(
            broker, device.mqtt_handler, index=device.which, way=MqttWay(login, presented.state)
        )
        connection = await opening
        try:
            return await self._subscribed(connection)
        except NetworkError:
            connection.abort()
            raise

    async def _subscribed(self, connection: MqttConnection) -> str:
        if not connection.needs_subscription:
            return "the broker accepted the client, whose session it had kept"
        await self._network.subscribe(connection)
        return "the broker accepted the client and its subscription"

    def _login(self, broker: BrokerAnswer, device: Device, clean: bool) -> Login:
        """
        Raises:
            NetworkError: If the look-up's answer or the identity lacks what the profile needs.
        """
        held, profile = device.identity, self._site.terms.mqtt
        assert profile is not None, "over MQTT alone"
        identity = Identity(
            sn=held.sn,
            product_id=held.product_id,
            dev_key=held.dev_key,
            device_secret=held.device_secret,
            company_id=broker.company_id,
            site_id=broker.site_id,
        )
        try:
            port = urlsplit(broker.url or "").port
            now = self._site.clock.wall()
            login = login_of(profile, identity, rng=self._rng, now=now, digest=device.proof["devKey"], port=port)
        except (CannotFill, ValueError) as error:
            raise NetworkError(BAD_PROFILE, str(error)) from None
        self._site.hide(login.password or "")
        # What is too large for the profile is sent where a case is about that; what comes is judged by the link.
        return replace(login, clean_session=clean, max_payload=MOST_PACKET_BYTES)
