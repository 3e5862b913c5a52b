"""Which user has which device: indexes are assigned to users, and taken back when the devices are down.

Pure, without Locust or gevent. A user waits while no index is free: a device that is stopping holds its index until
its last record is delivered, and a worker's indexes come from the master.
"""

import heapq
from collections import OrderedDict
from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar


class HasIndex(Protocol):
    """A handle, as far as this module cares."""

    index: int | None


H = TypeVar("H", bound=HasIndex)


class IndexPool(Generic[H]):
    """Free indexes, assigned users and waiting users of one process."""

    def __init__(self) -> None:
        self._free: list[int] = []
        self._free_set: set[int] = set()
        self._waiting: OrderedDict[int, H] = OrderedDict()
        self._assigned: dict[int, H | None] = {}
        """Index -> its handle; None for a device whose user has left and that is stopping."""
        self._stopping = 0

    @property
    def waiting(self) -> int:
        """How many users wait for an index."""
        return len(self._waiting)

    @property
    def in_use(self) -> int:
        """How many indexes have a device, stopping ones included."""
        return len(self._assigned)

    @property
    def stopping(self) -> int:
        """How many devices are stopping, their users gone."""
        return self._stopping

    def used(self) -> list[int]:
        """The indexes that have a device."""
        return list(self._assigned)

    @property
    def free(self) -> set[int]:
        """The indexes that nobody uses (not a copy)."""
        return self._free_set

    def has_user(self, index: int) -> bool:
        """Whether `index` is some user's that has not left."""
        return self._assigned.get(index) is not None

    def take(self, handle: H) -> int | None:
        """Give `handle` the smallest free index; None: it waits."""
        index = self._pop_free()
        if index is None:
            self._waiting[id(handle)] = handle
        else:
            handle.index = index
            self._assigned[index] = handle
        return index

    def leave(self, handle: H, *, inherit: bool = True) -> int | None:
        """The user of `handle` is gone; returns the index of the device that must be stopped, None if there is none.

        Args:
            inherit: where others wait, let the first of them have its device from now on: a fleet that goes down begins
                no device on its way.
        """
        index = handle.index
        if self._waiting.pop(id(handle), None) is not None or index is None or self._assigned.get(index) is not handle:
            return None
        if self._waiting and inherit:
            _, heir = self._waiting.popitem(last=False)
            heir.index = index
            self._assigned[index] = heir
            return None
        self._assigned[index] = None
        self._stopping += 1
        return index

    def finished(self, index: int, *, requeue: bool = False) -> H | None:
        """The device `index` is down. Its index is not free before `add` says so.

        Args:
            requeue: let the user wait for another index.

        Returns:
            The user, if it was still there (with `requeue` it waits now).
        """
        if index not in self._assigned:
            return None
        handle = self._assigned.pop(index)
        if handle is None:
            self._stopping -= 1
        else:
            handle.index = None
            if requeue:
                self._waiting[id(handle)] = handle
        return handle

    def add(self, indexes: Iterable[int]) -> list[int]:
        """`indexes` are free; returns those that went to waiting users at once."""
        for index in indexes:
            if index not in self._free_set and index not in self._assigned:
                heapq.heappush(self._free, index)
                self._free_set.add(index)
        given = []
        while self._waiting and (free := self._pop_free()) is not None:
            _, handle = self._waiting.popitem(last=False)
            handle.index = free
            self._assigned[free] = handle
            given.append(free)
        return given

    def withdraw(self, indexes: Iterable[int] | None = None) -> set[int]:
        """Take free indexes away (all of them when None); returns those that were free."""
        gone = set(self._free_set) if indexes is None else self._free_set.intersection(indexes)
        self._free_set -= gone
        return gone

    def drop_waiting(self, keep: int = 0) -> list[H]:
        """Only the first `keep` users wait on; returns the others."""
        dropped = []
        while len(self._waiting) > keep:
            dropped.append(self._waiting.popitem()[1])
        return dropped

    def _pop_free(self) -> int | None:
        while self._free:
            index = heapq.heappop(self._free)
            if index in self._free_set:
                self._free_set.discard(index)
                return index
        return None
