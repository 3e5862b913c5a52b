"""The locustfile of variant (c): exactly our own, with a measurement beside it."""

from typing import Any

from benchmarks.programs.steady import SteadyState
from simulator.swarm.hooks import install
from simulator.swarm.locust.users import MeetingDevice

__all__ = ["MeetingDevice"]


def _online(environment: Any) -> int:
    entry = environment.stats.get("dev.report", "BEST")
    return int(entry.num_requests - entry.num_failures)


install()
SteadyState(_online).install()
