"""Forked workers that ended long before their master: how they ended is kept until Locust asks for it.

Locust asks at its very end, once more for each worker. By then gevent has forgotten those that ended more than a minute
ago, so that the system knows no such child: Locust would write a traceback thousands of times, for three seconds.
"""

import contextlib
import os
from collections.abc import Callable

import psutil

Waiting = Callable[[int, int], tuple[int, int]]
"""As `os.waitpid`."""


class EndedChildren:
    """Keeps how children ended, for whoever asks with `waitpid` after they were looked at.

    Args:
        waitpid: the system's.
    """

    def __init__(self, pids: set[int], waitpid: Waiting) -> None:
        self._running = set(pids)
        self._statuses: dict[int, int] = {}
        self._waitpid = waitpid

    def look(self) -> None:
        """Take note of those that have ended; to be called more often than once a minute."""
        for pid in list(self._running):
            with contextlib.suppress(ChildProcessError):
                ended, status = self._waitpid(pid, os.WNOHANG)
                if not ended:
                    continue
                self._statuses[pid] = status
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


def keep_ended(processes: int | None) -> EndedChildren | None:
    """Have `os.waitpid` know of workers that have ended; None where this process has forked none.

    Args:
        processes: how many workers Locust has forked from this process.
    """
    if not processes:
        return None
    kept = EndedChildren({child.pid for child in psutil.Process().children()}, os.waitpid)
    os.waitpid = kept.waitpid
    return kept
