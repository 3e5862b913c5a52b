"""When messages arrived, by the kernel: a loop that stood still has not made the other side slow."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Iterator
from typing import Any

import pytest

from simulator.clock import ManualClock, SystemClock
from simulator.received import Received
from simulator.wire.frames import masked_frame, plain_frame
from simulator.wire.kernel_times import FRESH_S, OFFERED, BorrowedSocket, KernelTimes
from simulator.wire.tls import SelfSigned, client_context, server_context
from tests.wire.helpers import Collector, Network, accept_upgrade

pytestmark = pytest.mark.skipif(not OFFERED, reason="this system does not tell when packets arrived")

SO_TIMESTAMPNS = 35
STOOD_STILL_S = 0.03
TURNS = 20
"""Of the loop, in which what was sent is read."""


class Pair:
    """Two ends of a TCP connection; the kernel notes when something arrives at `near`."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.near = socket.create_connection(server.getsockname())
            self.far, _ = server.accept()
        self.near.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)

    def arrive(self) -> float:
        """Something does; when, by the wall clock."""
        self.far.send(b"x")
        while not (noted := self.near.recvmsg(1, 64, socket.MSG_PEEK)[1]):
            # The kernel begins to note times soon after the first socket on the machine has asked.
            self.near.recv(1)
            self.far.send(b"x")
        seconds, nanoseconds = struct.unpack("qq", noted[0][2])
        return float(seconds + nanoseconds * 1e-9)

    def close(self) -> None:
        self.near.close()
        self.far.close()


class Watch:
    """Kernel times with clocks that a test sets."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.clock = ManualClock()
        self.wall = self.pair.arrive()
        """The wall clock reads what the kernel says; a test lets both go on from there."""
        self.waits: list[float] = []
        self.received = Received()
        self.times = KernelTimes(self.received, self.clock, self.waits.extend, lambda: self.wall)

    def later(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.wall += seconds

    def look(self) -> None:
        self.received.at = self.clock.monotonic()
        self.times.look(self.pair.near, self.clock.monotonic())


@pytest.fixture
def watch() -> Iterator[Watch]:
    pair = Pair()
    yield Watch(pair)
    pair.close()


@pytest.fixture(autouse=True, scope="module")
def noting() -> Iterator[None]:
    """The kernel notes times by now, and as long as a socket asks for them."""
    pair = Pair()
    pair.arrive()
    yield
    pair.close()


def test_what_waited_is_told_as_it_came(watch: Watch) -> None:
    came = watch.clock.monotonic()
    watch.later(STOOD_STILL_S)
    assert not watch.times.told
    watch.look()
    assert watch.times.told
    assert watch.received.at == pytest.approx(came, abs=1e-6)
    assert watch.waits == []
    watch.times.flush()
    assert watch.waits == pytest.approx([STOOD_STILL_S], abs=1e-6)
    watch.times.flush()
    assert len(watch.waits) == 1


def test_nothing_is_looked_at_soon_after_a_message_that_has_not_waited(watch: Watch) -> None:
    watch.later(FRESH_S / 2)
    watch.look()
    assert watch.times.next_look == watch.clock.monotonic() + FRESH_S


def test_everything_is_looked_at_after_one_that_has(watch: Watch) -> None:
    watch.later(FRESH_S * 2)
    watch.look()
    assert watch.times.next_look == watch.clock.monotonic()


def test_a_wall_clock_that_was_set_moves_no_arrival(watch: Watch) -> None:
    watch.later(STOOD_STILL_S)
    watch.wall += 3600.0
    watch.look()
    assert watch.received.at == watch.clock.monotonic()
    # From here on its new time counts: what came before would have waited an hour by it.
    watch.later(FRESH_S)
    watch.look()
    assert watch.clock.monotonic() - watch.received.at == pytest.approx(3600.0 + STOOD_STILL_S + FRESH_S, abs=1e-5)


def test_a_wall_clock_that_is_adjusted_little_by_little_is_followed(watch: Watch) -> None:
    watch.later(60.0)
    watch.wall += 0.02
    watch.look()
    assert watch.received.at < watch.clock.monotonic()


def test_waits_are_told_once_a_second(watch: Watch) -> None:
    for _ in range(15):
        watch.later(0.1)
        watch.look()
    assert 10 <= len(watch.waits) <= 11


def test_what_came_between_the_look_and_the_reading_is_not_as_old_as_what_was_looked_at(watch: Watch) -> None:
    watch.later(STOOD_STILL_S)
    watch.look()
    watch.times.read(1)
    assert watch.received.at < watch.clock.monotonic()
    watch.look()
    watch.times.read(2)
    assert watch.received.at == watch.clock.monotonic()


def test_a_socket_with_nothing_to_read_is_left_alone(watch: Watch) -> None:
    watch.pair.near.recv(10)
    watch.pair.near.setblocking(False)
    watch.look()
    assert watch.received.at == watch.clock.monotonic()
    watch.times.flush()
    assert watch.waits == []


def stand_still() -> None:
    """Keep the loop from its sockets."""
    time.sleep(STOOD_STILL_S)


def masked(payload: bytes) -> bytes:
    """A client's frame of text."""
    return masked_frame(payload, False)


class Fragile(Collector):
    """Has a fault of its own with one message."""

    def message(self, payload: bytes, binary: bool) -> None:
        super().message(payload, binary)
        if payload == b"raise":
            raise RuntimeError("a fault")


class Listener(Collector):
    """Notes when each message came, by what `received` says."""

    def __init__(self, received: Received) -> None:
        super().__init__()
        self._received = received
        self.came: list[float] = []

    def message(self, payload: bytes, binary: bool) -> None:
        self.came.append(self._received.at)
        super().message(payload, binary)


@pytest.fixture(params=["ws", "wss"])
def ways(request: pytest.FixtureRequest, certificate: SelfSigned) -> tuple[Any, Any]:
    """TLS of the server and of the client, or None."""
    if request.param == "ws":
        return None, None
    return server_context(*certificate), client_context(certificate.cert)


async def test_a_loop_that_stood_still_does_not_make_the_platform_slow(network: Network, ways: tuple[Any, Any]) -> None:
    received, clock, waits = Received(), SystemClock(), list[float]()
    times = KernelTimes(received, clock, waits.extend)
    server, peers = await network.serve(ssl=ways[0])
    _, handler = await network.connect(server.port, Listener(received), ssl=ways[1], times=times)
    # Both loops write at once.
    peers[0].connection.send(b"early", False)
    sent = clock.monotonic()
    stand_still()
    began = clock.monotonic()
    await handler.wait_messages(1)
    assert handler.messages == [(b"early", False)]
    # It was there before the loop was ready for it; whatever else this machine does, what is told lies near that.
    assert handler.came[0] - sent < (began - sent) / 2
    assert received.at == 0.0, "what is handed over by others arrives when they do it"
    times.flush()
    assert max(waits) >= STOOD_STILL_S / 2


async def test_a_watched_connection_ends_as_any_other(network: Network, ways: tuple[Any, Any]) -> None:
    times = KernelTimes(Received(), SystemClock(), list[float]().extend)
    server, peers = await network.serve(ssl=ways[0])
    connection, handler = await network.connect(server.port, ssl=ways[1], times=times)
    connection.send(b"x" * 200_000, True)
    assert await handler.wait_messages(1) == [(b"x" * 200_000, True)]
    peers[0].connection.close(4000, "enough")
    assert (await handler.wait_closed())[:2] == (4000, "enough")


@pytest.mark.parametrize(
    "data",
    [
        plain_frame(b"short", False),
        plain_frame(b"x" * 125, False),
        plain_frame(b"x" * 126, False),
        plain_frame(b"", False),
        plain_frame(b"short", True),
        plain_frame("日期".encode(), False),
        plain_frame(b"\xff", False),
        plain_frame(b"one", False) + plain_frame(b"two", False),
        plain_frame(b"whole", False) + plain_frame(b"cut", False)[:3],
        b"\x01\x03abc" + b"\x80\x03def",
        b"\x01\x03abc",
        b"\x89\x00",
        b"\xf1\x01x",
        b"\x81\x85maskd",
        plain_frame(b"raise", False),
    ],
)
async def test_it_is_given_what_any_other_is(network: Network, data: bytes) -> None:
    found = []
    for times in (None, KernelTimes(Received(), SystemClock(), list[float]().extend)):
        port, first = await network.raw_server(accept_upgrade)
        connection, handler = await network.connect(port, Fragile(), times=times)
        peer = await first
        await peer.send(data)
        for _ in range(TURNS):
            await asyncio.sleep(0)
        # What comes then shows where the first has led.
        await peer.send(plain_frame(b"after", False))
        peer.writer.write_eof()
        code = (await handler.wait_closed())[0]
        found.append((handler.calls, handler.messages, code, connection.bytes_in, connection.fault))
    assert found[0] == found[1]
    assert len(network.errors) in (0, 2)


async def test_a_connection_in_whose_place_another_stands_is_left_alone(network: Network) -> None:
    times = KernelTimes(Received(), SystemClock(), list[float]().extend)
    server, _ = await network.serve()
    connection, _ = await network.connect(server.port)
    transport = connection._transport
    other = asyncio.Protocol()
    transport.set_protocol(other)
    times.watch(connection, transport, socket.socket())
    assert transport.get_protocol() is other
    transport.set_protocol(connection)


async def test_a_server_that_stood_still_knows_when_a_request_came(network: Network, ways: tuple[Any, Any]) -> None:
    received, clock, waits = Received(), SystemClock(), list[float]()
    times = KernelTimes(received, clock, waits.extend)
    server, handlers = await network.serve(lambda: Listener(received), ssl=ways[0], times=times)
    connection, _ = await network.connect(server.port, ssl=ways[1])
    # Watched from the opening handshake on, so that nothing has to come before.
    sent = clock.monotonic()
    connection.send(b"early", False)
    stand_still()
    began = clock.monotonic()
    await handlers[0].wait_messages(1)
    assert handlers[0].messages == [(b"early", False)]
    assert received.at == 0.0
    if ways[0] is None:
        assert handlers[0].came[0] - sent < (began - sent) / 2
    else:
        # Over TLS nobody asks: who is told nothing takes the moment at which it hears.
        assert handlers[0].came == [0.0]


@pytest.mark.parametrize(
    "data",
    [
        masked(b"short"),
        masked(b"x" * 126),
        masked(b"x" * 70_000),
        masked(b"one") + masked(b"two"),
        masked(b"whole") + masked(b"cut")[:4],
        masked(b"\xff"),
        masked(b"raise"),
        b"\x89\x80abcd",
        b"\x81\x05plain",
        b"\xf1\x81abcdx",
    ],
    # Masks are random, and every process of the tests has its own.
    ids=[
        *("short", "126 bytes", "70,000 bytes", "two", "one and a half", "no UTF-8", "raise", "ping", "unmasked"),
        "reserved bits",
    ],
)
async def test_an_accepted_connection_is_given_what_any_other_is(network: Network, data: bytes) -> None:
    # Made once: a mask is random, and a frame that is cut goes on with what comes.
    found, after = [], masked(b"after")
    for times in (None, KernelTimes(Received(), SystemClock(), list[float]().extend)):
        server, handlers = await network.serve(Fragile, times=times)
        peer = await network.raw_client(server.port)
        await peer.send(data)
        for _ in range(TURNS):
            await asyncio.sleep(0)
        await peer.send(after)
        peer.writer.write_eof()
        code = (await handlers[0].wait_closed())[0]
        found.append((handlers[0].calls, handlers[0].messages, code))
    assert found[0] == found[1]
    assert len(network.errors) in (0, 2)


def test_a_borrowed_socket_is_not_closed() -> None:
    pair = Pair()
    borrowed = BorrowedSocket(pair.near)
    borrowed.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    pair.far.send(b"x")
    assert borrowed.recvmsg_into([bytearray(9)], 64, socket.MSG_PEEK)[0] == 1
    with pytest.raises(OSError, match="Protocol not available"):
        borrowed.setsockopt(socket.SOL_SOCKET, -1, 1)
    assert pair.near.recv(9) == b"x"
    pair.close()
