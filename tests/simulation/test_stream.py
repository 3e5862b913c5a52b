"""A TCP connection in memory behaves as asyncio's: pieces, half closes, resets, silence, the death of a process."""

from __future__ import annotations

import asyncio
from random import Random

from simulator.fields.range import Range
from simulator.simulation.passage import DOWN, KERNEL_GIVES_UP, UP, Delays
from simulator.simulation.stream import Stream, StreamEnd
from simulator.weather.kinds import SlowLink
from tests.simulation.test_loop import new_loop


class End(asyncio.Protocol):
    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.eof = False
        self.lost: list[type[BaseException] | None] = []

    def data_received(self, data: bytes) -> None:
        self.got.append(data)

    def eof_received(self) -> None:
        self.eof = True

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.append(None if exc is None else type(exc))

    @property
    def bytes(self) -> bytes:
        return b"".join(self.got)


class Tap:
    def __init__(self) -> None:
        self.cuts = 0
        self.sent_bytes = {UP: b"", DOWN: b""}
        self.arrived_bytes = {UP: b"", DOWN: b""}

    def cut(self) -> None:
        self.cuts += 1

    def sent(self, direction: int, data: bytes) -> None:
        self.sent_bytes[direction] += data

    def arrived(self, direction: int, data: bytes) -> None:
        self.arrived_bytes[direction] += data


class Pair:
    """An open connection."""

    def __init__(self, seed: int = 1) -> None:
        self.loop = new_loop()
        delays = Delays(Random(seed), SlowLink(latency=Range(low=0.1, high=0.9)))
        self.tap = Tap()
        self.stream = Stream(self.loop, delays, Random(seed), self.tap)
        self.device, self.platform = End(), End()
        self.stream.platform.begin(self.platform)
        self.stream.device.begin(self.device)

    def after(self, seconds: float) -> None:
        self.loop.run_until(self.loop.time() + seconds)

    def say(self, data: bytes) -> None:
        self.stream.device.write(data)
        self.stream.platform.write(data)


DATA = bytes(range(100))


def test_bytes_arrive_in_order_in_pieces_and_are_seen_at_both_ends() -> None:
    pair = Pair()
    for _ in range(50):
        pair.say(DATA)
    pair.after(2)
    assert pair.device.bytes == pair.platform.bytes == DATA * 50
    assert len(pair.platform.got) > 50
    assert pair.tap.sent_bytes == pair.tap.arrived_bytes == {UP: DATA * 50, DOWN: DATA * 50}


def test_half_a_connection_is_closed_and_then_the_other() -> None:
    pair = Pair()
    pair.say(b"last")
    pair.stream.platform.write_eof()
    pair.stream.platform.write(b"late")
    pair.after(3)
    # The device closes too when it is told; what it had sent was still read.
    assert (pair.device.bytes, pair.device.eof, pair.device.lost) == (b"last", True, [None])
    assert (pair.platform.bytes, pair.platform.eof, pair.platform.lost) == (b"last", True, [None])
    assert not pair.stream.is_open


def test_an_abort_is_a_reset_for_the_other_side() -> None:
    pair = Pair()
    pair.stream.device.abort()
    pair.after(2)
    assert (pair.device.lost, pair.platform.lost) == ([None], [ConnectionResetError])
    assert pair.tap.cuts == 0


def test_a_reset_lets_a_part_through_and_no_more() -> None:
    parts = set()
    for seed in range(20):
        pair = Pair(seed)
        pair.say(DATA)
        pair.say(DATA)
        pair.stream.reset()
        pair.after(2)
        assert pair.device.lost == pair.platform.lost == [ConnectionResetError]
        assert DATA.startswith(pair.platform.bytes)
        assert pair.tap.cuts == 1
        parts.add(len(pair.platform.bytes))
    assert len(parts) > 5


def test_nobody_is_told_of_silence_and_what_was_held_arrives_after_it() -> None:
    pair = Pair()
    pair.stream.fall_silent()
    pair.say(DATA)
    pair.after(90)
    assert pair.device.bytes == pair.platform.bytes == b""
    pair.stream.speak_again(forgotten=False)
    pair.after(2)
    assert pair.device.bytes == pair.platform.bytes == DATA


def test_a_forgotten_connection_ends_when_the_kernel_gives_up() -> None:
    pair = Pair()
    pair.stream.fall_silent()
    pair.stream.speak_again(forgotten=True)
    pair.say(DATA)
    pair.after(KERNEL_GIVES_UP - 1)
    assert pair.device.lost == pair.platform.lost == []
    pair.after(2)
    assert pair.device.lost == pair.platform.lost == [ConnectionResetError]


def test_somebody_between_closes_both() -> None:
    pair = Pair()
    pair.stream.close_between(1001)
    pair.after(2)
    assert (pair.device.eof, pair.device.lost) == (True, [None])
    assert (pair.platform.eof, pair.platform.lost) == (True, [None])
    assert pair.tap.cuts == 1


def test_what_a_process_had_sent_before_it_died_arrives() -> None:
    pair = Pair()
    pair.say(b"last")
    pair.stream.platform_died()
    pair.after(2)
    assert (pair.device.bytes, pair.device.lost) == (b"last", [ConnectionResetError])
    assert (pair.platform.got, pair.platform.lost) == ([], [])


def test_what_arrives_at_a_closed_end_is_answered_with_a_reset() -> None:
    pair = Pair()
    pair.stream.device.close()
    pair.stream.platform.write(DATA)
    pair.after(3)
    assert pair.device.got == []
    assert pair.platform.lost == [ConnectionResetError] or pair.platform.eof


def test_an_end_that_does_not_read_gets_it_later_and_in_order() -> None:
    pair = Pair()
    pair.stream.device.pause_reading()
    pair.stream.platform.write(b"one")
    pair.stream.platform.write(b"two")
    pair.stream.platform.write_eof()
    pair.after(2)
    assert (pair.device.got, pair.device.eof) == ([], False)
    assert not pair.stream.device.is_reading()
    pair.stream.device.resume_reading()
    pair.after(0)
    assert (pair.device.bytes, pair.device.eof) == (b"onetwo", True)


def test_a_broker_that_has_ended_the_connection_is_not_seen_to_listen() -> None:
    pair = Pair()
    pair.stream.device.write(b"too late")
    pair.stream.platform.write_eof()
    pair.after(0.95)
    assert pair.tap.arrived_bytes[UP] == b""
    assert isinstance(pair.stream.far_end(UP), StreamEnd)
