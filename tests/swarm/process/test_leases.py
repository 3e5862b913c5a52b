"""Leases: no index is live on two workers, whatever happens to messages, clocks and workers."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from simulator.swarm.process.index_ranges import Ranges
from simulator.swarm.process.leases import (
    MOST_AHEAD,
    MOST_AT_ONCE,
    RENEWALS,
    SHARE_AHEAD,
    LeaseHolder,
    LeaseTable,
)

LEASE = 10.0
QUARANTINE = 40.0
SILENCE = 30.0
"""The platform drops a connection whose device said nothing for so long; shorter than the quarantine."""


def granted(
    holder: LeaseHolder, table: LeaseTable, want: int, now: float, name: str = "a", *, ahead: int = 0
) -> Ranges:
    answer = table.answer(name, holder.question(want, now, ahead=ahead), now)
    assert answer is not None
    return holder.accept(answer, now)[0]


def test_a_worker_gets_the_smallest_free_indexes() -> None:
    table = LeaseTable(10)
    assert granted(LeaseHolder(), table, 4, 0.0, "a") == Ranges([(0, 4)])
    assert granted(LeaseHolder(), table, 9, 0.0, "b") == Ranges([(4, 10)])
    assert table.free == 0


def test_a_lost_grant_is_made_good_by_the_next_answer_and_not_given_twice() -> None:
    table, holder = LeaseTable(10), LeaseHolder()
    table.answer("a", holder.question(4, 0.0), 0.0)
    assert granted(holder, table, 4, 1.0) == Ranges([(0, 4)])
    assert table.free == 6


def test_a_grant_under_way_is_not_freed_by_a_question_that_does_not_name_it_yet() -> None:
    table, holder = LeaseTable(10), LeaseHolder()
    first, second = holder.question(4, 0.0), holder.question(0, 0.1)
    table.answer("a", first, 0.2)
    answer = table.answer("a", second, 0.3)
    assert answer is not None
    assert Ranges.from_wire(answer["held"]) == Ranges([(0, 4)])


def test_an_index_that_was_given_back_is_not_taken_from_an_older_answer() -> None:
    table, holder = LeaseTable(1), LeaseHolder()
    assert granted(holder, table, 1, 0.0)
    late = table.answer("a", holder.question(0, 1.0), 1.0)
    holder.give_back(Ranges([(0, 1)]))
    table.answer("a", holder.question(0, 2.0), 2.0)
    assert granted(LeaseHolder(), table, 1, 3.0, "b") == Ranges([(0, 1)])
    assert late is not None
    assert holder.accept(late, 4.0) == (Ranges(), Ranges())
    assert not holder.held


def test_the_workers_lease_ends_before_the_masters() -> None:
    table, holder = LeaseTable(4, lease_s=LEASE, quarantine_s=QUARANTINE), LeaseHolder()
    question = holder.question(2, 0.0)
    answer = table.answer("a", question, 3.0)
    assert answer is not None
    holder.accept(answer, 6.0)
    assert holder.valid_until < 10.0
    assert holder.expired(9.9)
    assert not table.resting(12.9)
    assert table.resting(13.0) == 2


def test_an_answer_that_comes_after_its_lease_grants_nothing() -> None:
    table, holder = LeaseTable(4, lease_s=LEASE), LeaseHolder()
    answer = table.answer("a", holder.question(2, 0.0), 0.0)
    assert answer is not None
    assert holder.accept(answer, 11.0) == (Ranges(), Ranges())
    assert holder.expired(11.0)
    table.answer("a", holder.question(0, 11.0), 11.0)
    assert table.free == 4


def test_the_indexes_of_a_silent_worker_rest_before_another_gets_them() -> None:
    table = LeaseTable(4, lease_s=LEASE, quarantine_s=QUARANTINE)
    granted(LeaseHolder(), table, 4, 0.0, "a")
    other = LeaseHolder()
    assert not granted(other, table, 4, LEASE + QUARANTINE - 0.1, "b")
    assert granted(other, table, 4, LEASE + QUARANTINE, "b") == Ranges([(0, 4)])


def test_a_worker_that_comes_back_within_the_quarantine_keeps_what_it_still_names() -> None:
    table, holder = LeaseTable(4, lease_s=LEASE, quarantine_s=QUARANTINE), LeaseHolder()
    granted(holder, table, 4, 0.0)
    holder.give_back(Ranges([(0, 3)]))
    assert not granted(holder, table, 0, 30.0)
    assert table.free == 3
    assert table.silent(30.0 + LEASE) == {"a": Ranges([(3, 4)])}


def test_a_worker_that_leaves_in_order_frees_at_once() -> None:
    table = LeaseTable(4)
    granted(LeaseHolder(), table, 4, 0.0)
    assert table.dismiss("a") == Ranges([(0, 4)])
    assert table.dismiss("a") == Ranges()
    assert table.free == 4


class _Worker:
    """A worker process: its holder, its live devices, and whether the machine runs it at all."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.holder = LeaseHolder()
        self.live: set[int] = set()
        self.closing: set[int] = set()
        self.waiting = 0
        self.frozen = False
        self.last_ran = 0.0

    def wake(self, now: float) -> None:
        """What a worker does first whenever it runs: the fence."""
        self.last_ran = now
        if self.holder.expired(now):
            self.drop(set(self.live))

    def drop(self, indexes: set[int]) -> None:
        self.waiting += len(self.live & indexes)
        self.live -= indexes
        self.holder.give_back(Ranges.of(indexes))

    def connected(self, now: float) -> set[int]:
        """What the platform believes to be connected."""
        return self.live | self.closing if now - self.last_ran < SILENCE else set()


class LeaseMachine(RuleBasedStateMachine):
    """Workers, a master, a bad network and bad clocks."""

    @initialize(total=st.integers(1, 6) | st.just(40), workers=st.integers(2, 3))
    def set_up(self, total: int, workers: int) -> None:
        self.now = 0.0
        self.table = LeaseTable(total, lease_s=LEASE, quarantine_s=QUARANTINE)
        self.workers = [_Worker(f"w{number}") for number in range(workers)]
        self.to_master: list[tuple[_Worker, dict[str, Any]]] = []
        self.to_worker: list[tuple[_Worker, dict[str, Any]]] = []

    def pick(self, number: int) -> _Worker:
        return self.workers[number % len(self.workers)]

    @rule(who=st.integers(0, 2), want=st.integers(0, 4), ahead=st.integers(0, 3))
    def ask(self, who: int, want: int, ahead: int) -> None:
        worker = self.pick(who)
        if not worker.frozen:
            worker.wake(self.now)
            self.to_master.append((worker, worker.holder.question(want, self.now, ahead=ahead)))

    @rule(at=st.integers(0, 20), again=st.booleans(), answered=st.booleans())
    def master_receives(self, at: int, again: bool, answered: bool) -> None:
        if not self.to_master:
            return
        at %= len(self.to_master)
        worker, question = self.to_master[at] if again else self.to_master.pop(at)
        answer = self.table.answer(worker.name, question, self.now)
        if answer is not None and answered:
            self.to_worker.append((worker, answer))

    @rule(at=st.integers(0, 20), again=st.booleans())
    def worker_receives(self, at: int, again: bool) -> None:
        if not self.to_worker:
            return
        at %= len(self.to_worker)
        worker, answer = self.to_worker[at] if again else self.to_worker.pop(at)
        if worker.frozen:
            return
        worker.wake(self.now)
        new, lost = worker.holder.accept(answer, self.now)
        worker.drop(set(lost) & worker.live)
        worker.live |= set(new)

    @rule(who=st.integers(0, 2), count=st.integers(1, 3))
    def users_leave(self, who: int, count: int) -> None:
        worker = self.pick(who)
        if not worker.frozen:
            worker.wake(self.now)
            leaving = set(sorted(worker.live)[:count])
            worker.live -= leaving
            worker.closing |= leaving

    @rule(who=st.integers(0, 2))
    def devices_close(self, who: int) -> None:
        worker = self.pick(who)
        if not worker.frozen:
            worker.wake(self.now)
            worker.holder.give_back(Ranges.of(worker.closing))
            worker.closing = set()

    @rule(who=st.integers(0, 2))
    def freeze_or_thaw(self, who: int) -> None:
        worker = self.pick(who)
        worker.frozen = not worker.frozen
        if not worker.frozen:
            worker.wake(self.now)

    @rule(seconds=st.sampled_from([0.5, 3.0, 9.0, 11.0, 25.0, 45.0]))
    def time_goes_by(self, seconds: float) -> None:
        self.now += seconds
        for worker in self.workers:
            if not worker.frozen:
                worker.wake(self.now)
                # Closing takes seconds at most.
                worker.holder.give_back(Ranges.of(worker.closing))
                worker.closing = set()

    @invariant()
    def nothing_is_live_twice(self) -> None:
        seen: set[int] = set()
        for worker in getattr(self, "workers", []):
            connected = worker.connected(self.now)
            assert not connected & seen
            seen |= connected


LeaseMachine.TestCase.settings = settings(max_examples=120, stateful_step_count=60, deadline=None)
TestLeaseMachine = LeaseMachine.TestCase


def test_what_silent_workers_took_along_is_missing_until_others_have_it() -> None:
    table, a, b = LeaseTable(10, lease_s=LEASE, quarantine_s=QUARANTINE), LeaseHolder(), LeaseHolder()
    granted(a, table, 6, 0.0, "a")
    granted(b, table, 2, 0.0, "b")
    granted(b, table, 0, 8.0, "b")
    assert (table.silent(9.0), table.missing(9.0), table.in_use(9.0)) == ({}, 0, 8)
    assert table.silent(LEASE) == {"a": Ranges([(0, 6)])}
    assert (table.missing(LEASE), table.in_use(LEASE)) == (6, 2)
    for now in range(int(LEASE), int(LEASE + QUARANTINE), 4):
        granted(b, table, 0, float(now), "b")
    rested = LEASE + QUARANTINE
    table.sweep(rested)
    assert (table.silent(rested), table.missing(rested)) == ({}, 6)
    assert len(granted(b, table, 4, rested, "b")) == 4
    assert table.missing(rested) == 2
    assert len(granted(b, table, 9, rested + 1, "b")) == 4  # two of them were never anybody's
    assert table.missing(rested + 1) == 0


def test_what_a_worker_that_returns_still_has_is_not_missing_any_more() -> None:
    table, a = LeaseTable(10, lease_s=LEASE, quarantine_s=QUARANTINE), LeaseHolder()
    granted(a, table, 6, 0.0, "a")
    assert table.missing(20.0) == 6
    granted(a, table, 0, 21.0, "a")
    assert (table.missing(21.0), table.in_use(21.0)) == (0, 6)
    late = 21.0 + LEASE + QUARANTINE
    table.sweep(late)
    assert table.missing(late) == 6
    granted(a, table, 0, late, "a")
    assert (table.missing(late), table.in_use(late)) == (0, 6)


def test_what_was_given_back_in_order_is_not_missing() -> None:
    table, a = LeaseTable(10, lease_s=LEASE, quarantine_s=QUARANTINE), LeaseHolder()
    granted(a, table, 6, 0.0, "a")
    table.dismiss("a")
    assert table.missing(LEASE + QUARANTINE) == 0


def test_a_grant_is_unseen_until_its_worker_has_named_its_answer() -> None:
    table, holder = LeaseTable(5), LeaseHolder()
    assert table.unseen("w") == Ranges()
    lost = table.answer("w", holder.question(2, 0.0), 0.0)
    answer = table.answer("w", holder.question(3, 0.0), 0.0)
    assert lost is not None
    assert answer is not None
    assert table.unseen("w") == Ranges([(0, 3)])
    holder.accept(answer, 0.0)
    assert table.answer("w", holder.question(0, 0.0), 0.0) is not None
    assert table.unseen("w") == Ranges()


def test_no_more_is_on_its_way_to_a_worker_than_goes_into_a_message() -> None:
    table, holder = LeaseTable(3 * MOST_AT_ONCE), LeaseHolder()
    want = 2 * MOST_AT_ONCE + 1
    table.answer("w", holder.question(want, 0.0), 0.0)
    # The first answer got lost: the second says the same again.
    assert len(granted(holder, table, want, 1.0, "w")) == MOST_AT_ONCE
    assert len(table.unseen("w")) == MOST_AT_ONCE
    # A question that names the first half leaves room for as many; its worker then lacks one.
    assert len(granted(holder, table, MOST_AT_ONCE + 1, 2.0, "w")) == MOST_AT_ONCE
    assert len(granted(holder, table, 1, 3.0, "w")) == 1
    assert holder.held == Ranges([(0, want)])


def lost_by_another(deal_rate: float | None) -> tuple[LeaseTable, LeaseHolder, float]:
    """A table whose worker `a` is gone for good with 60 of 64 indexes, a worker `b`, and the moment when all rested."""
    table, a, b = LeaseTable(64, lease_s=LEASE, quarantine_s=QUARANTINE), LeaseHolder(), LeaseHolder()
    table.deal_rate = deal_rate
    granted(a, table, 60, 0.0, "a")
    rested = LEASE + QUARANTINE
    granted(b, table, 0, rested, "b")
    assert table.missing(rested) == 60
    return table, b, rested


def test_what_a_lost_worker_held_is_dealt_at_a_rate() -> None:
    table, b, now = lost_by_another(2.0)
    # At once: what nobody had, and as much as a worker may have missed since its last question.
    first = len(granted(b, table, 64, now, "b"))
    assert first == 4 + int(2.0 * LEASE / RENEWALS)
    assert not granted(b, table, 64, now, "b")
    assert len(granted(b, table, 64, now + 2.0, "b")) == 4
    assert len(granted(b, table, 1, now + 4.0, "b")) == 1, "no more than is wanted"
    # A long silence is not saved up.
    assert len(granted(b, table, 64, now + 0.9 * LEASE, "b")) == int(2.0 * LEASE / RENEWALS)


def test_an_overloaded_worker_gets_nothing_of_a_lost_ones() -> None:
    table, b, now = lost_by_another(None)
    answer = table.answer("b", b.question(64, now, busy=True), now)
    assert answer is not None
    assert Ranges.from_wire(answer["held"]) == Ranges([(60, 64)])
    b.accept(answer, now)
    assert len(granted(b, table, 64, now, "b")) == 60


# --- Ahead ---


def test_while_many_are_free_more_comes_than_is_wanted() -> None:
    table, holder = LeaseTable(10_000), LeaseHolder()
    assert len(granted(holder, table, 3, 0.0, ahead=MOST_AHEAD)) == 3 + MOST_AHEAD
    assert len(granted(holder, table, 1, 1.0)) == 1, "nobody gets ahead what was not asked for"


def test_who_wants_nothing_gets_nothing_ahead() -> None:
    assert not granted(LeaseHolder(), LeaseTable(10_000), 0, 0.0, ahead=MOST_AHEAD)


def test_all_workers_together_get_a_part_of_the_free_ones_ahead() -> None:
    table, holders = LeaseTable(100), {name: LeaseHolder() for name in "abcd"}
    for name, holder in holders.items():
        granted(holder, table, 0, 0.0, name)
    for name, holder in holders.items():
        plenty = table.free - 1
        ahead = len(granted(holder, table, 1, 1.0, name, ahead=MOST_AHEAD)) - 1
        assert ahead == plenty // (SHARE_AHEAD * len(holders))


def test_the_last_ones_are_given_out_one_by_one() -> None:
    table, holder = LeaseTable(SHARE_AHEAD), LeaseHolder()
    for number in range(SHARE_AHEAD):
        assert len(granted(holder, table, 1, float(number), ahead=MOST_AHEAD)) == 1


def test_what_comes_ahead_goes_into_the_same_message() -> None:
    table, holder = LeaseTable(3 * MOST_AT_ONCE), LeaseHolder()
    assert len(granted(holder, table, MOST_AT_ONCE - 10, 0.0, ahead=MOST_AHEAD)) == MOST_AT_ONCE
    table.answer("a", holder.question(5, 1.0, ahead=MOST_AHEAD), 1.0)
    # That answer got lost. What it granted is still on its way.
    table.answer("a", holder.question(MOST_AT_ONCE, 2.0, ahead=MOST_AHEAD), 2.0)
    assert len(table.unseen("a")) == MOST_AT_ONCE


def test_what_a_lost_worker_held_is_dealt_to_nobody_ahead() -> None:
    table, b, now = lost_by_another(1.0)
    found = granted(b, table, 1, now, "b", ahead=MOST_AHEAD)
    # Three of those that nobody had are left, and a quarter of three is none.
    assert len(found) == 1


def test_a_fleet_that_is_dealt_one_by_one_is_held_in_few_ranges_and_few_questions() -> None:
    total, workers = 13_000, 13
    table = LeaseTable(total)
    holders = [LeaseHolder() for _ in range(workers)]
    spare: list[list[int]] = [[] for _ in range(workers)]
    questions = 0
    for number in range(total):
        at = number % workers
        if not spare[at]:
            questions += 1
            new = granted(holders[at], table, 1, number * 0.01, str(at), ahead=MOST_AHEAD)
            if not new:
                # The rest lies with others, who give it back when nobody came for a while.
                for other in range(workers):
                    holders[other].give_back(Ranges.of(spare[other]))
                    spare[other].clear()
                    granted(holders[other], table, 0, number * 0.01, str(other))
                new = granted(holders[at], table, 1, number * 0.01, str(at))
            spare[at] = list(new)
        spare[at].pop(0)
    assert sum(len(one.held) for one in holders) == total
    assert questions < total / 10
    assert sum(len(one.held.to_wire()) for one in holders) < total / 10
