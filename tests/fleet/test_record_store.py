"""What is kept of unsent records, whatever happens to the process: nothing that was written is lost before it is up."""

from collections import Counter

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from simulator.device.keeping import Keeping
from simulator.device.outbox import Outbox, Record
from simulator.device.unsent import Unsent
from simulator.device.uploads import Upload
from simulator.fleet import record_store
from simulator.fleet.record_store import Changes, RecordStore, to_wire


def row(log_id: int, photo: bytes | None = None) -> Unsent:
    return Unsent(log_id, b"r", photo)


def counted() -> tuple[Counter[str], RecordStore]:
    counts: Counter[str] = Counter()
    return counts, RecordStore(count=lambda event, number: counts.update({event: number}))


def test_what_comes_and_goes_between_two_looks_is_never_written() -> None:
    store = RecordStore()
    store.keep("A", row(1, b"p"))
    store.keep("A", row(2))
    store.keep("A", row(3, b"p"))
    store.drop("A", 2)
    store.acknowledged("A", 3)
    assert store.take() == {("A", 1): row(1, b"p"), ("A", 3): Unsent(3, None, b"p")}
    assert store.take() == {}
    store.acknowledged("A", 1)
    store.drop("A", 1)
    store.drop("A", 3)
    assert store.take() == {("A", 1): None, ("A", 3): None}
    store.drop("A", 3)
    store.acknowledged("B", 1)
    assert store.take() == {}
    assert (store.records, store.photos) == (0, 0)


def test_a_full_file_takes_no_more_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_store, "MOST", 3)
    counts: Counter[str] = Counter()
    store = RecordStore({"A": [row(1)]}, 1, lambda event, number: counts.update({event: number}))
    store.keep("B", row(1))
    store.keep("B", row(2))
    store.acknowledged("B", 2)
    assert counts["unkept"] == 1
    assert [each.log_id for each in store.restore("B")] == [1]
    store.drop("B", 1)
    store.keep("B", row(3))
    assert counts["unkept"] == 1
    assert [each.log_id for each in store.restore("B")] == [3]


def test_who_is_switched_on_claims_what_earlier_runs_left_once() -> None:
    counts: Counter[str] = Counter()
    rows = {"A": [row(1), row(2, b"p"), Unsent(3, None, b"p")], "B": [row(1)]}
    store = RecordStore(rows, count=lambda event, number: counts.update({event: number}))
    assert counts == {"unclaimed": 3}
    assert (store.records, store.photos) == (0, 0)
    assert store.restore("A") == rows["A"]
    assert store.restore("A") == rows["A"]
    assert store.restore("C") == []
    assert counts == {"unclaimed": 1, "restored": 2, "photo_restored": 2}
    assert (store.records, store.photos) == (2, 2)


def test_a_workers_changes_make_the_masters_store_the_same() -> None:
    worker, master = RecordStore(), RecordStore()
    for log_id in range(1, 5):
        worker.keep("A", row(log_id, b"p"))
    master.apply(to_wire(worker.take()))
    worker.acknowledged("A", 1)
    worker.acknowledged("A", 2)
    worker.drop("A", 2)
    worker.drop("A", 3)
    worker.keep("B", row(9))
    master.apply(to_wire(worker.take()))
    assert master.restore("A") == worker.restore("A") == [Unsent(1, None, b"p"), row(4, b"p")]
    assert master.restore("B") == [row(9)]
    assert (master.records, master.photos) == (worker.records, worker.photos) == (2, 2)
    # Of a row that the master did not take there is no picture to be kept alone.
    master.apply([("C", 5, None, b"p"), ("C", 6)])
    assert master.restore("C") == []


def test_what_the_master_gives_takes_the_place_of_what_a_worker_held() -> None:
    store = RecordStore()
    store.keep("A", row(1))
    store.take()
    store.give("A", [(1, None, b"p"), (2, b"r", None)])
    assert store.restore("A") == [Unsent(1, None, b"p"), row(2)]
    assert (store.records, store.photos) == (1, 1)
    assert store.take() == {}  # the master holds it
    store.give("A", [])
    assert store.restore("A") == []
    assert (store.records, store.photos) == (0, 0)


class KeptRecords(RuleBasedStateMachine):
    """One device over many lives of its process, which may be killed at any moment."""

    def __init__(self) -> None:
        super().__init__()
        self.file: Changes = {}
        self.log_id = 0
        self.acknowledged: set[int] = set()
        """What the platform has."""
        self.given_up: set[int] = set()
        self.pictures: set[int] = set()
        self.safe: set[int] = set()
        """Records that were written at least once."""
        self.now = 0.0
        self.begin()

    def begin(self) -> None:
        rows = [each for each in self.file.values() if each is not None]
        self.store = RecordStore({"SN": sorted(rows)} if rows else {})
        self.keeping = Keeping(self.store, "SN")
        self.outbox = Outbox(100)
        self.batch: list[Record] = []
        records, self.uploads, last = self.keeping.restore(0.0)
        self.outbox.restore(records)
        self.log_id = max(self.log_id, last)
        ids = [record.log_id for record in records]
        assert ids == sorted(ids)
        lost = self.safe - self.acknowledged - self.given_up - set(ids)
        assert not lost

    @rule(photo=st.booleans())
    def make(self, photo: bool) -> None:
        self.log_id += 1
        fields = {"logId": str(self.log_id)}
        picture = Upload("f", "l", [fields], created=0.0, size=9, key=1) if photo else None
        record = Record(self.log_id, fields, 0.0, picture)
        assert self.outbox.add(record)
        self.keeping.made(record)

    @rule()
    def write(self) -> None:
        for (sn, log_id), each in self.store.take().items():
            if each is None:
                self.file.pop((sn, log_id), None)
            else:
                self.file[sn, log_id] = each
                self.safe.add(log_id)

    @precondition(lambda self: not self.batch)
    @rule(limit=st.integers(1, 5))
    def send(self, limit: int) -> None:
        self.now += 60.0
        self.batch = self.outbox.take(self.now, limit)
        ids = [record.log_id for record in self.batch]
        assert ids == sorted(ids)

    @precondition(lambda self: self.batch)
    @rule()
    def arrive(self) -> None:
        """The platform takes the batch and the acknowledgement comes."""
        self.outbox.acknowledged(self.batch)
        for record in self.batch:
            self.acknowledged.add(record.log_id)
            self.keeping.acknowledged(record)
            if record.photo is not None:
                self.uploads.append(record.photo)
        self.batch = []

    @precondition(lambda self: self.batch)
    @rule()
    def arrive_unheard(self) -> None:
        """The platform takes the batch, and nobody hears of it."""
        self.acknowledged |= {record.log_id for record in self.batch}
        self.outbox.interrupted(self.batch)
        self.batch = []

    @precondition(lambda self: self.batch)
    @rule()
    def refuse(self) -> None:
        for record in self.outbox.refused(self.batch, self.now):
            self.given_up.add(record.log_id)
            self.keeping.given_up(record)
        self.batch = []

    @precondition(lambda self: self.uploads)
    @rule()
    def picture_arrives(self) -> None:
        photo = self.uploads.pop(0)
        self.pictures.add(int(photo.items[0]["logId"]))
        self.keeping.photo_left(photo)

    @rule()
    def kill(self) -> None:
        self.begin()

    @rule()
    def end(self) -> None:
        self.write()
        self.begin()

    @invariant()
    def counts(self) -> None:
        assert self.store.records == self.outbox.pending
        assert self.store.photos >= len(self.uploads)

    def teardown(self) -> None:
        """A platform that takes everything at last has each record that was written and not given up."""
        self.end()
        while batch := self.outbox.take(self.now, 3):
            self.acknowledged |= {record.log_id for record in batch}
            self.outbox.acknowledged(batch)
            for record in batch:
                self.keeping.acknowledged(record)
                if record.photo is not None:
                    self.uploads.append(record.photo)
        while self.uploads:
            self.picture_arrives()
        self.write()
        assert self.safe <= self.acknowledged | self.given_up
        assert self.file == {}


KeptRecords.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestKeptRecords = KeptRecords.TestCase
