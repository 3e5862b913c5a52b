"""The store of records against a naive model, and its rules one by one."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from simulator.device.outbox import Outbox, Record
from simulator.device.retries import MAX_REFUSALS, retry_delay


def record(log_id: int) -> Record:
    return Record(log_id, {"logId": str(log_id)}, 0.0)


def filled(count: int, capacity: int = 100) -> Outbox:
    outbox = Outbox(capacity)
    for log_id in range(1, count + 1):
        assert outbox.add(record(log_id))
    return outbox


def ids(batch: list[Record]) -> list[int]:
    return [item.log_id for item in batch]


def test_what_waits_behind_a_record() -> None:
    outbox = filled(5)
    outbox.take(0.0, 1)
    assert ids(outbox.waiting_after(0)) == [5, 4, 3, 2]
    assert ids(outbox.waiting_after(3)) == [5, 4]
    assert outbox.waiting_after(5) == []


def test_records_come_out_in_order_and_stay_until_acknowledged() -> None:
    outbox = filled(5)
    first = outbox.take(0.0, 2)
    assert ids(first) == [1, 2]
    assert (outbox.pending, outbox.stored) == (5, 5)
    outbox.acknowledged(first)
    assert (outbox.pending, outbox.stored) == (3, 5)
    assert ids(outbox.take(0.0, 10)) == [3, 4, 5]
    assert outbox.take(0.0, 10) == []


def test_what_was_interrupted_is_sent_again_before_the_others() -> None:
    outbox = filled(4)
    batch = outbox.take(0.0, 2)
    outbox.add(record(9))
    outbox.interrupted(batch)
    assert ids(outbox.take(0.0, 10)) == [1, 2, 3, 4, 9]


def test_a_refused_batch_is_taken_apart() -> None:
    outbox = filled(4)
    batch = outbox.take(0.0, 3)
    assert outbox.refused(batch, 10.0) == []
    assert ids(outbox.take(10.0, 3)) == [4]  # the others wait for their back-off
    assert outbox.take(10.9, 3) == []
    assert outbox.next_due() == 11.0
    assert [ids(outbox.take(11.0, 3)) for _ in range(4)] == [[1], [2], [3], []]


def test_five_refusals_and_it_is_set_aside() -> None:
    outbox = filled(1)
    now = 0.0
    for refusals in range(1, MAX_REFUSALS):
        assert outbox.refused(outbox.take(now, 1), now) == []
        assert outbox.next_due() == now + retry_delay(refusals)
        now += retry_delay(refusals)
    given_up = outbox.refused(outbox.take(now, 1), now)
    assert ids(given_up) == [1]
    assert (outbox.pending, outbox.rejected, outbox.stored) == (0, 1, 1)
    assert outbox.next_due() is None


def test_a_reconnect_forgets_back_offs_and_restores_the_order() -> None:
    outbox = filled(4)
    outbox.refused(outbox.take(0.0, 2), 0.0)
    outbox.reconnected()
    assert outbox.next_due() == 0.0
    # Those of the refused message still go alone: one of them may be the bad one.
    assert [ids(outbox.take(0.0, 10)) for _ in range(3)] == [[1], [2], [3, 4]]


def test_the_oldest_acknowledged_makes_room_and_the_full_store_refuses() -> None:
    outbox = filled(3, capacity=3)
    assert not outbox.add(record(4))
    outbox.acknowledged(outbox.take(0.0, 1))
    assert outbox.add(record(5))
    assert not outbox.add(record(6))
    assert (outbox.pending, outbox.stored) == (3, 3)


class OutboxMachine(RuleBasedStateMachine):
    """Random use; the model is a list of every record's fate."""

    def __init__(self) -> None:
        super().__init__()
        self.outbox = Outbox(6)
        self.now = 0.0
        self.next_id = 0
        self.fate: dict[int, str] = {}
        self.batch: list[Record] = []
        self.kept = 0
        self.reconnected = False
        """Whether back-offs were forgotten."""

    @rule()
    def add(self) -> None:
        self.next_id += 1
        needed = sum(1 for fate in self.fate.values() if fate in ("waits", "flies", "rejected"))
        assert self.outbox.add(record(self.next_id)) == (needed < 6)
        if needed < 6:
            self.fate[self.next_id] = "waits"
            self.kept = min(self.kept, 6 - needed - 1)

    @precondition(lambda self: not self.batch)
    @rule(limit=st.integers(1, 4))
    def take(self, limit: int) -> None:
        self.batch = self.outbox.take(self.now, limit)
        assert len(self.batch) <= limit
        for item in self.batch:
            assert self.fate[item.log_id] == "waits"
            assert item.due <= self.now or self.reconnected
            self.fate[item.log_id] = "flies"
        if len(self.batch) > 1:
            assert not any(item.alone for item in self.batch)
            assert ids(self.batch) == sorted(ids(self.batch))
        if not self.batch:
            due = self.outbox.next_due()
            assert due is None or due > self.now

    @precondition(lambda self: self.batch)
    @rule()
    def acknowledge(self) -> None:
        self.outbox.acknowledged(self.batch)
        for item in self.batch:
            self.fate[item.log_id] = "acknowledged"
        self.kept += len(self.batch)
        self.batch = []

    @precondition(lambda self: self.batch)
    @rule()
    def refuse(self) -> None:
        given_up = self.outbox.refused(self.batch, self.now)
        for item in self.batch:
            self.fate[item.log_id] = "rejected" if item in given_up else "waits"
            assert (item in given_up) == (item.refusals == MAX_REFUSALS)
        self.batch = []

    @precondition(lambda self: self.batch)
    @rule(reconnect=st.booleans())
    def interrupt(self, reconnect: bool) -> None:
        self.outbox.interrupted(self.batch)
        for item in self.batch:
            self.fate[item.log_id] = "waits"
        self.batch = []
        if reconnect:
            self.outbox.reconnected()
            self.reconnected = True

    @rule(seconds=st.floats(0.1, 40))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def accounts(self) -> None:
        fates = list(self.fate.values())
        assert self.outbox.pending == fates.count("waits") + fates.count("flies")
        assert self.outbox.rejected == fates.count("rejected")
        assert self.outbox.stored == self.outbox.pending + self.outbox.rejected + self.kept <= 6


OutboxMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=30)
TestOutbox = OutboxMachine.TestCase
