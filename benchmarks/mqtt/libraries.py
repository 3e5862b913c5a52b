"""The MQTT libraries behind the interface of `fleets`, each used as its documents say.

They are no dependencies of the project, so they are imported by name when their fleet is made; a missing one raises
ImportError. Where a library publishes by a coroutine alone, each message is a task, as it would be for a device that
reacts to what it received.
"""

import asyncio
import contextlib
import logging
from collections.abc import Coroutine
from importlib import import_module
from typing import Any

from benchmarks.mqtt.fleets import Fleet, Setting, client_id, down, up

HOST = "127.0.0.1"


class LibraryFleet(Fleet):
    """A fleet of a library that keeps one client object a connection."""

    modules: tuple[str, ...]

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.library, *self.more = (import_module(name) for name in self.modules)
        self.clients: dict[int, Any] = {}
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[Any]] = set()

    def spawn(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Run it beside everything else, and keep hold of it as asyncio's documents ask."""
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            logging.getLogger(__name__).error("%s: %r", self.name, failure)


class GmqttFleet(LibraryFleet):
    name, distribution, modules = "gmqtt", "gmqtt", ("gmqtt", "gmqtt.mqtt.constants")

    async def open(self, number: int) -> None:
        setting = self.setting
        subscribed = asyncio.Event()

        def message(client: Any, topic: str, payload: bytes, qos: int, properties: Any) -> int:
            setting.received(number)
            return 0

        client = self.library.Client(client_id(number), clean_session=setting.clean_session)
        client.on_message = message
        client.on_subscribe = lambda *_: subscribed.set()
        constants = self.more[0]
        await client.connect(HOST, setting.mqtt, keepalive=setting.keep_alive, version=constants.MQTTv311)
        client.subscribe(down(number), qos=1)
        await subscribed.wait()
        self.clients[number] = client

    def send(self, number: int, payload: bytes, qos: int) -> None:
        self.clients[number].publish(up(number), payload, qos=qos)


class ZmqttFleet(LibraryFleet):
    name, distribution, modules = "zmqtt", "zmqtt", ("zmqtt",)

    async def open(self, number: int) -> None:
        setting = self.setting
        client = self.library.create_client(
            HOST,
            setting.mqtt,
            client_id=client_id(number),
            keepalive=setting.keep_alive,
            clean_session=setting.clean_session,
        )
        await client.connect()
        subscription = client.subscribe(down(number), qos=self.library.QoS.AT_LEAST_ONCE)
        await subscription.__aenter__()

        async def listen() -> None:
            async for _ in subscription:
                setting.received(number)

        self.spawn(listen())
        self.clients[number] = client

    def send(self, number: int, payload: bytes, qos: int) -> None:
        self.spawn(self.clients[number].publish(up(number), payload, qos=self.library.QoS(qos)))


class MqttiumFleet(LibraryFleet):
    """On asyncio's own loop: `connect` fails on uvloop."""

    name, distribution, modules, loop = "mqttium", "mqttium", ("mqttium.api",), "asyncio"

    async def open(self, number: int) -> None:
        setting = self.setting
        # Reconnecting is off unless asked for; the trials need it, and it costs nothing while connected.
        client = self.library.AsyncClient(
            client_id(number),
            clean_start=setting.clean_session,
            keepalive=setting.keep_alive,
            message_delivery="callback",
            reconnect=import_module("mqttium.protocol.reconnect").ReconnectPolicy(),
        )
        client.on_message = lambda _: setting.received(number)
        await client.connect(HOST, setting.mqtt)
        await client.subscribe(down(number), qos=1)
        self.clients[number] = client

    def send(self, number: int, payload: bytes, qos: int) -> None:
        self.clients[number].publish_nowait(up(number), payload, qos=qos)


class MqttiumOnUvloopFleet(MqttiumFleet):
    """The same with its transport's one argument that uvloop does not know taken away: what it could be here."""

    name, loop = "mqttium-uvloop", "uvloop"

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        transport = import_module("mqttium.transport.tcp").TcpTransport

        async def connect(host: str, port: int, *, ssl: Any = None) -> Any:
            return transport(*await asyncio.open_connection(host, port, ssl=ssl))

        transport.connect = staticmethod(connect)


class AioMqttFleet(LibraryFleet):
    name, distribution, modules = "aio-mqtt", "aio-mqtt-mod", ("aio_mqtt",)

    async def open(self, number: int) -> None:
        setting = self.setting
        client = self.library.Client()
        await client.connect(
            HOST,
            setting.mqtt,
            keepalive=setting.keep_alive,
            client_id=client_id(number),
            clean_session=setting.clean_session,
        )
        await client.subscribe((down(number), self.library.QOSLevel.QOS_1))

        async def listen() -> None:
            async for _ in client.delivered_messages(down(number)):
                setting.received(number)

        self.spawn(listen())
        self.clients[number] = client

    async def again(self, number: int) -> None:
        await self.clients[number].connect(
            HOST, self.setting.mqtt, client_id=client_id(number), clean_session=self.setting.clean_session
        )

    def send(self, number: int, payload: bytes, qos: int) -> None:
        message = self.library.PublishableMessage(up(number), payload, self.library.QOSLevel(qos))
        self.spawn(self.clients[number].publish(message))


class PahoFleet(LibraryFleet):
    """With a thread a client, as its documents have it; what it hears is handed to the event loop."""

    name, distribution, modules = "paho-mqtt", "paho-mqtt", ("paho.mqtt.client",)

    async def open(self, number: int) -> None:
        setting = self.setting
        subscribed = asyncio.Event()
        tell = self._loop.call_soon_threadsafe
        client = self.library.Client(
            self.library.CallbackAPIVersion.VERSION2,
            client_id(number),
            clean_session=setting.clean_session,
            protocol=self.library.MQTTv311,
        )
        client.on_connect = lambda *_: client.subscribe(down(number), qos=1)
        client.on_subscribe = lambda *_: tell(subscribed.set)
        client.on_message = lambda *_: tell(setting.received, number)
        # A blocking call: TCP on the loopback address, without waiting for CONNACK.
        client.connect(HOST, setting.mqtt, keepalive=setting.keep_alive)
        client.loop_start()
        await subscribed.wait()
        self.clients[number] = client

    def send(self, number: int, payload: bytes, qos: int) -> None:
        self.clients[number].publish(up(number), payload, qos)


class AiomqttFleet(LibraryFleet):
    name, distribution, modules = "aiomqtt", "aiomqtt", ("aiomqtt",)

    async def open(self, number: int) -> None:
        setting = self.setting
        client = self.library.Client(
            HOST,
            setting.mqtt,
            identifier=client_id(number),
            protocol=self.library.ProtocolVersion.V311,
            keepalive=setting.keep_alive,
            clean_session=setting.clean_session,
        )
        await client.__aenter__()
        await client.subscribe(down(number), qos=1)

        async def listen() -> None:
            async for _ in client.messages:
                setting.received(number)

        self.spawn(listen())
        self.clients[number] = client

    async def again(self, number: int) -> None:
        with contextlib.suppress(self.library.MqttError):
            await self.clients[number].__aexit__(None, None, None)
        await self.clients[number].__aenter__()

    def send(self, number: int, payload: bytes, qos: int) -> None:
        self.spawn(self.clients[number].publish(up(number), payload, qos=qos))


class AmqttFleet(LibraryFleet):
    name, distribution, modules = "amqtt", "amqtt", ("amqtt.client",)

    async def open(self, number: int) -> None:
        setting = self.setting
        client = self.library.MQTTClient(client_id(number), {"keep_alive": setting.keep_alive, "auto_reconnect": True})
        await client.connect(f"mqtt://{HOST}:{setting.mqtt}/", cleansession=setting.clean_session)
        await client.subscribe([(down(number), 1)])

        async def listen() -> None:
            while True:
                await client.deliver_message()
                setting.received(number)

        self.spawn(listen())
        self.clients[number] = client

    def send(self, number: int, payload: bytes, qos: int) -> None:
        self.spawn(self.clients[number].publish(up(number), payload, qos=qos))


class AwsFleet(LibraryFleet):
    """In C with a thread of its own; what it hears is handed to the event loop."""

    name, distribution, modules = "awscrt", "awscrt", ("awscrt.mqtt", "awscrt.io")

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        io = self.more[0]
        group = io.EventLoopGroup(1)
        self._client = self.library.Client(io.ClientBootstrap(group, io.DefaultHostResolver(group)))

    async def open(self, number: int) -> None:
        setting = self.setting
        tell = self._loop.call_soon_threadsafe

        def message(topic: str, payload: bytes, **_: Any) -> None:
            tell(setting.received, number)

        client = self.library.Connection(
            self._client,
            HOST,
            setting.mqtt,
            client_id(number),
            clean_session=setting.clean_session,
            keep_alive_secs=setting.keep_alive,
            ping_timeout_ms=min(3000, setting.keep_alive * 1000 - 1),
        )
        await asyncio.wrap_future(client.connect())
        await asyncio.wrap_future(client.subscribe(down(number), self.library.QoS.AT_LEAST_ONCE, message)[0])
        self.clients[number] = client

    def send(self, number: int, payload: bytes, qos: int) -> None:
        self.clients[number].publish(up(number), payload, self.library.QoS(qos))


LIBRARIES: tuple[type[LibraryFleet], ...] = (
    GmqttFleet,
    ZmqttFleet,
    MqttiumFleet,
    MqttiumOnUvloopFleet,
    AioMqttFleet,
    AiomqttFleet,
    PahoFleet,
    AmqttFleet,
    AwsFleet,
)
