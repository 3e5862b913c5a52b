"""The scenario's ramp as Locust's load shape."""

from argparse import Namespace
from typing import Any

from locust import LoadTestShape

from simulator.scenario.ramp import RampPlan


class ScenarioShape(LoadTestShape):
    """Leads the number of users through the scenario's ramp, as long as nobody asks for other numbers.

    In the web UI's form stand the scenario's own numbers. If a user changes one, before or during a run, the form
    counts from then on: so many users at that rate for that time.

    Args:
        ramp: the ramp at the fleet's size.
        options: Locust's parsed options, which the web UI's form writes to.
    """

    abstract = True  # Locust would make one of every shape class that it finds in a locustfile
    use_common_options = True

    def __init__(self, ramp: RampPlan, options: Namespace) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.ramp = ramp
        self._options = options
        self._preset = self._asked()

    @property
    def follows_scenario(self) -> bool:
        """Whether nobody has asked for other numbers than the scenario's."""
        return self._asked() == self._preset

    def tick(self) -> tuple[int, float] | None:
        """(users, users per second) for now, None when the run is over."""
        if self.follows_scenario:
            target = self.ramp.target_at(self._seconds())
            return None if target is None else (target.devices, target.rate)
        users, rate, run_time = self._asked()
        if run_time and self._seconds() >= float(run_time):
            return None
        return int(users or 0), float(rate or 1.0)

    def _seconds(self) -> float:
        """Seconds since the run began."""
        return float(self.get_run_time())  # type: ignore[no-untyped-call]

    def _asked(self) -> tuple[Any, Any, Any]:
        options = self._options
        return options.num_users, options.spawn_rate, options.run_time
