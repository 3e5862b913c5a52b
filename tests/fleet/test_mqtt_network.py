"""The fleet's network over MQTT: a real broker on loopback, refusals by name, TLS, kept sessions, and cuts."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from simulator.device.environment import MqttWay
from simulator.mqtt.broker import Authority, Broker, BrokerServer, Everybody, serve
from simulator.mqtt.login import ClientState, Login
from simulator.mqtt.packets import ConnectReturn
from simulator.wire.tls import SelfSigned, server_context
from tests.fleet.network_bench import Bench, Handler, broker, failure, trust, until
from tests.ports import free_port

LOGIN = Login(client_id="SN1", up="up/SN1", down="down/SN1")


class Refuses(Everybody):
    """Lets nobody in, for one reason."""

    def __init__(self, code: ConnectReturn) -> None:
        self._code = code

    def connect(self, *presented: Any) -> ConnectReturn:
        return self._code


class GrantsNothing(Everybody):
    """Lets everybody in, and nobody subscribe."""

    def may_subscribe(self, client_id: str, username: str | None, topic_filter: str) -> bool:
        return False


class CutsOnce:
    """Cuts a client's connection instead of its first PUBACK."""

    def __init__(self) -> None:
        self.cut = 0

    def cuts_before_puback(self, client_id: str) -> bool:
        self.cut += 1
        return self.cut == 1

    def copies(self, client_id: str, topic: str) -> int:
        return 1


class Hub:
    """A broker with a subscriber in this process, and what came."""

    def __init__(self, server: BrokerServer, made: Broker) -> None:
        self.server = server
        self.broker = made
        self.came: list[tuple[str, bytes, bool]] = []
        self.attached = made.attach(["up/+"], self._receive)

    def _receive(self, topic: str, payload: bytes, dup: bool) -> None:
        self.came.append((topic, payload, dup))

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.server.port}"


Start = Callable[..., Any]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts brokers; all are closed at the end."""
    servers: list[BrokerServer] = []
    errors: list[BaseException] = []

    async def begin(
        authority: Authority | None = None, *, tls: ssl.SSLContext | None = None, interference: Any = None
    ) -> Hub:
        made = Broker(authority, interference=interference, on_error=errors.append)
        servers.append(await serve(made, "127.0.0.1", 0, ssl=tls))
        return Hub(servers[-1], made)

    yield begin
    for server in servers:
        server.close()
        await server.wait_closed()
    assert errors == []


def way(**login: Any) -> tuple[MqttWay, list[bool]]:
    """What a device connects with, and which of its publishes were taken."""
    taken: list[bool] = []
    return MqttWay(replace(LOGIN, **login), ClientState(lambda sent, was_taken: taken.append(was_taken))), taken


class Owner(Handler):
    """The device's end."""

    def unusual(self, what: str) -> None:
        raise AssertionError(what)


async def test_there_and_back(bench: Bench, start: Start) -> None:
    hub = await start()
    network, handler, (mine, taken) = await bench.network(), Owner(), way()
    connection = await network.connect_mqtt(broker(hub.url), handler, index=0, way=mine)
    assert connection.needs_subscription
    await network.subscribe(connection)
    assert not connection.needs_subscription
    connection.send(b"hello", False)
    await until(lambda: hub.came == [("up/SN1", b"hello", False)] and taken == [True])
    hub.attached.publish("down/SN1", b"and back", 1)
    await until(lambda: handler.messages == [(b"and back", False)])
    connection.close()
    assert (await handler.ended)[0] == "disconnected"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (ConnectReturn.UNACCEPTABLE_PROTOCOL_VERSION, "unacceptable protocol version"),
        (ConnectReturn.IDENTIFIER_REJECTED, "identifier rejected"),
        (ConnectReturn.SERVER_UNAVAILABLE, "server unavailable"),
        (ConnectReturn.BAD_USER_NAME_OR_PASSWORD, "bad user name or password"),
        (ConnectReturn.NOT_AUTHORIZED, "not authorized"),
    ],
)
async def test_a_refusal_has_the_brokers_reason(bench: Bench, start: Start, code: ConnectReturn, kind: str) -> None:
    hub = await start(Refuses(code))
    network, (mine, _) = await bench.network(), way(username="who", password="the secret")
    error = await failure(network.connect_mqtt(broker(hub.url), Owner(), index=0, way=mine))
    assert error.kind == kind
    assert "the secret" not in str(error)


async def test_a_subscription_that_is_not_granted(bench: Bench, start: Start) -> None:
    hub = await start(GrantsNothing())
    network, (mine, _) = await bench.network(), way()
    connection = await network.connect_mqtt(broker(hub.url), Owner(), index=0, way=mine)
    error = await failure(network.subscribe(connection))
    assert error.kind == "subscription refused"
    assert "down/SN1" in str(error)
    connection.abort()


async def test_nobody_listens(bench: Bench) -> None:
    network, (mine, _) = await bench.network(), way()
    url = f"mqtt://127.0.0.1:{free_port()}"
    assert (await failure(network.connect_mqtt(broker(url), Owner(), index=0, way=mine))).kind == "refused"


async def test_somebody_else_listens(bench: Bench) -> None:
    network, (mine, _) = await bench.network(), way()
    url = f"mqtt://127.0.0.1:{await bench.raw(b'HTTP/1.1 400 Bad Request' + bytes(4))}"
    error = await failure(network.connect_mqtt(broker(url), Owner(), index=0, way=mine))
    assert error.kind == "handshake"
    assert "no MQTT" in str(error) or "CONNACK" in str(error), error


async def test_a_silent_server_is_given_up(bench: Bench) -> None:
    network, (mine, _) = await bench.network(open_timeout=0.2), way()
    url = f"mqtt://127.0.0.1:{await bench.raw(None)}"
    error = await failure(network.connect_mqtt(broker(url), Owner(), index=0, way=mine))
    assert (error.kind, error.after) == ("timeout", 0.2)


async def test_cut_before_the_puback_it_is_sent_again_with_dup(bench: Bench, start: Start) -> None:
    hub = await start(interference=CutsOnce())
    network, handler, (mine, taken) = await bench.network(), Owner(), way()
    connection = await network.connect_mqtt(broker(hub.url), handler, index=0, way=mine)
    await network.subscribe(connection)
    connection.send(b"record", False)
    assert (await handler.ended)[0] in ("closed by the broker", "connection lost")
    assert taken == []
    assert len(mine.state.in_flight) == 1
    second = await network.connect_mqtt(broker(hub.url), Owner(), index=0, way=mine)
    assert second.resumed
    assert not second.needs_subscription
    await until(lambda: taken == [True])
    assert hub.came == [("up/SN1", b"record", False), ("up/SN1", b"record", True)]
    assert mine.state.in_flight == {}
    second.close()


async def test_the_older_of_two_with_one_client_id_was_taken_over(bench: Bench, start: Start) -> None:
    hub = await start()
    network, older, newer = await bench.network(), Owner(), Owner()
    await network.connect_mqtt(broker(hub.url), older, index=0, way=way()[0])
    second = await network.connect_mqtt(broker(hub.url), newer, index=1, way=way()[0])
    assert (await older.ended)[0] == "taken over"
    second.close()
    assert (await newer.ended)[0] == "disconnected"


# --- TLS ---


def pem_of(certificate: SelfSigned) -> str:
    return certificate.cert.read_text()


async def test_tls_by_the_look_ups_root(bench: Bench, start: Start, certificate: SelfSigned) -> None:
    hub = await start(tls=server_context(certificate.cert, certificate.key))
    network, (mine, _) = await bench.network(), way()
    url = hub.url.replace("mqtt:", "mqtts:")
    assert (await failure(network.connect_mqtt(broker(url), Owner(), index=0, way=mine))).kind == "tls"
    found = broker(url, pem_of(certificate))
    connection = await network.connect_mqtt(found, Owner(), index=0, way=mine)
    await network.subscribe(connection)
    connection.close()


async def test_plain_at_a_port_of_tls_and_the_other_way_round(
    bench: Bench, start: Start, certificate: SelfSigned
) -> None:
    network, (mine, _) = await bench.network(tls=trust(str(certificate.cert)), open_timeout=3.0), way()
    plain = await start()
    secure = await start(tls=server_context(certificate.cert, certificate.key))
    for url in (plain.url.replace("mqtt:", "mqtts:"), secure.url):
        error = await failure(network.connect_mqtt(broker(url), Owner(), index=0, way=mine))
        assert error.kind in ("tls", "reset", "closed", "no proper MQTT", "handshake", "timeout"), error


async def test_alpn_is_offered_where_the_profile_has_it(bench: Bench, start: Start, certificate: SelfSigned) -> None:
    context = server_context(certificate.cert, certificate.key)
    context.set_alpn_protocols(["x-amzn-mqtt-ca"])
    hub = await start(tls=context)
    url = hub.url.replace("mqtt:", "mqtts:")
    network = await bench.network(tls=trust(str(certificate.cert)))
    for alpn in ("x-amzn-mqtt-ca", None):
        mine, _ = way(alpn=alpn)
        connection: Any = await network.connect_mqtt(broker(url), Owner(), index=0, way=mine)
        assert connection._transport.get_extra_info("ssl_object").selected_alpn_protocol() == alpn
        connection.close()
        await asyncio.sleep(0)
