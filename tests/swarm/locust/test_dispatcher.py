"""Users are dealt to workers by counting, evenly, and those of a lost worker only as fast as that is allowed."""

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import gevent
import pytest
from hypothesis import given
from hypothesis import strategies as st
from locust.dispatch import UsersDispatcher

from simulator.swarm.locust.dispatcher import FleetDispatcher, levelled
from simulator.swarm.locust.users import MeetingDevice


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gevent, "sleep", lambda seconds=0.0: None)


def worker(name: str) -> Any:
    return SimpleNamespace(id=f"host_{name}")


def dispatcher(workers: int = 3, kind: type[UsersDispatcher] = FleetDispatcher) -> Any:
    return kind([worker(str(number)) for number in range(workers)], [MeetingDevice])


def dispatched(one: Any, users: int, rate: float = 10.0) -> list[list[int]]:
    """The numbers of each iteration, in the order of the workers' names."""
    one.new_dispatch(users, rate)
    return [[counts["MeetingDevice"] for _, counts in sorted(told.items())] for told in one]


@given(counts=st.lists(st.integers(0, 40), min_size=1, max_size=8), total=st.integers(0, 400))
def test_levelled_is_as_even_as_may_be_and_moves_nobody_without_need(counts: list[int], total: int) -> None:
    found = levelled(counts, total)
    assert sum(found) == total
    if total >= sum(counts):
        assert all(new >= old for new, old in zip(found, counts, strict=True))
        grown = [new for new, old in zip(found, counts, strict=True) if new > old]
        # Nobody gets one who has two more than somebody else.
        assert not grown or max(grown) <= min(found) + 1
    else:
        assert all(new <= old for new, old in zip(found, counts, strict=True))
        shrunk = [new for new, old in zip(found, counts, strict=True) if new < old]
        assert not shrunk or min(shrunk) >= max(found) - 1


@pytest.mark.parametrize(("users", "rate"), [(7, 2.0), (100, 10.0), (100, 33.3), (1, 5.0), (250, 1_000.0)])
def test_a_ramp_goes_as_locusts_own(users: int, rate: float) -> None:
    ours, theirs = dispatcher(), dispatcher(kind=UsersDispatcher)
    assert dispatched(ours, users, rate) == dispatched(theirs, users, rate)
    assert [sum(step) for step in dispatched(ours, 0, rate)] == [sum(step) for step in dispatched(theirs, 0, rate)]


def test_a_target_that_is_reached_is_told_once() -> None:
    one = dispatcher()
    dispatched(one, 30)
    assert dispatched(one, 30) == [[10, 10, 10]]
    assert not one.dispatch_in_progress


def test_a_lost_workers_users_are_dealt_only_as_they_are_allowed() -> None:
    one = dispatcher()
    dispatched(one, 30)
    one.remove_worker(worker("1"))
    assert one.lost == 10
    assert dispatched(one, 30) == [[10, 10]], "the others go on as they are"
    one.deal_lost = 4
    assert dispatched(one, 30) == [[12, 12]]
    assert dispatched(one, 30) == [[12, 12]], "an allowance is for one time"
    one.deal_lost = 100
    assert dispatched(one, 30) == [[15, 15]]
    assert one.lost == 0


def test_a_worker_that_comes_back_gets_its_own_back() -> None:
    one = dispatcher()
    dispatched(one, 30)
    one.remove_worker(worker("1"))
    one.deal_lost = 4
    dispatched(one, 30)
    one.add_worker(worker("1"))
    assert one.lost == 0
    assert dispatched(one, 30) == [[12, 6, 12]], "what others have by now they keep"


def test_a_new_worker_gets_a_share_of_the_others() -> None:
    one = dispatcher()
    dispatched(one, 30)
    one.add_worker(worker("3"))
    assert dispatched(one, 30) == [[8, 8, 7, 7]]


def test_a_new_worker_takes_what_nobody_has_before_the_others_give_up_anything() -> None:
    one = dispatcher()
    dispatched(one, 30)
    one.remove_worker(worker("1"))
    one.add_worker(worker("3"))
    assert dispatched(one, 30) == [[10, 10, 10]]
    assert one.lost == 0


def test_a_ramp_goes_on_beside_a_loss_and_does_not_make_it_up_by_itself() -> None:
    one = dispatcher()
    one.new_dispatch(60, 10.0)
    steps = [next(one)]
    one.remove_worker(worker("0"))
    lost = one.lost
    steps += list(one)
    sums = [sum(counts["MeetingDevice"] for counts in step.values()) for step in steps]
    assert lost > 0
    assert sums[-1] == 60 - lost
    assert all(later - earlier <= 10 for earlier, later in pairwise(sums))


def test_whom_a_lost_worker_took_along_need_not_be_stopped() -> None:
    one = dispatcher()
    dispatched(one, 30)
    one.remove_worker(worker("1"))
    steps = dispatched(one, 0)
    assert steps[0] == [10, 10], "the first ten that go are gone already"
    assert steps[-1] == [0, 0]
    assert one.lost == 0


def test_a_ramp_may_begin_while_another_waits_for_its_next_second(monkeypatch: pytest.MonkeyPatch) -> None:
    one, newer = dispatcher(), list[list[int]]()
    one.new_dispatch(30, 10.0)
    older = iter(one)
    assert sum(each["MeetingDevice"] for each in next(older).values()) == 10

    def meanwhile(_seconds: float = 0.0) -> None:
        # Another greenlet has its turn: a ramp down, as at the end of a run.
        monkeypatch.setattr(gevent, "sleep", lambda seconds=0.0: None)
        newer.extend(dispatched(one, 4, 3.0))
        assert not one.dispatch_in_progress

    monkeypatch.setattr(gevent, "sleep", meanwhile)
    assert list(older) == []
    assert [sum(step) for step in newer] == [7, 4]
    assert one.get_current_user_count() == 4
    assert [sum(step) for step in dispatched(one, 5)] == [5]


def test_a_dispatch_that_another_has_replaced_says_nothing_of_the_others_end() -> None:
    one = dispatcher()
    one.new_dispatch(30, 10.0)
    older = iter(one)
    next(older)
    one.new_dispatch(40, 10.0)
    newer = iter(one)
    next(newer)
    assert list(older) == []
    assert one.dispatch_in_progress
    assert [sum(each["MeetingDevice"] for each in told.values()) for told in newer] == [30, 40]
    assert not one.dispatch_in_progress


def test_of_users_that_differ_only_locusts_own_dispatcher_knows() -> None:
    with pytest.raises(ValueError, match="one class"):
        FleetDispatcher([worker("0")], [MeetingDevice, MeetingDevice])
