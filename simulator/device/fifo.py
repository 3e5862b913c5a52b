"""A queue that costs next to nothing while it is empty: most queues of most devices are, most of the time.

An empty `collections.deque` takes some 700 bytes, and a device has four queues.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Fifo(Generic[T]):
    """First in, first out, over a `deque` that exists while there is something in it."""

    __slots__ = ("_items",)

    def __init__(self) -> None:
        self._items: deque[T] | None = None

    def append(self, item: T) -> None:
        """Put `item` last."""
        if self._items is None:
            self._items = deque()
        self._items.append(item)

    def appendleft(self, item: T) -> None:
        """Put `item` first."""
        if self._items is None:
            self._items = deque()
        self._items.appendleft(item)

    def extend(self, items: Iterable[T]) -> None:
        """Put `items` last, in their order."""
        for item in items:
            self.append(item)

    def popleft(self) -> T:
        """Take the first.

        Raises:
            IndexError: If there is none.
        """
        if self._items is None:
            raise IndexError("the queue is empty")
        item = self._items.popleft()
        if not self._items:
            self._items = None
        return item

    def remove(self, item: T) -> None:
        """Take `item` out, wherever it is.

        Raises:
            ValueError: If it is not there.
        """
        if self._items is None:
            raise ValueError("the queue is empty")
        self._items.remove(item)
        if not self._items:
            self._items = None

    def clear(self) -> None:
        """Take all out."""
        self._items = None

    @property
    def first(self) -> T:
        """What `popleft` would take.

        Raises:
            IndexError: If there is nothing.
        """
        if self._items is None:
            raise IndexError("the queue is empty")
        return self._items[0]

    def __len__(self) -> int:
        return 0 if self._items is None else len(self._items)

    def __bool__(self) -> bool:
        return self._items is not None

    def __reversed__(self) -> Iterator[T]:
        return iter(()) if self._items is None else reversed(self._items)

    def __iter__(self) -> Iterator[T]:
        return iter(()) if self._items is None else iter(self._items)
