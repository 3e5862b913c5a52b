"""The names of what can be done by hand: each once, and none that is a problem's."""

from simulator.measurements import actions
from simulator.measurements.actions import DEVICE_ACTIONS, OUTAGE, Action


def test_names_are_told_apart() -> None:
    keys = [value for name, value in vars(actions).items() if name.isupper() and isinstance(value, str)]
    assert len(keys) == len(set(keys))
    assert {*DEVICE_ACTIONS, OUTAGE} <= set(keys)
    assert len(set(DEVICE_ACTIONS)) == 6


def test_an_action_is_done_unless_it_is_said_otherwise() -> None:
    assert Action(at=1.0, action=OUTAGE).done
    assert Action(at=1.0, action=OUTAGE).problem == ""
