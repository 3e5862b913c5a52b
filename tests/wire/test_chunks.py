"""Property: whatever is sent arrives intact and in order, wherever TCP cuts the bytes."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from websockets.frames import Opcode

from simulator.wire.client import ClientConnection, _parse
from simulator.wire.opening import Opening
from simulator.wire.server import Server, ServerConnection, ServerLimits
from tests.wire.helpers import frame

sizes = st.one_of(st.integers(0, 300), st.sampled_from([125, 126, 127, 2000]))
messages = st.lists(
    st.tuples(sizes, st.booleans(), st.lists(st.integers(1, 300), max_size=4), st.booleans()), max_size=12
)
cuts = st.lists(st.one_of(st.integers(1, 20), st.integers(1, 5000), st.just(1 << 18)), min_size=1, max_size=20)


class MemoryTransport(asyncio.Transport):
    """Keeps what is written; the test moves it on in pieces of its choice."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.closing = False

    def write(self, data: Any) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self.closing

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.closing = True

    def close(self) -> None:
        self.closing = True

    abort = close

    def pause_reading(self) -> None:
        pass

    resume_reading = pause_reading

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def take(self) -> bytes:
        data, self.written = bytes(self.written), bytearray()
        return data


class Keeper:
    """A handler that keeps messages."""

    def __init__(self) -> None:
        self.messages: list[tuple[bytes, bool]] = []

    def opened(self, connection: object) -> None:
        pass

    def message(self, payload: bytes, binary: bool) -> None:
        self.messages.append((payload, binary))

    def closed(self, code: int, reason: str, detail: str) -> None:
        pass


def feed(connection: Any, data: bytes, pieces: list[int]) -> None:
    """Hand data over in pieces of these sizes, round and round."""
    start = turn = 0
    while start < len(data):
        size = pieces[turn % len(pieces)]
        connection.data_received(data[start : start + size])
        while connection._backlog:
            # The loop of these tests does not run by itself.
            connection._loop.run_until_complete(asyncio.sleep(0))
        start, turn = start + size, turn + 1


def content(size: int, number: int, binary: bool) -> bytes:
    """A payload that no other message of the test has; characters of three bytes where it is text."""
    if binary:
        return (bytes(range(256)) * (size // 256 + 2))[number : number + size]
    return ("会议" * (size // 6 + 1)).encode()[: size - size % 3] + bytes([48 + number % 10]) * (size % 3)


@given(sent=messages, pieces=cuts, handshake_pieces=cuts)
@example(
    sent=[(65535, True, [], False), (65536, False, [], True)], pieces=[3, 1, 30_000, 2], handshake_pieces=[1 << 18]
)
@example(sent=[(70000, True, [65536, 10], True), (1, False, [], False)], pieces=[1, 4, 65_537], handshake_pieces=[7])
def test_messages_survive_any_cut(
    sent: list[tuple[int, bool, list[int], bool]], pieces: list[int], handshake_pieces: list[int]
) -> None:
    """Plain, fragmented, with pings in between; client to server and back, the opening handshake included."""
    loop = asyncio.new_event_loop()
    errors: list[BaseException] = []
    try:
        here, there = Keeper(), Keeper()
        to_server, to_client = MemoryTransport(), MemoryTransport()
        server = Server(
            lambda: there,
            ServerLimits(max_size=1 << 20, max_write_buffer=1 << 16, open_timeout=9, close_timeout=9),
            path=None,
            on_error=errors.append,
        )
        target = _parse("ws://example/best")
        opening = Opening(target, None, 1 << 20, loop.create_future(), loop.time() + 60)
        client = ClientConnection(loop, here, opening, max_size=1 << 20, close_timeout=9, on_error=errors.append)
        served = ServerConnection(loop, server)
        served.connection_made(to_client)
        client.connection_made(to_server)
        feed(served, to_server.take(), handshake_pieces)

        expected = []
        for number, (size, binary, fragments, ping) in enumerate(sent):
            payload = content(size, number, binary)
            expected.append((payload, binary))
            for transport, connection, masked in ((to_server, client, True), (to_client, served, False)):
                if ping:
                    transport.write(frame(Opcode.PING, b"?", masked=masked))
                if not fragments:
                    if connection.is_open:
                        connection.send(payload, binary)
                    else:  # behind the handshake's answer, which has not been delivered yet
                        transport.write(frame(Opcode.BINARY if binary else Opcode.TEXT, payload, masked=masked))
                    continue
                opcode, start = (Opcode.BINARY if binary else Opcode.TEXT), 0
                for length in fragments:
                    piece = payload[start : start + length]
                    transport.write(frame(opcode, piece, fin=False, masked=masked))
                    opcode, start = Opcode.CONT, start + length
                    if ping:
                        transport.write(frame(Opcode.PING, b"!", masked=masked))
                transport.write(frame(opcode, payload[start:], masked=masked))
        feed(client, to_client.take(), pieces)
        feed(served, to_server.take(), pieces)
        assert errors == []
        assert here.messages == expected
        assert there.messages == expected
        assert opening.done.done()
        # The pongs and nothing else are under way; both sides are between messages again.
        feed(client, to_client.take(), pieces)
        feed(served, to_server.take(), pieces)
        assert (client._parser, served._parser) == (None, None)
    finally:
        loop.close()


@given(garbage=st.binary(max_size=400), pieces=cuts, frames_before=st.integers(0, 3))
def test_no_bytes_make_a_server_raise(garbage: bytes, pieces: list[int], frames_before: int) -> None:
    loop = asyncio.new_event_loop()
    errors: list[BaseException] = []
    try:
        keeper = Keeper()
        server = Server(
            lambda: keeper,
            ServerLimits(max_size=1000, max_write_buffer=1 << 16, open_timeout=9, close_timeout=9),
            path=None,
            on_error=errors.append,
        )
        for prefix in (b"", _REQUEST):
            served = ServerConnection(loop, server)
            served.connection_made(MemoryTransport())
            good = frame(Opcode.TEXT, b"good", masked=True) * frames_before if prefix else b""
            feed(served, prefix + good + garbage, pieces)
            served.eof_received()
            served.connection_lost(None)
        assert errors == []
        assert keeper.messages[:frames_before] == [(b"good", False)] * frames_before
    finally:
        loop.close()


_REQUEST = (
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
