"""Back-pressure both ways, and bytes in whatever pieces they come."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.clock import ManualClock, TimerQueue
from simulator.mqtt.codec import PacketReader, Side, encode
from simulator.mqtt.connection import MqttConnection
from simulator.mqtt.lifecycle import Means
from simulator.mqtt.login import MOST_WAITING, ClientState
from simulator.mqtt.opening import Opening
from simulator.mqtt.packets import Connack, Packet, Pingresp, Puback, Publish
from simulator.wire.reaching import Patience, Target
from tests.mqtt.client.helpers import LIMIT, LOGIN, Acknowledged, Collector, Room, accepting, resuming, until


async def test_a_slow_broker_pauses_the_sender(room: Room) -> None:
    broker = await room.broker()
    connection, handler, peer = await room.online(broker, login={"qos": 0})
    peer.reader._transport.pause_reading()  # type: ignore[attr-defined]
    sent = 0
    while not connection.paused:
        connection.send(bytes(50_000), False)
        sent += 1
        await asyncio.sleep(0)
    waiting = asyncio.ensure_future(connection.drain())
    await asyncio.sleep(0.01)
    assert not waiting.done()
    peer.reader._transport.resume_reading()  # type: ignore[attr-defined]
    for _ in range(sent):
        assert len((await peer.read_publish()).payload) == 50_000
    await waiting
    assert not connection.paused
    assert handler.writable_calls == 1


async def test_too_many_without_puback_pause_the_sender(room: Room) -> None:
    broker, told = await room.broker(), Acknowledged()
    connection, handler, peer = await room.online(broker, state=told.state)
    for _ in range(MOST_WAITING - 1):
        connection.send(b"", False)
    assert not connection.paused
    connection.send(b"", False)
    assert connection.paused
    waiting = asyncio.ensure_future(connection.drain())
    ids = [(await peer.read_publish()).packet_id for _ in range(MOST_WAITING)]
    assert not waiting.done()
    await peer.send(Puback(ids[0]))
    await waiting
    assert not connection.paused
    assert handler.writable_calls == 1


async def test_a_resumed_session_that_is_full_begins_paused(room: Room) -> None:
    broker, told = await room.broker(accepting, resuming), Acknowledged()
    connection, handler, peer = await room.online(broker, state=told.state)
    for _ in range(MOST_WAITING):
        connection.send(b"", False)
    peer.reset()
    await handler.wait_closed()
    assert not connection.paused  # nobody waits for a connection that has ended
    connection, _, peer = await room.online(broker, state=told.state)
    assert connection.paused
    ids = [(await peer.read_publish()).packet_id for _ in range(MOST_WAITING)]
    await peer.send(b"".join(encode(Puback(each)) for each in ids))
    await connection.drain()
    await until(lambda: len(told) == MOST_WAITING)
    assert all(taken for _, taken in told)


async def test_whoever_waits_is_let_go_at_the_end(room: Room) -> None:
    broker = await room.broker()
    connection, handler, peer = await room.online(broker)
    for _ in range(MOST_WAITING):
        connection.send(b"", False)
    waiting = asyncio.ensure_future(connection.drain())
    await asyncio.sleep(0)
    peer.reset()
    await waiting
    await handler.wait_closed()


async def test_an_owner_may_hold_back_the_reading(room: Room) -> None:
    broker = await room.broker()
    connection, handler, peer = await room.online(broker)
    connection.pause_reading()
    assert not connection.reads
    await peer.send(Publish("best/down", b"held"))
    await asyncio.sleep(0.05)
    assert handler.messages == []
    connection.resume_reading()
    await handler.wait(lambda: handler.messages)
    assert connection.reads


async def test_a_burst_is_handled_in_turns(room: Room) -> None:
    """Between two turns of one connection the loop comes round, so that the others have theirs."""
    broker = await room.broker()
    loop = asyncio.get_running_loop()

    class Counting(Collector):
        def message(self, payload: bytes, binary: bool) -> None:
            super().message(payload, binary)
            in_one_turn[0] += 1
            most[0] = max(most[0], in_one_turn[0])
            loop.call_soon(lambda: in_one_turn.__setitem__(0, 0))

    in_one_turn, most = [0], [0]
    _, handler, peer = await room.online(broker, Counting())
    burst = [Publish("best/down", str(number).encode(), 1, number) for number in range(1, 1_001)]
    await peer.send(b"".join(map(encode, burst)))
    assert [await peer.read() for _ in burst] == [Puback(each.packet_id) for each in burst]
    assert handler.messages == [each.payload for each in burst]
    assert most[0] <= 64


async def test_a_burst_before_the_end_is_handled_whole(room: Room) -> None:
    broker = await room.broker()
    _, handler, peer = await room.online(broker)
    await peer.send(b"".join(encode(Publish("best/down", str(number).encode())) for number in range(1_000)))
    peer.close()
    assert (await handler.wait_closed())[0] == "closed by the broker"
    assert len(handler.messages) == 1_000


async def test_a_large_message_in_small_pieces(room: Room) -> None:
    broker = await room.broker()
    _, handler, peer = await room.online(broker)
    data = encode(Publish("best/down", bytes(range(256)) * 2_000, 1, 5)) + encode(Publish("best/down", b"next"))
    for at in range(0, len(data), 7_001):
        await peer.send(data[at : at + 7_001])
    await handler.wait(lambda: len(handler.messages) == 2)
    assert handler.messages == [bytes(range(256)) * 2_000, b"next"]


async def test_an_acknowledgement_nobody_gets_back_ends_it_at_last(room: Room) -> None:
    """A broker that never acknowledges, and a sender that does not wait: no packet id is left at some time."""
    broker, told = await room.broker(), Acknowledged()
    connection, handler, _ = await room.online(broker, state=told.state)
    fake: Any = dict.fromkeys(range(1, 65_536))
    told.state.in_flight = fake
    connection.send(b"one too many", False)
    ending, detail = await handler.wait_closed()
    assert (ending, detail) == ("no proper MQTT", "the broker acknowledged none of 65,535 publishes")


async def test_an_idle_connection_holds_no_bytes(room: Room) -> None:
    broker = await room.broker()
    connection, handler, peer = await room.online(broker)
    await peer.send(Publish("best/down", bytes(100_000)))
    await handler.wait(lambda: handler.messages)
    await until(lambda: connection._held == b"")
    assert connection._opening is None
    assert connection._subscription is None


class MemoryTransport(asyncio.Transport):
    """Keeps what is written."""

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
        pass

    def close(self) -> None:
        self.closing = True

    abort = close

    def pause_reading(self) -> None:
        pass

    resume_reading = pause_reading

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass


async def _receive(data: bytes, cuts: list[int]) -> tuple[list[Any], list[Packet], bool]:
    """What a connection makes of `data`, cut like this: what it tells, what it sends, whether it still is open."""
    loop = asyncio.get_running_loop()
    told = Acknowledged()
    told.state.subscribed = True
    for _ in range(3):
        told.state.in_flight[told.state.new_packet_id()] = (b"2", 0.0)  # type: ignore[assignment]
    handler = Collector()
    opening = Opening(Target("host", 1883, False, "mqtt"), LOGIN, loop.create_future(), loop.time() + 60)
    means = Means(timers=TimerQueue(ManualClock()), patience=Patience(opening=5, closing=5))
    connection = MqttConnection(handler, opening, LOGIN, _resending_nothing(told.state), means, max_size=LIMIT)
    transport = MemoryTransport()
    connection.connection_made(transport)
    connection.data_received(encode(Connack(True, 0)))
    at = 0
    for cut in [*cuts, len(data)]:
        end = min(len(data), at + cut)
        if end > at and not transport.closing:
            connection.data_received(data[at:end])
            await asyncio.sleep(0)
        at = end
    for _ in range(20):
        await asyncio.sleep(0)
    connection.connection_lost(None)
    sent = list(PacketReader(side=Side.BROKER).feed(bytes(transport.written)))
    return (
        [handler.calls, handler.messages, handler.unusuals, told, await handler.wait_closed()],
        sent,
        not transport.closing,
    )


def _resending_nothing(state: ClientState) -> ClientState:
    from simulator.mqtt.login import InFlight

    state.in_flight = {number: InFlight(encode(Publish("best/up", b"", 1, number)), 0.0) for number in state.in_flight}
    return state


incoming = st.one_of(
    st.builds(Publish, st.just("best/down"), st.binary(max_size=300)),
    st.builds(Publish, st.just("best/down"), st.binary(max_size=300), st.just(1), st.integers(1, 65_535)),
    st.builds(Publish, st.just("best/down"), st.integers(100, 5_000).map(bytes), st.just(1), st.integers(1, 65_535)),
    st.builds(Publish, st.sampled_from(["best", "best/down2", "x"]), st.binary(max_size=20)),
    st.builds(Puback, st.integers(1, 4)),
    st.just(Pingresp()),
)


@settings(max_examples=60)
@given(st.lists(incoming, max_size=120), st.lists(st.integers(1, 400), max_size=30), st.binary(max_size=6))
async def test_the_pieces_make_no_difference(packets: list[Packet], cuts: list[int], more: bytes) -> None:
    data = b"".join(map(encode, packets)) + more
    assert await _receive(data, cuts) == await _receive(data, [])


@settings(max_examples=60)
@given(st.lists(incoming, max_size=20))
async def test_what_comes_is_told_and_acknowledged(packets: list[Packet]) -> None:
    (_, messages, _, told, ending), sent, still_open = await _receive(b"".join(map(encode, packets)), [])
    publishes = [packet for packet in packets if isinstance(packet, Publish)]
    assert messages == [packet.payload for packet in publishes if packet.topic == "best/down"]
    assert [packet for packet in sent if isinstance(packet, Puback)] == [
        Puback(packet.packet_id) for packet in publishes if packet.qos
    ]
    pubacks = {packet.packet_id for packet in packets if isinstance(packet, Puback)}
    assert [taken for _, taken in told] == [True] * len(pubacks & {1, 2, 3})
    assert still_open
    assert ending[0] == "closed by the broker"
