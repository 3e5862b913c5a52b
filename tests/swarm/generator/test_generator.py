"""One process' part in a run: users get devices, devices end users, and an end that counts everything."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from gevent.pool import Group

from simulator.clock import RunClock
from simulator.fleet.desk import ask_act
from simulator.measurements.recorder import Recorder
from simulator.measurements.run import RunMeasurements
from simulator.swarm.generator.engine import EngineError
from simulator.swarm.generator.generator import Generator
from simulator.swarm.locust.users import MeetingDevice, UserHandle, WaitingUsers
from tests.swarm.fake_fleet import Fleet, until
from tests.swarm.told_requests import Told


class Owner:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.wanted = 0
        self.freed: list[int] = []
        self.failures: list[str] = []
        self.dropped: list[int] = []

    def indexes_wanted(self) -> None:
        self.wanted += 1

    def index_free(self, index: int) -> None:
        self.freed.append(index)

    def generator_failed(self, reason: str) -> None:
        self.failures.append(reason)

    def fenced(self, devices: int) -> None:
        self.dropped.append(devices)


class Bench:
    """A generator with a fleet that does nothing, and Locust's group of users."""

    def __init__(self, fleet: type[Fleet] = Fleet) -> None:
        self.owner = Owner()
        self.group = Group()
        self.fired: list[dict[str, Any]] = []
        self.requests = Told(self.fired.append)
        self.measurements = RunMeasurements()
        self.fleets: list[Fleet] = []
        self.recorders: list[Recorder] = []

        def make(recorder: Recorder, log: Callable[[int, str], None]) -> Fleet:
            self.recorders.append(recorder)
            self.fleets.append(fleet(log))
            return self.fleets[0]

        self.generator = Generator(make, self.measurements, self.requests, self.owner, clock=RunClock())

    def users(self, count: int) -> list[UserHandle]:
        return [MeetingDevice(None).start(self.group) for _ in range(count)]

    @property
    def live(self) -> set[int]:
        return set(self.fleets[0].devices)


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.generator.finish(0.0)
    bench.generator.detach()
    MeetingDevice.provider = WaitingUsers()


@pytest.fixture
def started(bench: Bench) -> Bench:
    bench.generator.start()
    return bench


def test_users_get_devices_as_indexes_come(started: Bench) -> None:
    handles = started.users(3)
    assert [handle.index for handle in handles] == [None] * 3
    assert started.owner.wanted == 3
    started.generator.give([0, 1])
    assert [handle.index for handle in handles] == [0, 1, None]
    until(lambda: started.live == {0, 1})


def test_users_that_came_before_the_generator_wait_for_it(bench: Bench) -> None:
    handles = bench.users(2)
    assert not any(handle.dead for handle in handles)
    bench.generator.start()
    bench.generator.give([4, 5])
    assert [handle.index for handle in handles] == [4, 5]


def test_the_most_open_files_and_tasks_are_never_fewer_than_were_online_at_once(started: Bench) -> None:
    recorder, at = started.recorders[0], 1_700_000_000.0
    for index in range(5_000):
        recorder.state(index, "login", "online", at)
    for index in range(5_000):
        recorder.state(index, "online", "waiting", at + 0.1)
    started.generator.finish(0.0)
    health = started.measurements.health
    assert (health.open_files(), health.tasks()) == (5_000, 5_000)


def test_a_user_that_leaves_stops_its_device_and_the_index_is_told_free(started: Bench) -> None:
    started.generator.give([0])
    (handle,) = started.users(1)
    until(lambda: started.live == {0})
    handle.kill(block=False)
    until(lambda: started.owner.freed == [0])
    assert started.generator.indexes.in_use == 0


def test_a_device_that_ends_by_itself_ends_its_user(started: Bench) -> None:
    started.generator.give([0])
    (handle,) = started.users(1)
    until(lambda: started.live == {0})
    started.generator._engine._call(started.fleets[0].abort_all)
    until(lambda: handle.dead)
    assert started.owner.freed == [0]


def test_the_user_of_a_dropped_device_waits_for_another(started: Bench) -> None:
    started.generator.give([0])
    (handle,) = started.users(1)
    until(lambda: started.live == {0})
    started.generator.drop([0])
    until(lambda: started.owner.freed == [0])
    assert not handle.dead
    started.generator.give([9])
    assert handle.index == 9


def test_the_fence_drops_all_devices_and_tells_how_many() -> None:
    class Connected(Fleet):
        def abort_all(self) -> None:
            # As sockets do it: a connection that is dropped ends in a later turn of the loop.
            asyncio.get_running_loop().call_soon(super().abort_all)

    fenced = Bench(Connected)
    fenced.generator.start()
    fenced.generator.give([0, 1, 2])
    handles = fenced.users(2)
    until(lambda: fenced.live == {0, 1})
    fenced.generator.keep_until(0.0)
    until(lambda: fenced.owner.dropped == [2])
    until(lambda: sorted(fenced.owner.freed) == [0, 1, 2])
    assert not any(handle.dead for handle in handles)
    # What nobody had taken is another's by now, too.
    (late,) = fenced.users(1)
    assert late.index is None
    fenced.generator.finish(0.0)
    fenced.generator.detach()


def test_users_for_whom_no_device_will_come_free_are_turned_away(started: Bench) -> None:
    started.generator.give([0])
    started.users(1)
    waiting = started.users(2)
    assert started.generator.turn_away() == 2
    assert all(handle.dead for handle in waiting)
    assert started.generator.turned_away == 2


def test_the_end_stops_all_devices_and_counts_their_last_events(started: Bench) -> None:
    started.generator.give([0])
    started.users(1)
    until(lambda: started.live == {0})
    started.recorders[0].request("dev.heartbeat", 1_700_000_000.0, 0.01, "00000000", 1, 1, 0.0)
    started.generator.finish(1.0)
    started.generator.finish(1.0)
    assert not started.generator.running
    assert started.fleets[0].closed
    assert [told["name"] for told in started.fired] == ["dev.heartbeat"]
    started.measurements.settle()
    assert started.measurements.totals["dev.heartbeat"].count == 1


def test_after_the_run_users_wait_for_the_next(started: Bench) -> None:
    started.generator.finish(0.0)
    (early,) = started.users(1)
    assert early.dead
    started.generator.detach()
    assert isinstance(MeetingDevice.provider, WaitingUsers)
    (handle,) = started.users(1)
    assert MeetingDevice.provider.handles == [handle]


def test_an_engine_that_dies_ends_the_run() -> None:
    class Dying(Fleet):
        def start_device(self, index: int, on_finished: Callable[[], None]) -> None:
            raise SystemExit("the loop ends")

    dying = Bench(Dying)
    dying.generator.start()
    dying.generator.give([0])
    dying.users(1)
    until(lambda: dying.owner.failures)
    assert not dying.generator.running
    dying.generator.finish(0.0)
    dying.generator.detach()


def test_a_fleet_that_does_not_open_is_told_with_its_reason() -> None:
    class Shut(Fleet):
        async def open(self) -> None:
            raise OSError("no network")

    bench = Bench(Shut)
    with pytest.raises(EngineError, match="no network"):
        bench.generator.start()
    bench.generator.finish(0.0)
    assert bench.measurements.internal_errors.total == 0  # it never had devices that could be down too late


def test_an_error_of_ours_on_any_thread_is_counted(started: Bench) -> None:
    started.generator.internal_error("background.health", "KeyError: 'odd'")
    started.generator.finish(0.0)
    assert started.measurements.internal_errors.total == 1
    assert "KeyError: 'odd'" in started.measurements.internal_errors.first_example()


def test_a_workers_line_says_whose_it_is(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "simulator.device")
    for worker in (None, "vm_0a1b2c"):
        given = (lambda *_: Fleet(lambda *_: None), RunMeasurements(), Told(lambda _: None), Owner())
        generator = Generator(*given, clock=RunClock(), worker=worker)
        generator.log(logging.INFO, "fault 1 begins")
    assert [record.getMessage() for record in caplog.records] == ["fault 1 begins", "worker vm_0a1b2c: fault 1 begins"]


def act(bench: Bench, action: str, index: int = 0) -> str:
    """Do it by hand; returns what kept it from being done."""
    answer = bench.generator.ask(ask_act(f"SN{index}", action))
    assert answer is not None
    assert answer["done"] is (not answer["problem"])
    return str(answer["problem"])


def stopped_by_hand(bench: Bench) -> UserHandle:
    """Of two devices the first was stopped by hand; returns its user."""
    bench.generator.give([0, 1])
    handles = bench.users(2)
    until(lambda: bench.live == {0, 1})
    assert act(bench, "stop") == ""
    until(lambda: bench.generator._halted == {0})
    assert bench.live == {1}
    return handles[0]


def test_a_device_that_is_stopped_by_hand_keeps_its_user_and_its_index_and_can_start_again(started: Bench) -> None:
    handle = stopped_by_hand(started)
    assert (handle.dead, handle.index, len(started.group)) == (False, 0, 2)
    assert (started.owner.freed, started.generator.indexes.in_use) == ([], 2)
    # Nobody else gets its place, though a user waits for one.
    started.users(1)
    assert started.owner.wanted == 1
    assert act(started, "stop") == "not_on"
    assert act(started, "start") == ""
    until(lambda: started.live == {0, 1})
    assert act(started, "start") == "is_on"
    assert (started.owner.freed, handle.index) == ([], 0)
    # And it ends as any other: for the user who waits it goes on.
    handle.kill(block=False)
    for each in started.group:
        each.kill(block=False)
    until(lambda: sorted(started.owner.freed) == [0, 1])


def test_a_device_goes_on_for_a_user_who_waited_when_its_own_leaves(started: Bench) -> None:
    started.generator.give([0])
    [first, second] = started.users(2)
    until(lambda: started.live == {0})
    first.kill(block=False)
    assert (second.index, started.generator.indexes.in_use, started.live) == (0, 1, {0})
    second.kill(block=False)
    until(lambda: started.owner.freed == [0])
    assert len(started.fleets[0].starts) == 1


def test_nobody_inherits_a_device_that_is_stopped_by_hand(started: Bench) -> None:
    handle = stopped_by_hand(started)
    [waiting] = started.users(1)
    handle.kill(block=False)
    assert (started.owner.freed, waiting.index) == ([0], None)
    started.generator.give([0])
    until(lambda: started.live == {0, 1})
    assert waiting.index == 0


def test_a_user_that_leaves_gives_the_place_of_its_stopped_device_back(started: Bench) -> None:
    handle = stopped_by_hand(started)
    handle.kill(block=False)
    assert started.owner.freed == [0]
    assert act(started, "start") == "not_held"


@pytest.mark.parametrize("how", ["drop", "drop_all", "fence"])
def test_a_lease_that_is_lost_takes_stopped_devices_along(started: Bench, how: str) -> None:
    handle = stopped_by_hand(started)
    if how == "drop":
        started.generator.drop([0])
    elif how == "drop_all":
        started.generator.drop_all()
    else:
        started.generator.keep_until(0.0)
    until(lambda: 0 in started.owner.freed)
    assert (handle.dead, handle.index) == (False, None)
    assert started.generator._halted == set()


def test_who_is_about_to_stop_cannot_be_stopped_or_started(started: Bench) -> None:
    started.generator.give([0])
    started.users(1)
    until(lambda: started.live == {0})
    started.generator._halting.add(0)
    assert act(started, "stop") == act(started, "start") == "stopping"


def test_whom_nobody_has_cannot_be_switched_on_or_off(started: Bench) -> None:
    assert (act(started, "start", 7), act(started, "stop", 7)) == ("not_held", "not_on")


def test_a_device_that_leaves_while_it_stops_by_hand_is_not_kept(started: Bench) -> None:
    started.generator.give([0])
    (handle,) = started.users(1)
    until(lambda: started.live == {0})
    act(started, "stop")
    handle.kill(block=False)
    until(lambda: started.owner.freed == [0])
    assert started.generator._halted == started.generator._halting == set()


def test_what_is_asked_of_devices_goes_to_the_engine_and_nothing_is_done_without_a_run(started: Bench) -> None:
    answer = started.generator.ask(ask_act("SN4", "verify"))
    assert answer is not None
    assert answer["asked"]["action"] == "verify"
    started.generator.finish(0.0)
    assert act(started, "verify") == act(started, "stop") == "no_run"
    assert started.generator.ask({"what": "device", "sn": "SN4"}) is not None
    assert Bench().generator.ask({"what": "device", "sn": "SN4"}) is None


def heartbeat(bench: Bench) -> None:
    """A device's, on the engine's thread."""
    recorder = bench.recorders[0]
    now = bench.generator._clock.wall()
    bench.generator._engine._call(recorder.request, "dev.heartbeat", now, 0.01, "00000000", 1, 1, 0.0)


def requests(bench: Bench) -> int:
    bench.measurements.settle()
    totals = bench.measurements.totals.get("dev.heartbeat")
    return 0 if totals is None else totals.count


def test_requests_are_counted_while_nobody_listens_and_told_from_when_somebody_does() -> None:
    bench = Bench()
    bench.requests.only_counted = True
    bench.generator.start()
    for _ in range(3):
        heartbeat(bench)
    until(lambda: sum(len(cell.durations) for cell in bench.requests.counted) == 3)
    heartbeat(bench)
    bench.requests.listen(only_counted=False)
    heartbeat(bench)
    heartbeat(bench)
    until(lambda: len(bench.fired) == 2)
    bench.requests.listen(only_counted=True)
    heartbeat(bench)
    bench.generator.finish(0.0)
    assert len(bench.fired) == 2
    assert sum(len(cell.durations) for cell in bench.requests.counted) == 5
    assert requests(bench) == 7
    assert not bench.requests.watchers


def test_a_listener_that_nobody_told_of_is_found_by_the_next_hand_over() -> None:
    bench = Bench()
    bench.requests.only_counted = True
    bench.generator.start()
    bench.requests.only_counted = False
    until(lambda: bench.generator._pump._each)
    heartbeat(bench)
    bench.generator.finish(0.0)
    assert len(bench.fired) == requests(bench) == 1


def test_what_a_device_measures_while_the_engine_ends_is_counted() -> None:
    class Last(Fleet):
        async def close(self) -> None:
            recorder = ended.recorders[0]
            recorder.request("dev.heartbeat", 1_700_000_000.0, 0.01, "disconnected", 1, 0, 0.0)
            recorder.flow("init", 1_700_000_000.0, 0.5, "disconnected")
            recorder.record("generated", 1)

    ended = Bench(Last)
    ended.requests.only_counted = True
    ended.generator.start()
    ended.generator.finish(0.0)
    assert requests(ended) == sum(len(cell.durations) for cell in ended.requests.counted) == 1
    assert ended.measurements.totals["flow:init"].failures == 1
    assert ended.measurements.records_over_time == {1_700_000_000: {"generated": 1}}


def test_what_a_crashed_engine_had_counted_is_counted() -> None:
    crashed = Bench()
    crashed.requests.only_counted = True
    crashed.generator.start()

    def crash() -> None:
        crashed.recorders[0].request("dev.heartbeat", 1_700_000_000.0, 0.01, "00000000", 1, 1, 0.0)
        raise SystemExit

    crashed.generator._engine._call(crash)
    until(lambda: bool(crashed.owner.failures))
    crashed.generator.finish(0.0)
    assert requests(crashed) == sum(len(cell.durations) for cell in crashed.requests.counted) == 1


def test_what_a_stuck_engine_had_counted_is_counted_and_the_rest_is_told_to_be_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stuck = Bench()
    stuck.requests.only_counted = True
    stuck.generator.start()
    heartbeat(stuck)
    until(lambda: bool(stuck.requests.counted or stuck.generator._hand_over._counts.cells))
    close = stuck.generator._engine.close
    monkeypatch.setattr(stuck.generator._engine, "close", lambda: close() and False)
    stuck.generator.finish(0.0)
    assert requests(stuck) == 1
    assert any("engine.stop" in rule for rule in stuck.measurements.internal_errors.dump())
