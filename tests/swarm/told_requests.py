"""Stands for Locust's `request` event and its statistics; notes what they are told."""

from collections.abc import Callable
from typing import Any

from simulator.measurements.counting import Cell


class Told:
    """Tells `take` of each request that is fired."""

    def __init__(self, take: Callable[[dict[str, Any]], object]) -> None:
        self._take = take
        self.only_counted = False
        self.counted: list[Cell] = []
        self.watchers: list[Callable[[], None]] = []

    def fire(self, **arguments: Any) -> None:
        self._take(arguments)

    def count(self, cell: Cell, error: Exception | None) -> None:
        self.counted.append(cell)

    def watch(self, on_change: Callable[[], None]) -> None:
        self.watchers.append(on_change)

    def unwatch(self, on_change: Callable[[], None]) -> None:
        if on_change in self.watchers:
            self.watchers.remove(on_change)

    def listen(self, *, only_counted: bool) -> None:
        """Somebody begins to listen, or ends to."""
        self.only_counted = only_counted
        for watcher in self.watchers:
            watcher()
