"""The fleet's network against real servers: what goes through, and every way in which it does not."""

import asyncio
import gzip
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from simulator.fleet.network import MAX_FIRST_MESSAGE_BYTES, MAX_LOOKUP_BYTES
from tests.fleet.network_bench import Bench, Handler, broker, failure, hello, until
from tests.ports import free_port

Cleanup = Callable[[Awaitable[Any]], None]


# --- Look-ups ---


async def test_a_look_up_brings_status_and_body_and_the_query_as_it_is(bench: Bench) -> None:
    seen: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.raw_path)
        return web.Response(body=b"{}")

    base = await bench.http(answer)
    network = await bench.network()
    path = "/v3/device/getBrokerServer?sn=%E4%BC%9A+1%2B&sign=a%26b"
    assert await network.look_up(base + path, index=0) == (200, b"{}")
    assert seen == [path]


async def test_each_look_up_has_a_connection_of_its_own(bench: Bench) -> None:
    peers: list[Any] = []

    async def answer(request: web.Request) -> web.Response:
        assert request.transport is not None
        peers.append(request.transport.get_extra_info("peername"))
        return web.Response(body=b"{}")

    base = await bench.http(answer)
    network = await bench.network()
    for _ in range(3):
        await network.look_up(base, index=0)
    assert len(set(peers)) == 3


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirected_look_up_is_not_followed_and_its_target_named(bench: Bench, status: int) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=status, headers={"Location": "https://user:word@new.test/api?sign=secret#x"})

    network = await bench.network()
    error = await failure(network.look_up(f"{await bench.http(answer)}/v3/look?sign=secret", index=0))
    assert error.kind == f"http {status}"
    assert "https://new.test/api" in str(error)
    assert "secret" not in str(error)
    assert "word" not in str(error)
    assert asked == ["/v3/look"]


@pytest.mark.parametrize("size", [0, 1, MAX_LOOKUP_BYTES])
async def test_bodies_up_to_the_limit(bench: Bench, size: int) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=b"x" * size)

    network = await bench.network()
    assert await network.look_up(await bench.http(answer), index=0) == (200, b"x" * size)


@pytest.mark.parametrize("zipped", [False, True])
async def test_a_body_over_the_limit(bench: Bench, zipped: bool) -> None:
    async def answer(request: web.Request) -> web.Response:
        body = b"x" * (MAX_LOOKUP_BYTES + 1)
        if zipped:
            return web.Response(body=gzip.compress(body), headers={"Content-Encoding": "gzip"})
        return web.Response(body=body)

    network = await bench.network()
    error = await failure(network.look_up(await bench.http(answer), index=0))
    assert error.kind == "too large"


async def test_an_endless_body_is_cut(bench: Bench) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(100_000):
            await response.write(b"x" * 65_536)
        return response

    network = await bench.network(download_hosts=["127.0.0.1"])
    error = await failure(network.download(await bench.http(answer), 300_000, index=0))
    assert error.kind == "too large"


async def test_nobody_listens(bench: Bench) -> None:
    network = await bench.network()
    port = free_port()
    error = await failure(network.look_up(f"http://127.0.0.1:{port}/x?sign=secret", index=0))
    assert error.kind == "refused"
    assert str(port) in str(error)
    assert "secret" not in str(error)


async def test_no_such_host(bench: Bench) -> None:
    network = await bench.network()
    for url in ("http://no-such-host.invalid/x", "http://" + "a" * 70 + ".invalid/"):
        error = await failure(network.look_up(url, index=0))
        assert error.kind in ("dns", "bad url")


async def test_a_silent_server(bench: Bench) -> None:
    network = await bench.network(open_timeout=0.2)
    error = await failure(network.look_up(f"http://127.0.0.1:{await bench.raw(None)}/", index=0))
    assert error.kind == "timeout"
    assert "0.2 s" in str(error)


async def test_a_slow_body_counts_into_the_same_time(bench: Bench) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(100):
            await response.write(b"x")
            await asyncio.sleep(0.05)
        return response

    network = await bench.network(open_timeout=0.3)
    error = await failure(network.look_up(await bench.http(answer), index=0))
    assert error.kind == "timeout"


RAW = [
    b"",
    b"SSH-2.0-OpenSSH_9.6\r\n",
    b"\x00\x01\x02\x03",
    b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nnogzi",
    b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
    b"HTTP/1.1 999999 ?\r\n\r\n",
]


@pytest.mark.parametrize("answer", RAW, ids=range(len(RAW)))
async def test_a_server_that_speaks_no_http_or_breaks_off(bench: Bench, answer: bytes) -> None:
    network = await bench.network(open_timeout=20.0)
    error = await failure(network.look_up(f"http://127.0.0.1:{await bench.raw(answer)}/?sign=secret", index=0))
    assert error.kind == "http"
    assert "secret" not in str(error)


@pytest.mark.parametrize(
    "url", ["", "x", "http://", "ftp://h/x", "http://[::1", "http://h:99999/", "file:///etc/passwd"]
)
async def test_urls_that_cannot_be_used(bench: Bench, url: str) -> None:
    network = await bench.network()
    error = await failure(network.download(url, 1000, index=0))
    assert error.kind in ("bad url", "dns")


# --- Downloads ---


async def test_a_download_brings_the_body_of_a_success_only(bench: Bench) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=b"x" * 500, status=int(request.path[1:]))

    base = await bench.http(answer)
    network = await bench.network(download_hosts=["127.0.0.1"])
    assert await network.download(f"{base}/200", 500, index=0) == b"x" * 500
    assert (await failure(network.download(f"{base}/200", 499, index=0))).kind == "too large"
    assert (await failure(network.download(f"{base}/404", 500, index=0))).kind == "http 404"


# --- WebSockets ---


async def test_a_websocket_carries_both_ways_and_closes(bench: Bench) -> None:
    port, servers = await bench.websocket()
    network = await bench.network()
    handler = Handler()
    connection = await network.connect(broker(f"ws://127.0.0.1:{port}/best"), handler, index=0)
    assert handler.connection is connection
    connection.send(b"text", False)
    connection.send(b"\x00bin", True)
    await until(lambda: len(servers[0].messages) == 2)
    assert servers[0].messages == [(b"text", False), (b"\x00bin", True)]
    connection.close()
    assert (await asyncio.wait_for(handler.ended, 20))[0] == 1000


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("ws://127.0.0.1:{closed}/", "refused"),
        ("ws://no-such-host.invalid/", "dns"),
        ("ws://", "handshake"),
        ("mqtt://127.0.0.1:{closed}", "handshake"),
        ("ws://127.0.0.1:{http}/", "handshake"),
        ("ws://127.0.0.1:{silent}/", "timeout"),
        ("ws://127.0.0.1:{gone}/", "handshake"),
        ("wss://127.0.0.1:{http}/", "tls"),
    ],
)
async def test_every_kind_of_failed_connect(bench: Bench, url: str, kind: str) -> None:
    ports = {
        "closed": free_port(),
        "http": (await bench.http(hello)).rpartition(":")[2],
        "silent": await bench.raw(None),
        "gone": await bench.raw(b""),
    }
    network = await bench.network(open_timeout=0.5 if kind == "timeout" else 10.0)
    handler = Handler()
    error = await failure(network.connect(broker(url.format(**ports)), handler, index=0))
    assert error.kind == kind
    assert str(error)
    assert handler.connection is None
    assert not handler.ended.done()


@pytest.mark.parametrize("trusted", [False, True])
async def test_a_message_over_the_limit_closes_with_1009(bench: Bench, trusted: bool) -> None:
    port, servers = await bench.websocket()
    network = await bench.network()
    handler = Handler()
    await network.connect(broker(f"ws://127.0.0.1:{port}/"), handler, index=0)
    await until(lambda: bool(servers) and servers[0].connection is not None)
    first = MAX_FIRST_MESSAGE_BYTES
    servers[0].connection.send(b"x" * first, False)
    if trusted:
        await until(lambda: len(handler.messages) == 1)
        assert handler.connection is not None
        handler.connection.trust(10 * first)
    servers[0].connection.send(b"x" * (10 * first if trusted else first + 1), False)
    servers[0].connection.send(b"x" * (10 * first + 1), False)
    assert (await asyncio.wait_for(handler.ended, 20))[0] == 1009
    assert [len(payload) for payload, _ in handler.messages] == [first, 10 * first][: 1 + trusted]


async def test_source_addresses_in_turn_by_index(bench: Bench) -> None:
    port, servers = await bench.websocket()
    network = await bench.network(source_ips=["127.0.0.2", "127.0.0.3"])
    for index in range(4):
        await network.connect(broker(f"ws://127.0.0.1:{port}/"), Handler(), index=index)
    await until(lambda: sum(server.connection is not None for server in servers) == 4)
    assert [server.connection.peer[0] for server in servers] == ["127.0.0.2", "127.0.0.3"] * 2


async def test_look_ups_and_downloads_leave_from_the_device_s_address_too(bench: Bench) -> None:
    seen: list[str | None] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.remote)
        return web.Response(body=b"{}")

    network = await bench.network(source_ips=["127.0.0.2", "127.0.0.3"])
    url = await bench.http(answer)
    await asyncio.gather(*(network.look_up(url, index=index) for index in range(4)))
    assert sorted(map(str, seen)) == ["127.0.0.2", "127.0.0.2", "127.0.0.3", "127.0.0.3"]
    await network.download(url, 100, index=5)
    assert seen[-1] == "127.0.0.3"


async def test_a_look_up_from_an_address_that_is_not_ours(bench: Bench) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=b"{}")

    network = await bench.network(source_ips=["203.0.113.7"])
    error = await failure(network.look_up(await bench.http(answer), index=0))
    assert error.kind == "limit"
    assert "source address" in str(error)


async def test_a_source_address_that_is_not_ours(bench: Bench) -> None:
    port, _ = await bench.websocket()
    network = await bench.network(source_ips=["203.0.113.7"])
    error = await failure(network.connect(broker(f"ws://127.0.0.1:{port}/"), Handler(), index=0))
    assert error.kind == "limit"
    assert "203.0.113.7" in str(error)


# --- Turns ---


async def test_without_a_rate_everybody_goes_at_once(bench: Bench) -> None:
    network = await bench.network()
    for _ in range(1000):
        with pytest.raises(StopIteration):  # it came back without waiting for anything
            network.turn().send(None)


async def test_turns_come_at_the_connect_rate_and_in_order(bench: Bench) -> None:
    network = await bench.network(connect_rate=200.0)
    order: list[int] = []

    async def come(number: int) -> None:
        await network.turn()
        order.append(number)

    begun = time.perf_counter()
    await asyncio.gather(*(come(number) for number in range(41)))
    assert 0.19 <= time.perf_counter() - begun < 10
    assert order == list(range(41))


async def test_turns_of_those_who_left_go_to_the_others(bench: Bench) -> None:
    """A fleet that is switched off while it comes online must not keep the next one waiting."""
    network = await bench.network(connect_rate=20.0)
    waiting = [asyncio.create_task(network.turn()) for _ in range(1000)]
    await asyncio.sleep(0.02)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    # All thousand turns take 50 s.
    async with asyncio.timeout(20):
        await network.turn()


async def test_closing_twice_is_harmless(bench: Bench) -> None:
    network = await bench.network()
    await network.close()
    await network.close()


async def test_whoever_wants_to_know_is_told_of_all_that_begins(bench: Bench) -> None:
    begun: list[None] = []
    network = await bench.network(begins=lambda: begun.append(None), download_hosts=("127.0.0.1",))
    nobody = f"127.0.0.1:{free_port()}"
    for number, attempt in enumerate(
        (
            network.look_up(f"http://{nobody}/", index=0),
            network.connect(broker(f"ws://{nobody}/"), Handler(), index=0),
            network.download(f"http://{nobody}/", 1000, index=0),
        ),
        start=1,
    ):
        await failure(attempt)
        assert len(begun) == number
