"""Locust reckons with the system's wall clock; here it is given clocks that nobody sets during a run.

With the clock set back by an hour a worker would discard the master's orders as older than the last ones, with the
clock set forward by a minute it would take the master for dead and quit, and rates, CSV and charts would be nonsense
either way. Whatever Locust reads but `time.time` is passed through.
"""

import time
from typing import Any

from locust import main, runners, stats
from locust.util import cache

from simulator.clock import RunClock


class SteadyTime:
    """Stands for the module `time`."""

    def __init__(self, clock: RunClock) -> None:
        self.time = clock.wall

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


def install(run_clock: RunClock) -> None:
    """Give Locust its clocks. Harmless when done again.

    Args:
        run_clock: of this process: its statistics stand on the same axis as our own, in a worker on the master's.
    """
    # The order of messages must never be turned round, not even where a new run reads the wall clock again.
    forever = SteadyTime(RunClock())
    vars(main)["time"] = forever
    vars(runners)["time"] = forever
    vars(stats)["time"] = SteadyTime(run_clock)
    vars(cache)["time"] = forever.time
