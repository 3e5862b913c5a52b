"""What was sent on a connection and whose answer is awaited: which reply belongs to which, and which to none."""

import asyncio
import itertools
from collections import deque
from collections.abc import Callable

from simulator.conform.answers import Answer, Reply
from simulator.measurements.violation_rules import REPLY_DOUBLED, REPLY_LATE, REPLY_UNKNOWN_MID


class Waiter:
    """Something that was sent and whose answer is awaited."""

    __slots__ = ("accept", "answer", "func_id", "loose", "sent")

    def __init__(self, func_id: str, sent: float, loose: bool) -> None:
        self.func_id = func_id
        self.sent = sent
        self.loose = loose
        """Whether a reply without a mid is an answer to it as well."""
        self.accept: Callable[[Reply], None] | None = None
        """Given the reply before the next frame is opened."""
        self.answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    def settle(self, answer: Answer) -> None:
        """This is the answer, unless there was one."""
        if not self.answer.done():
            self.answer.set_result(answer)


class Pending:
    """All that waits on one connection."""

    def __init__(self) -> None:
        self._by_mid: dict[str, deque[Waiter]] = {}
        self._loose: deque[Waiter] = deque()
        self._late: set[str] = set()
        self._answered: set[str] = set()
        self.sent: set[str] = set()
        """Every mid that something has waited for."""

    def __len__(self) -> int:
        return sum(map(len, self._by_mid.values()))

    def __contains__(self, mid: str) -> bool:
        return mid in self._by_mid

    def add(self, mid: str, waiter: Waiter) -> None:
        """Several may wait for the same mid; replies come to them in order."""
        self.sent.add(mid)
        self._by_mid.setdefault(mid, deque()).append(waiter)
        if waiter.loose:
            self._loose.append(waiter)

    def take(self, mid: str) -> Waiter | None:
        """Whom a reply with this mid (empty for none) answers; nobody waits for it any more."""
        waiters = self._by_mid.get(mid)
        waiter = waiters[0] if waiters else self._loose[0] if self._loose and not mid else None
        if waiter is not None:
            self._forget(waiter)
            if mid:
                self._answered.add(mid)
        return waiter

    def give_up(self, mid: str, waiter: Waiter) -> None:
        """Its time is over."""
        self._forget(waiter)
        self._late.add(mid)

    def end(self, answer: Answer) -> None:
        """This is the answer to everything."""
        for waiter in itertools.chain.from_iterable(self._by_mid.values()):
            waiter.settle(answer)
        self._by_mid.clear()
        self._loose.clear()

    def stray_rule(self, mid: str) -> str:
        """What a platform does wrong with a reply that answers nothing that waits."""
        if mid in self._answered:
            return REPLY_DOUBLED
        return REPLY_LATE if mid in self._late else REPLY_UNKNOWN_MID

    def _forget(self, waiter: Waiter) -> None:
        for mid, waiters in self._by_mid.items():
            if waiter in waiters:
                waiters.remove(waiter)
                if not waiters:
                    del self._by_mid[mid]
                break
        if waiter in self._loose:
            self._loose.remove(waiter)
