"""One peer must not keep the loop from the others, however small its frames are, nor leave its last message behind."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.frames import Opcode

from simulator.wire.connection import Connection
from simulator.wire.server import Server, ServerConnection, ServerLimits
from simulator.wire.turns import FRAMES_A_TURN, take_turn
from tests.wire.helpers import LIMIT, Collector, Network, frame, until
from tests.wire.test_chunks import Keeper, MemoryTransport, feed

MOST = len(FRAMES_A_TURN)
BURST = MOST + 400
"""Frames of one turn at most: those of one piece come on top of the count."""


class Counter:
    """A handler that notes how many messages each turn of the loop brought it."""

    def __init__(self) -> None:
        self.turns: list[int] = []
        self.now = 0

    def opened(self, connection: Connection) -> None: ...

    def message(self, payload: bytes, binary: bool) -> None:
        if not self.now:
            asyncio.get_running_loop().call_soon(self._end_of_turn)
        self.now += 1

    def _end_of_turn(self) -> None:
        self.turns.append(self.now)
        self.now = 0

    def closed(self, code: int, reason: str, detail: str) -> None: ...


@pytest.mark.parametrize("size", [0, 1, 40])
async def test_small_messages_come_in_turns_in_order_and_whole(network: Network, size: int) -> None:
    class Both(Collector):
        counter = Counter()

        def message(self, payload: bytes, binary: bool) -> None:
            self.counter.message(payload, binary)
            super().message(payload, binary)

    server, handlers = await network.serve(Both)
    peer = await network.raw_client(server.port)
    texts = [f"{number:0{size}d}".encode()[-size:] if size else b"" for number in range(5_000)]
    await peer.send(b"".join(frame(Opcode.TEXT, text, masked=True) for text in texts))
    assert await handlers[0].wait_messages(5_000) == [(text, False) for text in texts]
    await until(lambda: handlers[0].counter.now == 0)
    assert max(handlers[0].counter.turns) <= BURST
    await peer.send(frame(Opcode.TEXT, b"after", masked=True))
    assert (await handlers[0].wait_messages(5_001))[-1] == (b"after", False)


def test_a_turn_ends_after_its_frames() -> None:
    given: list[bytes] = []

    def receive(piece: bytes) -> int:
        given.append(piece)
        return len(piece) // 8

    data = bytes(range(256)) * 1024
    rest = take_turn(data, receive)
    assert b"".join(given) + rest == data
    assert sum(len(piece) // 8 for piece in given) <= BURST
    given.clear()
    assert take_turn(b"x" * 2_000_000, lambda piece: given.append(piece) or 0) == b"", (
        "a large frame is no reason to wait"
    )
    assert max(map(len, given)) <= 16 * 1024, "after its end there may be small ones"


async def test_empty_fragments_without_end_leave_the_others_their_turn(network: Network) -> None:
    server, handlers = await network.serve(Collector)
    peer = await network.raw_client(server.port)
    _, quiet = await network.connect(server.port)
    await peer.send(frame(Opcode.TEXT, b"", fin=False, masked=True))
    flood = frame(Opcode.CONT, b"", fin=False, masked=True) * 20_000
    peer.writer.write(flood)
    hostile: Any = handlers[0].connection
    await until(lambda: bool(hostile._backlog))
    before = len(hostile._backlog)
    turns = 0
    while hostile._backlog and turns < 3:
        turns += 1
        await asyncio.sleep(0)
    assert before - len(hostile._backlog) < 6 * BURST * turns + len(flood) / 10
    quiet.connection.send(b"still here", False)
    assert await handlers[1].wait_messages(1) == [(b"still here", False)]


async def test_what_came_before_the_end_is_delivered(network: Network) -> None:
    server, handlers = await network.serve(Collector)
    peer = await network.raw_client(server.port)
    await peer.send(frame(Opcode.BINARY, b"x", masked=True) * 3_000)
    peer.writer.close()
    await handlers[0].wait_closed()
    assert len(handlers[0].messages) == 3_000


def test_what_comes_while_something_waits_for_its_turn_stays_behind_it() -> None:
    one, transport, loop = connection()
    reading: list[str] = []
    transport.pause_reading = lambda: reading.append("held")  # type: ignore[method-assign]
    transport.resume_reading = lambda: reading.append("read")  # type: ignore[method-assign]
    # Of eight bytes each, so that a turn may well end between two of them.
    texts = [number.to_bytes(2) for number in range(1_000)]
    one.data_received(b"".join(frame(Opcode.BINARY, text, masked=True) for text in texts))
    assert reading == ["held"], "nothing more is read meanwhile"
    # Over TLS some more may have been deciphered already.
    one.data_received(frame(Opcode.TEXT, b"last", masked=True))
    while one._backlog:
        loop.run_until_complete(asyncio.sleep(0))
    keeper: Any = one._handler
    assert [payload for payload, _ in keeper.messages] == [*texts, b"last"]
    assert reading == ["held", "read"]
    loop.close()


@pytest.fixture
def no_collector() -> Iterator[None]:
    """What is dropped is gone at once, or stays."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def connection() -> tuple[ServerConnection, MemoryTransport, asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    server = Server(
        Keeper,
        ServerLimits(max_size=LIMIT, max_write_buffer=LIMIT, open_timeout=9, close_timeout=9),
        path=None,
        on_error=None,
    )
    one = ServerConnection(loop, server)
    transport = MemoryTransport()
    one.connection_made(transport)
    feed(one, upgrade(), [1 << 18])
    return one, transport, loop


def upgrade() -> bytes:
    from tests.wire.helpers import upgrade_request

    return upgrade_request()


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize(
    "data",
    [
        frame(Opcode.BINARY, b"x" * 200_000, masked=True),
        frame(Opcode.BINARY, b"x" * 9, fin=False, masked=True) + frame(Opcode.CONT, b"y", masked=True),
        frame(Opcode.PING, b"x", masked=True),
    ],
    ids=["large", "in fragments", "ping"],
)
def test_a_parser_that_is_dropped_leaves_nothing_behind(data: bytes) -> None:
    one, _, loop = connection()
    feed(one, data[:-1], [1 << 18])
    assert one._parser is not None
    parser = weakref.ref(one._parser)
    feed(one, data[-1:], [1])
    assert one._parser is None
    assert parser() is None, "it waits for the garbage collector, with the last message in its hands"
    loop.close()


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize(
    "data",
    [
        frame(Opcode.BINARY, b"x" * 200_000, masked=True)[:-1],
        frame(Opcode.BINARY, b"x" * (LIMIT + 1), masked=True),
        b"\xff" * 1_000,
        frame(Opcode.CLOSE, b"\x03", masked=True),
    ],
    ids=["half a message", "too large", "garbage", "bad close"],
)
def test_a_connection_that_ends_in_the_middle_leaves_nothing_behind(data: bytes) -> None:
    one, _, loop = connection()
    feed(one, data, [1 << 18])
    assert one._parser is not None
    parser = weakref.ref(one._parser)
    one.connection_lost(None)
    assert parser() is None
    loop.close()
