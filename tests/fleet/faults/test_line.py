"""One device's line without a network: what overlaps, what is left on it, and who is told."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from simulator.clock import ManualClock, TimerQueue
from simulator.fields.range import Range
from simulator.fleet.faults.kept import KeptSockets
from simulator.fleet.faults.line import DeviceLine
from simulator.weather.kinds import How, SlowLink
from tests.fleet.faults.test_link import End, Memory

SLOW = SlowLink(latency=Range(low=1.0, high=1.0))
SLOWER = SlowLink(latency=Range(low=5.0, high=5.0), bandwidth=1_000)


class Socketed(Memory):
    """A transport with a socket that can be kept."""

    def __init__(self) -> None:
        super().__init__()
        self.descriptor = -1

    def fileno(self) -> int:
        return self.descriptor


class Bench:
    """A line with one connection on it."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.timers = TimerQueue(self.clock)
        self.kept = KeptSockets(10)
        self.line = DeviceLine(self.timers, self.kept)
        self.closed_with: list[int] = []

    def connection(self) -> tuple[Memory, End]:
        memory = Socketed()
        end = End(memory)
        self.line.put(end, self.closed_with.append)
        return memory, end

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.timers.run_due()


def rng() -> random.Random:
    return random.Random(1)


def test_a_line_without_weather_puts_nothing_under_its_connections() -> None:
    bench = Bench()
    memory, end = bench.connection()
    assert end.transport is memory
    assert memory.protocol is end
    assert bench.line.idle
    assert bench.line.calm
    assert not bench.line.silent
    assert bench.line.refusing is None


def test_what_is_asked_is_refused_in_the_way_of_the_latest_outage() -> None:
    line = Bench().line
    line.outage_begins(How.RESET)
    line.outage_begins(How.DNS)
    assert line.refusing is How.DNS
    line.outage_begins(How.SILENT)
    assert line.silent
    assert line.refusing is None
    line.outage_ends(How.SILENT)
    line.outage_ends(How.DNS)
    assert line.refusing is How.RESET
    line.outage_ends(How.RESET)
    assert line.calm
    assert line.outages == 3


def test_two_outages_of_one_kind_are_two() -> None:
    line = Bench().line
    line.outage_begins(How.SILENT)
    line.outage_begins(How.SILENT)
    line.outage_ends(How.SILENT)
    assert line.silent
    line.outage_ends(How.SILENT)
    assert line.idle


@pytest.mark.parametrize(
    "end",
    [
        lambda line: line.outage_ends(How.RESET),
        lambda line: line.fast(),
        lambda line: line.fast(SLOWER),
        lambda line: line.power_back(),
    ],
)
def test_what_has_not_begun_cannot_end(end: Any) -> None:
    line = Bench().line
    line.outage_begins(How.SILENT)
    line.slow(SLOW, rng())
    line.fast(SLOW)
    with pytest.raises(ValueError):  # noqa: PT011 - list.remove says nothing of use
        end(line)


def test_of_several_slow_times_the_last_holds_and_each_ends_by_itself() -> None:
    line = Bench().line
    line.slow(SLOW, rng())
    line.slow(SLOWER, rng())
    assert line.shape is not None
    assert line.shape.kind == SLOWER
    line.fast(SLOWER)
    assert line.shape.kind == SLOW
    line.slow(SLOWER, rng())
    line.fast()
    assert line.shape.kind == SLOWER
    line.fast()
    assert line.shape is None
    assert line.idle


def test_a_connection_that_opens_on_a_slow_line_is_slow_from_the_first_byte() -> None:
    bench = Bench()
    bench.line.slow(SLOW, rng())
    memory, end = bench.connection()
    end.transport.write(b"x")
    bench.pass_time(0.9)
    assert memory.written == b""
    bench.pass_time(0.2)
    assert memory.written == b"x"
    bench.line.fast()
    assert bench.line.idle
    assert end.transport is memory


def test_a_slow_line_is_not_idle_before_everything_has_arrived() -> None:
    bench = Bench()
    memory, end = bench.connection()
    bench.line.slow(SLOW, rng())
    end.transport.write(b"x")
    bench.line.fast()
    assert not bench.line.idle
    bench.pass_time(1.1)
    assert memory.written == b"x"
    assert bench.line.idle


def test_slow_and_silent_at_once() -> None:
    bench = Bench()
    memory, end = bench.connection()
    bench.line.slow(SLOW, rng())
    end.transport.write(b"under way ")
    bench.line.outage_begins(How.SILENT)
    bench.pass_time(5)
    end.transport.write(b"held")
    assert memory.written == b""
    bench.line.outage_ends(How.SILENT)
    assert memory.written == b"under way "
    bench.pass_time(1.1)
    assert memory.written == b"under way held"
    bench.line.fast()
    assert bench.line.idle


def test_a_connection_that_opened_just_when_the_outage_began_is_hit_by_it() -> None:
    bench = Bench()
    bench.line.outage_begins(How.SILENT)
    memory, end = bench.connection()
    end.transport.write(b"x")
    assert memory.written == b""
    bench.line.outage_ends(How.SILENT)
    assert memory.written == b"x"
    bench.line.outage_begins(How.REFUSED)
    memory, end = bench.connection()
    assert memory.aborted == 1


def test_an_end_in_order_is_not_possible_in_silence_and_comes_afterwards() -> None:
    bench = Bench()
    memory, end = bench.connection()
    bench.line.outage_begins(How.SILENT)
    end.transport.write(b"held")
    bench.line.outage_begins(How.CLOSE)
    assert bench.closed_with == []
    bench.line.outage_ends(How.SILENT)
    assert memory.written == b"held"
    assert bench.closed_with == [1001]


def test_what_a_reset_finds_held_is_never_sent() -> None:
    bench = Bench()
    memory, end = bench.connection()
    bench.line.outage_begins(How.SILENT)
    end.transport.write(b"held")
    bench.line.outage_begins(How.REFUSED)
    assert memory.aborted == 0
    bench.line.outage_ends(How.SILENT)
    assert memory.aborted == 1
    assert memory.written == b""


def test_power_that_comes_back_into_an_outage() -> None:
    bench = Bench()
    memory, end = bench.connection()
    bench.line.power_gone()
    bench.line.outage_begins(How.SILENT)
    end.transport.write(b"never")
    bench.line.power_back()
    assert memory.aborted == 1
    memory.protocol.connection_lost(None)
    assert [str(error) for error in end.lost] == ["[Errno 103] the scenario's power cut ended the connection"]
    assert bench.line.silent
    bench.line.outage_ends(How.SILENT)
    assert bench.line.idle
    assert memory.written == b""


def test_an_outage_that_ends_while_the_power_is_gone() -> None:
    bench = Bench()
    memory, end = bench.connection()
    bench.line.outage_begins(How.SILENT)
    bench.line.power_gone()
    end.transport.write(b"never")
    bench.line.outage_ends(How.SILENT)
    assert memory.written == b""
    bench.line.power_back()
    assert memory.aborted == 1
    assert memory.written == b""


def test_connections_that_have_ended_are_forgotten() -> None:
    bench = Bench()
    _, end = bench.connection()
    end.lost.append(None)
    memory, newer = bench.connection()
    bench.line.outage_begins(How.RESET)
    assert memory.aborted == 1
    assert end.transport is not newer.transport


async def test_who_waits_is_told_of_every_change_or_of_the_time() -> None:
    bench = Bench()
    line = bench.line
    changes: list[Any] = [
        lambda: line.outage_begins(How.SILENT),
        lambda: line.outage_ends(How.SILENT),
        lambda: line.slow(SLOW, rng()),
        line.fast,
        line.power_gone,
        line.power_back,
        lambda: bench.pass_time(3.0),
    ]
    for change in changes:
        waiting = asyncio.ensure_future(line.changed(bench.clock.monotonic() + 3.0))
        await asyncio.sleep(0)
        assert not waiting.done()
        change()
        await waiting
    assert bench.timers.next_due() is None


def test_room_for_what_is_kept_is_bounded() -> None:
    kept = KeptSockets(0)
    memory = Socketed()
    assert kept.keep(memory) is None
    assert (kept.count, kept.reset_early) == (0, 1)
    kept = KeptSockets(1)
    assert kept.keep(memory) is None
    assert (kept.count, kept.reset_early) == (0, 0), "a socket that is closed already is no reset"


# --- How long it held what ---


def held(bench: Bench, *, last: float = 10.0, opening: bool = False) -> float:
    now = bench.clock.wall()
    return round(bench.line.held(now - last, now, opening=opening), 3)


def test_a_line_without_weather_holds_nothing() -> None:
    bench = Bench()
    memory, end = bench.connection()
    bench.line.outage_begins(How.SILENT)
    end.transport.write(b"held by an outage, which is another matter")
    memory.protocol.data_received(b"x")
    bench.pass_time(5)
    bench.line.outage_ends(How.SILENT)
    assert held(bench, opening=True) == 0


def test_a_slow_line_holds_request_and_reply() -> None:
    bench = Bench()
    memory, end = bench.connection()
    bench.line.slow(SLOW, rng())
    end.transport.write(b"question")
    bench.pass_time(1)
    bench.pass_time(6)
    assert held(bench) == 1, "the platform had all the rest"
    memory.protocol.data_received(b"answer")
    bench.pass_time(0.5)
    assert held(bench) == 1.5
    bench.pass_time(0.5)
    bench.line.fast()
    assert bench.line.idle
    assert held(bench) == 2, "what is known of it outlasts the link"
    bench.pass_time(5)
    assert held(bench) == 1
    bench.pass_time(6)
    assert held(bench) == 0


def test_a_picture_is_held_by_its_size_and_what_comes_behind_it_too() -> None:
    bench = Bench()
    _, end = bench.connection()
    bench.line.slow(SlowLink(latency=Range(low=0.0, high=0.0), bandwidth=8 * 1024), rng())
    end.transport.write(bytes(90 * 1024))
    bench.pass_time(4)
    end.transport.write(b"heartbeat")
    bench.pass_time(12)
    assert held(bench, last=16) == 11.25
    assert held(bench, last=12) == pytest.approx(7.25, abs=0.01)


def test_what_went_down_with_a_connection_holds_nothing_of_the_next() -> None:
    bench = Bench()
    memory, end = bench.connection()
    bench.line.slow(SLOWER, rng())
    end.transport.write(bytes(10_000))
    bench.pass_time(2)
    end.transport.abort()
    memory.protocol.connection_lost(None)
    bench.connection()
    bench.pass_time(10)
    assert held(bench) == 0
    assert held(bench, last=12) == 2


def test_of_two_connections_one_does_not_add_to_the_other() -> None:
    bench = Bench()
    _, first = bench.connection()
    memory, _ = bench.connection()
    bench.line.slow(SLOW, rng())
    first.transport.write(b"x")
    memory.protocol.data_received(b"y")
    bench.pass_time(2)
    assert held(bench) == 1


def test_connections_without_end_are_not_remembered() -> None:
    bench = Bench()
    bench.line.slow(SLOW, rng())
    for _ in range(50):
        memory, end = bench.connection()
        end.transport.write(b"x")
        bench.pass_time(1)
        end.transport.abort()
        memory.protocol.connection_lost(None)
    assert len(bench.line._past) == 8
    assert held(bench, last=5) == 1
