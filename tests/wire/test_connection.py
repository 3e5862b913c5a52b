"""Messages, control frames and limits on real sockets, on both event loops."""

from __future__ import annotations

import asyncio

import pytest
from websockets.frames import Opcode

from simulator.wire.connection import Connection
from tests.wire.helpers import Collector, Echo, Network, accept_upgrade, close_payload, frame

SIZES = [0, 1, 125, 126, 65535, 65536, 300_000]


async def test_messages_go_both_ways_in_order(network: Network) -> None:
    server, handlers = await network.serve()
    connection, client = await network.connect(server.port)
    sent = [(bytes([65 + at % 26]) * size, at % 2 == 1) for at, size in enumerate(SIZES * 2)]
    for payload, binary in sent:
        connection.send(payload, binary)
    assert await client.wait_messages(len(sent)) == sent
    assert handlers[0].messages == sent
    assert client.calls[0] == "opened"
    assert connection.is_open
    assert connection.peer == ("127.0.0.1", server.port)
    assert handlers[0].connection.request_path == "/best"


async def test_bytes_are_counted_alike_on_both_sides(network: Network) -> None:
    server, handlers = await network.serve()
    connection, client = await network.connect(server.port)
    for size in SIZES:
        connection.send(bytes(size), True)
    connection.ping()
    await client.wait_messages(len(SIZES))
    there = handlers[0].connection
    assert connection.bytes_out == there.bytes_in > sum(SIZES)
    # The pong may still be on its way.
    assert there.bytes_out - connection.bytes_in in {0, 2}


async def test_text_keeps_its_characters(network: Network) -> None:
    server, _ = await network.serve()
    connection, client = await network.connect(server.port)
    text = "会议签到 ✓".encode()
    connection.send(text, False)
    assert await client.wait_messages(1) == [(text, False)]


async def test_fragments_with_a_ping_between_become_one_message(network: Network) -> None:
    server, handlers = await network.serve(Collector)
    peer = await network.raw_client(server.port)
    await peer.send(
        frame(Opcode.TEXT, "会".encode()[:2], fin=False, masked=True),
        frame(Opcode.PING, b"are you there", masked=True),
        frame(Opcode.CONT, "会".encode()[2:], fin=False, masked=True),
        frame(Opcode.CONT, b"", fin=True, masked=True),
        frame(Opcode.BINARY, b"next", masked=True),
    )
    assert await peer.read_frame() == (Opcode.PONG, b"are you there")
    assert await handlers[0].wait_messages(2) == [("会".encode(), False), (b"next", True)]


async def test_fragments_before_a_close_are_delivered(network: Network) -> None:
    server, handlers = await network.serve(Collector)
    peer = await network.raw_client(server.port)
    await peer.send(frame(Opcode.TEXT, b"last ", fin=False, masked=True))
    await peer.send(frame(Opcode.CONT, b"words", masked=True) + frame(Opcode.CLOSE, close_payload(1000), masked=True))
    assert (await handlers[0].wait_closed())[0] == 1000
    assert handlers[0].messages == [(b"last words", False)]


async def test_a_client_pings_and_takes_the_pong_silently(network: Network) -> None:
    port, first = await network.raw_server(accept_upgrade)
    connection, client = await network.connect(port)
    peer = await first
    connection.ping()
    assert await peer.read_frame() == (Opcode.PING, b"")
    await peer.send(frame(Opcode.PONG, masked=False), frame(Opcode.TEXT, b"on", masked=False))
    assert await client.wait_messages(1) == [(b"on", False)]
    assert client.calls == ["opened", "message"]


async def test_frames_right_behind_the_handshake_come_after_opened(network: Network) -> None:
    async def script(peer: object) -> None:
        original = peer.send  # type: ignore[attr-defined]

        async def with_frames(head: bytes) -> None:
            await original(head + frame(Opcode.TEXT, b"at once", masked=False) + b"\x81")

        peer.send = with_frames  # type: ignore[attr-defined]
        await accept_upgrade(peer)  # type: ignore[arg-type]
        await original(b"\x02ab")

    port, _ = await network.raw_server(script)
    _connection, client = await network.connect(port)
    assert await client.wait_messages(2) == [(b"at once", False), (b"ab", False)]
    assert client.calls == ["opened", "message", "message"]


async def test_an_idle_connection_owns_no_parser(network: Network) -> None:
    """What keeps twenty thousand connections small; fails when `websockets` parses in another way."""
    server, handlers = await network.serve()
    connection, client = await network.connect(server.port)
    there = handlers[0].connection
    assert (connection._parser, there._parser) == (None, None)
    connection.send(bytes(200_000), True)
    connection.ping()
    connection.send(b"end", False)
    await client.wait_messages(2)
    assert (connection._parser, there._parser) == (None, None)
    assert not hasattr(connection, "__dict__")


@pytest.mark.parametrize("fragmented", [False, True])
async def test_a_message_over_the_limit_ends_with_1009(network: Network, fragmented: bool) -> None:
    server, handlers = await network.serve(Collector, max_size=1000)
    peer = await network.raw_client(server.port)
    if fragmented:
        await peer.send(frame(Opcode.BINARY, bytes(600), fin=False, masked=True))
        await peer.send(frame(Opcode.CONT, bytes(600), masked=True))
    else:
        await peer.send(frame(Opcode.BINARY, bytes(1001), masked=True))
    opcode, payload = await peer.read_frame()
    assert (opcode, payload[:2]) == (Opcode.CLOSE, close_payload(1009))
    peer.writer.close()
    code, _reason, detail = await handlers[0].wait_closed()
    assert code == 1009
    assert "size limit" in detail
    assert handlers[0].messages == []


async def test_a_message_at_the_limit_is_taken(network: Network) -> None:
    server, _ = await network.serve(max_size=1000)
    connection, client = await network.connect(server.port, max_size=1000)
    connection.send(bytes(1000), True)
    assert await client.wait_messages(1) == [(bytes(1000), True)]


async def test_the_limit_holds_for_a_client_too(network: Network) -> None:
    server, _ = await network.serve()
    connection, client = await network.connect(server.port, max_size=100)
    connection.send(bytes(101), True)
    assert (await client.wait_closed())[0] == 1009
    assert client.messages == []


BAD_FRAMES = {
    "text that is not UTF-8": (frame(Opcode.TEXT, b"\xff\xfe", masked=True), 1007),
    "fragmented text that is not UTF-8": (
        frame(Opcode.TEXT, b"\xe4\xbc", fin=False, masked=True) + frame(Opcode.CONT, b"a", masked=True),
        1007,
    ),
    "unmasked": (frame(Opcode.TEXT, b"abcdef", masked=False), 1002),
    "reserved bit": (b"\xc1\x80\0\0\0\0", 1002),
    "unknown opcode": (b"\x83\x80\0\0\0\0", 1002),
    "continuation of nothing": (frame(Opcode.CONT, b"a", masked=True), 1002),
    "message inside a fragmented one": (frame(Opcode.TEXT, b"a", fin=False, masked=True) * 2, 1002),
    "fragmented ping": (b"\x09\x80\0\0\0\0", 1002),
    "long ping": (b"\x89\xfe\0\x7e\0\0\0\0" + bytes(126), 1002),
    "close code 1005": (frame(Opcode.CLOSE, close_payload(1005), masked=True), 1002),
    "close reason that is not UTF-8": (frame(Opcode.CLOSE, b"\x03\xe8\xff", masked=True), 1007),
    "one byte of a close code": (frame(Opcode.CLOSE, b"\x03", masked=True), 1002),
    "garbage": (b"\xff" * 40, 1002),
}


@pytest.mark.parametrize("name", BAD_FRAMES)
async def test_faults_of_the_peer_have_their_close_code(network: Network, name: str) -> None:
    data, expected = BAD_FRAMES[name]
    server, handlers = await network.serve(Collector)
    peer = await network.raw_client(server.port)
    await peer.send(frame(Opcode.TEXT, b"fine", masked=True) + data + frame(Opcode.TEXT, b"too late", masked=True))
    opcode, payload = await peer.read_frame()
    assert (opcode, payload[:2]) == (Opcode.CLOSE, close_payload(expected))
    assert await peer.read_to_end() == b""
    peer.writer.close()
    assert (await handlers[0].wait_closed())[0] == expected
    assert handlers[0].messages == [(b"fine", False)]


class Faulty(Collector):
    """Raises wherever it is told to."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self.where = where

    def opened(self, connection: Connection) -> None:
        super().opened(connection)
        if self.where == "opened":
            raise LookupError("in opened")

    def message(self, payload: bytes, binary: bool) -> None:
        super().message(payload, binary)
        if self.where == "message":
            raise LookupError("in message")

    def closed(self, code: int, reason: str, detail: str) -> None:
        super().closed(code, reason, detail)
        if self.where == "closed":
            raise LookupError("in closed")


@pytest.mark.parametrize("where", ["opened", "message", "closed"])
async def test_a_fault_in_a_handler_ends_its_connection_alone(network: Network, where: str) -> None:
    server, handlers = await network.serve(lambda: Faulty(where if not handlers_so_far() else "nowhere"))

    def handlers_so_far() -> bool:
        return bool(handlers)

    first, first_client = await network.connect(server.port)
    second, second_client = await network.connect(server.port)
    first.send(b"a" * 10 + b"\n", False)
    first.send(b"b", False)
    if where == "closed":
        await handlers[0].wait_messages(2)
        first.close()
    code, _, _ = await first_client.wait_closed()
    assert code == (1000 if where == "closed" else 1011)
    await handlers[0].wait_closed()
    assert len(handlers[0].messages) == {"opened": 0, "message": 1, "closed": 2}[where]
    assert [str(error) for error in network.errors] == [f"in {where}"]
    assert second.is_open
    second.send(b"still here", False)
    assert await handlers[1].wait_messages(1) == [(b"still here", False)]
    assert not second_client.has_ended


async def test_a_fault_in_making_a_handler_ends_its_connection(network: Network) -> None:
    def fail() -> None:
        raise LookupError("no handler")

    server, _ = await network.serve(fail)
    _connection, client = await network.connect(server.port)
    assert (await client.wait_closed())[0] == 1006
    assert [str(error) for error in network.errors] == ["no handler"]


async def test_a_fault_in_a_fragmented_message_counts_the_same(network: Network) -> None:
    server, handlers = await network.serve(lambda: Faulty("message"))
    peer = await network.raw_client(server.port)
    await peer.send(frame(Opcode.TEXT, b"a", fin=False, masked=True) + frame(Opcode.CONT, b"b", masked=True))
    assert (await peer.read_frame())[1][:2] == close_payload(1011)
    peer.writer.close()
    assert (await handlers[0].wait_closed())[0] == 1011


async def test_without_a_callback_faults_go_to_the_loop(network: Network) -> None:
    server, _ = await network.serve(lambda: Faulty("message"), on_error=None)
    seen: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: seen.append(context["exception"]))
    connection, client = await network.connect(server.port)
    connection.send(b"a", False)
    assert (await client.wait_closed())[0] == 1011
    assert [str(exc) for exc in seen] == ["in message"]


async def test_a_ping_flood_is_answered(network: Network) -> None:
    server, _ = await network.serve(Echo)
    peer = await network.raw_client(server.port)
    await peer.send(frame(Opcode.PING, b"x", masked=True) * 500)
    for _ in range(500):
        assert await peer.read_frame() == (Opcode.PONG, b"x")
