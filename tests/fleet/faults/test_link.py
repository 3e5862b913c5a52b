"""The link in memory: whatever comes over it in whatever weather arrives whole and in order, either way."""

from __future__ import annotations

import asyncio
import random
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.clock import ManualClock, TimerQueue
from simulator.fields.range import Range
from simulator.fleet.faults.lane import PIECE, Shape
from simulator.fleet.faults.link import WINDOW, Link, lay_under
from simulator.weather.kinds import STALL_S, SlowLink
from simulator.wire.flow import FlowControlled

LIMIT = 64 * 1024


def shape(low: float, high: float | None = None, *, bandwidth: int | None = None, stall: float = 0.0) -> Shape:
    latency = Range(low=low, high=low if high is None else high)
    return Shape(SlowLink(latency=latency, bandwidth=bandwidth, stall=stall), random.Random(1))


class Memory(asyncio.Transport):
    """A transport whose socket is two lists."""

    def __init__(self) -> None:
        super().__init__()
        self.protocol: Any = None
        self.written = bytearray()
        self.unread: list[bytes] = []
        self.reading = True
        self.ended = False
        self.closed = ""
        self.aborted = 0

    # --- What the link and the connection use ---

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self.protocol  # type: ignore[no-any-return]

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def write(self, data: Any) -> None:
        assert not self.ended
        self.written += data

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.ended = True

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        assert high == LIMIT

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return LIMIT // 4, LIMIT

    def get_write_buffer_size(self) -> int:
        return 0

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self if name == "socket" else default

    def fileno(self) -> int:
        return -1

    def is_reading(self) -> bool:
        return self.reading

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def is_closing(self) -> bool:
        return bool(self.closed)

    def close(self) -> None:
        self.closed = self.closed or "closed"

    def abort(self) -> None:
        self.closed = "aborted"
        self.aborted += 1

    # --- What a test does ---

    def poll(self) -> None:
        """A turn of the loop: what lies in the socket is read, where it is."""
        while self.unread and self.reading:
            self.protocol.data_received(self.unread.pop(0))


class End(FlowControlled):
    """The device's end."""

    def __init__(self, memory: Memory) -> None:
        super().__init__(cast("asyncio.AbstractEventLoop", None), LIMIT)
        self.received = bytearray()
        self.pieces: list[tuple[float, bytes]] = []
        self.clock: ManualClock | None = None
        self.eof = False
        self.lost: list[Exception | None] = []
        self.writing_told: list[bool] = []
        memory.protocol = self
        self.connection_made(memory)

    @property
    def is_open(self) -> bool:
        return True

    @property
    def has_ended(self) -> bool:
        return bool(self.lost)

    @property
    def transport(self) -> asyncio.Transport:
        return self._transport

    def data_received(self, data: bytes) -> None:
        assert not self.eof
        self.received += data
        if self.clock is not None:
            self.pieces.append((self.clock.monotonic(), data))

    def eof_received(self) -> None:
        self.eof = True

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.append(exc)

    def pause_writing(self) -> None:
        self.writing_told.append(False)
        super().pause_writing()

    def resume_writing(self) -> None:
        self.writing_told.append(True)
        super().resume_writing()

    _BACKLOG_STOPS_READING = False


class Bench:
    """A device's end and a socket, with a link between them or not."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.timers = TimerQueue(self.clock)
        self.memory = Memory()
        self.end = End(self.memory)
        self.end.clock = self.clock
        self.kept: list[Any] = []
        self.gone: list[Link] = []

    def lay(self) -> Link:
        link = lay_under(self.end, self.timers, self.kept.append, self.gone.append)
        assert link is not None
        return link

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        for _ in range(3):
            self.timers.run_due()
            self.memory.poll()


# --- Any weather ---

OPERATIONS = st.one_of(
    st.tuples(st.sampled_from(["up", "down", "late"]), st.one_of(st.integers(1, 20_000), st.just(70_000))),
    st.tuples(st.just("pass"), st.floats(0, 3)),
    st.tuples(st.just("slow"), st.integers(0, 4)),
    st.tuples(st.sampled_from(["hold", "release", "fast", "deaf", "hears", "full", "drained"]), st.none()),
)
SHAPES = (
    shape(0.0, 0.0),
    shape(0.1, 0.8),
    shape(0.0, 2.0, stall=0.5),
    shape(0.05, 0.2, bandwidth=20_000),
    shape(0.0, 0.0, bandwidth=500_000, stall=0.1),
)


class Journey:
    """Does what hypothesis wants, and counts what is to arrive."""

    def __init__(self) -> None:
        self.bench = Bench()
        self.link: Link | None = None
        self.up, self.down = bytearray(), bytearray()
        self.full = False

    def laid(self) -> Link:
        if self.link is None or self.link in self.bench.gone:
            self.link = self.bench.lay()
        return self.link

    def do(self, what: str, amount: Any) -> None:
        bench = self.bench
        if what == "up":
            data = random.Random(len(self.up)).randbytes(amount)
            self.up += data
            bench.end.transport.write(data)
        elif what in ("down", "late"):
            data = random.Random(len(self.down)).randbytes(amount)
            self.down += data
            if what == "late" and not bench.memory.unread:
                # TLS may have it decrypted already when reading is paused.
                bench.memory.protocol.data_received(data)
            else:
                bench.memory.unread.append(data)
        elif what == "pass":
            bench.pass_time(amount)
        elif what == "deaf":
            bench.end.pause_reading()
        elif what == "hears":
            bench.end.resume_reading()
        elif what == "full" and not self.full:
            self.full = True
            bench.memory.protocol.pause_writing()
        elif what == "drained" and self.full:
            self.full = False
            bench.memory.protocol.resume_writing()
        elif what == "hold":
            self.laid().hold()
        elif what == "slow":
            self.laid().shape(SHAPES[amount])
        elif self.link is not None and self.link not in bench.gone:
            self.link.release() if what == "release" else self.link.shape(None)

    def clear_up(self) -> None:
        for what in ("release", "fast", "hears", "drained"):
            self.do(what, None)
        for _ in range(200):
            self.bench.pass_time(1.0)


@given(st.lists(OPERATIONS, max_size=40))
def test_all_arrives_in_order_in_any_weather(operations: list[tuple[str, Any]]) -> None:
    journey = Journey()
    for what, amount in operations:
        journey.do(what, amount)
        assert journey.up.startswith(journey.bench.memory.written)
        assert journey.down.startswith(journey.bench.end.received)
    journey.clear_up()
    bench = journey.bench
    assert bench.memory.written == journey.up
    assert bench.end.received == journey.down
    assert bench.memory.protocol is bench.end
    assert bench.end.transport is bench.memory
    assert bench.memory.reading
    assert not bench.end.paused
    # Told in turn, or a device that waits for room would wait for ever.
    told = bench.end.writing_told
    assert told == [bool(number % 2) for number in range(len(told))]
    assert bench.timers.next_due() is None


# --- One thing at a time ---


def test_a_link_without_a_fault_takes_itself_out() -> None:
    bench = Bench()
    link = bench.lay()
    link.hold()
    link.release()
    assert bench.gone == [link]
    assert bench.memory.protocol is bench.end


def test_latency_is_each_directions_own_and_nothing_overtakes() -> None:
    bench = Bench()
    link = bench.lay()
    link.shape(shape(0.5))
    bench.end.transport.write(b"a")
    bench.memory.unread.append(b"b")
    bench.memory.poll()
    bench.pass_time(0.2)
    link.shape(shape(0.1))
    bench.end.transport.write(b"c")
    bench.pass_time(0.25)
    assert (bench.memory.written, bench.end.received) == (b"", b"")
    bench.pass_time(0.06)
    assert (bench.memory.written, bench.end.received) == (b"ac", b"b")
    link.shape(None)
    assert bench.gone == [link]


def test_what_is_under_way_when_it_gets_fast_again_still_comes_first() -> None:
    bench = Bench()
    link = bench.lay()
    link.shape(shape(1.0))
    bench.end.transport.write(b"slow ")
    link.shape(None)
    bench.end.transport.write(b"fast")
    bench.pass_time(0.9)
    assert (bench.memory.written, bench.gone) == (b"", [])
    bench.pass_time(0.2)
    assert (bench.memory.written, bench.gone) == (b"slow fast", [link])


def test_bandwidth_holds_for_each_direction_and_bytes_trickle() -> None:
    bench = Bench()
    bench.lay().shape(shape(0.0, bandwidth=PIECE))
    bench.end.transport.write(bytes(4 * PIECE))
    bench.memory.unread.append(bytes(3 * PIECE))
    bench.memory.poll()
    for second in range(1, 4):
        bench.pass_time(1.0)
        assert len(bench.memory.written) == second * PIECE
        assert len(bench.end.received) == second * PIECE


def test_a_share_of_the_pieces_stalls_for_a_second() -> None:
    bench = Bench()
    bench.lay().shape(shape(0.0, stall=0.25))
    waited = 0
    for _ in range(400):
        bench.end.transport.write(b"x")
        bench.pass_time(0.001)
        if not bench.memory.written:
            waited += 1
            bench.pass_time(STALL_S)
        assert bench.memory.written == b"x"
        bench.memory.written.clear()
    assert 70 <= waited <= 130


def test_no_more_is_read_than_a_window_while_it_is_slow() -> None:
    bench = Bench()
    bench.lay().shape(shape(1.0))
    bench.memory.unread += [bytes(10_000)] * 20
    bench.memory.poll()
    assert 200_000 - WINDOW - 10_000 <= 10_000 * len(bench.memory.unread) <= 200_000 - WINDOW
    for _ in range(10):
        bench.pass_time(1.1)
    assert len(bench.end.received) == 200_000


def test_what_is_held_stops_the_device_as_a_full_socket_does() -> None:
    bench = Bench()
    link = bench.lay()
    link.hold()
    bench.end.transport.write(bytes(LIMIT))
    assert bench.end.writing_told == []
    bench.end.transport.write(b"more")
    assert bench.end.writing_told == [False]
    assert bench.end.transport.get_write_buffer_size() == LIMIT + 4
    link.release()
    assert bench.end.writing_told == [False, True]


def test_a_device_is_stopped_while_either_the_link_or_the_socket_is_full() -> None:
    bench = Bench()
    link = bench.lay()
    link.shape(shape(1.0))
    bench.end.transport.write(bytes(LIMIT + 1))
    bench.memory.protocol.pause_writing()
    bench.pass_time(1.1)
    assert bench.end.writing_told == [False]
    bench.memory.protocol.resume_writing()
    assert bench.end.writing_told == [False, True]


def test_a_link_comes_under_a_device_that_is_stopped() -> None:
    bench = Bench()
    bench.memory.protocol.pause_writing()
    link = bench.lay()
    link.hold()
    link.release()
    assert bench.gone == [link]
    bench.memory.protocol.resume_writing()
    assert bench.end.writing_told == [False, True]


def test_an_end_of_the_peer_comes_behind_what_it_sent() -> None:
    bench = Bench()
    link = bench.lay()
    link.shape(shape(0.5))
    bench.memory.protocol.data_received(b"last words")
    assert bench.memory.protocol.eof_received() is True
    bench.end.transport.write(b"an answer")
    bench.pass_time(0.6)
    assert (bench.end.received, bench.end.eof) == (b"last words", True)
    assert bytes(bench.memory.written) == b"an answer"
    assert bench.memory.closed == "closed"
    bench.memory.protocol.connection_lost(None)
    bench.pass_time(0.6)
    assert bench.end.lost == [None]
    assert bench.gone == [link]


def test_what_was_written_before_an_end_in_order_goes_out_before_it() -> None:
    bench = Bench()
    bench.lay().shape(shape(0.5))
    bench.end.transport.write(b"before")
    bench.end.transport.write_eof()
    bench.end.transport.close()
    bench.end.transport.write(b"after")
    assert (bench.memory.ended, bench.memory.closed) == (False, "")
    bench.pass_time(0.6)
    assert (bench.memory.written, bench.memory.ended, bench.memory.closed) == (b"before", True, "closed")


async def test_an_abort_drops_what_is_under_way() -> None:
    bench = Bench()
    bench.lay().shape(shape(0.5))
    bench.end.transport.write(b"x")
    bench.memory.protocol.data_received(b"y")
    bench.end.transport.abort()
    assert bench.end.transport.is_closing()
    assert bench.memory.aborted == 1
    bench.memory.protocol.connection_lost(None)
    bench.pass_time(1.0)
    assert (bench.memory.written, bench.end.received, bench.end.lost) == (b"", b"", [None])


async def test_a_loss_that_was_held_is_told_when_the_device_gives_up() -> None:
    bench = Bench()
    bench.lay().hold()
    error = OSError("lost")
    bench.memory.protocol.connection_lost(error)
    assert bench.end.lost == []
    assert not bench.end.transport.is_closing()
    bench.end.transport.write(b"vanishes")
    bench.end.transport.abort()
    await asyncio.sleep(0)
    assert bench.end.lost == [error]
    assert bench.kept == []
    assert bench.memory.written == b""


async def test_a_loss_that_was_held_is_told_as_the_reset_that_followed() -> None:
    bench = Bench()
    link = bench.lay()
    link.hold()
    bench.memory.protocol.connection_lost(None)
    reset = ConnectionAbortedError("reset")
    link.reset(reset)
    link.reset(reset)
    await asyncio.sleep(0)
    assert bench.end.lost == [reset]
    assert bench.gone == [link]


def test_a_loss_is_told_when_the_silence_is_over() -> None:
    bench = Bench()
    link = bench.lay()
    link.hold()
    bench.memory.protocol.data_received(b"before")
    bench.memory.protocol.connection_lost(None)
    bench.end.transport.write(b"vanishes")
    link.release()
    assert (bench.end.received, bench.end.lost) == (b"before", [None])
    assert bench.memory.written == b""


def test_a_close_in_silence_keeps_the_socket() -> None:
    bench = Bench()
    link = bench.lay()
    link.hold()
    bench.end.transport.close()
    assert len(bench.kept) == 1
    bench.memory.protocol.connection_lost(None)
    assert bench.end.lost == [None]
    assert bench.gone == [link]


def test_a_connection_that_is_ending_gets_no_link() -> None:
    bench = Bench()
    bench.memory.close()
    assert lay_under(bench.end, bench.timers, bench.kept.append, bench.gone.append) is None
    assert bench.end.transport is bench.memory


@pytest.mark.parametrize("held", [False, True])
def test_a_device_that_does_not_read_gets_nothing(held: bool) -> None:
    bench = Bench()
    link = bench.lay()
    link.shape(shape(0.1))
    bench.end.pause_reading()
    bench.memory.protocol.data_received(b"unread")
    bench.pass_time(1.0)
    if held:
        link.hold()
        link.release()
    assert bench.end.received == b""
    bench.end.resume_reading()
    bench.pass_time(0.0)
    assert bench.end.received == b"unread"
