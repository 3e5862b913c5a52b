"""Log records of libraries that run on the engine's thread, brought to gevent's side before any handler sees them.

Locust's handlers have locks, and gevent has patched them: a native thread that waits for one freezes every greenlet.
Our own layers log through a function that they are given; these are the libraries that log by themselves.
"""

import logging
from collections.abc import Callable

LIBRARIES = ("asyncio", "aiohttp", "websockets")


class _Relay(logging.Handler):
    """A handler without a lock: it appends to the mailbox and returns."""

    def __init__(self, post: Callable[[tuple[str, tuple[int, str]]], None]) -> None:
        super().__init__(logging.WARNING)
        self._post = post

    def createLock(self) -> None:  # noqa: N802 - the name is logging's
        self.lock = None

    def emit(self, record: logging.LogRecord) -> None:
        self._post(("log", (record.levelno, f"{record.name}: {record.getMessage()}")))


class LogRelay:
    """Takes over the loggers of `LIBRARIES` from `install` to `remove`.

    Args:
        post: the engine's mailbox.
    """

    def __init__(self, post: Callable[[tuple[str, tuple[int, str]]], None]) -> None:
        self._handler = _Relay(post)
        self._before: dict[str, bool] = {}

    def install(self) -> None:
        for name in LIBRARIES:
            logger = logging.getLogger(name)
            self._before[name] = logger.propagate
            logger.addHandler(self._handler)
            logger.propagate = False

    def remove(self) -> None:
        """Harmless when done again."""
        for name, propagate in self._before.items():
            logger = logging.getLogger(name)
            logger.removeHandler(self._handler)
            logger.propagate = propagate
        self._before.clear()
