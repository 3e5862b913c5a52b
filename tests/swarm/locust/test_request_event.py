"""Who listens to Locust's `request` event is noticed at once."""

from collections.abc import Callable
from typing import Any

import pytest
from locust.env import Environment

from simulator.measurements.counting import CountingRecorder, Counts
from simulator.swarm.locust.request_event import REQUEST_TYPE, RequestEvent


@pytest.fixture
def environment() -> Environment:
    environment = Environment()
    environment.create_local_runner()
    return environment


def listener(**_: Any) -> None:
    """Somebody else's."""


def test_locusts_own_listener_only_counts_and_everybody_else_listens(environment: Environment) -> None:
    event = RequestEvent(environment)
    assert event.only_counted
    environment.events.request.add_listener(listener)
    assert not event.only_counted
    environment.events.request.remove_listener(listener)
    assert event.only_counted


def test_without_locusts_own_listener_nothing_is_counted_behind_its_back() -> None:
    assert not RequestEvent(Environment()).only_counted


def test_two_runners_on_one_event_are_told_of_each_request(environment: Environment) -> None:
    Environment(events=environment.events).create_local_runner()
    assert not RequestEvent(environment).only_counted


def test_whoever_watches_is_told_of_each_change_until_it_watches_no_more(environment: Environment) -> None:
    seen: list[tuple[str, bool]] = []
    events = [RequestEvent(environment), RequestEvent(environment)]

    def watcher_of(name: str, event: RequestEvent) -> Callable[[], None]:
        return lambda: seen.append((name, event.only_counted))

    watchers = [watcher_of("a", events[0]), watcher_of("b", events[1])]
    for event, watcher in zip(events, watchers, strict=True):
        event.watch(watcher)
    assert environment.events.request.add_listener(listener) is listener
    events[0].unwatch(watchers[0])
    events[0].unwatch(watchers[0])
    environment.events.request.remove_listener(listener)
    assert seen == [("a", False), ("b", False), ("b", True)]


def test_a_listener_that_is_not_there_cannot_be_removed(environment: Environment) -> None:
    RequestEvent(environment).watch(lambda: None)
    with pytest.raises(ValueError, match="not in list"):
        environment.events.request.remove_listener(listener)


def test_many_are_counted_under_the_type_of_those_that_are_fired(environment: Environment) -> None:
    counts = Counts()
    CountingRecorder(lambda _: None, counts).request("dev.login", 5.0, 0.25, "timeout", 1, 7, 0.0)
    (cell,) = counts.take()
    RequestEvent(environment).count(cell, RuntimeError("no reply"))
    entry = environment.stats.get("dev.login", REQUEST_TYPE)
    assert (entry.num_requests, entry.num_failures, entry.total_content_length) == (1, 1, 7)
    (error,) = environment.stats.errors.values()
    assert (error.name, error.occurrences, error.first_seen, error.last_seen) == ("dev.login", 1, 5.25, 5.25)
