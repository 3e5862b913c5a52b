"""A worker: takes the master's order and time, runs devices under leased indexes, and reports before it stops."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import gevent
import pytest
from gevent.pool import Group
from locust import runners
from locust.exception import RPCError

from simulator import __version__
from simulator.device.unsent import Unsent
from simulator.exit_codes import ExitCode
from simulator.measurements import sheet
from simulator.measurements.attendance import Attended
from simulator.measurements.recorder import Recorder
from simulator.measurements.run import RunMeasurements
from simulator.scenario.scenario import parse_scenario
from simulator.swarm.generator.generator import Generator
from simulator.swarm.locust.users import MeetingDevice, UserHandle, WaitingUsers
from simulator.swarm.process import leases, messages
from simulator.swarm.process import worker as module
from simulator.swarm.process.leases import LeaseHolder, LeaseTable
from simulator.swarm.process.liveness import heartbeat_s
from simulator.swarm.process.worker import Worker
from simulator.swarm.run.order import RunOrder, make_order
from tests.swarm.fake_fleet import Fleet, until
from tests.swarm.fake_locust import SCENARIO, FakeRunner, choice, environment


class MastersRunner(FakeRunner):
    """A worker's runner whose messages a master answers: with its time, and with leases of three indexes."""

    def __init__(self) -> None:
        super().__init__("w1")
        self.leases = LeaseTable(3)
        self.ahead_s = 0.0
        self.silent = False
        self.belongings: dict[str, Any] = {}
        """What its answers hold of devices."""
        self.unsent: dict[str, list[tuple[Any, ...]]] = {}
        """What its answers hold of unsent records."""
        self.broken = False
        self.on_report: Callable[[], None] = lambda: None

    def send_message(self, kind: str, data: Mapping[str, Any], client_id: str | None = None) -> None:
        if self.broken:
            raise RPCError("ZMQ sent failure")
        super().send_message(kind, data, client_id)
        if not self.silent:
            gevent.spawn(self._answer, kind, dict(data))

    def _answer(self, kind: str, data: dict[str, Any]) -> None:
        if kind == messages.CLOCK:
            self.hear(messages.CLOCK, {**data, "time": data["sent"] + self.ahead_s})
        elif kind == messages.LEASE:
            answer = self.leases.answer("w1", data, module.time.monotonic())
            assert answer is not None
            told = {"run": data["run"], "short": False, "unsent": self.unsent}
            self.hear(messages.LEASE, {**answer, **self.belongings, **told})

    def _send_stats(self) -> None:
        super()._send_stats()
        self.on_report()


class Bench:
    """A worker with a fleet that does nothing."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.runner = MastersRunner()
        self.environment = environment(directory, self.runner)
        self.group = Group()
        self.fleets: list[Fleet] = []
        self.reports: list[dict[str, Any]] = []
        self.runner.on_report = self.report
        monkeypatch.setattr(module, "runtime_factory", lambda *_: self.make)
        monkeypatch.setattr(runners, "HEARTBEAT_INTERVAL", 1)
        self.role = Worker(self.environment, choice(scenario=None))
        self.order: RunOrder = make_order(
            parse_scenario(SCENARIO, "tiny.yaml"), run_id="r1", total=3, dispatch_urls=["http://127.0.0.1:9"]
        )

    def make(self, recorder: Recorder, log: Callable[[int, str], None]) -> Fleet:
        self.fleets.append(Fleet(log))
        recorder.request("dev.heartbeat", self.role.clock.wall(), 0.01, "00000000", 1, 1, 0.0)
        return self.fleets[-1]

    def report(self) -> None:
        data: dict[str, Any] = {}
        self.environment.events.report_to_master.fire(client_id="w1", data=data)
        self.reports.append(data)

    def begin(self) -> None:
        """Hear of the run; returns when it can start devices."""
        self.runner.hear(messages.RUN, self.order.to_wire())
        until(lambda: self.runner.messages(messages.LEASE))

    def users(self, count: int) -> list[UserHandle]:
        return [MeetingDevice(None).start(self.group) for _ in range(count)]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    bench = Bench(tmp_path, monkeypatch)
    yield bench
    bench.runner.broken = False
    bench.role.test_stopping()
    bench.role.test_stop()
    MeetingDevice.provider = WaitingUsers()


def test_it_asks_for_a_run_as_soon_as_it_is_there(bench: Bench) -> None:
    assert bench.runner.sent == [(messages.ASK_RUN, {}, None)]


def test_its_heartbeats_are_as_seldom_as_the_lease_of_the_run_allows(bench: Bench) -> None:
    bench.begin()
    lease_s = parse_scenario(SCENARIO, "tiny.yaml").document.workers.lease
    assert runners.HEARTBEAT_INTERVAL == heartbeat_s(lease_s) == 3


def test_users_get_the_devices_that_the_master_leases(bench: Bench) -> None:
    handles = bench.users(2)
    bench.begin()
    until(lambda: [handle.index for handle in handles] == [0, 1])
    until(lambda: set(bench.fleets[0].devices) == {0, 1})
    assert bench.runner.leases.free == 1


def test_it_asks_for_no_more_devices_than_it_has_files_for_and_says_so_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "most_devices", lambda: 2)
    bench.begin()
    users = [MeetingDevice(bench.environment) for _ in range(3)]
    for user in users:
        user.start(bench.group)
    until(lambda: len(bench.fleets[0].devices) == 2)
    until(lambda: len(bench.runner.messages(messages.FOUND)) == 1)
    part = bench.role._part
    assert part is not None
    bench.role._question(part)
    assert [found["key"] for found in bench.runner.messages(messages.FOUND)] == ["worker_full"]
    assert bench.runner.messages(messages.LEASE)[-1]["want"] == 0


def test_who_wants_more_than_an_answer_brings_asks_again_at_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for its in (module, leases):
        monkeypatch.setattr(its, "MOST_AT_ONCE", 1)
    scenario = parse_scenario(SCENARIO + "workers: {lease: 1h}\n", "tiny.yaml")
    bench.order = make_order(scenario, run_id="r1", total=3, dispatch_urls=["http://127.0.0.1:9"])
    bench.users(3)
    bench.begin()
    # A quarter of an hour before its lease is to be renewed.
    until(lambda: bench.fleets and set(bench.fleets[0].devices) == {0, 1, 2})


def holder_of(bench: Bench) -> LeaseHolder:
    assert bench.role._part is not None
    return bench.role._part.holder


def many_devices(bench: Bench) -> None:
    """A fleet of which there is some to be had ahead, and a lease that is not renewed in a test's time."""
    bench.runner.leases = LeaseTable(1_000)
    scenario = parse_scenario(SCENARIO + "workers: {lease: 1h}\n", "tiny.yaml")
    bench.order = make_order(scenario, run_id="r1", total=1_000, dispatch_urls=["http://127.0.0.1:9"])


def test_users_that_come_later_find_their_devices_there(bench: Bench) -> None:
    many_devices(bench)
    bench.users(1)
    bench.begin()
    until(lambda: len(holder_of(bench).held) == 1 + leases.MOST_AHEAD)
    asked = len(bench.runner.messages(messages.LEASE))
    handles = bench.users(leases.MOST_AHEAD)
    assert [handle.index for handle in handles] == [*range(1, 1 + leases.MOST_AHEAD)]
    assert len(bench.runner.messages(messages.LEASE)) == asked


def test_what_came_ahead_and_nobody_takes_goes_back(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SPARE_S", 0.02)
    many_devices(bench)
    bench.users(1)
    bench.begin()
    until(lambda: bench.runner.leases.free == 999)
    until(lambda: len(holder_of(bench).held) == 1)
    asked = len(bench.runner.messages(messages.LEASE))
    gevent.sleep(0.1)
    assert len(bench.runner.messages(messages.LEASE)) == asked, "there is nothing left to give back"


def test_no_more_comes_ahead_than_there_are_files_for(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "most_devices", lambda: 5)
    many_devices(bench)
    bench.users(2)
    bench.begin()
    until(lambda: len(holder_of(bench).held) == 5)


def test_who_its_devices_are_comes_with_their_indexes_and_goes_with_them(bench: Bench) -> None:
    bench.order = replace(bench.order, listed=True)
    bench.runner.belongings = {
        "identities": [[index, f"SN{index}", "k", "p", "d", None, None, None] for index in range(3)],
        "logins": [[0, "SN0", "code", "secret"]],
    }
    bench.users(2)
    bench.begin()
    until(lambda: bench.fleets and set(bench.fleets[0].devices) == {0, 1})
    part = bench.role._part
    assert part is not None
    assert part.generator is not None
    assert part.travelled.identities is not None
    # Told of three, it was granted two.
    assert [part.travelled.identities.knows(index) for index in range(3)] == [True, True, False]
    assert list(part.travelled.logins) == ["SN0"]
    part.lost.add(0)
    part.generator.drop([0])
    until(lambda: 0 not in part.holder.held)
    assert part.travelled.logins == {}
    assert part.travelled.identities.find("SN0") is None
    assert part.travelled.identities.at(1).sn == "SN1"


def test_it_tells_the_master_when_it_is_overloaded(bench: Bench) -> None:
    bench.begin()
    part = bench.role._part
    assert part is not None
    assert part.generator is not None
    bench.role._question(part)
    assert bench.runner.messages(messages.LEASE)[-1]["busy"] is False
    part.generator._health.lags.append(10.0)
    bench.role._question(part)
    assert bench.runner.messages(messages.LEASE)[-1]["busy"] is True


def test_the_same_order_begins_one_run(bench: Bench) -> None:
    bench.begin()
    bench.runner.hear(messages.RUN, bench.order.to_wire())
    gevent.sleep(0.1)
    assert len(bench.fleets) == 1


def test_an_order_that_it_cannot_read_is_told_with_what_it_may_mean(bench: Bench) -> None:
    bench.runner.hear(messages.RUN, {"run_id": "r1", "of": "another version"})
    (told,) = bench.runner.messages(messages.FAILED)
    assert (told["run"], told["key"]) == ("r1", "worker_refused")
    assert "are they of one version?" in told["values"]["problem"]


def test_a_worker_of_another_version_takes_no_part(bench: Bench) -> None:
    """What it counts would reach a master that might read it as something else."""
    bench.runner.hear(messages.RUN, bench.order.to_wire() | {"version": "9.8.7"})
    gevent.sleep(0.1)
    (told,) = bench.runner.messages(messages.FAILED)
    assert (told["run"], told["key"]) == (bench.order.run_id, "worker_refused")
    problem = f"the master is best-fleet 9.8.7 and this worker {__version__}: install one version on all machines"
    assert told["values"] == {"worker": "w1", "problem": problem}
    assert not bench.fleets


def test_a_machine_that_cannot_carry_the_fleet_is_told(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(devices: int) -> None:
        raise module.OpenFilesError(f"{devices} devices: too few open files")

    monkeypatch.setattr(module, "allow_open_files", refused)
    bench.runner.hear(messages.RUN, bench.order.to_wire())
    until(lambda: bench.runner.messages(messages.FAILED))
    (told,) = bench.runner.messages(messages.FAILED)
    assert told["values"] == {"worker": "w1", "problem": "3 devices: too few open files"}


def test_it_goes_by_the_masters_clock_and_tells_if_its_own_is_off(bench: Bench) -> None:
    bench.runner.ahead_s = 60.0
    bench.begin()
    assert bench.role.clock.ahead_s == pytest.approx(60.0, abs=0.5)
    (told,) = bench.runner.messages(messages.FOUND)
    assert told["key"] == "clock_off"
    assert told["values"]["ahead_s"] == pytest.approx(-60.0, abs=0.5)


def test_a_master_that_does_not_tell_its_time_is_no_reason_to_wait(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "COMPARE_TIMEOUT_S", 0.05)
    bench.runner.silent = True
    bench.begin()
    assert [told["key"] for told in bench.runner.messages(messages.FOUND)] == ["clock_not_compared"]


def test_at_the_masters_word_devices_stop_and_the_last_figures_come_first(bench: Bench) -> None:
    handles = bench.users(1)
    bench.begin()
    until(lambda: handles[0].index == 0)
    bench.runner.hear(messages.STOP, {"run": "r1"})
    assert bench.fleets[0].closed
    assert bench.runner.sent[-1] == (messages.STOPPED, {"run": "r1", "leaving": False}, None)
    (report,) = bench.reports
    merged = RunMeasurements("master", "r1")
    assert merged.merge_delta(report[messages.DELTA])
    assert merged.totals["dev.heartbeat"].count == 1
    assert report[messages.LOGINS] == []


def test_the_masters_word_may_take_its_time_and_another_runs_is_not_heard(bench: Bench) -> None:
    assert bench.runner.concurrent == {messages.STOP, messages.ASK}, "the others must not overtake each other"
    bench.begin()
    bench.runner.hear(messages.STOP, {"run": "of yesterday"})
    assert not bench.runner.messages(messages.STOPPED)


def test_a_signal_ends_its_part_and_says_that_it_leaves(bench: Bench) -> None:
    bench.begin()
    bench.role.stop_and_quit("SIGTERM")
    assert bench.runner.messages(messages.STOPPED) == [{"run": "r1", "leaving": True}]
    assert bench.runner.done == ["report", "quit"]


def test_before_its_first_lease_nothing_falls_that_the_first_devices_could_fall_with(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[float] = []
    monkeypatch.setattr(Generator, "keep_until", lambda _generator, moment: kept.append(moment))
    now = module.time.monotonic()
    handles = bench.users(3)
    bench.begin()
    until(lambda: all(handle.index is not None for handle in handles))
    assert kept
    assert min(kept) > now


def test_without_its_masters_renewal_all_devices_are_dropped_and_it_tells(bench: Bench) -> None:
    bench.begin()
    bench.role.fenced(2)
    until(lambda: bench.runner.messages(messages.FOUND))
    (told,) = bench.runner.messages(messages.FOUND)
    assert (told["key"], told["values"]) == ("worker_fenced", {"worker": "w1", "devices": 2})


def test_an_index_that_another_worker_has_is_not_started_again(bench: Bench) -> None:
    bench.users(1)
    bench.begin()
    until(lambda: bench.fleets and set(bench.fleets[0].devices) == {0})
    part = bench.role._part
    assert part is not None
    assert part.generator is not None
    part.lost.add(0)
    part.generator.drop([0])
    until(lambda: not bench.fleets[0].devices)
    until(lambda: 0 not in part.holder.held)


def test_a_worker_that_lost_its_master_does_not_end_rightly(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bench.users(1)
    bench.begin()
    until(lambda: bench.fleets and bench.fleets[0].devices)
    part = bench.role._part
    assert part is not None
    monkeypatch.setattr(part.holder, "ran_out", lambda now: True)
    bench.role.test_stopping()
    assert bench.environment.process_exit_code == ExitCode.INVALID
    assert "has lost its master" in caplog.text


def test_an_error_of_ours_is_told_to_the_master(bench: Bench) -> None:
    bench.begin()
    bench.role.failed("listener.report", "KeyError: 'odd'")
    (told,) = bench.runner.messages(messages.FAILED)
    assert told["values"] == {"count": 1, "example": "listener.report: KeyError: 'odd'"}
    bench.role.internal_error("background.lease", "KeyError: 'odd'")
    assert bench.role._part is not None
    assert bench.role._part.measurements.internal_errors.total == 1


def test_rows_of_attendance_are_all_told_before_it_stops(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet, "MOST_ROWS_AT_ONCE", 30)
    wanted = "report: {attendance: true}\ndefaults: {attendance: {}}\n"
    scenario = parse_scenario(SCENARIO + wanted, "tiny.yaml")
    bench.order = make_order(scenario, run_id="r1", total=3, dispatch_urls=["http://127.0.0.1:9"])
    bench.begin()
    part = bench.role._part
    assert part is not None
    for number in range(70):
        row = Attended(
            "SN1", "7", "20001", "sign-in", "2026-03-02T08:56:11+08:00", "0", str(number), acknowledged=False
        )
        part.measurements.attendance.attended(row)
    bench.role.test_stopping()
    master = RunMeasurements("master", "r1")
    master.attendance.keeps_rows = True
    assert len(bench.reports) == 3
    assert all(master.merge_delta(report[messages.DELTA]) for report in bench.reports)
    assert len(master.attendance.take_lines()) == 70
    assert [kind for kind, _, _ in bench.runner.sent][-1] == messages.STOPPED


def test_a_network_that_is_down_ends_nothing_by_itself(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.begin()
    bench.runner.broken = True
    bench.role.generator_failed("out of memory")
    assert f"the master does not get {messages.FAILED}" in caplog.text


# --- Unsent records ---


@pytest.fixture
def keeping(bench: Bench) -> Bench:
    """A worker whose master has a state file, and which knows of the run."""
    scenario = parse_scenario(SCENARIO + "state_file: of the master.sqlite\n", "tiny.yaml")
    bench.order = make_order(scenario, run_id="r1", total=3, dispatch_urls=["http://127.0.0.1:9"])
    bench.begin()
    return bench


def keep(bench: Bench, log_id: int) -> None:
    """A device could not deliver a record."""
    assert bench.role._part is not None
    bench.role._part.unsent.keep("A", Unsent(log_id, b"r", None))
    bench.role._part.unsent.tick()


def told(bench: Bench) -> list[tuple[Any, ...]]:
    messages_of_records = bench.runner.messages(messages.UNSENT)
    assert {message["run"] for message in messages_of_records} <= {"r1"}
    return [change for message in messages_of_records for change in message["changes"]]


def test_what_devices_could_not_deliver_is_told_to_the_master_soon(
    keeping: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    keep(keeping, 1)
    until(lambda: told(keeping) == [("A", 1, b"r", None)])
    keeping.runner.broken = True
    keep(keeping, 2)
    until(lambda: f"does not get {messages.UNSENT}" in caplog.text)
    keep(keeping, 3)
    keeping.runner.broken = False
    until(lambda: told(keeping) == [("A", number, b"r", None) for number in (1, 2, 3)])


def test_the_last_of_it_is_told_before_the_worker_says_that_it_has_stopped(
    keeping: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = keeping.role._part
    assert part is not None
    until(lambda: part.generator is not None and part.telling is not None)
    assert part.generator is not None
    finish = part.generator.finish

    def last(drain_s: float, closing_s: float) -> None:
        finish(drain_s, closing_s)
        keep(keeping, 9)

    monkeypatch.setattr(part.generator, "finish", last)
    keeping.role.test_stopping()
    kinds = [kind for kind, _, _ in keeping.runner.sent]
    assert told(keeping) == [("A", 9, b"r", None)]
    assert kinds.index(messages.UNSENT) < kinds.index(messages.STOPPED)


def test_what_comes_with_a_lease_is_there_when_the_device_is_switched_on(keeping: Bench) -> None:
    keeping.runner.unsent = {"A": [(1, b"r", None), (2, None, b"p")]}
    (handle,) = keeping.users(1)
    until(lambda: handle.index == 0)
    assert keeping.role._part is not None
    assert keeping.role._part.unsent.restore("A") == [Unsent(1, b"r", None), Unsent(2, None, b"p")]


# --- The embedded platform goes and comes ---


def test_devices_know_of_the_platform_before_the_master_is_answered(bench: Bench) -> None:
    bench.begin()
    for away in (True, False):
        told = {"run": "r1", "number": 2, "away": away}
        bench.runner.hear(messages.PLATFORM, told)
        assert bench.fleets[0].weather[-1] == (2, away)
        assert bench.runner.messages(messages.PLATFORM)[-1] == told
    bench.runner.hear(messages.PLATFORM, {"run": "another", "number": 3, "away": True})
    assert len(bench.fleets[0].weather) == len(bench.runner.messages(messages.PLATFORM)) == 2


def test_who_comes_while_the_platform_is_away_learns_of_it_first(bench: Bench) -> None:
    bench.runner.hear(messages.RUN, bench.order.to_wire())
    for number, away in ((1, True), (2, True), (1, False)):
        bench.runner.hear(messages.PLATFORM, {"run": "r1", "number": number, "away": away})
    # Answered all the same: the master waits for nobody who cannot know yet.
    assert len(bench.runner.messages(messages.PLATFORM)) == 3
    until(lambda: bench.runner.messages(messages.LEASE))
    assert bench.fleets[0].weather == [(2, True)]


def test_it_answers_the_masters_questions_of_this_run_also_when_it_is_over(bench: Bench) -> None:
    bench.users(2)
    bench.begin()
    until(lambda: set(bench.fleets[0].devices) == {0, 1})
    bench.runner.hear(messages.ASK, {"run": "r1", "number": 7, "question": {"what": "device"}})
    bench.runner.hear(messages.ASK, {"run": "r0", "number": 8, "question": {"what": "device"}})
    bench.role.test_stopping()
    bench.role.test_stop()
    bench.runner.hear(messages.ASK, {"run": "r1", "number": 9, "question": {"what": "device"}})
    assert [
        (told["number"], told["answer"] and told["answer"]["devices"]) for told in bench.runner.messages(messages.TOLD)
    ] == [
        (7, [0, 1]),
        (8, None),
        (9, []),
    ]
