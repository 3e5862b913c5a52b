"""Questions to workers: answers are matched by number, and who is late is waited for no longer."""

from collections.abc import Mapping
from typing import Any

import pytest

from simulator.swarm.process import inquiry as module
from simulator.swarm.process import messages
from simulator.swarm.process.inquiry import Inquiry


class Workers:
    """Answer at once, but for those that are silent."""

    def __init__(self, *silent: str) -> None:
        self.silent = silent
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        self.inquiry = Inquiry(self.send)

    def send(self, worker: str, kind: str, data: Mapping[str, Any]) -> None:
        self.asked.append((worker, kind, dict(data)))
        if worker not in self.silent:
            self.inquiry.told({"number": data["number"], "answer": {"from": worker, **data["question"]}})


def test_each_answer_belongs_to_its_question() -> None:
    workers = Workers()
    assert workers.inquiry.ask("run", {"a": {"x": 1}, "b": {"x": 2}}) == {
        "a": {"from": "a", "x": 1},
        "b": {"from": "b", "x": 2},
    }
    assert [(worker, kind, data["run"]) for worker, kind, data in workers.asked] == [
        ("a", messages.ASK, "run"),
        ("b", messages.ASK, "run"),
    ]


def test_who_is_silent_has_no_answer_and_a_late_one_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_S", 0.02)
    workers = Workers("b")
    assert workers.inquiry.ask("run", {"a": {}, "b": {}}) == {"a": {"from": "a"}, "b": None}
    workers.inquiry.told({"number": workers.asked[1][2]["number"], "answer": {"late": True}})
    assert workers.inquiry.ask("run", {"a": {}}) == {"a": {"from": "a"}}


def test_nobody_is_asked_nothing() -> None:
    assert Inquiry(lambda *_: None).ask("run", {}) == {}
