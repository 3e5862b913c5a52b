"""The master's questions to workers about their devices, and how long it waits for answers."""

import time
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import gevent.event

from simulator.swarm.process import messages

ANSWER_S = 2.0
"""Whoever looks at the page waits no longer for a worker."""


class Inquiry:
    """Asks, and matches answers with questions; an answer that comes too late is forgotten.

    Args:
        send: gives a worker a message of a kind.
    """

    def __init__(self, send: Callable[[str, str, Mapping[str, Any]], None]) -> None:
        self._send = send
        self._numbers = count(1)
        self._waiting: dict[int, gevent.event.AsyncResult] = {}

    def ask(self, run_id: str, questions: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any] | None]:
        """The answers to `questions`, by worker; None of those that gave none within `ANSWER_S` seconds together."""
        asked: dict[str, tuple[int, gevent.event.AsyncResult]] = {}
        try:
            for worker, question in questions.items():
                number = next(self._numbers)
                asked[worker] = number, gevent.event.AsyncResult()
                self._waiting[number] = asked[worker][1]
                self._send(worker, messages.ASK, {"run": run_id, "number": number, "question": dict(question)})
            deadline = time.monotonic() + ANSWER_S
            return {worker: _until(answer, deadline) for worker, (_, answer) in asked.items()}
        finally:
            for number, _ in asked.values():
                del self._waiting[number]

    def told(self, data: Mapping[str, Any]) -> None:
        """A worker's message `messages.TOLD`."""
        waiting = self._waiting.get(data["number"])
        if waiting is not None:
            waiting.set(data["answer"])


def _until(answer: gevent.event.AsyncResult, deadline: float) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] | None = answer.get(timeout=max(deadline - time.monotonic(), 0.0))
    except gevent.Timeout:
        return None
    return found
