"""The listening side: openings that come to nothing, and what happens to those who hold them up."""

from __future__ import annotations

import asyncio
import socket

import pytest

from simulator.wire import ListenFailed, serve
from tests.wire.helpers import LIMIT, Collector, Network, until, upgrade_request

REFUSED = {
    "POST": (upgrade_request().replace(b"GET", b"POST"), b"405"),
    "no upgrade": (b"GET /best HTTP/1.1\r\nHost: a\r\n\r\n", b"426"),
    "wrong version": (upgrade_request().replace(b"Version: 13", b"Version: 8"), b"400"),
    "no key": (upgrade_request().replace(b"Sec-WebSocket-Key", b"X-Key"), b"400"),
    "HTTP/1.0": (upgrade_request().replace(b"HTTP/1.1", b"HTTP/1.0"), b"505"),
    "another path": (upgrade_request("/other"), b"404"),
    "a longer path": (upgrade_request("/best/more"), b"404"),
    "an endless line": (b"GET /" + b"x" * 9000, b"414"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_openings_that_are_refused(network: Network, name: str) -> None:
    request, status = REFUSED[name]
    server, handlers = await network.serve(Collector, path="/best")
    peer = await network.raw_client(server.port, upgrade=False)
    await peer.send(request)
    answer = await peer.read_to_end()
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert handlers == []
    assert network.errors == []


async def test_garbage_instead_of_http_is_hung_up_on(network: Network) -> None:
    server, handlers = await network.serve(Collector)
    peer = await network.raw_client(server.port, upgrade=False)
    await peer.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n" * 100)
    assert await peer.read_to_end() == b""
    assert handlers == []


async def test_a_client_that_says_nothing_is_hung_up_on(network: Network) -> None:
    server, handlers = await network.serve(Collector, open_timeout=0.05)
    peer = await network.raw_client(server.port, upgrade=False)
    await peer.send(b"GET /best HT")
    assert await peer.read_to_end() == b""
    assert handlers == []
    await until(lambda: server.connections == 0)


async def test_the_open_timeout_ends_with_the_opening(network: Network) -> None:
    server, handlers = await network.serve(Collector, open_timeout=0.5)
    connection, _ = await network.connect(server.port)
    await asyncio.sleep(0.6)
    assert connection.is_open
    assert not handlers[0].has_ended


async def test_a_request_in_single_bytes_is_understood(network: Network) -> None:
    server, handlers = await network.serve(Collector)
    peer = await network.raw_client(server.port, upgrade=False)
    for byte in upgrade_request("/best?x=1"):
        await peer.send(bytes([byte]))
        await asyncio.sleep(0)
    assert (await peer.read_head()).startswith(b"HTTP/1.1 101 ")
    assert (await handlers[0].wait_opened()).request_path == "/best?x=1"


async def test_compression_is_not_taken_up(network: Network) -> None:
    server, _ = await network.serve(Collector)
    peer = await network.raw_client(server.port, upgrade=False)
    offer = b"Upgrade: websocket\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"
    await peer.send(upgrade_request().replace(b"Upgrade: websocket\r\n", offer))
    assert b"Extensions" not in await peer.read_head()


@pytest.mark.usefixtures("network")
async def test_a_port_in_use_is_said_so() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ListenFailed, match=rf"cannot listen at 127\.0\.0\.1:{port}: .*in use"):
            await serve("127.0.0.1", port, Collector, max_size=LIMIT, max_write_buffer=LIMIT)


@pytest.mark.usefixtures("network")
async def test_an_address_of_another_machine_is_said_so() -> None:
    with pytest.raises(ListenFailed, match=r"192\.0\.2\.7:0"):
        await serve("192.0.2.7", 0, Collector, max_size=LIMIT, max_write_buffer=LIMIT)


async def test_a_name_gets_one_free_port(network: Network) -> None:
    server = await serve("localhost", 0, Collector, max_size=LIMIT, max_write_buffer=LIMIT)
    assert server.port > 0
    connection, handler = await network.connect(0, url=f"ws://localhost:{server.port}/")
    assert connection.is_open
    server.close()
    await server.wait_closed()
    assert (await handler.wait_closed())[0] == 1001
