"""Back-pressure both ways: a slow reader neither fills the memory nor loses a message."""

from __future__ import annotations

import asyncio

from websockets.frames import Opcode

from tests.wire.helpers import PATIENCE, Collector, Echo, Network, accept_upgrade, frame, until

CHUNK = bytes(64 * 1024)


async def fill(connection: object, limit: int = 2000) -> int:
    """Send until the connection says that it is paused; how many messages that took."""
    for count in range(limit):
        if connection.paused:  # type: ignore[attr-defined]
            return count
        connection.send(CHUNK, True)  # type: ignore[attr-defined]
        # The write buffer fills when the loop has had its turn.
        await asyncio.sleep(0)
    raise AssertionError("never paused")


async def test_a_sender_is_paused_and_drained(network: Network) -> None:
    server, handlers = await network.serve(Collector)
    connection, client = await network.connect(server.port)
    await handlers[0].wait_opened()
    handlers[0].connection.pause_reading()
    count = await fill(connection)
    waiting = [asyncio.create_task(connection.drain()) for _ in range(3)]
    await asyncio.sleep(0.01)
    assert not any(task.done() for task in waiting)
    waiting[0].cancel()
    assert client.writable_calls == 0
    handlers[0].connection.resume_reading()
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*waiting[1:])
    assert not connection.paused
    assert client.writable_calls == 1
    assert len(await handlers[0].wait_messages(count)) == count
    await connection.drain()


async def test_a_fault_in_writable_ends_the_connection(network: Network) -> None:
    class Faulty(Collector):
        def writable(self) -> None:
            raise LookupError("in writable")

    server, handlers = await network.serve(Collector)
    connection, client = await network.connect(server.port, Faulty())
    handlers[0].connection.pause_reading()
    await fill(connection)
    handlers[0].connection.resume_reading()
    assert (await client.wait_closed())[0] == 1011
    assert [str(error) for error in network.errors] == ["in writable"]


async def test_drain_ends_with_the_connection(network: Network) -> None:
    server, handlers = await network.serve(Collector)
    connection, client = await network.connect(server.port)
    await handlers[0].wait_opened()
    handlers[0].connection.pause_reading()
    await fill(connection)
    waiting = asyncio.create_task(connection.drain())
    await asyncio.sleep(0)
    connection.abort()
    async with asyncio.timeout(PATIENCE):
        await waiting
    await client.wait_closed()
    handlers[0].connection.abort()
    await connection.drain()


async def test_a_paused_reader_gets_nothing_until_it_resumes(network: Network) -> None:
    server, handlers = await network.serve()
    connection, client = await network.connect(server.port)
    connection.pause_reading()
    connection.pause_reading()
    connection.send(b"a", False)
    await handlers[0].wait_messages(1)
    await asyncio.sleep(0.02)
    assert client.messages == []
    connection.resume_reading()
    connection.resume_reading()
    assert await client.wait_messages(1) == [(b"a", False)]


async def test_a_server_stops_reading_from_a_peer_that_takes_nothing(network: Network) -> None:
    """An echo to a peer that never reads: what the server holds stays near its limit."""
    limit = 1 << 17
    server, handlers = await network.serve(Echo, max_write_buffer=limit)
    peer = await network.raw_client(server.port)
    message = frame(Opcode.BINARY, CHUNK, masked=True)
    total = 300
    sender = asyncio.create_task(peer.send(*[message] * total))
    echo = handlers[0]
    await until(lambda: echo.connection.paused)
    await asyncio.sleep(0.05)
    assert not sender.done()
    assert len(echo.messages) < total
    # One read of the loop (at most 256 KiB) may come on top of the limit.
    assert echo.connection._transport.get_write_buffer_size() <= limit + 5 * len(CHUNK)
    for _ in range(total):
        assert await peer.read_long_frame() == len(CHUNK)
    await sender
    assert len(echo.messages) == total
    assert not echo.connection.paused


async def test_a_client_goes_on_reading_while_it_is_paused(network: Network) -> None:
    """Were both sides to stop, two full buffers would wait for each other for ever."""
    port, first = await network.raw_server(accept_upgrade)
    connection, client = await network.connect(port)
    peer = await first
    await fill(connection)
    await peer.send(frame(Opcode.TEXT, b"a command", masked=False))
    assert await client.wait_messages(1) == [(b"a command", False)]
    assert connection.paused


async def test_a_peer_that_goes_while_it_is_not_read_is_noticed_on_writing(network: Network) -> None:
    server, handlers = await network.serve(Echo, max_write_buffer=1 << 16)
    peer = await network.raw_client(server.port)
    message = frame(Opcode.BINARY, CHUNK, masked=True)
    sender = asyncio.create_task(peer.send(*[message] * 300))
    await until(lambda: handlers[0].connection.paused)
    sender.cancel()
    peer.reset()
    assert (await handlers[0].wait_closed())[0] == 1006
