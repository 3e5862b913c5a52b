import orjson
from hypothesis import given
from hypothesis import strategies as st

from simulator.measurements.devices import DeviceStates, IndexSet

T0 = 1_700_000_000.0


@given(st.sets(st.integers(0, 5000), max_size=100), st.integers(0, 3000))
def test_ranges_round_trip(indexes: set[int], offset: int) -> None:
    found = IndexSet()
    for index in indexes:
        found.add(index)
    assert len(found) == len(indexes)
    copy = IndexSet()
    copy.add_ranges(found.ranges(), offset)
    assert len(copy) == len(indexes)
    assert all(index + offset in copy for index in indexes)


def test_gauges_are_those_at_the_ends_of_seconds() -> None:
    states = DeviceStates()
    states.change(0, "offline", "lookup", T0 + 0.1)
    states.change(0, "lookup", "online", T0 + 0.9)
    states.change(1, "offline", "lookup", T0 + 1.5)
    assert [(second - T0, gauge.get("online"), gauge.get("lookup", 0)) for second, gauge in states.gauges()] == [
        (0, 1, 0),
        (1, 1, 1),
    ]


def test_device_that_starts_again_is_counted_once() -> None:
    states = DeviceStates()
    for start in (0, 10):
        states.change(7, "offline", "lookup", T0 + start)
        states.change(7, "lookup", "online", T0 + start + 1)
        states.change(7, "online", "stopped", T0 + start + 5)
    assert len(states.came_online) == 1
    assert states.gauge["stopped"] == 1
    assert states.gauge["online"] == 0
    assert states.online_ratio(T0 + 50) == 0.8


def test_coarser_dump_keeps_the_gauge_at_the_end() -> None:
    states = DeviceStates()
    for index in range(30):
        states.change(index, "offline", "online", T0 + index)
    copy = DeviceStates()
    copy.merge(states.dump(resolution_s=10), "")
    assert [gauge["online"] for _, gauge in copy.gauges()] == [10, 20, 30]
    assert copy.seconds("online", T0 + 40) == states.seconds("online", T0 + 40)
    assert copy.peak() == 30


def test_sums_of_a_large_fleet_fit_into_json() -> None:
    states = DeviceStates()
    for index in range(20_000):
        states.change(index, "offline", "online", T0 + index / 1000)
    data = orjson.loads(orjson.dumps(states.dump(), option=orjson.OPT_NON_STR_KEYS))
    copy = DeviceStates()
    copy.merge(data, "")
    assert copy.seconds("online", T0 + 20) == states.seconds("online", T0 + 20)
