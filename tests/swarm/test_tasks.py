"""Greenlets and listeners whose exceptions are counted, and what Locust swallowed."""

import pytest
from locust import log as locust_log
from locust.event import EventHook

from simulator.swarm.tasks import counted, spawn, swallowed_by_locust


def broken(*_: object) -> None:
    raise KeyError("odd")


def test_an_exception_is_told_and_not_raised() -> None:
    told: list[tuple[str, str]] = []
    call = counted("listener.report", broken, lambda *what: told.append(what))
    assert call(1) is None
    ((rule, detail),) = told
    assert rule == "listener.report"
    assert detail.startswith("KeyError: 'odd' (swarm/test_tasks.py:")


def test_what_a_function_returns_is_returned() -> None:
    told: list[tuple[str, str]] = []
    assert counted("x", lambda number: number + 1, lambda *what: told.append(what))(2) == 3
    assert told == []


def test_a_greenlet_that_ends_with_an_exception_is_told() -> None:
    told: list[str] = []
    spawn("background.health", broken, on_error=lambda rule, _: told.append(rule)).join(timeout=5)
    assert told == ["background.health"]


def test_what_locust_swallowed_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locust_log, "unhandled_greenlet_exception", False)
    assert not swallowed_by_locust()
    hook = EventHook()
    hook.add_listener(lambda **_: broken())
    hook.fire()
    assert swallowed_by_locust()
    assert not swallowed_by_locust()
