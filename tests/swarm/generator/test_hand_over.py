"""What the engine's thread counted comes over whole, in its order, and is taken there alone while that thread lives."""

import asyncio
from collections.abc import Callable
from typing import Any

from simulator.measurements.counting import Cell, CountingRecorder, Counts
from simulator.measurements.events import Event
from simulator.swarm.generator.hand_over import PERIOD_S, HandOver
from tests.swarm.fake_fleet import until


class Loop:
    """A loop that makes its calls when the test says so."""

    def __init__(self) -> None:
        self.later: list[tuple[float, Callable[..., None]]] = []
        self.soon: list[tuple[Callable[..., None], tuple[Any, ...]]] = []
        self.closed = False

    def call_later(self, delay: float, call: Callable[..., None]) -> None:
        self.later.append((delay, call))

    def call_soon_threadsafe(self, call: Callable[..., None], *arguments: Any) -> None:
        if self.closed:
            raise RuntimeError("the loop is closed")
        self.soon.append((call, arguments))

    def turn(self) -> None:
        for call, arguments in self.soon:
            call(*arguments)
        self.soon.clear()


class Bench:
    def __init__(self) -> None:
        self.counts = Counts()
        self.events: list[Event] = []
        self.recorder = CountingRecorder(self.events.append, self.counts)
        self.arrived: list[list[Cell]] = []
        self.hand_over = HandOver(self.counts, self.arrived.append)
        self.loop = Loop()

    def begin(self) -> "Bench":
        self.hand_over.begin(self.loop)  # type: ignore[arg-type]
        return self

    def request(self) -> None:
        self.recorder.request("dev.heartbeat", 10.0, 0.25, "00000000", 1, 1, 0.0)

    @property
    def counted(self) -> int:
        return sum(len(cell.durations) for cells in self.arrived for cell in cells)


def test_it_takes_over_again_and_again_also_when_there_is_nothing() -> None:
    bench = Bench().begin()
    for _ in range(3):
        bench.request()
        delay, work = bench.loop.later.pop()
        assert (delay, bench.loop.later) == (PERIOD_S, [])
        work()
    bench.loop.later.pop()[1]()
    until(lambda: len(bench.arrived) == 4)
    assert [len(cells) for cells in bench.arrived] == [1, 1, 1, 0]
    bench.hand_over.close(ended=True)
    assert bench.counted == 3


def test_the_rest_is_taken_when_the_thread_has_ended() -> None:
    bench = Bench().begin()
    bench.request()
    bench.loop.later.pop()[1]()
    bench.request()
    bench.hand_over.close(ended=True)
    assert bench.counted == 2


def test_the_rest_is_taken_also_of_a_thread_that_hangs() -> None:
    bench = Bench().begin()
    bench.request()
    bench.hand_over.close(ended=False)
    assert bench.counted == 1


def test_what_was_counted_comes_before_what_is_told_by_itself() -> None:
    bench = Bench().begin()
    bench.request()
    bench.hand_over.tell_each(True)
    bench.request()
    assert not bench.events, "the switch is made in the loop's own turn"
    bench.loop.turn()
    bench.request()
    assert len(bench.events) == 1
    until(lambda: bench.counted == 2)
    bench.hand_over.tell_each(False)
    bench.loop.turn()
    bench.request()
    bench.hand_over.close(ended=True)
    assert (len(bench.events), bench.counted) == (1, 3)


def test_before_the_loop_and_after_it_there_is_nobody_to_ask() -> None:
    early, late = Bench(), Bench().begin()
    late.loop.closed = True
    for bench in (early, late):
        bench.hand_over.tell_each(True)
        bench.request()
        assert len(bench.events) == 1
        bench.hand_over.close(ended=True)


def test_a_real_loop_wakes_gevents_side() -> None:
    bench = Bench()

    async def work() -> None:
        bench.hand_over.begin(asyncio.get_running_loop())
        bench.request()
        while bench.counts.cells:  # noqa: ASYNC110 - nobody tells when they are taken
            await asyncio.sleep(0)

    asyncio.new_event_loop().run_until_complete(work())
    bench.hand_over.close(ended=True)
    assert bench.counted == 1
