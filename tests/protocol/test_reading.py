"""How a platform tells the time."""

from simulator.protocol.reading import SyncTime


def test_the_time_is_told_under_its_name_and_in_its_form() -> None:
    moment = 1_719_331_200.789
    assert SyncTime().results(moment, 480) == {"time": "2024-06-26T00:00:00+08:00"}
    assert SyncTime("now", epoch_ms=True).results(moment, 480) == {"now": "1719331200789"}
