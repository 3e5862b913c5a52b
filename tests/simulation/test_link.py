"""A connection in memory behaves as the wire's: order, closes, resets, half-open silence, the death of a process."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from simulator.fields.range import Range
from simulator.simulation.link import Link
from simulator.simulation.passage import KERNEL_GIVES_UP, Delays
from simulator.weather.kinds import STALL_S, SlowLink
from tests.simulation.test_loop import new_loop


class End:
    """A handler of either side."""

    def __init__(self) -> None:
        self.connection: Any = None
        self.got: list[bytes] = []
        self.ended: list[int] = []

    def opened(self, connection: Any) -> None:
        self.connection = connection

    def message(self, payload: bytes, binary: bool) -> None:
        self.got.append(payload)

    def closed(self, code: int, reason: str, detail: str) -> None:
        self.ended.append(code)


class Ears:
    def __init__(self) -> None:
        self.cuts = 0

    def sent(self, payload: bytes) -> None:
        pass

    def arrived(self, payload: bytes) -> None:
        pass

    def cut(self) -> None:
        self.cuts += 1


def _slow(low: float, high: float, bandwidth: int | None = None, stall: float = 0.0) -> SlowLink:
    return SlowLink(latency=Range(low=low, high=high), bandwidth=bandwidth, stall=stall)


class Pair:
    """An open connection."""

    def __init__(self) -> None:
        self.loop = new_loop()
        self.device, self.platform, self.ears = End(), End(), Ears()
        self.link = Link(self.loop, Delays(Random(1), _slow(0.1, 0.9)), self.ears, self.device)  # type: ignore[arg-type]
        self.link.platform.taken(self.platform)
        self.device.opened(self.link.device)

    def after(self, seconds: float) -> None:
        self.loop.run_until(self.loop.time() + seconds)

    def say(self, *texts: bytes) -> None:
        for text in texts:
            self.device.connection.send(text, False)
            self.platform.connection.send(text, False)


TEXTS = tuple(b"%d" % number for number in range(50))


def test_messages_arrive_in_order_though_each_has_its_own_delay() -> None:
    pair = Pair()
    pair.say(*TEXTS)
    pair.after(2)
    assert pair.device.got == pair.platform.got == list(TEXTS)
    assert pair.device.connection.bytes_in == sum(map(len, TEXTS))


def test_a_narrow_line_is_busy_with_each_message_and_a_stall_is_a_second() -> None:
    pair = Pair()
    pair.link.delays.become(_slow(0.0, 0.0, bandwidth=100))
    for _ in range(3):
        pair.device.connection.send(b"x" * 100, False)
    pair.after(2.5)
    assert len(pair.platform.got) == 2
    pair.after(1)
    assert len(pair.platform.got) == 3
    pair.link.delays.become(_slow(0.0, 0.0, stall=1.0))
    pair.say(b"stalled")
    pair.after(STALL_S - 0.1)
    assert not pair.device.got
    pair.after(0.2)
    assert pair.device.got == [b"stalled"]


@pytest.mark.parametrize("first", ["device", "platform"])
def test_a_close_ends_both_sides_with_its_code(first: str) -> None:
    pair = Pair()
    getattr(pair, first).connection.close(1008, "enough")
    getattr(pair, first).connection.send(b"late", False)
    pair.after(3)
    ended = pair.device.ended, pair.platform.ended
    assert ended == ([1008], [1008])
    pair.after(10)
    assert (pair.device.ended, pair.platform.ended) == ended
    assert pair.device.got == pair.platform.got == []


def test_a_reset_loses_what_was_on_its_way() -> None:
    pair = Pair()
    pair.say(b"lost")
    pair.link.reset()
    pair.after(2)
    assert pair.device.got == pair.platform.got == []
    assert pair.device.ended == pair.platform.ended == [1006]
    assert pair.ears.cuts == 1


@pytest.mark.parametrize("forgotten", [False, True])
def test_nobody_is_told_of_silence(forgotten: bool) -> None:
    pair = Pair()
    pair.link.fall_silent()
    pair.say(*TEXTS)
    pair.after(90)
    assert pair.device.got == pair.platform.got == []
    assert pair.device.connection.is_open
    pair.link.speak_again(forgotten=forgotten)
    pair.say(b"after")
    pair.after(2)
    assert pair.device.got == pair.platform.got == ([] if forgotten else [*TEXTS, b"after"])
    pair.device.connection.close()
    pair.after(6)
    assert pair.device.ended == [1006 if forgotten else 1000]
    assert pair.platform.ended == ([] if forgotten else [1000])


def test_what_nobody_acknowledges_ends_a_connection_at_last() -> None:
    pair = Pair()
    pair.link.fall_silent()
    pair.link.speak_again(forgotten=True)
    pair.after(2_000)
    assert pair.device.ended == pair.platform.ended == []
    pair.say(b"hello", b"hello")
    pair.after(KERNEL_GIVES_UP - 1)
    assert pair.device.ended == pair.platform.ended == []
    pair.after(2)
    assert pair.device.ended == pair.platform.ended == [1006]


def test_what_a_process_had_sent_before_it_died_arrives() -> None:
    pair = Pair()
    pair.say(b"last")
    pair.link.platform_died()
    pair.after(2)
    assert (pair.device.got, pair.device.ended) == ([b"last"], [1006])
    assert (pair.platform.got, pair.platform.ended) == ([], [])


def test_a_device_without_power_tells_nobody() -> None:
    pair = Pair()
    pair.link.power_gone()
    pair.device.connection.abort()
    pair.after(10)
    assert (pair.device.ended, pair.platform.ended) == ([1006], [])
