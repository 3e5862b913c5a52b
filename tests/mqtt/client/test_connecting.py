"""Reaching a broker and presenting a client there: what `connect` hands on, and what it says of each way to fail."""

from __future__ import annotations

import asyncio
import datetime
import socket
from typing import Any

import pytest

from simulator.mqtt.client_ids import ClientIds
from simulator.mqtt.codec import encode
from simulator.mqtt.endings import CONNECT_FAILURES, REFUSALS
from simulator.mqtt.packets import Connack, Connect, Pingresp, Publish
from simulator.wire.addresses import AddressBook
from simulator.wire.authority import CertificateAuthority
from simulator.wire.errors import ConnectFailed
from simulator.wire.own_certificate import OwnCertificate
from simulator.wire.proxy import HttpProxy
from simulator.wire.tls import client_context, demand_certificates, server_context
from tests.mqtt.client.helpers import Collector, Peer, Room, accepting, until

MOMENT = datetime.datetime.now(datetime.UTC)


async def failure(room: Room, port: int = 0, **options: Any) -> ConnectFailed:
    """How connecting fails; the handler must have seen nothing of it, and no secret be told."""
    handler = Collector()
    with pytest.raises(ConnectFailed) as caught:
        await room.connect(port, handler, **options)
    await asyncio.sleep(0.01)
    assert handler.calls == []
    assert "secret" not in caught.value.detail
    assert len(room.client_ids) == 0
    return caught.value


def answering(*parts: bytes) -> Any:
    async def script(peer: Peer) -> None:
        await peer.read()
        await peer.send(*parts)

    return script


# --- Reaching ---


async def test_nothing_listens(room: Room) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    failed = await failure(room, port)
    assert failed.kind == "refused"
    assert failed.detail == f"nothing listens at 127.0.0.1:{port} (connection refused)"


async def test_no_such_host(room: Room) -> None:
    failed = await failure(room, url="mqtt://no-such-host.invalid")
    assert failed.kind == "dns"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("ws://host/", "begins with ws://"),
        ("tcp://host:1883", "begins with tcp://"),
        ("host:1883", "has no scheme"),
        ("", "has no scheme"),
        ("mqtt://host:99999", "host or port is wrong"),
        ("mqtt://host:0", "host or port is wrong"),
        ("mqtt://", "host or port is wrong"),
        ("mqtts://[::1", "host or port is wrong"),
        ("mqtt://host/secret", "nothing stands behind host and port"),
        ("mqtt://host?secret", "nothing stands behind host and port"),
        ("mqtt://user:secret@host", "user name and password stand in the profile"),
    ],
)
async def test_no_url_of_a_broker(room: Room, url: str, expected: str) -> None:
    failed = await failure(room, url=url)
    assert failed.kind == "handshake"
    assert expected in failed.detail


@pytest.mark.parametrize(("url", "port"), [("mqtt://localhost", 1883), ("mqtts://localhost/", 8883)])
async def test_each_scheme_has_its_port(room: Room, url: str, port: int) -> None:
    class Nowhere(AddressBook):
        async def addresses(self, host: str, port: int, family: int = socket.AF_UNSPEC) -> list[str]:
            asked.append((host, port))
            raise socket.gaierror("not here")

    asked: list[tuple[str, int]] = []
    failed = await failure(room, url=url, addresses=Nowhere())
    assert (failed.kind, asked) == ("dns", [("localhost", port)])


async def test_local_address_and_address_book_are_used(room: Room) -> None:
    broker = await room.broker()
    url = f"mqtt://localhost:{broker.port}"
    _, _, peer = await room.online(broker, url=url, local_addr=("127.0.0.9", 0), addresses=AddressBook())
    assert peer.writer.get_extra_info("peername")[0] == "127.0.0.9"


async def test_through_a_proxy(room: Room) -> None:
    broker = await room.broker()
    asked: list[bytes] = []

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
        writer.close()

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        inside, outside = await asyncio.open_connection("127.0.0.1", broker.port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(pipe(reader, outside), pipe(inside, writer))

    server = await asyncio.start_server(tunnel, "127.0.0.1", 0)
    room.callback(server.close)
    port = server.sockets[0].getsockname()[1]
    url = f"mqtt://nowhere.invalid:{broker.port}"
    connection, handler, peer = await room.online(broker, url=url, proxy=HttpProxy.parse(f"http://127.0.0.1:{port}"))
    assert asked[0].startswith(f"CONNECT nowhere.invalid:{broker.port} HTTP/1.1\r\n".encode())
    connection.close()
    assert len(await peer.read_to_end()) == 1
    peer.close()
    assert (await handler.wait_closed())[0] == "disconnected"


async def test_a_proxy_that_refuses(room: Room) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    room.callback(server.close)
    proxy = HttpProxy.parse(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    failed = await failure(room, url="mqtts://broker.invalid", proxy=proxy)
    assert failed.kind == "proxy"
    assert "answered 403 Forbidden to the wish for broker.invalid:8883" in failed.detail


# --- CONNACK ---


@pytest.mark.parametrize(("code", "kind"), REFUSALS.items())
async def test_a_refusal_has_its_name(room: Room, code: int, kind: str) -> None:
    broker = await room.broker(answering(encode(Connack(False, code))))
    failed = await failure(room, broker.port)
    assert failed.kind == kind
    assert failed.kind in CONNECT_FAILURES
    assert failed.detail == f"mqtt://127.0.0.1:{broker.port} refused the client: {kind} (code {int(code)})"
    assert await (await broker.peer()).read_to_end() == []


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (b"\x20\x02\x00\x06", "no proper MQTT", "CONNACK has the reserved code 6"),
        (b"\x20\x02\x01\x05", "no proper MQTT", "a CONNACK that refuses (code 5) and says that the session is present"),
        (b"\x20\x03", "no proper MQTT", "a CONNACK with 3 bytes after its length; 2 are right"),
        (b"\x21\x02", "no proper MQTT", "its first packet is no CONNACK"),
        (encode(Pingresp()), "no proper MQTT", "its first packet is no CONNACK"),
        (encode(Publish("best/down", b"x")), "no proper MQTT", "its first packet is no CONNACK"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "handshake", "answered in HTTP: no MQTT broker"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "handshake", "answered in TLS: the URL has to begin with mqtts://"),
    ],
)
async def test_no_proper_answer(room: Room, answer: bytes, kind: str, words: str) -> None:
    broker = await room.broker(answering(answer))
    failed = await failure(room, broker.port)
    assert failed.kind == kind
    assert words in failed.detail
    assert f"127.0.0.1:{broker.port}" in failed.detail


async def test_a_clean_session_cannot_be_present(room: Room) -> None:
    broker = await room.broker(answering(encode(Connack(True, 0))))
    failed = await failure(room, broker.port, login={"clean_session": True})
    assert failed.kind == "no proper MQTT"
    assert "which was to be a clean one" in failed.detail


@pytest.mark.parametrize("answer", [b"", b"\x20", b"\x20\x02", b"\x20\x02\x00"])
async def test_an_answer_that_never_ends_times_out(room: Room, answer: bytes) -> None:
    broker = await room.broker(answering(answer))
    failed = await failure(room, broker.port, open_timeout=0.3)
    assert (failed.kind, failed.after) == ("timeout", 0.3)
    assert failed.detail == f"127.0.0.1:{broker.port} took the connection but did not answer CONNECT within 0.3 s"
    assert await (await broker.peer()).read_to_end() == []


@pytest.mark.parametrize("answer", [b"", b"\x20", b"\x20\x02\x00"])
async def test_a_broker_that_hangs_up(room: Room, answer: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.read()
        await peer.send(answer)
        peer.close()

    broker = await room.broker(script)
    failed = await failure(room, broker.port)
    assert failed.kind == "handshake"
    assert "did not answer CONNECT: the broker ended the connection" in failed.detail
    assert "if it expects TLS, the URL has to begin with mqtts://" in failed.detail


async def test_an_answer_in_single_bytes_is_one(room: Room) -> None:
    async def script(peer: Peer) -> None:
        await peer.read()
        for byte in encode(Connack(False, 0)):
            await peer.send(bytes((byte,)))
            await asyncio.sleep(0.005)
        await peer.grant()

    broker = await room.broker(script)
    connection, _, _ = await room.online(broker)
    assert connection.is_open


async def test_a_host_that_failed_is_forgotten(room: Room) -> None:
    class Book(AddressBook):
        def forget(self, host: str) -> None:
            forgotten.append(host)

    forgotten: list[str] = []
    broker = await room.broker(answering(encode(Connack(False, 5))), accepting)
    await failure(room, broker.port, addresses=Book())
    assert forgotten == ["127.0.0.1"]
    await room.connect(broker.port, addresses=Book())
    assert forgotten == ["127.0.0.1"]


async def test_whoever_gives_up_leaves_nothing_behind(room: Room) -> None:
    broker = await room.broker(answering())
    handler = Collector()
    connecting = asyncio.ensure_future(room.connect(broker.port, handler))
    peer = await broker.peer()
    connecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connecting
    assert await peer.read_to_end() == []
    assert handler.calls == []
    await until(lambda: len(room.client_ids) == 0)


@pytest.mark.parametrize(
    "login",
    [
        {"client_id": "a\0b"},
        {"client_id": "\ud800"},
        {"username": "x" * 65_536},
        {"username": None, "password": "secret"},
        {"password": "\ud800"},
        {"up": "best/+/up"},
        {"up": ""},
        {"down": "best/#"},
        {"keep_alive": 65_536},
    ],
)
async def test_a_login_that_mqtt_has_no_bytes_for(room: Room, login: dict[str, Any]) -> None:
    broker = await room.broker()
    failed = await failure(room, broker.port, login=login)
    assert failed.kind == "unusable login"
    assert failed.detail.startswith("what this client is to present cannot be said in MQTT: ")


# --- TLS ---


@pytest.fixture(scope="module")
def authority() -> CertificateAuthority:
    return CertificateAuthority("test root", MOMENT)


@pytest.fixture(scope="module")
def files(authority: CertificateAuthority, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return authority.server(tmp_path_factory.mktemp("tls"), ["127.0.0.1"], MOMENT)


async def test_mutual_tls_with_a_certificate_of_its_own(
    room: Room, authority: CertificateAuthority, files: Any
) -> None:
    demanding = server_context(files.cert, files.key)
    demand_certificates(demanding, authority.root)
    broker = await room.broker(tls=demanding)
    issued = authority.client("SN1", MOMENT - datetime.timedelta(days=1), MOMENT + datetime.timedelta(days=1))
    own = OwnCertificate(client_context(files.ca), issued.certificate, issued.private_key)
    connection, handler, peer = await room.online(broker, ssl=own)
    assert peer.writer.get_extra_info("peercert")["subject"][0][0] == ("commonName", "SN1")
    connection.send(b"one", False)
    assert (await peer.read_publish()).payload == b"one"
    await peer.send(Publish("best/down", bytes(100_000), 1, 4))
    await handler.wait(lambda: handler.messages)
    connection.close()
    assert [type(packet).__name__ for packet in await peer.read_to_end()] == ["Puback", "Disconnect"]
    peer.close()
    assert (await handler.wait_closed())[0] == "disconnected"


async def test_a_broker_that_demands_a_certificate_turns_away_who_has_none(
    room: Room, authority: CertificateAuthority, files: Any
) -> None:
    demanding = server_context(files.cert, files.key)
    demand_certificates(demanding, authority.root)
    broker = await room.broker(tls=demanding)
    failed = await failure(room, broker.port, ssl=client_context(files.ca))
    assert failed.kind in {"tls", "handshake"}
    assert "client certificate" in failed.detail


async def test_an_unknown_root_is_not_trusted(room: Room, files: Any) -> None:
    broker = await room.broker(tls=server_context(files.cert, files.key))
    failed = await failure(room, url=f"mqtts://127.0.0.1:{broker.port}")
    assert failed.kind == "tls"
    assert "is not trusted" in failed.detail


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"\x20\x02\x00\x00 and more", "does the URL have to begin with mqtt:// instead of mqtts://?"),
        (b"", "broke off the TLS handshake: no TLS on that port"),
    ],
)
async def test_a_broker_without_tls(room: Room, files: Any, answer: bytes, words: str) -> None:
    async def script(peer: Peer) -> None:
        await peer.reader.read(1)
        await peer.send(answer)
        peer.close()

    broker = await room.broker(script)
    failed = await failure(room, broker.port, ssl=client_context(files.ca))
    assert failed.kind == "tls"
    assert words in failed.detail


async def test_the_protocol_is_offered(room: Room, files: Any) -> None:
    choosing = server_context(files.cert, files.key)
    choosing.set_alpn_protocols(["x-amzn-mqtt-ca"])
    broker = await room.broker(tls=choosing)
    trusting = client_context(files.ca, alpn="x-amzn-mqtt-ca")
    _, _, peer = await room.online(broker, ssl=trusting, login={"alpn": "x-amzn-mqtt-ca"})
    assert peer.writer.get_extra_info("ssl_object").selected_alpn_protocol() == "x-amzn-mqtt-ca"


# --- Client ids ---


def test_only_an_older_connection_was_taken_over() -> None:
    ids, first, second, third = ClientIds(), object(), object(), object()
    ids.enter("a", first)
    ids.enter("b", third)
    ids.enter("a", second)
    assert ids.leave("a", first) is True
    assert ids.leave("a", first) is False
    assert ids.leave("a", second) is False
    assert ids.leave("b", third) is False
    assert len(ids) == 0


def test_a_newer_connection_that_has_gone_takes_nothing_over() -> None:
    ids, first, second = ClientIds(), object(), object()
    ids.enter("a", first)
    ids.enter("a", second)
    assert ids.leave("a", second) is False
    assert ids.leave("a", first) is False


async def test_the_older_of_two_connections_was_taken_over(room: Room) -> None:
    broker = await room.broker()
    first, older, peer = await room.online(broker)

    async def newer(other: Peer) -> None:
        packet = await other.read()
        assert isinstance(packet, Connect)
        peer.close()  # a broker ends the older one first (3.1.4)
        await older.wait_closed()
        await other.send(Connack(True, 0))

    second_broker = await room.broker(newer)
    second, handler = await room.connect(second_broker.port)
    ending, detail = await older.wait_closed()
    assert ending == "taken over"
    assert "another connection of this process presented the same client id" in detail
    assert not first.is_open
    assert second.is_open
    (await second_broker.peer()).close()
    assert (await handler.wait_closed())[0] == "closed by the broker"


async def test_another_client_id_takes_nothing_over(room: Room) -> None:
    broker = await room.broker()
    _, older, peer = await room.online(broker)
    await room.online(broker, login={"client_id": "SN2"})
    peer.close()
    assert (await older.wait_closed())[0] == "closed by the broker"
