"""The names of what can be done by hand: each once, and none that is a problem's."""

from simulator.measurements import actions
from simulator.measurements.actions import (
    AWAY,
    DEVICE_ACTIONS,
    OUTAGE,
    START,
    STOP,
    Action,
    Away,
    still_away,
    still_stopped,
)


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


GROUPS = {"rooms": 2, "halls": 1}
OF = {"R1": "rooms", "R2": "rooms", "H1": "halls"}


def test_an_outage_that_lasts_takes_all_and_one_that_is_over_nobody() -> None:
    outage = Action(at=4.0, action=OUTAGE, seconds=6.0)
    assert still_away([outage], 9.9, GROUPS, OF.get) == Away(3, 4.0)
    assert still_away([outage], 10.0, GROUPS, OF.get) == Away(0, 0.0)


def test_nobody_is_away_twice() -> None:
    rooms = Action(at=4.0, action=OUTAGE, group="rooms", seconds=99.0)
    one = Action(at=5.0, action=STOP, device="R1")
    assert still_away([rooms, one], 20.0, GROUPS, OF.get) == Away(2, 4.0)
    hall = Action(at=6.0, action=AWAY, device="H1", seconds=99.0)
    assert still_away([rooms, one, hall], 20.0, GROUPS, OF.get) == Away(3, 6.0)
    assert still_away([one, hall], 20.0, GROUPS, OF.get) == Away(2, 6.0)


def test_who_was_away_before_has_been_since_then() -> None:
    stops = [Action(at=float(at), action=STOP, device=sn) for at, sn in enumerate(OF)]
    late = Action(at=19.5, action=OUTAGE, seconds=60.0)
    assert still_away([*stops, late], 20.0, GROUPS, OF.get) == Away(3, 2.0)


def test_what_was_not_done_takes_nobody_away() -> None:
    assert still_away([Action(at=1.0, action=OUTAGE, seconds=9.0, done=False)], 2.0, GROUPS, OF.get).devices == 0
