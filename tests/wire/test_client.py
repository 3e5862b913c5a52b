"""Reaching a server: what `connect` hands on, and what it says of each way to fail."""

from __future__ import annotations

import asyncio
import errno
import socket

import pytest

from simulator.wire import ConnectFailed, FailureKind
from simulator.wire.local_ports import LocalPorts
from simulator.wire.reaching import Patience, Target, Way, reach
from tests.ports import free_port
from tests.wire.helpers import PATIENCE, Collector, Network, RawPeer, accept_upgrade


async def failure(network: Network, url: str, **options: object) -> ConnectFailed:
    """How connecting fails; the handler must have seen nothing of it."""
    handler = Collector()
    with pytest.raises(ConnectFailed) as caught:
        await network.connect(0, handler, url=url, **options)
    await asyncio.sleep(0.01)
    assert handler.calls == []
    assert str(caught.value) == caught.value.detail
    assert "secret" not in caught.value.detail
    return caught.value


async def test_nothing_listens(network: Network) -> None:
    port = free_port()
    failed = await failure(network, f"ws://127.0.0.1:{port}/?token=secret")
    assert failed.kind == "refused"
    assert f"nothing listens at 127.0.0.1:{port}" in failed.detail


async def test_every_address_of_a_name_is_tried(network: Network) -> None:
    server, _ = await network.serve()
    connection, _ = await network.connect(0, url=f"ws://localhost:{server.port}/")
    assert connection.peer == ("127.0.0.1", server.port)
    failed = await failure(network, f"ws://localhost:{free_port()}/")
    assert failed.kind == "refused"


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 70 + ".invalid"])
async def test_no_such_host(network: Network, host: str) -> None:
    failed = await failure(network, f"ws://user:secret@{host}:80/secret?secret=secret")
    assert failed.kind == "dns"
    assert host in failed.detail


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://host/?secret", "begins with http://"),
        ("host:80/secret", "has no scheme"),
        ("", "has no scheme"),
        ("ws://host:99999/secret", "not valid"),
        ("ws:///secret", "not valid"),
        ("ws://secret@host/", "not valid"),
        ("wss://[::1/secret", "not valid"),
        ("ws://host/#secret", "not valid"),
    ],
)
async def test_no_websocket_url(network: Network, url: str, expected: str) -> None:
    failed = await failure(network, url)
    assert failed.kind == "handshake"
    assert expected in failed.detail


async def test_another_path_is_404_with_the_servers_words(network: Network) -> None:
    server, handlers = await network.serve(path="/best")
    failed = await failure(network, f"ws://127.0.0.1:{server.port}/other?token=secret")
    assert failed.kind == "handshake"
    assert failed.detail == (
        f"ws://127.0.0.1:{server.port}/other answered HTTP 404 Not Found: There is no WebSocket at this path."
    )
    assert handlers == []
    connection, _ = await network.connect(0, url=f"ws://127.0.0.1:{server.port}/best?a=b")
    assert connection.is_open
    assert handlers[0].connection.request_path == "/best?a=b"


ANSWERS: dict[str, tuple[bytes, str]] = {
    "status and body": (
        b"HTTP/1.1 503 Busy\r\nContent-Length: 30\r\n\r\n<p>come\r\n back\x00  later</p>      ",
        "answered HTTP 503 Busy: come back later",
    ),
    "redirect": (
        b"HTTP/1.1 302 Found\r\nLocation: /x?secret\r\nContent-Length: 0\r\n\r\n",
        "a redirect to /x, which is not",
    ),
    "redirect elsewhere": (
        b"HTTP/1.1 301 Moved\r\nLocation: wss://user:secret@new.test/best?secret#secret\r\nContent-Length: 0\r\n\r\n",
        "answered HTTP 301 Moved: a redirect to wss://new.test/best, which is not followed",
    ),
    "long body": (b"HTTP/1.1 500 Oh\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000, "x" * 200 + "…"),
    "body that repeats the query": (
        b"HTTP/1.1 400 Bad\r\nContent-Length: 24\r\n\r\nwhat is token=secret all?",
        "what is … all",
    ),
    "not HTTP": (b"SSH-2.0-OpenSSH_9.6\r\n", "did not answer in HTTP"),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\n\r\n", "did not answer in HTTP"),
    "TLS alert": (b"\x15\x03\x01\x00\x02\x02\x46", "answered in TLS: the URL has to begin with wss://"),
    "no upgrade": (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "broke the opening handshake"),
    "wrong key": (
        b"HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\n\r\n",
        "Sec-WebSocket-Accept",
    ),
    "an endless line": (b"x" * 9000, "did not answer in HTTP"),
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_answers_that_open_nothing(network: Network, name: str) -> None:
    answer, expected = ANSWERS[name]

    async def script(peer: RawPeer) -> None:
        await peer.read_head()
        await peer.send(answer)

    port, _ = await network.raw_server(script)
    failed = await failure(network, f"ws://127.0.0.1:{port}/?token=secret")
    assert failed.kind == "handshake"
    assert expected in failed.detail


async def test_an_extension_nobody_asked_for_is_refused(network: Network) -> None:
    async def script(peer: RawPeer) -> None:
        send = peer.send

        async def with_extension(head: bytes) -> None:
            await send(head[:-2] + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n")

        peer.send = with_extension  # type: ignore[assignment, method-assign]
        await accept_upgrade(peer)

    port, _ = await network.raw_server(script)
    assert "no extensions supported" in (await failure(network, f"ws://127.0.0.1:{port}/")).detail


@pytest.mark.parametrize("reset", [False, True])
async def test_a_peer_that_hangs_up(network: Network, reset: bool) -> None:
    async def script(peer: RawPeer) -> None:
        await peer.read_head()
        if reset:
            peer.reset()
        else:
            peer.writer.close()

    port, _ = await network.raw_server(script)
    failed = await failure(network, f"ws://127.0.0.1:{port}/")
    assert failed.kind == "handshake"
    assert "wss://" in failed.detail


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 101 Switching Pro", b"HTTP/1.1 403 No\r\nContent-Length: 9\r\n\r\n"]
)
async def test_a_peer_that_says_too_little_times_out(network: Network, answer: bytes) -> None:
    async def script(peer: RawPeer) -> None:
        await peer.send(answer)

    port, first = await network.raw_server(script)
    failed = await failure(network, f"ws://127.0.0.1:{port}/", open_timeout=0.05)
    assert failed.kind == "timeout"
    assert "within 0.05 s" in failed.detail
    assert "took the connection" in failed.detail
    head = await (await first).read_head()
    assert b"Sec-WebSocket-Extensions" not in head
    assert await (await first).read_to_end() == b""


async def test_a_full_backlog_times_out(network: Network) -> None:
    """A listener that accepts nobody: the kernel drops the connection attempts."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        failed = await failure(network, f"ws://127.0.0.1:{port}/", open_timeout=0.05)
        for filler in fillers:
            filler.close()
    assert failed.kind == "timeout"
    assert "did not answer within 0.05 s" in failed.detail


async def test_cancelling_leaves_nothing_behind(network: Network) -> None:
    async def script(peer: RawPeer) -> None:
        pass

    port, first = await network.raw_server(script)
    handler = Collector()
    task = asyncio.create_task(network.connect(port, handler))
    peer = await first
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await peer.read_head()
    assert await peer.read_to_end() == b""
    assert handler.calls == []


async def test_headers_and_source_address_are_sent(network: Network) -> None:
    port, first = await network.raw_server(lambda peer: asyncio.sleep(0))
    task = asyncio.create_task(
        network.connect(port, local_addr=("127.0.0.2", 0), headers={"User-Agent": "BEST-W/1"}, open_timeout=PATIENCE)
    )
    peer = await first
    assert b"User-Agent: BEST-W/1\r\n" in await peer.read_head()
    assert peer.writer.get_extra_info("peername")[0] == "127.0.0.2"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_source_address_of_another_machine_is_explained(network: Network) -> None:
    server, _ = await network.serve()
    failed = await failure(network, f"ws://127.0.0.1:{server.port}/", local_addr=("192.0.2.7", 0))
    assert failed.kind == "limit"
    assert "192.0.2.7" in failed.detail


async def test_the_kind_of_the_source_address_decides(network: Network) -> None:
    server, _ = await network.serve()
    connection, _ = await network.connect(0, url=f"ws://localhost:{server.port}/", local_addr=("127.0.0.3", 0))
    assert connection.is_open


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ECONNREFUSED, "refused"),
        (errno.EHOSTUNREACH, "unreachable"),
        (errno.ENETUNREACH, "unreachable"),
        (errno.EACCES, "unreachable"),
        (errno.ETIMEDOUT, "timeout"),
        (errno.EMFILE, "limit"),
        (errno.ENFILE, "limit"),
        (errno.ENOBUFS, "limit"),
        (errno.EADDRNOTAVAIL, "limit"),
        (errno.EIO, "unreachable"),
    ],
)
async def test_errors_of_the_system_have_their_kind(
    network: Network, monkeypatch: pytest.MonkeyPatch, number: int, kind: FailureKind
) -> None:
    """Which errno is which kind; the system's own call is replaced, as a test cannot unplug the network."""

    class Failing(LocalPorts):
        async def connect(self, *_: object) -> socket.socket:
            raise OSError(number, "as the system says it")

    failed = await failure(network, "wss://127.0.0.1:9/secret", local_ports=Failing(None))
    assert failed.kind == kind
    assert "127.0.0.1:9" in failed.detail


async def test_a_handshake_that_comes_after_the_deadline_opens_nothing(network: Network) -> None:
    """Its timer may not have come by yet: what is late is late."""
    from simulator.wire import client
    from simulator.wire.opening import Opening

    server, _ = await network.serve()
    uri = client._parse(f"ws://127.0.0.1:{server.port}/")
    loop = asyncio.get_running_loop()
    handler = Collector()
    opening = Opening(uri, None, 1 << 20, loop.create_future(), loop.time())
    connection = client.ClientConnection(loop, handler, opening, max_size=1 << 20, close_timeout=1, on_error=None)
    target = Target(uri.host, uri.port, uri.secure, "ws")
    await reach(connection, target, Way(), Patience(opening=5, closing=1))
    with pytest.raises(TimeoutError):
        await opening.done
    assert not connection.is_open
