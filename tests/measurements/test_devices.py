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


def test_a_worker_knows_its_own_devices_after_it_has_told_of_them() -> None:
    states = DeviceStates()
    states.change(0, "offline", "connecting", 10.0)
    states.change(1, "offline", "connecting", 10.0)
    states.drain()
    assert states.here["connecting"] == 2
    states.change(0, "connecting", "online", 11.0)
    states.drain()
    states.change(1, "connecting", "offline", 12.0)
    assert states.gauge["connecting"] == -1, "what changed since"
    assert (states.here["connecting"], states.here["online"], states.here["offline"]) == (0, 1, 1)


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


def online_by_second(states: DeviceStates, seconds: int) -> list[int]:
    found, gauges = [], dict(states.gauges())
    now = 0
    for second in range(seconds):
        now = gauges.get(int(T0) + second, {"online": now}).get("online", 0)
        found.append(now)
    return found


class TwoWorkers:
    """A master that two workers of 30 devices each report to, every device online since the second 0."""

    def __init__(self) -> None:
        self.master = DeviceStates()
        self.workers = {"a": DeviceStates(), "b": DeviceStates()}
        for name, first in (("a", 0), ("b", 30)):
            for index in range(first, first + 30):
                self.workers[name].change(index, "offline", "online", T0)
            self.report(name)

    def report(self, name: str) -> None:
        self.master.merge(self.workers[name].drain(), name)

    def change(self, name: str, indexes: range, previous: str, state: str, at: float) -> None:
        for index in indexes:
            self.workers[name].change(index, previous, state, T0 + at)


def test_the_devices_of_a_lost_worker_leave_and_the_share_says_that_they_are_missed() -> None:
    swarm = TwoWorkers()
    master = swarm.master
    master.lost("a", T0 + 20)
    master.missing(30, T0 + 20)
    assert (master.gauge["online"], master.gauge["lost"]) == (30, 30)
    assert master.online_ratio(T0 + 40) == 0.75
    master.lost("a", T0 + 25)  # looked at every second
    master.missing(30, T0 + 25)
    # Others get them.
    swarm.change("b", range(30), "offline", "connecting", 60)
    swarm.change("b", range(30), "connecting", "online", 61)
    swarm.report("b")
    master.missing(0, T0 + 60)
    assert (master.gauge["online"], master.gauge["lost"]) == (60, 0)
    assert master.peak() == 60
    assert master.online_ratio(T0 + 100) == (60 * 20 + 30 * 41 + 60 * 39) / (60 * 100)


def test_a_worker_that_was_only_frozen_counts_again_from_when_it_tells_of_its_devices() -> None:
    swarm = TwoWorkers()
    swarm.master.lost("a", T0 + 20)
    swarm.change("a", range(30), "online", "waiting", 35.2)  # its fence, when it runs again
    swarm.change("a", range(30), "waiting", "online", 40.7)
    swarm.report("a")
    assert swarm.master.gauge["online"] == 60
    online = online_by_second(swarm.master, 42)
    assert online[19:21] == [60, 30]
    assert online[34:36] == [30, 30]
    assert online[39:41] == [30, 60]
    assert min(online) >= 0
    assert swarm.master.seconds("online", T0 + 50) == 60 * 20 + 30 * 30 + 30 * (0.2 + 9.3)


def test_a_worker_whose_master_fell_silent_tells_later_that_its_devices_were_down_before() -> None:
    swarm = TwoWorkers()
    swarm.master.lost("a", T0 + 20)
    swarm.change("a", range(30), "online", "stopped", 12.0)
    swarm.change("a", range(10), "stopped", "online", 30.0)
    swarm.report("a")
    online = online_by_second(swarm.master, 32)
    assert online[11:13] == [60, 30]
    assert online[19:21] == [30, 30]
    assert online[29:31] == [30, 40]
    assert {state: count for state, count in swarm.master.gauge.items() if count} == {"online": 40, "stopped": 20}


def test_a_change_in_the_second_of_the_silence_brings_a_worker_back() -> None:
    swarm = TwoWorkers()
    swarm.master.lost("a", T0 + 20.5)
    swarm.change("a", range(10), "online", "waiting", 20.8)
    swarm.report("a")
    assert (swarm.master.gauge["online"], swarm.master.gauge["waiting"]) == (50, 10)


def test_a_late_word_of_a_dead_worker_does_not_bring_its_devices_back() -> None:
    swarm = TwoWorkers()
    swarm.change("a", range(5), "online", "waiting", 10.0)
    swarm.change("a", range(60, 64), "offline", "online", 11.0)
    swarm.master.lost("a", T0 + 20)
    swarm.report("a")  # what it had said before it died, and was under way since
    assert swarm.master.gauge["online"] == 30
    assert swarm.master.gauge["waiting"] == 0
    assert swarm.master.seconds("online", T0 + 100) == 30 * 100 + 25 * 20 + 5 * 10 + 4 * 9
    assert swarm.master.seconds("waiting", T0 + 100) == 5 * 10
    swarm.master.lost("a", T0 + 60)
    assert swarm.master.seconds("online", T0 + 100) == 30 * 100 + 25 * 20 + 5 * 10 + 4 * 9


@given(
    st.lists(
        st.tuples(st.integers(0, 7), st.sampled_from(["online", "waiting", "stopped"]), st.integers(0, 40)), max_size=30
    ),
    st.lists(st.integers(1, 40), max_size=3, unique=True),
    st.integers(1, 40),
)
def test_no_gauge_is_ever_negative_however_late_words_come(
    life: list[tuple[int, str, int]], reports: list[int], silent: int
) -> None:
    worker, master = DeviceStates(), DeviceStates()
    life = sorted(life, key=lambda change: change[2])
    for moment in range(41):
        for index, state, at in life:
            if at == moment:
                worker.change(index, "offline", state, T0 + at)
        if moment == silent:
            master.lost("w", T0 + moment)
        if moment in reports:
            master.merge(worker.drain(), "w")
    master.merge(worker.drain(), "w")
    for _, gauge in master.gauges():
        assert all(count >= 0 for count in gauge.values()), gauge
    ratio = master.online_ratio(T0 + 41)
    assert ratio is None or 0 <= ratio <= 1
    assert master.seconds("online", T0 + 41) <= worker_seconds(life) + 1e-6


def worker_seconds(life: list[tuple[int, str, int]]) -> float:
    """Device-seconds online by the worker's own account, up to the second 41."""
    whole = DeviceStates()
    for index, state, at in life:
        whole.change(index, "offline", state, T0 + at)
    return whole.seconds("online", T0 + 41)
