"""What a process takes for its devices moves into large pages; what it had before, and what is refused, stays."""

import ctypes
import errno
import mmap
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.large_pages import (
    FULL,
    GROWN,
    LARGE,
    LOOK_S,
    PAGE,
    PAUSE_S,
    REFUSALS,
    LargePages,
    LinuxMemory,
    own_memory,
    ranges,
)

WHOLE = LARGE // PAGE
BASE = 16 * LARGE
NEW = 64 * LARGE


class FakeMemory:
    """Small pages by the range that they are in; what was made large, in order."""

    def __init__(self) -> None:
        self.there = {BASE: WHOLE}
        self.bytes = 100 * LARGE
        self.no_file = False
        self.large: list[int] = []
        self.asked = 0
        self.answers: list[bool] = []

    def size(self) -> int:
        if self.no_file:
            raise OSError(errno.EMFILE, "Too many open files")
        return self.bytes

    def ranges(self) -> Iterator[int]:
        return iter(list(self.there))

    def small_pages(self, start: int) -> int:
        return self.there.get(start, 0)

    def enlarge(self, start: int) -> bool:
        self.asked += 1
        answer = self.answers.pop(0) if self.answers else True
        if answer:
            self.large.append(start)
        return answer

    def grow(self, *starts: int, pages: int = WHOLE, by: int = GROWN) -> None:
        self.there.update(dict.fromkeys(starts, pages))
        self.bytes += by


class Thread:
    """Runs what it is to do when the test says so; `steps` are what happens in each look's sleep, then it ends."""

    def __init__(self, memory: FakeMemory) -> None:
        self.steps: list[Callable[[], object]] = []
        self.in_pause: Callable[[], object] = lambda: None
        self.slept: list[float] = []
        self.errors: list[Exception] = []
        self._run: Callable[[], None] | None = None
        self.pages = LargePages(self._start, self._sleep, on_error=self.errors.append, memory=memory)

    def _start(self, run: Callable[[], None], arguments: tuple[()]) -> None:
        self._run = run

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if seconds == PAUSE_S:
            self.in_pause()
        elif self.steps:
            self.steps.pop(0)()
        else:
            self.pages.end()

    def go(self, *steps: Callable[[], object]) -> None:
        self.steps = list(steps)
        self.pages.begin()
        assert self._run is not None
        self._run()


@pytest.fixture
def memory() -> FakeMemory:
    return FakeMemory()


@pytest.fixture
def thread(memory: FakeMemory) -> Thread:
    return Thread(memory)


def test_what_came_after_the_beginning_moves_and_what_was_there_does_not(memory: FakeMemory, thread: Thread) -> None:
    thread.go(lambda: memory.grow(NEW, NEW + LARGE))
    assert memory.large == [NEW, NEW + LARGE]
    assert thread.slept == [LOOK_S, PAUSE_S, PAUSE_S, LOOK_S]
    assert thread.errors == []


def test_each_moves_once(memory: FakeMemory, thread: Thread) -> None:
    thread.go(lambda: memory.grow(NEW), lambda: memory.grow(NEW + LARGE), lambda: memory.grow())
    assert memory.large == [NEW, NEW + LARGE]


def test_a_process_that_hardly_grows_is_not_looked_through(memory: FakeMemory, thread: Thread) -> None:
    thread.go(lambda: memory.grow(NEW, by=GROWN - 1))
    assert memory.asked == 0
    # What it has grown by since it was looked through last counts, not what it has grown by since the last look.
    thread.go(lambda: memory.grow(by=GROWN // 2), lambda: memory.grow(NEW + LARGE, by=GROWN // 2))
    assert memory.large == [NEW + LARGE], "the second beginning leaves alone what was there by then"


@pytest.mark.parametrize(("pages", "moved"), [(FULL, [NEW]), (FULL - 1, [])])
def test_what_is_not_full_waits(memory: FakeMemory, thread: Thread, pages: int, moved: list[int]) -> None:
    thread.go(lambda: memory.grow(NEW, pages=pages))
    assert memory.large == moved
    assert FULL * 8 >= WHOLE * 7


def test_what_was_not_full_moves_when_it_is(memory: FakeMemory, thread: Thread) -> None:
    thread.go(lambda: memory.grow(NEW, pages=FULL - 1), lambda: memory.grow(NEW))
    assert memory.large == [NEW]


def test_what_was_given_back_and_came_again_moves_again(memory: FakeMemory, thread: Thread) -> None:
    def given_back() -> None:
        del memory.there[NEW]
        memory.grow()

    thread.go(lambda: memory.grow(NEW), given_back, lambda: memory.grow(NEW))
    assert memory.large == [NEW, NEW]


def test_who_is_refused_again_and_again_gives_up(memory: FakeMemory, thread: Thread) -> None:
    memory.answers = [False] * 100
    thread.go(lambda: memory.grow(*(NEW + number * LARGE for number in range(50))))
    assert memory.asked == REFUSALS


def test_one_refusal_among_others_is_asked_again_at_the_next_growth(memory: FakeMemory, thread: Thread) -> None:
    memory.answers = [*[False] * (REFUSALS - 1), True, *[False] * (REFUSALS - 1)]
    starts = [NEW + number * LARGE for number in range(REFUSALS)]
    thread.go(lambda: memory.grow(*starts), lambda: memory.grow())
    assert memory.asked == REFUSALS + REFUSALS - 1
    assert memory.large == [starts[-1]]


def test_it_ends_between_two_pages(memory: FakeMemory, thread: Thread) -> None:
    thread.in_pause = thread.pages.end
    thread.go(lambda: memory.grow(NEW, NEW + LARGE))
    assert memory.large == [NEW]


def test_what_it_raises_is_told(memory: FakeMemory, thread: Thread) -> None:
    def broken() -> None:
        raise ValueError("no such line")

    thread.go(broken)
    assert [str(error) for error in thread.errors] == ["no such line"]


def test_without_a_file_to_look_with_it_looks_again_later(memory: FakeMemory, thread: Thread) -> None:
    def full() -> None:
        memory.grow(NEW)
        memory.no_file = True

    def not_any_more() -> None:
        memory.no_file = False

    thread.go(full, not_any_more)
    assert (memory.large, thread.errors) == ([NEW], [])


def test_without_such_memory_no_thread_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert own_memory() is None
    started: list[object] = []
    pages = LargePages(lambda run, _: started.append(run), on_error=pytest.fail)
    pages.begin()
    pages.end()
    assert started == []


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("7f0000000000-7f0000400000 rw-p 00000000 00:00 0 ", 2),
        ("7f0000000000-7f0000400000 rw-p 00000000 00:00 0", 2),
        ("7f00000ff000-7f0000500000 rw-p 00000000 00:00 0 ", 1),
        ("7f00001ff000-7f00003ff000 rw-p 00000000 00:00 0 ", 0),
        ("55d000000000-55d000200000 rw-p 00000000 00:00 0                          [heap]", 1),
        ("7f0000000000-7f0000200000 rw-p 00000000 00:00 0                          [anon: glibc: malloc]", 1),
        ("7f0000000000-7f0000400000 r--p 00000000 00:00 0 ", 0),
        ("7f0000000000-7f0000400000 rw-s 00000000 00:01 17 /dev/zero (deleted)", 0),
        ("7f0000000000-7f0000400000 rw-p 00000000 fe:00 99 /usr/lib/a library with spaces.so", 0),
        ("7ffc00000000-7ffc00400000 rw-p 00000000 00:00 0                          [stack]", 0),
    ],
)
def test_only_the_process_own_data_counts(line: str, count: int) -> None:
    assert len(list(ranges([line]))) == count


@given(st.integers(0, 2**35), st.integers(1, 5000))
def test_a_range_is_whole_and_within_its_mapping(first: int, pages: int) -> None:
    start, end = first * PAGE, (first + pages) * PAGE
    found = list(ranges([f"{start:x}-{end:x} rw-p 00000000 00:00 0"]))
    assert all(each % LARGE == 0 and start <= each and each + LARGE <= end for each in found)
    assert found == sorted(set(found))
    assert len(found) >= (end - start) // LARGE - 1


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone tells of it")
class TestOnThisSystem:
    def test_what_is_there_is_counted(self) -> None:
        memory = LinuxMemory()
        with mmap.mmap(-1, 4 * LARGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as area:
            before = set(memory.ranges())
            start = _first_range(area)
            assert start in before
            assert memory.small_pages(start) == 0
            offset = start - _address(area)
            area[offset] = 1
            area[offset + 3 * PAGE] = 1
            assert memory.small_pages(start) == 2
        assert memory.small_pages(start) == 0, "it is gone, and no error"
        assert memory.size() > 4 * LARGE

    def test_it_moves_and_holds_what_it_held(self) -> None:
        memory = LinuxMemory()
        with mmap.mmap(-1, 4 * LARGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as area:
            start = _first_range(area)
            content = bytes(range(256)) * (4 * LARGE // 256)
            area[:] = content
            if not memory.enlarge(start):
                pytest.skip("this system has no large pages to give")
            assert _large_kb(start) >= LARGE // 1024
            assert area[:] == content
            assert memory.small_pages(start) == WHOLE

    def test_this_process_memory_is_told_of(self) -> None:
        assert isinstance(own_memory(), LinuxMemory)


def _address(area: mmap.mmap) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(area))


def _first_range(area: mmap.mmap) -> int:
    return -(-_address(area) // LARGE) * LARGE


def _large_kb(start: int) -> int:
    """KB in large pages of the mapping that holds `start`."""
    within = False
    for line in Path("/proc/self/smaps").read_text("utf-8", "replace").splitlines():
        if addresses := re.match(r"([0-9a-f]+)-([0-9a-f]+) ", line):
            within = int(addresses[1], 16) <= start < int(addresses[2], 16)
        elif within and line.startswith("AnonHugePages:"):
            return int(line.split()[1])
    raise AssertionError("no such mapping")
