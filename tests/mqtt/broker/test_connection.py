"""Whatever bytes come after CONNECT, in whatever pieces: the connection goes on or ends, and nothing here fails."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import cast

from hypothesis import example, given
from hypothesis import strategies as st

from simulator.clock import ManualClock
from simulator.mqtt.broker.connection import BrokerConnection, ConnectionLimits
from simulator.mqtt.broker.server import BrokerServer
from simulator.mqtt.codec import PacketReader, Side, encode
from simulator.mqtt.packets import Connect, Packet, Publish, Subscribe
from simulator.wire.strangers import StrangerLimits
from tests.mqtt.broker.helpers import Scene
from tests.mqtt.strategies import publishes

KNOWN = Publish("a/b", b"")
CONNECT = encode(Connect(client_id="one", clean_session=True, keep_alive=0))


class Transport:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.written = b""
        self.ended = False

    def write(self, data: bytes) -> None:
        assert not self.ended
        self.written += data

    def is_closing(self) -> bool:
        return False

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        assert not self.ended
        self.ended = True

    def set_write_buffer_limits(self, high: int) -> None:
        pass

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def abort(self) -> None:
        self.ended = True

    def get_extra_info(self, name: str) -> None:
        return None


class Bench:
    """A connection on such a transport, its client accepted."""

    def __init__(self) -> None:
        self.scene = Scene()
        self.received: list[tuple[str, bytes, bool]] = []
        self.scene.broker.attach(["#", "$s/#"], lambda *message: self.received.append(message))
        # Nothing here runs it: no call of the loop's is waited for.
        self.loop = asyncio.new_event_loop()
        limits = ConnectionLimits(max_packet=30_000, max_first_packet=1_000, max_write_buffer=1_000, close_timeout=5)
        server = BrokerServer(
            self.loop, self.scene.broker, limits, strangers=StrangerLimits(deadline=1e6), clock=ManualClock()
        )
        self.transport = Transport()
        self.connection = BrokerConnection(self.loop, server)
        self.connection.connection_made(cast("asyncio.Transport", self.transport))
        self.connection.data_received(CONNECT)

    def feed(self, data: bytes, cuts: list[int]) -> None:
        places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
        for begin, end in pairwise(places):
            self.connection.data_received(data[begin:end])
        self.connection.connection_lost(None)
        self.loop.close()
        assert self.scene.errors == []
        assert self.scene.names()[-1] == "disconnected"
        assert self.scene.broker.sessions == 0

    def answers(self) -> list[Packet]:
        return list(PacketReader(side=Side.CLIENT).feed(self.transport.written))


def test_a_peer_that_has_reset_the_connection_meanwhile_hinders_no_end() -> None:
    """asyncio raises where the socket is gone and it has not been told yet."""
    bench = Bench()

    def gone() -> None:
        bench.transport.ended = True
        raise OSError(107, "Transport endpoint is not connected")

    bench.transport.write_eof = gone  # type: ignore[method-assign]
    bench.connection.close()
    assert bench.transport.ended
    bench.feed(b"", [])


@given(st.binary(max_size=40), st.lists(st.integers(0, 1000), max_size=3))
@example(b"\x32\x05\x00\x03a/b", [])
@example(b"\x32\x06\x00\x03a/b\x00", [])
@example(b"\x30\x05\x00\x03a/b", [])
@example(b"\x40\x02\x00\x01", [3])
def test_any_bytes_are_survived(data: bytes, cuts: list[int]) -> None:
    Bench().feed(encode(KNOWN) + data, cuts)


@given(
    st.lists(publishes() | st.just(KNOWN) | st.just(Publish("a/b", b"x", 1, 3)), min_size=1, max_size=8),
    st.lists(st.integers(0, 100_000), max_size=4),
)
@example([Publish("$", b"", 0, 0)], [])
def test_messages_in_any_pieces_arrive_as_they_are(messages: list[Publish], cuts: list[int]) -> None:
    bench = Bench()
    bench.feed(b"".join(map(encode, messages)), cuts)
    expected = []
    unreleased = set()
    for each in messages:
        # What begins with `$` matches no filter that begins with a wildcard (4.7.2): it is answered and goes to nobody.
        if (each.qos < 2 or each.packet_id not in unreleased) and not each.topic.startswith("$"):
            expected.append((each.topic, each.payload, each.dup))
        if each.qos == 2:
            unreleased.add(each.packet_id)
    assert bench.received == expected
    assert len(bench.answers()) == 1 + sum(each.qos > 0 for each in messages)


def test_a_subscription_may_stand_behind_connect_in_the_same_piece() -> None:
    bench = Bench()
    bench.feed(encode(Subscribe(1, (("a/b", 0),))) + encode(KNOWN), [])
    assert len(bench.answers()) == 3
