"""A master before its run: whether that can still begin. Locust waits for ever, also for a worker that has ended."""

from typing import Any, Final

from simulator.measurements.findings import Finding
from simulator.swarm.process.children import EndedChildren

OWN_WORKERS_S: Final = 120.0
"""Forked workers come within seconds; with many of them on few busy cores it takes longer."""


class Waiting:
    """Waits beside Locust, and knows when to give up.

    Args:
        options: Locust's. What they say of the longest wait is ours from here on: Locust would end without a report.
        children: the workers that Locust has forked from this process, if it has.
        now: monotonic seconds.
    """

    def __init__(self, options: Any, children: EndedChildren | None, now: float) -> None:
        asked, options.expect_workers_max_wait = options.expect_workers_max_wait, 0
        self._within_s = asked or (OWN_WORKERS_S if children is not None else None)
        self._expected = options.expect_workers
        self._children = children
        self._began = now

    def look(self) -> None:
        """Take note of forked workers that have ended; to be called once a second, also while a run goes on."""
        if self._children is not None:
            self._children.look()

    def obstacle(self, came: int, now: float) -> Finding | None:
        """What keeps the run from ever beginning, `came` workers being there; None as long as it can."""
        if self._children is not None:
            for number, code in sorted(self._children.codes.items()):
                return Finding("worker_ended_early", {"worker": number, "workers": len(self._children), "code": code})
        if self._within_s is not None and came < self._expected and now - self._began >= self._within_s:
            return Finding("workers_missing", {"came": came, "workers": self._expected, "within_s": self._within_s})
        return None
