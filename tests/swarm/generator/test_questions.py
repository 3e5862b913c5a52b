"""Questions from gevent to the engine's loop: answered in slices, within their time, and none that fails does harm."""

import asyncio
import logging
from collections.abc import Callable, Generator, Mapping
from typing import Any

import pytest

from simulator.swarm.generator.engine import Engine
from tests.swarm.fake_fleet import Fleet


class Listener:
    """Takes what an engine tells."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def device_finished(self, index: int) -> None: ...

    def log(self, level: int, line: str) -> None:
        if level >= logging.ERROR:
            self.lines.append(line)

    def fenced(self) -> None: ...

    def crashed(self, reason: str) -> None: ...


class Asked(Fleet):
    """A fleet that answers as the question wants it."""

    def __init__(self, log: Callable[[int, str], None]) -> None:
        super().__init__(log)
        self.turns: list[int] = []

    def answer(self, question: Mapping[str, Any]) -> Generator[None, None, dict[str, Any]]:
        if question.get("wrong"):
            raise ValueError("no question")
        return self._parts(question)

    def _parts(self, question: Mapping[str, Any]) -> Generator[None, None, dict[str, Any]]:
        for part in range(question.get("parts", 0)):
            asyncio_running = asyncio._get_running_loop()
            if asyncio_running is not None:
                asyncio_running.call_soon(self.turns.append, part)
            yield
        if question.get("breaks"):
            raise LookupError("in the middle")
        return {"said": question["say"]}


class Bench:
    def __init__(self) -> None:
        self.errors: list[tuple[str, str]] = []
        self.fleets: list[Asked] = []
        self.engine = Engine(
            self.make, Listener(), lambda _: None, lambda rule, detail: self.errors.append((rule, detail))
        )
        self.engine.start()

    def make(self, log: Callable[[int, str], None]) -> Asked:
        self.fleets.append(Asked(log))
        return self.fleets[-1]


@pytest.fixture
def bench() -> Generator[Bench, None, None]:
    bench = Bench()
    yield bench
    bench.engine.close()


def test_an_answer_comes_back_and_other_work_comes_between_its_slices(bench: Bench) -> None:
    assert bench.engine.ask({"say": "hello", "parts": 3}, 10.0) == {"said": "hello"}
    assert bench.fleets[0].turns == [0, 1, 2]
    assert bench.errors == []


@pytest.mark.parametrize("question", [{"wrong": True}, {"breaks": True, "parts": 2}])
def test_a_question_that_fails_has_no_answer_and_is_told_of(bench: Bench, question: dict[str, Any]) -> None:
    assert bench.engine.ask(question, 10.0) is None
    assert [rule for rule, _ in bench.errors] == ["engine.answer"]
    assert bench.engine.ask({"say": "on"}, 10.0) == {"said": "on"}


def test_nobody_waits_longer_than_the_time_given(bench: Bench) -> None:
    assert bench.engine.ask({"say": "late", "parts": 10**9}, 0.05) is None


def test_after_the_end_the_runtime_answers_from_memory(bench: Bench) -> None:
    bench.engine.close()
    assert bench.engine.ask({"say": "still here", "parts": 2}, 0.0) == {"said": "still here"}
