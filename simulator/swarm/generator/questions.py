"""Questions about the devices, asked in gevent and answered on the engine's loop, in slices between its other work."""

import asyncio
import contextlib
from collections.abc import Callable, Generator, Mapping
from typing import Any, cast

import gevent
import gevent.event

from simulator.faults import describe
from simulator.swarm.tasks import OnError

Answering = Generator[None, None, dict[str, Any]]
"""Yields wherever something else may come between; returns the answer."""


class _Told:
    """An answer on its way to the hub, where `set` is called as an event's."""

    __slots__ = ("_answer", "_waiting")

    def __init__(self, waiting: gevent.event.AsyncResult, answer: dict[str, Any] | None) -> None:
        self._waiting = waiting
        self._answer = answer

    def set(self) -> None:
        self._waiting.set(self._answer)


class Questions:
    """Takes questions to the loop, and answers back.

    Args:
        call: has the loop call something soon; false where there is no loop (any more).
        post: queues a kind (`told`) and an object for the hub, which calls its `set` there.
        on_error: takes (rule, what happened) of an internal error; the question then has no answer.
    """

    def __init__(self, call: Callable[..., bool], post: Callable[[tuple[str, Any]], None], on_error: OnError) -> None:
        self._call = call
        self._post = post
        self._on_error = on_error

    # --- In gevent ---

    def ask(
        self,
        answer: Callable[[Mapping[str, Any]], Answering],
        question: Mapping[str, Any],
        timeout: float,
        *,
        over: bool = False,
    ) -> dict[str, Any] | None:
        """What `answer` gives; None where it has not within `timeout` seconds.

        Args:
            over: whether the loop has ended, and nobody else asks `answer`'s owner for anything.
        """
        if over:
            return answer_here(answer(question))
        waiting = gevent.event.AsyncResult()
        if not self._call(self._begin, answer, question, waiting):
            return None
        with contextlib.suppress(gevent.Timeout):
            return cast("dict[str, Any] | None", waiting.get(timeout=timeout))
        return None

    # --- On the loop's thread ---

    def _begin(
        self,
        answer: Callable[[Mapping[str, Any]], Answering],
        question: Mapping[str, Any],
        waiting: gevent.event.AsyncResult,
    ) -> None:
        try:
            parts = answer(question)
        except Exception as error:  # noqa: BLE001 - whoever asks gets no answer, and the run says why
            self._failed(error, waiting)
        else:
            self._go_on(parts, waiting)

    def _go_on(self, parts: Answering, waiting: gevent.event.AsyncResult) -> None:
        try:
            next(parts)
        except StopIteration as over:
            self._post(("told", _Told(waiting, over.value)))
        except Exception as error:  # noqa: BLE001 - as above
            self._failed(error, waiting)
        else:
            asyncio.get_running_loop().call_soon(self._go_on, parts, waiting)

    def _failed(self, error: Exception, waiting: gevent.event.AsyncResult) -> None:
        self._on_error("engine.answer", describe(error))
        self._post(("told", _Told(waiting, None)))


def answer_here(parts: Answering) -> dict[str, Any]:
    """An answer that needs no other thread, or of a runtime that none uses any more; other greenlets come between."""
    while True:
        try:
            next(parts)
        except StopIteration as over:
            return cast("dict[str, Any]", over.value)
        gevent.sleep(0)
