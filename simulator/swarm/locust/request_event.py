"""Locust's `request` event: who listens to it, and how its own statistics hear of requests without it.

Locust's own listener does nothing but count, which many requests at once are spared. As soon as anybody else listens,
the event is fired for each.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol

from simulator.measurements.counting import Cell
from simulator.swarm.locust.bulk_statistics import log_cell

REQUEST_TYPE = "BEST"


class Requests(Protocol):
    """Where requests go that were measured."""

    @property
    def only_counted(self) -> bool:
        """Whether nobody but Locust's own statistics listens."""

    def fire(self, **arguments: Any) -> None:
        """Tell everybody of one request."""

    def count(self, cell: Cell, error: Exception | None) -> None:
        """Count many in Locust's statistics, that failed with `error` if it is not None."""

    def watch(self, on_change: Callable[[], None]) -> None:
        """Have `on_change` called whenever a listener comes or goes."""

    def unwatch(self, on_change: Callable[[], None]) -> None:
        """Call it no more."""


class RequestEvent:
    """The event of an environment of Locust's."""

    def __init__(self, environment: Any) -> None:
        self._environment = environment
        self._hook = environment.events.request
        self.fire: Callable[..., None] = self._hook.fire

    @property
    def only_counted(self) -> bool:
        handlers = self._hook._handlers
        return len(handlers) == 1 and _is_locusts(handlers[0])

    def count(self, cell: Cell, error: Exception | None) -> None:
        log_cell(self._environment.stats, cell, REQUEST_TYPE, error)

    def watch(self, on_change: Callable[[], None]) -> None:
        _watchers(self._hook).append(on_change)

    def unwatch(self, on_change: Callable[[], None]) -> None:
        watchers = _watchers(self._hook)
        if on_change in watchers:
            watchers.remove(on_change)


def _is_locusts(handler: Any) -> bool:
    """Whether it is the listener by which a runner counts requests."""
    module, name = getattr(handler, "__module__", ""), getattr(handler, "__qualname__", "")
    return module == "locust.runners" and name == "Runner.__init__.<locals>.on_request"


def _watchers(hook: Any) -> list[Callable[[], None]]:
    """Who is told when listeners of the hook come or go. Locust tells nobody, so its two methods do from now on."""
    watchers: list[Callable[[], None]] | None = vars(hook).get("watchers")
    if watchers is None:
        watchers = hook.watchers = []
        for name in ("add_listener", "remove_listener"):
            setattr(hook, name, _telling(getattr(hook, name), watchers))
    return watchers


def _telling(method: Callable[[Any], Any], watchers: list[Callable[[], None]]) -> Callable[[Any], Any]:
    @wraps(method)
    def change(handler: Any) -> Any:
        result = method(handler)
        for watcher in tuple(watchers):
            watcher()
        return result

    return change
