"""How connections end: each ending has its word, and the handler is told exactly once."""

from __future__ import annotations

import asyncio

import pytest

from simulator.mqtt.codec import encode
from simulator.mqtt.endings import ENDINGS
from simulator.mqtt.packets import Disconnect, Packet, Puback, Publish, Suback
from tests.mqtt.client.helpers import Acknowledged, Collector, Peer, Room, accepting, until


async def test_close_says_disconnect_after_all_that_is_buffered(room: Room) -> None:
    broker = await room.broker()
    connection, handler, peer = await room.online(broker)
    for _ in range(200):
        connection.send(bytes(2_000), False)
    connection.close()
    assert not connection.is_open
    packets = await peer.read_to_end()
    assert [type(packet) for packet in packets] == [Publish] * 200 + [Disconnect]
    peer.close()
    assert await handler.wait_closed() == ("disconnected", "closed by this side")
    assert handler.calls == ["opened", "closed"]
    assert connection.fault is None


async def test_what_is_sent_while_closing_is_dropped(room: Room) -> None:
    broker, told = await room.broker(), Acknowledged()
    connection, handler, peer = await room.online(broker, state=told.state)
    connection.close()
    connection.send(b"late", False)
    connection.ping()
    connection.close()
    connection.trust(5)
    assert await peer.read_to_end() == [Disconnect()]
    assert told.state.in_flight == {}
    peer.close()
    await handler.wait_closed()
    connection.send(b"later", False)
    connection.abort()
    connection.close()
    assert handler.calls == ["opened", "closed"]


async def test_no_message_is_delivered_after_close_but_a_puback_counts(room: Room) -> None:
    broker, told = await room.broker(), Acknowledged()
    connection, handler, peer = await room.online(broker, state=told.state)
    connection.send(b"one", False)
    packet_id = (await peer.read_publish()).packet_id
    connection.close()
    await peer.send(Publish("best/down", b"x", 1, 3), Puback(packet_id))
    assert await peer.read_to_end() == [Disconnect()]
    peer.close()
    await handler.wait_closed()
    assert handler.messages == []
    assert [taken for _, taken in told] == [True]


async def test_a_broker_that_does_not_end_it_is_not_waited_for(room: Room) -> None:
    broker = await room.broker()
    connection, handler, _ = await room.online(broker, close_timeout=0.2)
    connection.close()
    assert await handler.wait_closed() == ("disconnected", "closed by this side")


async def test_a_peer_that_reads_nothing_does_not_hold_up_the_end(room: Room) -> None:
    broker = await room.broker()
    connection, handler, peer = await room.online(broker, close_timeout=0.2)
    peer.reader._transport.pause_reading()  # type: ignore[attr-defined]
    while not connection.paused:
        connection.send(bytes(100_000), False)
        await asyncio.sleep(0)
    connection.close()
    assert (await handler.wait_closed())[0] == "disconnected"


async def test_abort_says_nothing(room: Room) -> None:
    broker = await room.broker()
    connection, handler, peer = await room.online(broker)
    connection.abort()
    assert await handler.wait_closed() == ("disconnected", "aborted by this side")
    assert await peer.read_to_end() == []
    assert connection.fault is None


async def test_the_broker_closes(room: Room) -> None:
    broker = await room.broker()
    connection, handler, peer = await room.online(broker)
    await peer.send(Publish("best/down", b"last"))
    peer.close()
    assert await handler.wait_closed() == ("closed by the broker", "the broker ended the connection")
    assert handler.calls == ["opened", "message", "closed"]
    assert connection.fault is None


@pytest.mark.parametrize(
    "packet", [Publish("best/down", b"message", 1, 7), Puback(5), Suback(5, (1,)), Publish("other", bytes(300))]
)
async def test_the_broker_closes_in_the_middle_of_a_packet(room: Room, packet: Packet) -> None:
    data = encode(packet)
    for cut in sorted({1, 2, len(data) // 2, len(data) - 1}):
        broker = await room.broker()
        _, handler, peer = await room.online(broker)
        await peer.send(data[:cut])
        peer.close()
        ending = await handler.wait_closed()
        assert ending == ("closed by the broker", "the broker ended the connection in the middle of a packet")
        assert handler.calls == ["opened", "closed"]


async def test_the_connection_is_reset(room: Room) -> None:
    broker = await room.broker()
    connection, handler, peer = await room.online(broker)
    connection.send(b"never read", False)
    await until(lambda: bool(peer.reader._buffer))  # type: ignore[attr-defined]
    peer.writer.get_extra_info("socket").setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")  # SO_LINGER of 0 s: a reset
    peer.reset()
    ending, detail = await handler.wait_closed()
    assert (ending, detail) == ("connection lost", "connection reset by the peer")


async def test_a_handler_may_close_in_the_middle_of_a_burst(room: Room) -> None:
    class Closing(Collector):
        def message(self, payload: bytes, binary: bool) -> None:
            super().message(payload, binary)
            assert self.connection is not None
            self.connection.close()

    broker = await room.broker()
    _, handler, peer = await room.online(broker, Closing())
    await peer.send(encode(Publish("best/down", b"x", 1, 5)) * 200)
    assert await peer.read_to_end() == [Disconnect()]
    peer.close()
    assert (await handler.wait_closed())[0] == "disconnected"
    assert handler.messages == [b"x"]


async def test_a_handler_may_abort_when_it_is_told_of_the_opening(room: Room) -> None:
    class Aborting(Collector):
        def opened(self, connection: object) -> None:
            super().opened(connection)  # type: ignore[arg-type]
            assert self.connection is not None
            self.connection.abort()

    async def script(peer: Peer) -> None:
        await peer.accept()

    broker = await room.broker(script)
    connection, handler = await room.connect(broker.port, Aborting())
    assert (await handler.wait_closed())[0] == "disconnected"
    assert not connection.is_open


async def test_a_fault_of_the_handlers_end_is_reported(room: Room) -> None:
    class Broken(Collector):
        def closed(self, ending: str, reason: str, detail: str) -> None:
            super().closed(ending, reason, detail)
            raise ZeroDivisionError

    broker = await room.broker()
    _, handler, peer = await room.online(broker, Broken())
    peer.close()
    await handler.wait_closed()
    assert [type(error) for error in room.errors] == [ZeroDivisionError]


async def test_without_anybody_to_tell_a_fault_goes_to_the_loop(room: Room) -> None:
    class Broken(Collector):
        def message(self, payload: bytes, binary: bool) -> None:
            raise ZeroDivisionError

    complaints: list[dict[str, object]] = []
    loop = asyncio.get_running_loop()
    usual = loop.get_exception_handler()
    loop.set_exception_handler(lambda _loop, context: complaints.append(context))
    broker = await room.broker()
    _, handler, peer = await room.online(broker, Broken(), on_error=None)
    await peer.send(Publish("best/down", b"x"))
    await handler.wait_closed()
    loop.set_exception_handler(usual)
    (complaint,) = complaints
    assert isinstance(complaint["exception"], ZeroDivisionError)


async def test_the_connection_ends_while_a_subscription_waits(room: Room) -> None:
    async def script(peer: Peer) -> None:
        await peer.accept()
        await peer.read()
        await peer.send(b"\xf0")

    broker = await room.broker(script, accepting)
    connection, handler = await room.connect(broker.port)
    with pytest.raises(Exception, match="packet type 15 is reserved") as caught:
        await connection.subscribe()
    assert caught.value.kind == "no proper MQTT"  # type: ignore[attr-defined]
    assert (await handler.wait_closed())[0] == "no proper MQTT"


def test_the_words_are_pinned() -> None:
    assert {
        "closed by the broker",
        "connection lost",
        "taken over",
        "keep-alive",
        "disconnected",
        "no proper MQTT",
        "message too large",
        "internal fault",
    } == ENDINGS
