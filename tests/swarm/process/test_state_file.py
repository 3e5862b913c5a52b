"""The master's state file: what workers tell is kept, and comes back with the lease of the device."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reports.writer import OUTPUT_FAILED
from simulator.device.unsent import Unsent
from simulator.fleet.record_store import RecordStore, TravellingRecords
from simulator.fleet.warm_state import Login, WarmState, WarmStateError
from simulator.swarm.process import master as module
from simulator.swarm.process import messages
from simulator.swarm.process.leases import LeaseHolder
from simulator.swarm.process.master import Master
from tests.swarm.fake_fleet import until
from tests.swarm.fake_locust import SCENARIO, FakeRunner, WorkerNode, choice, environment

DISPATCH = "http://127.0.0.1:9"


def row(log_id: int) -> Unsent:
    return Unsent(log_id, b"r", None)


class Bench:
    """A master with a state file, and workers whose messages the test writes."""

    def __init__(self, directory: Path, path: Path) -> None:
        self.path = path
        self.runner = FakeRunner()
        self.environment = environment(directory, self.runner)
        self.runner.clients.all = [WorkerNode("w1"), WorkerNode("w2")]
        self.holders = {name: LeaseHolder() for name in ("w1", "w2")}
        self.role = Master(self.environment, choice(f"{SCENARIO}defaults: {{drain: 0s}}\nstate_file: {path}\n"))
        self.role.test_start()
        self.over = False

    @property
    def run_id(self) -> str:
        assert self.role.run is not None
        return self.role.run.run_id

    def sns(self) -> list[str]:
        assert self.role._state_file is not None
        return [self.role._state_file._identities.sn(index) for index in range(3)]

    def lease(self, worker: str, want: int, *, arrives: bool = True) -> dict[str, Any]:
        """Ask for indexes; returns the devices' rows that came along."""
        holder = self.holders[worker]
        self.runner.hear(messages.LEASE, holder.question(want, 0.0) | {"run": self.run_id}, worker)
        answer = self.runner.sent[-1][1]
        if arrives:
            holder.accept(answer, 0.0)
        return dict(answer.get("unsent", {}))

    def tell(self, *changes: tuple[Any, ...], run: str | None = None) -> None:
        data = {"run": run or self.run_id, "changes": list(changes)}
        self.runner.hear(messages.UNSENT, data, "w1")

    def kept(self) -> dict[str, list[Unsent]]:
        with WarmState(self.path) as state:
            return state.load_unsent(DISPATCH)

    def counts(self) -> dict[str, int]:
        assert self.role.run is not None
        return self.role.run.measurements.records

    def end(self) -> dict[str, Any]:
        self.over = True
        self.role.test_stopping()
        self.role.test_stop()
        assert self.role.run is not None
        assert self.role.run.summary is not None
        return self.role.run.summary


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite"


@pytest.fixture
def bench(tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(module, "STOP_MARGIN_S", 0.1)
    monkeypatch.setattr(module, "REPORT_MARGIN_S", 0.1)
    bench = Bench(tmp_path / "report", path)
    yield bench
    if not bench.over:
        bench.end()


def leave(path: Path, rows: dict[str, list[Unsent]]) -> None:
    """What an earlier run left."""
    with WarmState(path) as state:
        state.save_unsent(DISPATCH, [(sn, each) for sn, found in rows.items() for each in found], [])


def test_what_workers_tell_is_in_the_file_while_they_live(bench: Bench) -> None:
    first, second, _ = bench.sns()
    bench.tell((first, 1, b"r", None), (first, 2, b"r", b"p"), (second, 1, b"r", None))
    until(lambda: bench.kept() == {first: [row(1), Unsent(2, b"r", b"p")], second: [row(1)]})
    bench.tell((first, 1), (first, 2, None, b"p"))
    bench.tell((first, 9, b"r", None), run="of yesterday")
    until(lambda: bench.kept() == {first: [Unsent(2, None, b"p")], second: [row(1)]})
    summary = bench.end()
    assert (summary["records"]["kept"], summary["photos"]["kept"]) == (1, 1)


def test_what_earlier_runs_left_comes_with_the_lease_until_it_was_seen(
    tmp_path: Path, path: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    sns = bench.sns()
    bench.end()
    leave(path, {sns[0]: [row(1), row(2)], sns[2]: [row(7)], "of another fleet": [row(1)]})
    bench = Bench(tmp_path / "second", path)
    assert bench.counts()["unclaimed"] == 4
    given = {sns[0]: [(1, b"r", None), (2, b"r", None)]}
    assert bench.lease("w1", 2, arrives=False) == given
    assert bench.lease("w1", 2) == given
    assert bench.lease("w1", 0) == {}
    assert bench.lease("w2", 1) == {sns[2]: [(7, b"r", None)]}
    assert (bench.counts()["restored"], bench.counts()["unclaimed"]) == (3, 1)
    bench.tell((sns[0], 1), (sns[2], 7))
    summary = bench.end()
    assert bench.kept() == {sns[0]: [row(2)], "of another fleet": [row(1)]}
    assert {name: summary["records"][name] for name in ("restored", "kept", "unclaimed")} == {
        "restored": 3,
        "kept": 1,
        "unclaimed": 1,
    }
    assert [note["values"] for note in summary["notes"] if note["key"] == "records_unclaimed"] == [{"count": 1}]


def test_a_device_that_moves_to_another_worker_takes_its_records_along(bench: Bench) -> None:
    first, *_ = bench.sns()
    assert bench.lease("w1", 1) == {}
    bench.tell((first, 1, b"r", None), (first, 2, b"r", None))
    bench.runner.hear(messages.STOPPED, {"run": bench.run_id, "leaving": True}, "w1")
    assert bench.lease("w2", 1) == {first: [(1, b"r", None), (2, b"r", None)]}
    bench.tell((first, 1), (first, 2))
    bench.runner.hear(messages.STOPPED, {"run": bench.run_id, "leaving": True}, "w2")
    # Who had it before must not find what he still holds of it.
    bench.holders["w1"] = LeaseHolder()
    assert bench.lease("w1", 1) == {first: []}
    assert bench.counts()["restored"] == 0


def test_logins_are_kept_too(bench: Bench, path: Path) -> None:
    first, *_ = bench.sns()
    assert bench.role._state_file is not None
    bench.role._state_file.keep([(first, "code", "secret")])

    def logins() -> dict[str, Login]:
        with WarmState(path) as state:
            return state.load_many(DISPATCH, [first])

    until(lambda: logins() == {first: Login("code", "secret")})


def test_a_file_that_cannot_be_written_is_told_and_makes_the_run_invalid(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise WarmStateError("the disk is full")

    monkeypatch.setattr(WarmState, "save_unsent", full)
    bench.tell((bench.sns()[0], 1, b"r", None))
    until(lambda: "the disk is full" in caplog.text)
    summary = bench.end()
    assert caplog.text.count("the disk is full") == 1
    (reason,) = [reason for reason in summary["reasons"] if reason["key"] == OUTPUT_FAILED]
    assert reason["values"]["problem"] == "the disk is full"
    assert summary["records"]["kept"] == 0


def test_a_file_that_is_none_of_ours_starts_no_run(bench: Bench, path: Path) -> None:
    bench.end()
    path.write_bytes(b"no database at all" * 100)
    bench.role.test_start()
    assert bench.role._state_file is None
    assert bench.runner.messages(messages.RUN)[1:] == []


def test_a_workers_store_gives_each_change_once_and_takes_back_what_did_not_leave() -> None:
    store, master = TravellingRecords(), RecordStore()
    store.keep("A", row(1))
    assert store.drain() == []
    store.tick()
    store.keep("A", row(2))
    store.tick()
    store.tick()
    changes = store.drain()
    assert changes == [("A", 1, b"r", None), ("A", 2, b"r", None)]
    assert store.drain() == []
    store.drop("A", 1)
    store.tick()
    store.put_back(changes)
    master.apply(store.drain())
    assert master.restore("A") == [row(2)]
