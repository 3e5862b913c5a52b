"""Deals the fleet's users to the workers by counting them.

Locust's own dispatcher keeps a list of all users and deals every one of them anew, in one go, when a worker comes or
goes: with 250,000 that takes the master seconds, in which it answers nobody, and hands the whole share of a lost worker
to the others at once. Users of a fleet are all alike, so a number for each worker says everything; what a lost worker
had is dealt only as fast as the master allows (`deal_lost`), and a worker that comes back gets its own back.
"""

from collections.abc import Generator, Iterator, Sequence
from typing import Any

from locust.dispatch import UsersDispatcher

Counts = dict[str, dict[str, int]]
"""Users by worker and class, as Locust sends them."""


def levelled(counts: Sequence[int], total: int) -> list[int]:
    """`counts` raised to a sum of `total` without lowering any, or lowered without raising any: as even as that allows.

    Those that come first get what cannot be shared out.
    """
    if not counts:
        return []
    raised = total >= sum(counts)
    bound = max if raised else min

    def at(level: int) -> int:
        return sum(bound(count, level) for count in counts)

    low, high = 0, max(*counts, total, 0)
    # The highest level whose sum is not above the total.
    while low < high:
        middle = (low + high + 1) // 2
        if at(middle) <= total:
            low = middle
        else:
            high = middle - 1
    found = [bound(count, low) for count in counts]
    rest = total - sum(found)
    for place, count in enumerate(counts):
        if rest <= 0:
            break
        if found[place] == low and (raised or count > low):
            found[place] += 1
            rest -= 1
    return found


class FleetDispatcher(UsersDispatcher):
    """Locust's dispatcher for fleets, whose users are all of one class."""

    def __init__(self, worker_nodes: list[Any], user_classes: list[Any]) -> None:
        if len(user_classes) != 1 or user_classes[0].fixed_count:
            raise ValueError("a fleet's users are all of one class, and any number of them")
        self.lost = 0
        """Users of workers that are gone; nobody has them."""
        self._name = user_classes[0].__name__
        self._number = 0
        """Of the dispatch that goes on, or went on last."""
        super().__init__(worker_nodes, user_classes)
        self.deal_lost = 0
        """How many of them the next dispatch may deal to the others."""
        self._left: dict[str, int] = {}
        """What each worker had that is gone."""
        self._untold = False
        """Whether workers have not been told of a change yet."""

    def add_worker(self, worker_node: Any) -> None:
        """It has come: as much as it had before is its own again; one that is new gets a share of the others'."""
        self._worker_nodes = [worker for worker in self._worker_nodes if worker.id != worker_node.id] + [worker_node]
        self._sort_workers()  # type: ignore[no-untyped-call]
        counts = self._counts()
        left = self._left.pop(worker_node.id, None)
        dealt = sum(counts.values())
        if left is None:
            # Whoever is new helps out with what nobody has before others give anything up.
            share = (dealt + self.lost) // len(self._worker_nodes)
            taken = min(self.lost, max(0, share - counts[worker_node.id]))
        else:
            taken = min(self.lost, left)
        self.lost -= taken
        counts[worker_node.id] += taken
        if left is None:
            even = levelled([0] * len(counts), dealt + taken)
            counts = dict(zip(counts, even, strict=True))
        self._set(counts)

    def remove_worker(self, worker_node: Any) -> None:
        """It is gone, and its users with it; the others go on as they are."""
        counts = self._counts()
        if worker_node.id not in counts:
            return
        left = counts.pop(worker_node.id)
        self._worker_nodes = [worker for worker in self._worker_nodes if worker.id != worker_node.id]
        self._left[worker_node.id] = left
        self.lost += left
        self._set(counts)

    def get_current_user_count(self) -> int:
        """All that were asked for so far: those that a lost worker took along are not asked for again."""
        return int(super().get_current_user_count()) + self.lost

    def __iter__(self) -> Iterator[Counts]:
        """The dispatch that is due now, for whoever began it; a later one takes its place, wherever it stands.

        Several greenlets may be at it: a ramp's next step comes while a lost worker's users are dealt.
        """
        return map(self._fast_users_on_workers_copy, self._dispatcher_generator)

    def _dispatcher(self) -> Generator[Counts]:
        self._number += 1
        return self._dispatch(self._number)

    def _dispatch(self, number: int) -> Generator[Counts]:
        self._dispatch_in_progress = True
        try:
            self._make_up()
            if self._untold or self._current_user_count == self._target_user_count:
                self._untold = False
                yield self._users_on_workers
            while number == self._number and self._current_user_count != self._target_user_count and self._worker_nodes:
                with self._wait_between_dispatch_iteration_context():
                    self._step()
                    self._untold = False
                    yield self._users_on_workers
        finally:
            if number == self._number:
                self._dispatch_in_progress = False

    def _step(self) -> None:
        """One iteration towards the target; whom a lost worker took along need not be stopped."""
        step = self._user_count_per_dispatch_iteration
        wanted = self._target_user_count
        current = self._current_user_count
        reached = min(current + step, wanted) if wanted > current else max(current - step, wanted)
        self.lost -= min(self.lost, max(0, current - reached))
        self._level(reached - self.lost)
        self._current_user_count = reached

    def _make_up(self) -> None:
        dealt = min(self.lost, self.deal_lost)
        self.deal_lost = 0
        if dealt and self._worker_nodes:
            self.lost -= dealt
            self._level(self._current_user_count - self.lost)
            self._untold = True

    def _level(self, total: int) -> None:
        counts = self._counts()
        self._set(dict(zip(counts, levelled(list(counts.values()), total), strict=True)), told=True)

    def _counts(self) -> dict[str, int]:
        """Users by worker, in Locust's order of workers."""
        return {
            worker.id: self._users_on_workers.get(worker.id, {}).get(self._name, 0) for worker in self._worker_nodes
        }

    def _set(self, counts: dict[str, int], *, told: bool = False) -> None:
        self._users_on_workers = {worker: {self._name: count} for worker, count in counts.items()}
        self._untold = self._untold or not told
