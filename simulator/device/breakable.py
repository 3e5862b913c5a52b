"""What a device waits for on its way online, and how that is broken off when it is to leave."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class BrokenOff(Exception):  # noqa: N818 - told to leave, which is no error
    """The device is to leave: it waits for nothing any more, and does not come online again."""


class Breakable:
    """The waiting of one device's task.

    Args:
        leaving: whether the device is to leave.
    """

    __slots__ = ("_leaving", "_task")

    def __init__(self, leaving: Callable[[], bool]) -> None:
        self._leaving = leaving
        self._task: asyncio.Task[Any] | None = None
        """The device's task while it waits for something that `break_off` may end."""

    @contextmanager
    def wait(self) -> Iterator[None]:
        """What is awaited in here ends when the device is to leave: its turn may be minutes away, a server silent.

        Raises:
            BrokenOff: If it is, now or before that has come.
        """
        if self._leaving():
            raise BrokenOff
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        try:
            yield
        except asyncio.CancelledError:
            if self._task is task:
                raise  # It was somebody else who cancelled the task.
            task.uncancel()
            raise BrokenOff from None
        finally:
            self._task = None

    def break_off(self) -> None:
        """The device is to leave."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
