"""The web page's points, second by second."""

from simulator.measurements.events import STATE
from simulator.measurements.run import HOLD_S, RunMeasurements
from simulator.swarm.run.page_history import PageHistory

T0 = 1_700_000_000


def test_a_second_in_which_nobody_looked_is_no_empty_fleet() -> None:
    measurements = RunMeasurements()
    measurements.apply([(STATE, index, "offline", "online", T0 + 0.5) for index in range(3)])
    history = PageHistory()
    for second in (1, 2, 4, 5, 7):
        history.add(measurements, T0 + second + 0.1)
    points = history.since(0)
    assert [point["at"] - T0 for point in points] == [second - HOLD_S for second in (1, 2, 4, 5, 7)]
    assert [point["states"] for point in points if point["at"] > T0] == [{"online": 3}] * 3


def test_each_second_is_told_once() -> None:
    history = PageHistory()
    for moment in (1.0, 1.3, 1.9, 2.0):
        history.add(RunMeasurements(), T0 + moment)
    assert len(history.since(0)) == 2
    assert [point["at"] for point in history.since(T0 + 1 - HOLD_S)] == [T0 + 2 - HOLD_S]
