"""Requests that wait: whoever takes the last one out tells of it, once."""

from simulator.device.unanswered import Unanswered

WAITING = ("dev.heartbeat", 1.0, 80, 0.0, None, None)


def test_the_last_one_out_tells_once() -> None:
    told: list[str] = []
    waiting = Unanswered()
    waiting["a"] = waiting["b"] = WAITING
    waiting.on_empty = lambda: told.append("empty")
    del waiting["a"]
    waiting.emptied()
    assert told == []
    del waiting["b"]
    waiting.emptied()
    waiting.emptied()
    assert told == ["empty"]


def test_nobody_need_be_told() -> None:
    waiting = Unanswered()
    waiting.emptied()
    assert waiting.on_empty is None
