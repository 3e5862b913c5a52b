"""The master: tells workers the run, leases them indexes, and misses nothing that they did not tell."""

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gevent
import pytest
from locust import runners
from locust.runners import STATE_MISSING

from reports.rebuild import load_run
from simulator.exit_codes import ExitCode
from simulator.fleet.device_rows import Query, Sort
from simulator.fleet.warm_state import Login, WarmState
from simulator.measurements.events import Event, QueueRecorder
from simulator.measurements.run import RunMeasurements
from simulator.swarm.process import master as module
from simulator.swarm.process import messages
from simulator.swarm.process.leases import LeaseHolder
from simulator.swarm.process.liveness import PATIENCE_S
from simulator.swarm.process.losses import STILL_KNOWN
from simulator.swarm.process.master import Master
from simulator.swarm.run import run as run_module
from tests.swarm.fake_fleet import until
from tests.swarm.fake_locust import SCENARIO, FakeRunner, WorkerNode, choice, environment
from tests.swarm.fake_weather import SCENARIO as WEATHER
from tests.swarm.fake_weather import Platform


class Bench:
    """A master of a fleet of three, and workers whose messages the test writes."""

    def __init__(self, directory: Path, scenario: str = SCENARIO + "defaults: {drain: 0s}\n") -> None:
        self.runner = FakeRunner()
        self.environment = environment(directory, self.runner)
        self.workers = self.runner.clients.all = [WorkerNode("w1"), WorkerNode("w2")]
        self.holders = {worker.id: LeaseHolder() for worker in self.workers}
        # Devices have no seconds to deliver anything in.
        self.role = Master(self.environment, choice(scenario))
        self.role.test_start()

    @property
    def run_id(self) -> str:
        assert self.role.run is not None
        return self.role.run.run_id

    def hear(self, kind: str, data: dict[str, Any], sender: str = "w1") -> None:
        self.runner.hear(kind, {"run": self.run_id, **data}, sender)

    def lease(self, worker: str, want: int) -> dict[str, Any]:
        """Ask for indexes; returns the answer."""
        holder = self.holders[worker]
        self.hear(messages.LEASE, holder.question(want, 0.0), worker)
        kind, answer, receiver = self.runner.sent[-1]
        assert (kind, receiver) == (messages.LEASE, worker)
        holder.accept(answer, 0.0)
        return answer

    def report(self, worker: str, requests: int) -> None:
        """What a worker measured, as Locust's report brings it."""
        measurements = RunMeasurements(worker, self.run_id)
        events: list[Event] = []
        recorder = QueueRecorder(events.append)
        recorder.state(0, "offline", "online", self.role.clock.wall())
        for _ in range(requests):
            recorder.request("dev.heartbeat", self.role.clock.wall(), 0.01, "00000000", 1, 1, 0.0)
        measurements.apply(events)
        data = {messages.DELTA: measurements.drain_delta(), messages.LOGINS: []}
        self.environment.events.worker_report.fire(client_id=worker, data=data)

    def stopped(self, worker: str, *, leaving: bool = False) -> None:
        self.hear(messages.STOPPED, {"leaving": leaving}, worker)

    def keys(self) -> list[str]:
        assert self.role.run is not None
        return [finding.key for finding in self.role.run.findings]

    def end(self) -> dict[str, Any]:
        self.role.test_stopping()
        self.role.test_stop()
        assert self.role.run is not None
        assert self.role.run.summary is not None
        return self.role.run.summary


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(module, "STOP_MARGIN_S", 0.1)
    monkeypatch.setattr(module, "REPORT_MARGIN_S", 0.1)
    bench = Bench(tmp_path / "report")
    yield bench
    bench.role.test_stopping()
    bench.role.test_stop()


def test_all_workers_are_told_the_run_and_late_ones_too(bench: Bench) -> None:
    (order,) = bench.runner.messages(messages.RUN)
    assert (order["run_id"], order["total"], order["share"]) == (bench.run_id, 3, 2)
    bench.environment.events.worker_connect.fire(client_id="w3")
    bench.runner.hear(messages.ASK_RUN, {}, "w4")
    assert [(kind, receiver) for kind, _, receiver in bench.runner.sent[1:]] == [
        (messages.RUN, "w3"),
        (messages.RUN, "w4"),
    ]


def test_identities_and_logins_of_files_reach_the_worker_that_has_the_devices_alone(tmp_path: Path) -> None:
    fleet = tmp_path / "devices.csv"
    fleet.write_text("sn,secretKey,productId,devKey\n" + "".join(f"D{n},hidden-{n},p,d\n" for n in range(3)))
    state = tmp_path / "state.sqlite"
    with WarmState(state) as kept:
        kept.save("http://127.0.0.1:9", {"D1": Login("hidden-code", "hidden-secret")})
    more = f"defaults: {{drain: 0s, start: warm}}\nidentities: {{csv: {fleet}}}\nstate_file: {state}\n"
    bench = Bench(tmp_path / "report", SCENARIO + more)
    (order,) = bench.runner.messages(messages.RUN)
    assert order["listed"] is True
    assert "hidden" not in str(order)
    first = bench.lease("w1", 2)
    assert [row[:3] for row in first["identities"]] == [[0, "D0", "hidden-0"], [1, "D1", "hidden-1"]]
    assert first["logins"] == [[1, "D1", "hidden-code", "hidden-secret"]]
    assert [row[0] for row in bench.lease("w2", 2)["identities"]] == [2]
    again = bench.lease("w1", 0)
    assert again["identities"] == []
    bench.role.test_stopping()
    bench.role.test_stop()


def test_no_index_is_leased_twice(bench: Bench) -> None:
    assert bench.lease("w1", 2)["held"] == [[0, 2]]
    assert bench.lease("w2", 2)["held"] == [[2, 3]]
    bench.stopped("w1")
    assert bench.lease("w2", 2)["held"] == [[0, 3]]


def test_what_belongs_to_another_run_is_not_heard(bench: Bench) -> None:
    before = len(bench.runner.sent)
    for kind in (messages.LEASE, messages.STOPPED, messages.FAILED, messages.FOUND):
        bench.runner.hear(kind, {"run": "of yesterday"}, "w1")
    assert len(bench.runner.sent) == before
    assert bench.keys() == []


def test_the_run_is_the_sum_of_what_its_workers_measured(bench: Bench) -> None:
    for worker in ("w1", "w2"):
        bench.lease(worker, 1)
        bench.report(worker, 4)
        bench.stopped(worker)
    summary = bench.end()
    assert summary["requests"]["dev.heartbeat"]["count"] == 8
    assert summary["generator"]["processes"] == 2
    assert bench.environment.process_exit_code == ExitCode.PASSED


def test_a_run_that_is_killed_knows_how_many_processes_had_devices(bench: Bench, tmp_path: Path) -> None:
    for number, worker in enumerate(("w1", "w2"), 1):
        bench.lease(worker, 1)
        assert bench.role.run is not None
        now = bench.role.clock.wall()
        assert bench.role.run.info(now, complete=False).processes == number
    bench.role.run.tick()
    assert load_run(tmp_path / "report")[1].processes == 2
    for worker in ("w1", "w2"):
        bench.stopped(worker)


def test_the_end_waits_for_every_workers_last_figures(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STOP_MARGIN_S", 5.0)
    for worker in ("w1", "w2"):
        bench.lease(worker, 1)
    ending = gevent.spawn(bench.end)
    gevent.sleep(0.1)
    assert [receiver for kind, _, receiver in bench.runner.sent if kind == messages.STOP] in (
        ["w1", "w2"],
        ["w2", "w1"],
    )
    for worker in ("w1", "w2"):
        assert not ending.ready()
        bench.report(worker, 4)
        bench.stopped(worker)
    assert ending.get(timeout=5)["requests"]["dev.heartbeat"]["count"] == 8


def test_a_worker_that_does_not_say_that_it_has_stopped_is_lost(bench: Bench) -> None:
    for worker in ("w1", "w2"):
        bench.lease(worker, 1)
        bench.report(worker, 4)
    bench.stopped("w2")
    summary = bench.end()
    assert [(reason["key"], reason["values"]["worker"]) for reason in summary["reasons"]] == [("worker_lost", "w1")]
    assert bench.environment.process_exit_code == ExitCode.INVALID


def test_of_several_that_were_lost_the_first_one_leads(bench: Bench) -> None:
    for worker in ("w2", "w1"):
        bench.lease(worker, 1)
        bench.report(worker, 4)
    assert bench.role._heard["w2"] < bench.role._heard["w1"]
    reasons = bench.end()["reasons"]
    assert [reason["values"]["worker"] for reason in reasons if reason["key"] == "worker_lost"] == ["w2", "w1"]


def test_a_worker_with_users_that_never_asked_for_a_device_is_told(bench: Bench) -> None:
    bench.lease("w1", 3)
    bench.report("w1", 4)
    bench.stopped("w1")
    bench.workers[1].user_count = 1
    assert "worker_idle" in [reason["key"] for reason in bench.end()["reasons"]]


def test_a_worker_that_cannot_go_on_ends_the_run_with_its_words(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    values = {"worker": "w1", "problem": "too few open files"}
    bench.hear(messages.FAILED, {"key": "worker_refused", "values": values})
    gevent.sleep(0)
    assert bench.runner.done == ["quit"]
    assert bench.keys() == ["worker_refused"]
    assert "too few open files" in caplog.text


def test_what_a_worker_finds_is_the_runs_and_does_not_end_it(bench: Bench) -> None:
    bench.hear(messages.FOUND, {"key": "clock_not_compared", "values": {"worker": "w1"}})
    gevent.sleep(0)
    assert bench.keys() == ["clock_not_compared"]
    assert bench.runner.done == []


def test_the_masters_time_is_told_beside_the_question(bench: Bench) -> None:
    bench.hear(messages.CLOCK, {"sent": 12.5})
    ((kind, answer, receiver),) = bench.runner.sent[1:]
    assert (kind, receiver, answer["sent"]) == (messages.CLOCK, "w1", 12.5)
    assert answer["time"] == pytest.approx(bench.role.clock.wall(), abs=1.0)


def test_more_users_than_devices_are_told_once(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    assert not bench.lease("w1", 1)["short"]
    bench.runner.target_user_count = 4
    assert bench.lease("w1", 1)["short"]
    assert bench.lease("w2", 1)["short"]
    assert bench.keys() == ["users_turned_away"]
    assert caplog.text.count("more users than the fleet has devices (3)") == 1


def test_a_worker_that_leaves_by_itself_is_told_and_one_at_the_end_is_not(bench: Bench) -> None:
    bench.lease("w1", 1)
    bench.stopped("w1", leaving=True)
    assert bench.keys() == ["worker_left"]
    assert bench.role.run is not None
    bench.role.run.stopping = True
    bench.stopped("w2", leaving=True)
    assert bench.keys() == ["worker_left"]


def test_the_users_of_a_missing_worker_are_spawned_elsewhere_once(bench: Bench) -> None:
    bench.lease("w1", 2)
    bench.workers[0].state = STATE_MISSING
    bench.workers[0].heartbeat = -30
    for _ in range(2):
        bench.role._look(0.0)
        gevent.sleep(0)
    assert bench.runner.done == ["start"]
    assert bench.workers[0].heartbeat == STILL_KNOWN, "Locust must not forget it meanwhile"


@pytest.mark.parametrize(("late_s", "busy"), [(0.0, True), (1.0, False)])
def test_nobody_is_dealt_more_while_a_worker_or_the_master_is_overloaded(
    bench: Bench, late_s: float, busy: bool
) -> None:
    bench.lease("w1", 1)
    bench.hear(messages.LEASE, bench.holders["w2"].question(1, 0.0, busy=busy), "w2")
    bench.workers[0].state = STATE_MISSING
    bench.role._look(late_s)
    gevent.sleep(0)
    assert bench.runner.done == []
    bench.hear(messages.LEASE, bench.holders["w2"].question(1, 0.0), "w2")
    bench.role._look(0.0)
    gevent.sleep(0)
    assert bench.runner.done == ["start"]


def test_locust_misses_a_worker_no_sooner_than_its_lease_is_about_to_run_out(bench: Bench) -> None:
    assert bench.role.run is not None
    assert bench.role.run.scenario.document.workers.lease - PATIENCE_S == runners.HEARTBEAT_LIVENESS


def test_a_run_whose_fleet_does_not_recover_ends_as_invalid_and_says_why_first(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.lease("w1", 2)
    bench.lease("w2", 1)
    bench.report("w1", 1)
    bench.role._look(0.0)
    bench.workers[0].state = STATE_MISSING
    assert bench.role.run is not None
    bound = bench.role.run.scenario.document.workers.recovery
    for after, expected in ((20.0, False), (15.0 + bound, False), (25.0 + bound, True)):
        with monkeypatch.context() as later:
            later.setattr(module, "time", SimpleNamespace(monotonic=lambda after=after: time.monotonic() + after))
            bench.role._look(0.0)
        found = bench.keys()
        assert ("not_recovered" in found) == expected
    assert bench.role.run.aborted
    summary = bench.end()
    assert summary["verdict"] == "invalid"
    assert summary["reasons"][0]["key"] == "not_recovered"


def test_devices_of_a_silent_worker_are_missing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.lease("w1", 2)
    bench.report("w1", 1)
    with monkeypatch.context() as later:
        later.setattr(module, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + 1_000.0))
        bench.role._look(0.0)
    assert bench.role.run is not None
    assert bench.role.run.measurements.devices.gauge.get("lost") == 2


# --- The embedded platform goes and comes ---


def test_the_page_is_told_of_the_devices_by_those_who_were_granted_them(bench: Bench) -> None:
    view = bench.role.view()
    assert view is not None
    bench.lease("w1", 2)
    sent = bench.runner.send_message

    def answering(kind: str, data: dict[str, Any], client_id: str | None = None) -> None:
        sent(kind, data, client_id)
        if kind == messages.ASK:
            rows = [{"sn": "SN", "index": 0}]
            bench.hear(
                messages.TOLD, {"number": data["number"], "answer": {"matching": 2, "rows": rows}}, str(client_id)
            )

    bench.runner.send_message = answering  # type: ignore[method-assign]
    table = view.table(Query(sort=Sort.SN))
    (asked,) = bench.runner.messages(messages.ASK)
    assert (asked["run"], asked["question"]["indexes"]) == (bench.run_id, [[0, 2]])
    assert (table["total"], table["matching"], table["missing"]) == (3, 3, [])
    assert [(row["index"], row["worker"]) for row in table["rows"]] == [(2, ""), (0, "w1")]


@pytest.fixture
def rough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Bench, Platform]]:
    """A master whose platform is killed as soon as all workers know."""
    monkeypatch.setattr(module, "TOLD_S", 60.0)
    for name in ("STOP_MARGIN_S", "REPORT_MARGIN_S"):
        monkeypatch.setattr(module, name, 0.1)
    platform = Platform()
    monkeypatch.setattr(run_module, "embedded_platform", lambda *_: platform)
    bench = Bench(tmp_path / "report", WEATHER)
    yield bench, platform
    # Nobody answers any more, whatever is asked already.
    monkeypatch.setattr(module, "TOLD_S", 0.1)
    for worker in bench.workers:
        worker.state = STATE_MISSING
    bench.role.test_stopping()
    bench.role.test_stop()


def asked(bench: Bench) -> list[tuple[str | None, bool]]:
    """Which workers were told that the platform is away, or back."""
    return [(worker, data["away"]) for kind, data, worker in bench.runner.sent if kind == messages.PLATFORM]


def test_it_is_killed_when_all_workers_devices_know(rough: tuple[Bench, Platform]) -> None:
    bench, platform = rough
    until(lambda: len(asked(bench)) == 2)
    assert asked(bench) == [("w1", True), ("w2", True)]
    bench.hear(messages.PLATFORM, {"number": 0, "away": True}, "w1")
    # Neither does an answer to something else count, nor one of another run.
    bench.hear(messages.PLATFORM, {"number": 0, "away": False}, "w2")
    bench.runner.hear(messages.PLATFORM, {"run": "of yesterday", "number": 0, "away": True}, "w2")
    gevent.sleep(2 * module.POLL_S)
    assert platform.done == []
    bench.hear(messages.PLATFORM, {"number": 0, "away": True}, "w2")
    until(lambda: platform.done == ["kill"])


def test_a_worker_that_is_gone_or_mute_holds_up_no_fault(
    rough: tuple[Bench, Platform], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, platform = rough
    until(lambda: len(asked(bench)) == 2)
    bench.hear(messages.PLATFORM, {"number": 0, "away": True}, "w1")
    bench.workers[1].state = STATE_MISSING
    until(lambda: platform.done == ["kill"])
    monkeypatch.setattr(module, "TOLD_S", 0.1)
    bench.workers[1].state = "running"
    bench.role.test_stopping()
    assert platform.done == ["kill", "restart"]
    assert asked(bench)[2:] == [("w1", False), ("w2", False)]


def test_a_worker_that_comes_while_it_is_away_is_told_behind_the_run(rough: tuple[Bench, Platform]) -> None:
    bench, platform = rough
    for worker in ("w1", "w2"):
        bench.hear(messages.PLATFORM, {"number": 0, "away": True}, worker)
    until(lambda: platform.done == ["kill"])
    bench.environment.events.worker_connect.fire(client_id="w3")
    assert [(kind, receiver) for kind, _, receiver in bench.runner.sent[-2:]] == [
        (messages.RUN, "w3"),
        (messages.PLATFORM, "w3"),
    ]


def test_the_order_says_when_the_run_began_and_how_long_there_are_faults(rough: tuple[Bench, Platform]) -> None:
    bench, _ = rough
    assert bench.role.run is not None
    (order,) = bench.runner.messages(messages.RUN)
    assert order["begun"] == bench.role.run.started
    assert order["length"] == 86_400  # There is no planned end.
    assert [fault.what for fault in bench.role.run.info(0.0, complete=True).faults] == ["platform_restart"]
