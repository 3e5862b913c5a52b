"""Something that was sent and whose answer is awaited."""

import asyncio
from collections.abc import Callable

from simulator.conform.answers import Answer, Reply


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
