"""Forked workers that ended long before their master: how they ended is kept until Locust asks for it.

Locust asks at its very end, once more for each worker. By then gevent has forgotten those that ended more than a minute
ago, so that the system knows no such child: Locust would write a traceback thousands of times, for three seconds.
"""

import contextlib
import os
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import gevent

Waiting = Callable[[int, int], tuple[int, int]]
"""As `os.waitpid`."""


class EndedChildren:
    """Keeps how children ended, for whoever asks with `waitpid` after they were looked at.

    Args:
        waitpid: the system's.
    """

    def __init__(self, pids: Iterable[int], waitpid: Waiting) -> None:
        self._numbers = {pid: number for number, pid in enumerate(pids, 1)}
        self._running = set(self._numbers)
        self._statuses: dict[int, int] = {}
        self._waitpid = waitpid
        self.codes: dict[int, int] = {}
        """How those ended that were found to have ended, by number from 1 on; less than 0: by that signal."""

    def __len__(self) -> int:
        return len(self._numbers)

    def look(self) -> None:
        """Take note of those that have ended; to be called more often than once a minute."""
        for pid in list(self._running):
            with contextlib.suppress(ChildProcessError):
                ended, status = self._waitpid(pid, os.WNOHANG)
                if not ended:
                    continue
                self._statuses[pid] = status
                self.codes[self._numbers[pid]] = os.waitstatus_to_exitcode(status)
            self._running.discard(pid)

    def waitpid(self, pid: int, options: int) -> tuple[int, int]:
        """As `os.waitpid`, and for a child that ended before what was noted then.

        Raises:
            ChildProcessError: If it is no child, or was asked for before.
        """
        if pid in self._statuses:
            return pid, self._statuses.pop(pid)
        ended, status = self._waitpid(pid, options)
        self._running.discard(ended)
        return ended, status


_forked: list[int] = []
"""The ids of this process' workers, in the order in which they were forked."""


def note_forks(before: Callable[[], object]) -> None:
    """Have the ids of workers noted as they are forked: one that ends at once is no child any more later.

    Args:
        before: called before the first of them.
    """
    fork = gevent.fork

    @wraps(fork)
    def noting(*args: Any, **kwargs: Any) -> int:
        if not _forked:
            before()
        pid: int = fork(*args, **kwargs)
        if pid:
            _forked.append(pid)
        return pid

    gevent.fork = noting


def keep_ended(processes: int | None) -> EndedChildren | None:
    """Have `os.waitpid` know of workers that have ended; None where this process has forked none.

    Args:
        processes: how many workers Locust has forked from this process.
    """
    if not processes:
        return None
    kept = EndedChildren(_forked, os.waitpid)
    os.waitpid = kept.waitpid
    return kept
