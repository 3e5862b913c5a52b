"""The names of what can be done by hand: each once, and none that is a problem's."""

from simulator.measurements import actions
from simulator.measurements.actions import DEVICE_ACTIONS, OUTAGE, START, STOP, Action, still_stopped


def test_names_are_told_apart() -> None:
    keys = [value for name, value in vars(actions).items() if name.isupper() and isinstance(value, str)]
    assert len(keys) == len(set(keys))
    assert {*DEVICE_ACTIONS, OUTAGE} <= set(keys)
    assert len(set(DEVICE_ACTIONS)) == 6


def test_an_action_is_done_unless_it_is_said_otherwise() -> None:
    assert Action(at=1.0, action=OUTAGE).done
    assert Action(at=1.0, action=OUTAGE).problem == ""


def test_who_was_stopped_and_not_started_again_is_told_with_the_time() -> None:
    assert still_stopped(
        [
            Action(at=1.0, action=STOP, device="A"),
            Action(at=2.0, action=STOP, device="B"),
            Action(at=3.0, action=START, device="A"),
            Action(at=4.0, action=STOP, device="C", done=False, problem="not_on"),
            Action(at=5.0, action=START, device="B", done=False, problem="stopping"),
            Action(at=6.0, action=OUTAGE),
        ]
    ) == {"B": 2.0}
