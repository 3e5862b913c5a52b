"""The scenario's ramp leads the users, until the web page's form asks for other numbers."""

from argparse import Namespace

from simulator.scenario.ramp import RampPlan
from simulator.swarm.locust.shape import ScenarioShape


def test_the_shape_follows_the_scenario_until_somebody_asks_for_other_numbers() -> None:
    options = Namespace(num_users=100, spawn_rate=10.0, run_time=60)
    shape = ScenarioShape(RampPlan.even(100, 10.0, 60.0), options)
    moment = 0.0

    def now() -> float:
        return moment

    shape.get_run_time = now  # type: ignore[method-assign]
    assert shape.tick() == (100, 10.0)
    moment = 59.0
    assert shape.tick() == (100, 10.0)
    moment = 61.0
    assert shape.tick() is None
    options.num_users, options.run_time = 150, 90
    assert not shape.follows_scenario
    assert shape.tick() == (150, 10.0)
    moment = 91.0
    assert shape.tick() is None
    options.run_time = None
    assert shape.tick() == (150, 10.0)
